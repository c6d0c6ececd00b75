"""The parts of the page “System questionnaire”: areas, items, partners, seats, years, as frames and tables in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from dashboard import words
from dashboard.access import Scope
from dashboard.answers.keep import the_store
from dashboard.answers.questionnaire import Result, Table, change, closed, kept_until_changed, result
from dashboard.answers.questionnaire_rows import responses
from metrics import questionnaire
from metrics.definition_files import read_toml
from metrics.estimates import SUPPRESSED

DONT_KNOW, NOT_APPLICABLE, BLANK = "dont_know", "not_applicable", "blank"
NO_SCORE: Mapping[str, str] = {DONT_KNOW: "don’t know", NOT_APPLICABLE: "not applicable", BLANK: "blank"}
ASKS: Mapping[str, str] = {
    "act": "low and agreed: act",
    "discuss first": "low and split: discuss first",
    "check the evidence": "high and split: check the evidence",
    "keep": "high and agreed: keep",
}
LEAST_PARTNERS = read_toml("least_shown.toml")["questionnaire"]["partners"]  # behind a figure of one seat
_BASES: Mapping[str, str] = {
    "headline": "Headline: every item and partner of each year",
    "matched_items": "The items that both years ask",
    "matched_partners": "The same items, partners of both years only",
}


@dataclass(frozen=True, slots=True)
class Spread:
    """How partners spread over the scores of each item, and what was answered otherwise.

    `frame`: item, answer, partners (how many stand there by their mean). `apart`: item, answer, share (% of the answers
    that were asked for), of what is no score.
    """

    frame: pl.DataFrame
    apart: pl.DataFrame
    names: Mapping[str, str]
    labels: Mapping[str, str]  # answer → what it is called, scores from the lowest, then what is no score

    caption = "Partners by their score, then % of answers without one"

    @property
    def table(self) -> pl.DataFrame:
        """The figures in words, a row an item."""
        held = {(item, answer): words.number(n, decimals=0) for item, answer, n in self.frame.iter_rows()}
        held |= {(i, a): f"{words.number(share, decimals=0)}%" for i, a, share in self.apart.iter_rows()}
        rows = [
            (name, *(held.get((item, answer), words.MISSING) for answer in self.labels))
            for item, name in self.names.items()
        ]
        return _frame(["Topic", *self.labels.values()], rows)


@kept_until_changed
def areas(scope: Scope, chosen: str) -> Table:
    """Overall and by area: the score with its limits, and what it rests on."""
    it = result(scope, chosen)
    places = [("overall", "all", "Overall"), *(("section", s.id, s.title) for s in it.instrument.sections)]
    rows = [
        (
            name,
            _number(score := it.figure("score", breakdown, group)),
            words.interval(score["lower"], score["upper"]) or words.MISSING,
            str(score["n"]),
            *(_percent(it.figure(measure, breakdown, group)) for measure in ("completion", DONT_KNOW, NOT_APPLICABLE)),
        )
        for breakdown, group, name in places
    ]
    by_items = it.figure("score_by_items", "overall", "all")
    lead = f"Points from {it.instrument.lowest} to {it.instrument.highest}, the mean over partners."
    if by_items["value"] is not None:
        lead += f" As the mean of all items instead of the areas it would be {words.number(by_items['value'])}."
    columns = ["Area", "Score", "95% limits", "Partners", "Answered", "Don’t know", "Not applicable"]
    return Table("Overall and by area", lead, _frame(columns, rows), columns[1:])


@kept_until_changed
def spread(scope: Scope, chosen: str, area: str) -> Spread:
    """Partners by answer, of the items of one area or all."""
    it = result(scope, chosen)
    items = it.items(area)
    parts = pl.col("group").str.split(questionnaire.TIMES)
    names = parts.list.get(0).alias("item"), parts.list.get(1).alias("answer")
    every = questionnaire.spread(it.counted).select(*names, pl.col("numerator").alias("partners"))
    mine = pl.col("item").is_in([item.id for item in items])
    frame = every.filter(mine, ~pl.col("answer").is_in(list(NO_SCORE)))
    shares = it.scores.filter(pl.col("breakdown") == "item", pl.col("measure").is_in(list(NO_SCORE)))
    apart = shares.select(
        pl.col("group").alias("item"), pl.col("measure").alias("answer"), pl.col("value").alias("share")
    )
    scale = it.instrument.labels_of(it.instrument.sections[0])
    labels = {str(score): f"{score} {label}" for score, label in scale.items()}
    return Spread(frame, apart.filter(mine), {item.id: item.name for item in items}, labels | NO_SCORE)


@kept_until_changed
def items(scope: Scope, chosen: str, area: str) -> Table:
    """Item by item: the survey beside what the workshop agreed, how far partners agree, and what that asks for."""
    it = result(scope, chosen)
    agreed = {row["item"]: row for row in the_store().questionnaires.agreed(it.round.id).iter_rows(named=True)}
    found = {row["item"]: row for row in it.agreement.iter_rows(named=True)}
    rows = []
    for item in it.items(area):
        score, said, kept = it.figure("score", "item", item.id), found[item.id], agreed.get(item.id)
        rows.append(
            (
                item.name,
                _number(score),
                words.interval(score["lower"], score["upper"]) or words.MISSING,
                str(score["n"]),
                said["words"] or "fewer than three partners",
                ASKS.get(said["quadrant"], words.MISSING),
                words.number(kept["score"]) if kept else words.MISSING,
                kept["reason"] if kept else words.MISSING,
            )
        )
    columns = ["Topic", "Survey", "95% limits", "Partners", "Agreement", "What it asks for", "Agreed in the workshop"]
    columns.append("Reason")
    lead = "The agreed score stands beside the survey’s and never replaces it."
    return Table("Topic by topic", lead, _frame(columns, rows), [*columns[1:4], columns[6]])


@kept_until_changed
def priorities(scope: Scope, chosen: str, area: str) -> pl.DataFrame:
    """Each item as a point: `name`, `mean` (points), `deviation` (points, 0 is agreement), `quadrant`."""
    it = result(scope, chosen)
    names = {item.id: item.name for item in it.items(area)}
    return (
        it.agreement.filter(pl.col("item").is_in(list(names)), pl.col("quadrant").is_not_null())
        .select(
            pl.col("item").replace_strict(names, return_dtype=pl.String).alias("name"),
            "mean",
            pl.col("average_deviation").alias("deviation"),
            "quadrant",
        )
        .sort("mean", "name")
    )


def priority_words(points: pl.DataFrame) -> str:
    """What the points ask for, as a headline."""
    act, discuss = (points.filter(pl.col("quadrant") == name)["name"].to_list() for name in ("act", "discuss first"))
    said = [f"Act on {words.listed([f'“{name}”' for name in act])}"] if act else []
    said += [f"discuss {words.listed([f'“{name}”' for name in discuss])} first"] if discuss else []
    text = "; ".join(said) or "No topic is low: keep what is agreed, and check the evidence where partners are split"
    return f"{text[0].upper()}{text[1:]}"


@kept_until_changed
def partners(scope: Scope, chosen: str) -> pl.DataFrame:
    """Partner by area: `partner`, `area` (title), `value` (points, null where too few items are scored), `n`
    (respondents). Partners from the highest overall score down."""
    it = result(scope, chosen)
    titles = {s.id: s.title for s in it.instrument.sections}
    parts = pl.col("group").str.split(questionnaire.TIMES)
    cells = it.scores.filter(pl.col("measure") == "score", pl.col("breakdown") == "partner × section").select(
        parts.list.get(0).alias("partner"), parts.list.get(1).alias("section"), "value", "n"
    )
    cells = cells.filter(pl.col("section").is_in(list(titles)))
    order = cells.group_by("partner").agg(pl.col("value").mean().alias("_mean"))
    place = {section: number for number, section in enumerate(titles)}
    return (
        cells.join(order, on="partner")
        .with_columns(pl.col("section").replace_strict(place, return_dtype=pl.Int64).alias("_place"))
        .sort("_mean", "partner", "_place", descending=[True, False, False], nulls_last=True)
        .select("partner", pl.col("section").replace_strict(titles, return_dtype=pl.String).alias("area"), "value", "n")
    )


def partner_table(cells: pl.DataFrame) -> Table:
    """The same in words, a row a partner."""
    areas = cells["area"].unique(maintain_order=True).to_list()
    rows = []
    for part in cells.partition_by("partner", maintain_order=True):
        scores = ["too few" if value is None else words.number(value) for value in part["value"]]
        rows.append((part["partner"][0], *scores, str(part["n"][0])))
    columns = ["Partner", *areas, "Respondents"]
    return Table("Partners by area", "", _frame(columns, rows), columns[1:])


@kept_until_changed
def seats(scope: Scope, chosen: str) -> Table:
    """Leaders against practitioners of the same partners, overall and by area; hidden under three partners."""
    it = closed(scope)[int(chosen)]
    found = questionnaire.leaders_against_practitioners(responses(it), it.instrument)
    figures = {(r["measure"], r["breakdown"], r["group"]): r for r in found.iter_rows(named=True)}
    places = [("overall", "all", "Overall"), *(("section", s.id, s.title) for s in it.instrument.sections)]
    rows = [
        row
        for breakdown, group, name in places
        if (row := _seat(name, *(figures.get((measure, breakdown, group)) for measure in _SEATS))) is not None
    ]
    columns = ["Area", "Leaders", "Practitioners", "Leaders are higher by", "95% limits", "Partners"]
    lead = "Only partners where both answered: a difference is one of seats, not of agencies."
    return Table("Leaders against practitioners", lead, _frame(columns, rows), columns[1:])


_SEATS = ("leaders", "practitioners", "leaders_less_practitioners")


def _seat(name: str, leaders: dict | None, practitioners: dict | None, less: dict | None) -> tuple[str, ...] | None:
    if leaders is None or practitioners is None or less is None:
        return None
    if less["n"] < LEAST_PARTNERS:
        hidden = words.MARKERS[SUPPRESSED]
        return name, hidden, hidden, hidden, words.MISSING, f"fewer than {LEAST_PARTNERS}"
    limits = words.interval(less["lower"], less["upper"]) or words.MISSING
    return name, _number(leaders), _number(practitioners), _number(less), limits, str(less["n"])


@kept_until_changed
def years(scope: Scope, chosen: str, against: str) -> Table:
    """Two rounds side by side: headline, matched items, matched partners; then area by area on what both ask."""
    one = change(scope, chosen, against)
    it = result(scope, chosen)
    titles = {("section", s.id): s.title for s in it.instrument.sections}
    titles = {("basis", basis): name for basis, name in _BASES.items()} | titles
    figures = {(r["measure"], r["breakdown"], r["group"]): r for r in one.figures.iter_rows(named=True)}
    rows = []
    for (breakdown, group), name in titles.items():
        before, after, moved = (figures.get((m, breakdown, group)) for m in ("before", "after", "change"))
        if before and after and moved:
            limits = words.interval(moved["lower"], moved["upper"]) or words.MISSING
            people = f"{before['n']} and {after['n']}"
            rows.append((name, _number(before), _number(after), _number(moved), limits, people))
    earlier = result(scope, against).round.title
    columns = ["What is compared", earlier, it.round.title, "Change", "95% limits of the change", "Partners"]
    return Table(f"{it.round.title} beside {earlier}", one.words, _frame(columns, rows), columns[1:])


@kept_until_changed
def course(scope: Scope) -> tuple[pl.DataFrame, list[str]]:
    """The overall score of every round that is over, an estimates frame in order of time, and the days of breaks: the
    first round of each new edition."""
    held = sorted(closed(scope).values(), key=lambda one: one.period_end)
    every = [result(scope, str(one.id)) for one in held]
    frame = pl.concat([_overall(one) for one in every])
    breaks = [
        one.round.period_end.isoformat()
        for before, one in pairwise(every)
        if before.instrument.key != one.instrument.key
    ]
    return frame, breaks


def _overall(one: Result) -> pl.DataFrame:
    return one.scores.filter(pl.col("measure") == "score", pl.col("breakdown") == "overall")


@kept_until_changed
def radar(scope: Scope, chosen: str, against: str) -> dict[str, dict[str, float | None]]:
    """The score of each area, by round: the one chosen and the one it is compared with, where both have these areas."""
    one = result(scope, chosen)
    areas = {s.id: s.title for s in one.instrument.sections}
    shown = [one]
    if against and [s.id for s in result(scope, against).instrument.sections] == list(areas):
        shown.append(result(scope, against))
    return {
        each.round.title: {title: each.figure("score", "section", area)["value"] for area, title in areas.items()}
        for each in shown
    }


def _number(row: Mapping) -> str:
    return words.value(row["value"], decimals=1, status=row["status"])


def _percent(row: Mapping) -> str:
    return words.value(row["value"], unit="%", decimals=0, status=row["status"])


def _frame(columns: list[str], rows: list[tuple[str, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
