"""Two scenarios side by side: what differs in what they were set to, and what that moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from dashboard import words
from dashboard.access import Scope
from dashboard.answers import funding, scenarios
from dashboard.answers.funding_words import per_cent
from dashboard.answers.scenarios import Scenario, Settings

NOW = "set"  # what is set on the page
DIFFERING = ["What differs", "First", "Second"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two scenarios side by side, or a sentence why they cannot be."""

    sentence: str
    columns: list[str]
    rows: list[tuple[str, ...]]
    differing: list[tuple[str, str, str]]


def compare(scope: Scope, first: str, second: str, now: tuple[Scenario, Settings]) -> Comparison:
    """Allocations of two scenarios; `first` and `second` are numbers as text, or `NOW` for what is set on the page."""
    pairs = [_side(scope, code, now) for code in (first, second)]
    (one, set_one), (two, set_two) = pairs
    names = [_side_name(code, held) for code, (held, _) in zip((first, second), pairs, strict=True)]
    differing = _differing(one, set_one, two, set_two)
    if set_one.level != set_two.level:
        levels = [funding.LEVELS[s.level].lower() for s in (set_one, set_two)]
        return Comparison(
            f"{names[0]} shares between {levels[0]}, {names[1]} between {levels[1]}: their amounts cannot stand side "
            "by side.",
            [],
            [],
            differing,
        )
    answers = [funding.allocation(scope, held.id, chosen) for held, chosen in pairs]
    if problem := next((f"{n}: {a.problem}" for n, a in zip(names, answers, strict=True) if a.problem), ""):
        return Comparison(problem, [], [], differing)
    both = answers[0].areas.join(answers[1].areas, on="area", suffix="_2", maintain_order="left")
    both = both.with_columns((pl.col("amount_2") - pl.col("amount")).alias("more"))
    rows = [
        (
            row["name"],
            words.pounds(row["amount"], pence=True),
            words.pounds(row["amount_2"], pence=True),
            words.pounds(row["more"], pence=True, signed=True),
            f"{row['rank']} and {row['rank_2']}" if row["rank"] != row["rank_2"] else f"{row['rank']} in both",
        )
        for row in both.iter_rows(named=True)
    ]
    return Comparison(
        _compared(both, names), ["Area", names[0], names[1], "Second less first", "Rank of need"], rows, differing
    )


def _side(scope: Scope, code: str, now: tuple[Scenario, Settings]) -> tuple[Scenario, Settings]:
    if code == NOW:
        return now
    held = scenarios.scenario(scope, int(code))
    return held, held.settings


def _side_name(code: str, held: Scenario) -> str:
    return "What is set above" if code == NOW else f"{held.name} (no. {held.id})" if held.id else held.name


def _compared(both: pl.DataFrame, names: list[str]) -> str:
    moved = both["more"].clip(lower_bound=0).sum()
    most = both.sort("more", "name", descending=[True, False]).row(0, named=True)
    least = both.sort("more", "name").row(0, named=True)
    if round(most["more"], 2) <= 0 and round(least["more"], 2) >= 0:
        return f"{names[0]} and {names[1]} give every area the same."
    parts = []
    if most["more"] > 0:
        parts.append(f"{most['name']} would receive {words.pounds(most['more'])} more")
    if least["more"] < 0:
        parts.append(f"{least['name']} {words.pounds(-least['more'])} less")
    return f"From {names[0]} to {names[1]}: {words.listed(parts)}. {words.pounds(moved)} move in all."


def _differing(one: Scenario, set_one: Settings, two: Scenario, set_two: Settings) -> list[tuple[str, str, str]]:
    """(What, in the first, in the second) of all that differs."""
    a, b = settings_words(one, set_one), settings_words(two, set_two)
    keys = list(dict.fromkeys([*a, *b]))
    return [(k, a.get(k, words.MISSING), b.get(k, words.MISSING)) for k in keys if a.get(k) != b.get(k)]


def settings_words(held: Scenario, chosen: Settings) -> Mapping[str, str]:
    """Everything that a scenario is set to, in words."""
    model = scenarios.weighed(held.model, chosen.weights)
    said = {
        "Model": held.model.name,
        "Shared between": funding.LEVELS[chosen.level],
        "People counted": funding.PEOPLE[chosen.people],
        "Budget": words.pounds(chosen.budget, pence=True),
        "Fixed base of each area": words.pounds(chosen.base, pence=True),
        "Floor of each area": words.pounds(chosen.floor, pence=True) if chosen.floor else "none",
        "Limit of change": "none" if chosen.limit is None else f"{words.number(chosen.limit)}% up or down",
        "Today": funding.TODAY[chosen.today],
    }
    if chosen.today == "typed":
        said["Today's amounts"] = words.listed([f"{a} {words.pounds(p, pence=True)}" for a, p in chosen.before])
    return said | {f"Weight of {d.name}": per_cent(d.weight) for d in model.domains}
