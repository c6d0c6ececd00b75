"""Colours and marks by meaning, the same everywhere. Colour never stands without a shape and a word."""

from __future__ import annotations

from dataclasses import dataclass

OUR_AREA = "#12436D"  # dark blue, solid
COMPARATOR = "#6B7276"  # mid-grey, dashed: 4.9 to 1 on white, so that its label is readable too
WORSE = "#F46A25"
BETTER = "#28A197"
SIMILAR = "#6B7276"
TEXT = "#0B0C0C"
QUIET = "#505A5F"  # second-rank text: 7 to 1 on white
GRID = "#D6D6D6"
BAND = "rgba(18, 67, 109, 0.16)"  # our area's limits
FORECAST = "#5B7FA1"  # our area, lighter, dotted
FORECAST_BAND = "rgba(91, 127, 161, 0.20)"
WHITE = "#FFFFFF"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a figure stands: the word, its mark (a shape of its own, for a black and white copy) and its colour."""

    word: str
    mark: str
    colour: str  # of the mark only: words stay in the text colour


# As `metrics.comparison` says them. Higher and lower (no polarity) are not judgements: no colour.
VERDICTS = {
    v.word: v
    for v in (
        Verdict("best", "▲▲", BETTER),
        Verdict("better", "▲", BETTER),
        Verdict("similar", "●", SIMILAR),
        Verdict("worse", "▼", WORSE),
        Verdict("worst", "▼▼", WORSE),
        Verdict("higher", "△", TEXT),
        Verdict("lower", "▽", TEXT),
        Verdict("not compared", "–", QUIET),
    )
}

# Trend words and what they mean, as `metrics.trends` says them.
TRENDS = {
    "improving": "the latest five years changed in the direction that is wanted, beyond chance",
    "getting worse": "the latest five years changed against the direction that is wanted, beyond chance",
    "increasing": "the latest five years rose beyond chance; no direction is better",
    "decreasing": "the latest five years fell beyond chance; no direction is better",
    "changing, but within its usual year-to-year swing": "beyond chance, but no more than this figure usually moves",
    "no clear change": "no change beyond chance over the latest five years",
    "too few points": "fewer than five comparable years",
}


def verdict(word: str | None) -> Verdict:
    """The verdict of that word. An unknown word raises `KeyError`: a new word needs a mark, not a silent default."""
    return VERDICTS[word or "not compared"]
