"""What the page “System questionnaire” says: its sentence, what stands above its charts, what stands at its foot."""

from __future__ import annotations

from typing import Any

from dashboard import words
from dashboard.access import Scope
from dashboard.answers.questionnaire import change, kept_until_changed, result
from dashboard.answers.questionnaire_parts import partners, priorities, priority_words
from metrics import questionnaire


@kept_until_changed
def sentence(scope: Scope, chosen: str, against: str) -> str:
    """What a chair could read out: the score, who stands behind it, and what changed."""
    it = result(scope, chosen)
    overall, answered = (it.figure(measure, "overall", "all") for measure in ("score", "completion"))
    if overall["value"] is None:
        return (
            f"In {it.round.title} there is no overall score: an area of the questionnaire has too few answers. "
            "The areas that have enough are below."
        )
    limits = words.interval(overall["lower"], overall["upper"])
    said = [
        f"In {it.round.title}, {overall['n']} partners score the early help system {words.number(overall['value'])} of "
        f"{it.instrument.highest}{f' ({limits})' if limits else ''}."
    ]
    if against:
        said.append(change(scope, chosen, against).words)
    by_area = {s.title: it.figure("score", "section", s.id)["value"] for s in it.instrument.sections}
    known = {name: value for name, value in by_area.items() if value is not None}
    if len(set(known.values())) > 1:
        said.append(f"Highest: {max(known, key=known.get)}; lowest: {min(known, key=known.get)}.")
    counts = words.of(answered["numerator"], answered["denominator"])
    said.append(f"{words.number(answered['value'], decimals=0)}% of what was asked was answered ({counts} answers).")
    return " ".join(said)


def _agreement(split: int, topics: int) -> str:
    if not topics:  # fewer than three partners: nothing is said about agreement
        return "How partners answered each topic"
    return (
        f"Partners are split on {split} of {topics} topics" if split else f"Partners agree on each of {topics} topics"
    )


@kept_until_changed
def captions(scope: Scope, chosen: str, area: str) -> dict[str, dict[str, Any]]:
    """Of each chart its headline, subtitle, source and n, and the scale where it needs one."""
    it = result(scope, chosen)
    lowest, highest = it.instrument.lowest, it.instrument.highest
    place = it.instrument.section(area).title if area else "all areas"
    n = f"{it.figure('score', 'overall', 'all')['n']} partners"
    common, scale = {"source": it.source, "n": n}, {"lowest": lowest, "highest": highest}
    points = priorities(scope, chosen, area)
    split = points.filter(points["quadrant"].is_in(["discuss first", "check the evidence"])).height
    return {
        "spread": common
        | {
            "headline": _agreement(split, points.height),
            "subtitle": f"Partners by their mean score, rounded; {it.round.title}, {place}. To the right, % of answers "
            "without a score",
        },
        "priorities": common
        | scale
        | {
            "middle": (lowest + highest) / 2,
            "agreed_below": questionnaire.agreed_below(it.instrument),
            "headline": priority_words(points),
            "subtitle": f"Score upwards, difference between partners to the right, both in points; {it.round.title}. "
            "The numbers are those of the table beneath",
        },
        "partners": common
        | scale
        | {
            "headline": _apart(scope, chosen),
            "subtitle": f"Mean score of each partner, {lowest} to {highest}; – where too few topics are scored",
        },
        "radar": common
        | scale
        | {
            "headline": "The same scores by area, as a web",
            "subtitle": f"Mean of the areas, {lowest} in the middle, {highest} at the edge. The order of the corners "
            "is that of the questionnaire and means nothing",
        },
    }


def _apart(scope: Scope, chosen: str) -> str:
    """Which partner scores highest and lowest, over its areas."""
    order = partners(scope, chosen)["partner"].unique(maintain_order=True)
    if len(order) < 2:
        return "One partner answered"
    return f"{order[0]} scores highest, {order[-1]} lowest"


def about(scope: Scope, chosen: str) -> dict[str, str]:
    """What stands under the page."""
    it = result(scope, chosen)
    named = questionnaire.measures()
    return {
        "definition": f"{named['score'].definition} Instrument: “{it.instrument.title}”, edition "
        f"{it.instrument.edition}, {'official' if it.instrument.official else 'not official'}, scored "
        f"{it.instrument.lowest} to {it.instrument.highest}.",
        "source": f"{it.source}. Instrument: {it.instrument.source}; licence: {it.instrument.licence}",
        "last_update": it.round.period_end.isoformat(),
        "next_update": "when the next round closes",
        "n": f"{it.figure('score', 'overall', 'all')['n']} partners, {int(it.counted.respondents.sum())} respondents",
        "exclusions": "Don’t know, not applicable and blank are counted and enter no score. An area needs half its "
        "items scored, the overall score every area.",
        "method": "One partner, one vote: averaged within a partner first. 95% limits by drawing partners anew, from "
        "six partners on. Agreement: how far partners lie from their mean.",
        "limits": " ".join(questionnaire.cannot_say()),
    }
