"""The page “Distance travelled”: how far families have come between their Outcome Stars, and who was lost on the way.

Everybody gets the same figures, after disclosure control (`star_shown`, `star_areas`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from dashboard import words
from dashboard.access import NotAllowed, Scope
from dashboard.answers import case_records, star_areas, star_tables, star_words
from dashboard.answers import star_records as records
from dashboard.answers import star_shown as shown
from dashboard.answers.keep import kept, kept_with_records
from metrics import star
from metrics.star.definitions import rules

SOURCE = "Outcome Star readings of the partnership, reckoned by this dashboard"
INVENTED_SOURCE = "Invented Outcome Star readings"
BASELINES: Mapping[str, str] = {shown.FIRST: "First Star ever", shown.LOWER: "Lower of the first two"}
BY: Mapping[str, str] = {
    shown.SERVICE: "Service",
    shown.TYPE: "Type of agency",
    shown.FORUM: "Forum area",
    shown.LENGTH: "Length of support",
}
LONG = 15  # groups
NUMBERS = tuple(
    {*star_tables.MOVED, *star_tables.FURTHER, *star_tables.LOST, *star_tables.WHO_MOVED, *star_tables.BEFORE}
    - {"Area", "", "Against all", "More than chance?"}
)
WHAT_TO_LOAD = (
    "Load a raw export of Star Online, with one row a Star or one row a reading, or the dashboard's own CSV. Readings "
    "of an edition whose range is not set are refused until the holder of the licence has set it."
)
NO_AREAS = "Too few have two Stars in this year for figures of the areas. Choose another year."
NO_MATRIX = (
    f"A stage matrix is shown where at least {star_areas.MATRIX_LEAST} have two Stars: of fewer, most would be hidden."
)
NO_GROUPS = f"No group has {shown.LEAST} people or more, or the county's own figure is hidden."


@dataclass(frozen=True, slots=True)
class Choices:
    """What the controls offer, code → what is shown; `year`: the newest that is over."""

    stars: Mapping[str, str]
    years: Mapping[str, str]
    year: str
    baselines: Mapping[str, str]
    by: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Distance:
    """The page's content for one choice. `means`: frame for the dumbbells; `moved` and so on: tables in words."""

    sentence: str
    bounds: str
    who: str
    title: str  # of the Star
    year: str
    areas: Mapping[str, str]
    stages: Mapping[int, str]
    stage_key: str  # the same in words
    n: str
    steps: Sequence[star_tables.Step]
    lost: str
    before: pl.DataFrame
    means: pl.DataFrame
    moved: pl.DataFrame
    further: pl.DataFrame
    ceiling: str
    headline: str
    chosen: Mapping[str, str]
    source: str
    file_source: str


@dataclass(frozen=True, slots=True)
class Split:
    """The figures cut by something. `funnel`: services with limits, empty for other cuts."""

    name: str
    period: str
    lead: str
    remark: str
    lost: pl.DataFrame
    lost_lead: str
    moved: pl.DataFrame
    funnel: pl.DataFrame
    lines: pl.DataFrame
    headline: str
    names: Mapping[str, str]
    chosen: Mapping[str, str]
    long: bool  # so many groups that the tables are folded away


@kept
def choices(scope: Scope) -> Choices | None:
    """What may be chosen; None where no Stars are loaded."""
    kinds, years = records.kinds(scope), records.periods(scope)
    if not kinds or not years:
        return None
    return Choices(
        stars={key: kind.title for key, kind in kinds.items()},
        years={y.name: star_words.of_years(y) for y in years},
        year=next((y.name for y in years if y.over), years[0].name),
        baselines=BASELINES,
        by=BY,
    )


def reckon(scope: Scope) -> None:
    """Reckon what the page opens with, so that nobody waits for it."""
    offered = choices(scope)
    if offered is None:
        return
    kind = next(iter(offered.stars))
    distance(scope, star=kind, year=offered.year, baseline=shown.FIRST, by=shown.SERVICE)
    split(scope, star=kind, year=offered.year, baseline=shown.FIRST, by=shown.SERVICE)


@kept
def distance(scope: Scope, *, star: str, year: str, baseline: str, by: str) -> Distance:
    """The pairs of one Star in one year. Raises `NotAllowed` for what is not offered."""
    offered = _asked(scope, star, year, baseline, by)
    kind, whose = records.kinds(scope)[star], _who(scope, star, year)
    rows = star_words.held(shown.county(scope, star).filter(period=year))
    means = star_areas.areas(scope, star, year, baseline)
    means = means.filter(pl.col("measure").is_in(star_areas.MEANS))
    edition, label = kind.edition, offered.years[year]
    return Distance(
        sentence=star_words.sentence(rows, baseline, who=whose, year=label),
        bounds=star_words.bounds(rows, baseline, who=whose),
        who=whose,
        title=kind.title,
        year=label,
        areas={area: edition.area_name(area) for area in edition.area_ids},
        stages=star_words.stages(edition),
        stage_key=star_words.stage_key(edition),
        n=f"{star_words.count(rows.get(shown.PAIRED))} {whose} with two Stars",
        steps=star_tables.steps(rows, who=whose),
        lost=star_words.lost(rows, who=whose),
        before=star_tables.before(scope, star, year),
        means=means,
        moved=star_tables.moved(scope, star, year, baseline),
        further=star_tables.further(scope, star, year, baseline),
        ceiling=star_words.ceiling(edition),
        headline=_headline(means, edition),
        chosen=_chosen(offered, star, year, baseline),
        source=source(scope),
        file_source=f"{source(scope)}. {acknowledgement()}",
    )


@kept
def split(scope: Scope, *, star: str, year: str, baseline: str, by: str) -> Split:
    """The same pairs cut by service, type of agency, forum area or length of support. Raises `NotAllowed`.

    Services and their types are shown for the newest years together, and all cuts with the first Star as baseline.
    """
    offered = _asked(scope, star, year, baseline, by)
    lately = records.lately(scope)
    period = lately.name if by in shown.LATELY else year
    label = star_words.of_years(lately) if by in shown.LATELY else offered.years[year]
    lost = star_tables.lost(scope, star, by, period) if by != shown.LENGTH else pl.DataFrame()
    moved = star_tables.who_moved(scope, star, by, period)
    funnel = star_tables.judged(scope, star, period) if by == shown.SERVICE else pl.DataFrame()
    ups = funnel.filter(pl.col("value").is_not_null(), measure=shown.UP) if funnel.width else funnel
    known = lost.filter(pl.col(star_tables.LOST[3]).str.contains("^[1-9]")) if lost.width else lost
    return Split(
        name=f"By {BY[by].lower()}",
        period=label,
        lead=_lead(ups, moved.height) if by == shown.SERVICE else "",
        remark=_remark(by, baseline, label),
        lost=lost,
        lost_lead=_lost_lead(known),
        moved=moved,
        funnel=ups,
        lines=_lines(ups) if funnel.width else funnel,
        headline=_funnel_headline(ups) if funnel.width else "",
        names=star_tables.names(scope, by),
        chosen={**_chosen(offered, star, year, shown.FIRST), "Year": label},
        long=moved.height > LONG,
    )


@kept
def matrix(scope: Scope, *, star: str, year: str, baseline: str, area: str) -> pl.DataFrame:
    """The stage matrix of an area, an estimates frame; no rows where too few have two Stars. Raises `NotAllowed`."""
    _asked(scope, star, year, baseline, shown.SERVICE)
    if area not in records.kinds(scope)[star].edition.area_ids:
        raise NotAllowed("This area is not one of the Star's.")
    return star_areas.matrix(scope, star, year, baseline, area)


def matrix_table(rows: pl.DataFrame, area: str, stages: Mapping[int, str]) -> pl.DataFrame:
    """The stage matrix as a table in words."""
    return star_tables.matrix(rows, area, stages)


def _asked(scope: Scope, star: str, year: str, baseline: str, by: str) -> Choices:
    offered = choices(scope)
    asked = ((star, offered.stars), (year, offered.years), (baseline, offered.baselines), (by, offered.by))
    if any(code not in among for code, among in asked):
        raise NotAllowed("This Star, year, baseline or cut is not among those that may be chosen.")
    return offered


@kept_with_records
def _who(scope: Scope, kind: str, period: str) -> str:
    """What those with a Star are called: of a family's Star families, unless a family has several."""
    edition = records.kinds(scope)[kind].edition
    several = records.pairs(scope, kind, period, shown.FIRST).clustered
    return "people" if several and edition.who == "families" else edition.who


def _chosen(offered: Choices, kind: str, year: str, baseline: str) -> dict[str, str]:
    return {"Star": offered.stars[kind], "Year": offered.years[year], "Baseline": BASELINES[baseline]}


def _headline(means: pl.DataFrame, edition: star.Edition) -> str:
    """The area with the largest change of the mean."""
    wide = {(m, a): v for m, a, v in means.select("measure", "group", "value").iter_rows() if v is not None}
    began, now = star_areas.MEANS
    change = {a: wide[now, a] - wide[began, a] for a in edition.area_ids if (now, a) in wide and (began, a) in wide}
    if not change:
        return "Mean stage, first and now"
    most = max(change, key=change.get)
    if change[most] <= 0:
        return "In no area has the mean stage risen"
    return f"Most movement in {edition.area_name(most)}: {words.number(change[most])} of a stage on average"


def _remark(by: str, baseline: str, label: str) -> str:
    said = []
    if by in shown.LATELY:
        said.append(f"Services and types of agency are shown for {label} together: of one year, most would be hidden.")
    if baseline != shown.FIRST:
        said.append("All cuts have the first Star ever as their baseline.")
    return " ".join(said)


def _lead(ups: pl.DataFrame, services: int) -> str:
    judged = ups.filter(pl.col("verdict") != "too few")
    above, below = (judged.filter(pl.col("verdict").is_in([w, f"far {w}"])).height for w in ("above", "below"))
    if not judged.height:
        return "No service has enough Stars to be judged."
    return (
        f"Of {services} services, {judged.height} have enough Stars to be judged: {above} above what chance explains, "
        f"{below} below. Where families differ so do shares: a verdict says where to ask, not who is to blame."
    )


def _lost_lead(known: pl.DataFrame) -> str:
    if known.is_empty():
        return ""
    first = [f"{row[0]} ({row[3]} of {row[1]})" for row in known.head(3).iter_rows()]
    return f"Most were lost at {words.listed(first)}."


def _funnel_headline(ups: pl.DataFrame) -> str:
    out = ups.filter(~pl.col("verdict").is_in(["within", "too few"])).height
    if not out:
        return "No service differs from all of them by more than chance explains"
    return f"{out} {'service differs' if out == 1 else 'services differ'} from all of them by more than chance explains"


def _lines(ups: pl.DataFrame) -> pl.DataFrame:
    """The limits of the funnel over sizes: `n`, and a column each limit."""
    if ups.is_empty():
        return pl.DataFrame()
    sizes = pl.Series("n", range(rules().funnel_least, int(max(ups["n"].max(), rules().funnel_least) * 1.1) + 2))
    share = ups["overall"][0]
    both = {level: star.limits(sizes.to_numpy(), share, level=level) for level in star.LEVELS}
    columns = {
        f"{side}_{name}": pl.Series(both[level][place])
        for level, name in zip(star.LEVELS, ("95", "998"), strict=True)
        for place, side in enumerate(("lower", "upper"))
    }
    return pl.DataFrame({"n": sizes, **columns})


def source(scope: Scope) -> str:
    return INVENTED_SOURCE if case_records.invented(scope) else SOURCE


def acknowledgement() -> str:
    """Triangle's copyright: on every page, paper and file with Star figures."""
    return star.acknowledgement()


def cannot_say() -> Sequence[str]:
    """What the figures cannot say, in fixed words."""
    return star.cannot_say()


@kept
def about(scope: Scope, *, star: str, year: str, baseline: str) -> dict[str, str]:
    """What stands under the page: fields of `components.About`."""
    rows = star_words.held(shown.county(scope, star).filter(period=year))
    pairs = records.pairs(scope, star, year, baseline)
    kind = records.kinds(scope)[star]
    return {
        "definition": (
            "Each person's latest Star of the year against the baseline: the first Star ever, or the lower of the "
            "first two by mean reading (with exactly two, the first). A stage is "
            + ("two readings" if kind.edition.readings_per_stage == 2 else "a reading")
            + f" of the scale. Already managing: a baseline {star_words.ceiling(kind.edition)}. A second Star is due "
            f"when there is one, when support has closed, or when the first is {rules().second_due_days} days old. "
            "Lost: due and not there. Up and down are never netted, and those who stayed are never added to those who "
            "moved up."
        ),
        "source": source(scope),
        "last_update": str(records.as_at(scope) or ""),
        "n": (
            f"{star_words.count(rows.get(shown.PAIRED))} with two Stars, of {star_words.count(rows.get(shown.STARTED))}"
        ),
        "exclusions": " ".join((star_words.excluded(pairs.excluded), star_words.weaker(rows))).strip(),
        "method": (
            "Shares with Wilson 95% limits; where a family has several people with two Stars, limits from resampling "
            "families. Size of the change: matched rank-biserial correlation of the stages, −1 to 1. More than chance: "
            "Wilcoxon signed-rank test with Holm's correction over the areas. Services: exact binomial limits round "
            "the share of all. Counts of 1 to 5, and what would give them away, are hidden: [c]. Groups of fewer than "
            f"{shown.LEAST} people are not shown by themselves. {kind.edition.pooling}"
        ),
    }
