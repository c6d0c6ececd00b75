"""Small questionnaires and answers to them, for the tests of `metrics.questionnaire`."""

from datetime import date

import polars as pl

from metrics.questionnaire import RESPONSES, read_instrument


def table(areas, *, edition="1", lowest=0, highest=5, **more):
    """An instrument's table. `areas`: area → ids of its items."""
    return {
        "id": "small", "edition": edition, "title": "A small questionnaire", "official": False, "source": "a test",
        "licence": "none", "lowest": lowest, "highest": highest,
        "labels": [f"label {score}" for score in range(lowest, highest + 1)],
        "section": [
            {"id": area, "title": f"Area {area}", "item": [{"id": i, "text": f"Item {i}"} for i in items]}
            for area, items in areas.items()
        ],
    } | more  # fmt: skip


def small(areas=None, **more):
    return read_instrument(table(areas or {"a": ["a1", "a2"], "b": ["b1"]}, **more))


def answers(rows, *, round="2025", end=date(2025, 6, 30)):
    """RESPONSES from rows of (partner, respondent, role, item, score or state)."""
    made = [
        (round, end, partner, person, role, item, "score" if isinstance(given, int | float) else given,
         float(given) if isinstance(given, int | float) else None)
        for partner, person, role, item, given in rows
    ]  # fmt: skip
    return pl.DataFrame(made, schema=RESPONSES, orient="row")


def one_each(scores, **when):
    """One practitioner a partner: partner → {item: score or state}."""
    return answers(
        [(p, f"{p}-1", "practitioner", item, given) for p, said in scores.items() for item, given in said.items()],
        **when,
    )


def figure(estimates, measure="score", breakdown="overall", group="all", column="value"):
    """The one cell of this measure, breakdown and group."""
    [found] = estimates.filter(measure=measure, breakdown=breakdown, group=group)[column].to_list()
    return found
