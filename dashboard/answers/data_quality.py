"""The page “Data quality”: empty cells, impossible dates and rows that point to nothing, by agency and over time.

An agency lead sees their own agencies beside the partnership, and which of their records to correct; everybody else
counts, after disclosure control.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from dashboard import words
from dashboard.access import AGENCY, CASES, ROLES, NotAllowed, Scope
from dashboard.answers import case_records
from dashboard.answers.journeys import INVENTED_SOURCE, SOURCE, told_apart
from dashboard.answers.keep import kept, kept_with_records
from metrics import data_quality as reckoned
from metrics.counting import ALL, NOT_RECORDED
from metrics.definition_files import read_toml
from metrics.disclosure import Rule, suppress, total

EVERY = ""  # in place of an agency: the partnership
PARTNERSHIP = "The partnership"
LEAST = read_toml("least_shown.toml")["data_quality"]["records"]  # of an agency; smaller ones are not shown alone
OTHERS = "other agencies"
FILLED = "filled"
MOST = 200  # records to correct that are listed at once
CELLS = ("Cell", "Filled in", "95% limits", "Cells", "What to do")
BY_AGENCY = ("Agency", "Filled in", "95% limits", "Cells")
FAULTS = ("What is wrong", "Records", "Of", "What to do")


@dataclass(frozen=True, slots=True)
class Shown:
    """One table of the page in words; `numbers` are its columns of numbers."""

    name: str
    lead: str
    frame: pl.DataFrame
    numbers: Sequence[str]


@dataclass(frozen=True, slots=True)
class Quality:
    """The page's content. `history`: an estimates frame, a row a year of the partnership and of the agency."""

    sentence: str
    remark: str  # what the files do not bring, or ""
    history: pl.DataFrame
    names: Mapping[str, str]
    tables: Sequence[Shown]
    correct: Shown | None  # single records of the asker's own agencies; None where the role has none
    chosen: Mapping[str, str]
    source: str


@kept
def choices(scope: Scope) -> tuple[dict[str, str], dict[str, str]] | None:
    """Agencies and years that may be chosen, the newest year first; None without case records, or with empty ones."""
    if case_records.as_at(scope) is None:
        return None
    role = ROLES.get(scope.role)
    agencies = dict(case_records.agencies(scope))
    if role is None or role.held_to == AGENCY:
        agencies = {code: name for code, name in agencies.items() if code in scope.agencies}
    held = _completeness(scope)
    years = held.filter(measure=FILLED, breakdown=ALL).sort("period_end", descending=True)["period"].to_list()
    return ({EVERY: PARTNERSHIP, **told_apart(agencies)}, {year: year for year in years}) if years else None


@kept
def quality(scope: Scope, *, agency: str, year: str) -> Quality:
    """The quality of the records that began in a year, and faults of all that is held."""
    agencies, years = choices(scope)
    if agency not in agencies or year not in years:
        raise NotAllowed("This agency or year is not among those that your role may choose.")
    group = agency or ALL
    held = _completeness(scope)
    history = held.filter(measure=FILLED).filter(pl.col("group").is_in([ALL, group]))
    mine = held.filter(pl.col("group") == group, pl.col("period").is_in([year, reckoned.EVER]))
    beside = {ALL: PARTNERSHIP, **{code: name for code, name in agencies.items() if code}}
    dates, stray = (frame.filter(pl.col("group") == group) for frame in (_dates(scope), _orphans(scope)))
    return Quality(
        _sentence(history.filter(period=year), dates, stray, agency, agencies[agency], year),
        _not_brought(_never(scope)),
        history.with_columns(pl.lit("agency").alias("breakdown")).sort("group", "period_end"),
        {ALL: PARTNERSHIP, agency or ALL: agencies[agency]},
        [
            Shown("What is filled in", _small(mine), _cells(mine), CELLS[1:4]),
            Shown("By agency", "All cells, the emptiest first.", _by_agency(held, beside, year), BY_AGENCY[1:]),
            Shown("Dates that cannot be", "Of all records held, whatever their year.", _faults(dates), FAULTS[1:3]),
            Shown("Rows that point to nothing", "A record names one that is not there.", _stray(stray), FAULTS[1:3]),
        ],
        _correct(scope),
        {"Agency": agencies[agency], "Year": year, "Records up to": words.day(case_records.as_at(scope))},
        INVENTED_SOURCE if case_records.invented(scope) else SOURCE,
    )  # fmt: skip


def reckon(scope: Scope) -> None:
    """Reckon the counts before the first visitor asks; nothing without records."""
    if case_records.as_at(scope) is not None:
        _completeness(scope), _dates(scope), _orphans(scope)


# ---- counts, after disclosure control


@kept_with_records
def _completeness(scope: Scope) -> pl.DataFrame:
    """Of every agency and the partnership, each year. All cells together are no count of people; each cell's are."""
    tables, as_at, without = case_records.tables(scope), case_records.as_at(scope), _never(scope)
    return _hidden(reckoned.completeness(tables, as_at=as_at, by=by, without=without) for by in (None, "agency"))


@kept_with_records
def _never(scope: Scope) -> list[str]:
    """The cells that no record has: the files do not bring them, so that no agency can be blamed for them."""
    return reckoned.never_filled(case_records.tables(scope))


@kept_with_records
def _dates(scope: Scope) -> pl.DataFrame:
    tables, as_at = case_records.tables(scope), case_records.as_at(scope)
    return _hidden(reckoned.impossible_dates(tables, as_at=as_at, by=by) for by in (None, "agency"))


@kept_with_records
def _orphans(scope: Scope) -> pl.DataFrame:
    tables, as_at = case_records.tables(scope), case_records.as_at(scope)
    return _hidden(reckoned.orphans(tables, as_at=as_at, by=by) for by in (None, "agency"))


def _hidden(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The partnership and the agencies large enough, small counts hidden; a measure and period at a time, for none of
    them is the sum of others."""
    every = pl.concat(list(frames)).with_columns(pl.lit(None, pl.Int64).alias("n"))
    size = every.filter(breakdown="agency").group_by("group").agg(pl.col("denominator").max())
    large = size.filter(pl.col("denominator") >= LEAST, pl.col("group") != NOT_RECORDED)["group"].sort().to_list()
    shown = every.filter(pl.col("group").is_in([ALL, *large]))
    totals = total("agency", "*", [*large, OTHERS])
    rules = [Rule(measures=[FILLED], complement=False)]
    parts = shown.partition_by("measure", "period", maintain_order=True)
    return pl.concat([suppress(part, totals=totals, rules=rules) for part in parts]) if parts else shown


# ---- in words


def _sentence(now: pl.DataFrame, dates: pl.DataFrame, stray: pl.DataFrame, agency: str, name: str, year: str) -> str:
    rows = {row["group"]: row for row in now.iter_rows(named=True)}
    row = rows.get(agency or ALL)
    if row is None or row["value"] is None:
        return f"{name} has too few records in {year} to be shown by itself."
    said = f"In {year}, {words.value(row['value'], unit='%')} of the cells that should be filled in are filled in"
    if agency and rows[ALL]["value"] is not None:
        said += f" at {name}; {words.value(rows[ALL]['value'], unit='%')} in the partnership"
    faults, lost = (
        frame.filter((pl.col("numerator") > 0) | pl.col("numerator").is_null()).height for frame in (dates, stray)
    )
    if not faults + lost:
        return f"{said}. No date is impossible, and no record points to one that is not there."
    impossible = f"{faults or 'none'} of {dates.height} checks on dates {'finds' if faults == 1 else 'find'} a mistake"
    links = f"{lost or 'none'} of {stray.height} kinds of link {'leads' if lost == 1 else 'lead'} to a record that is "
    return f"{said}. {impossible[0].upper()}{impossible[1:]}, and {links}not there."


def _not_brought(never: Sequence[str]) -> str:
    """Which cells no record has; "" where each is filled in somewhere."""
    if not never:
        return ""
    names = [cell.name.lower() for cell in reckoned.cells() if cell.id in never]
    return f"The files that are loaded do not bring this at all, and it is not counted here: {words.listed(names)}."


def _small(mine: pl.DataFrame) -> str:
    return "" if mine.height else f"Agencies with fewer than {LEAST} records are not shown by themselves."


def _cells(mine: pl.DataFrame) -> pl.DataFrame:
    known = {cell.id: (cell.name, cell.to_do) for cell in reckoned.cells()}
    known[FILLED] = ("All cells together", "Begin with the cells below that are emptiest.")
    rows = []
    for row in mine.iter_rows(named=True):
        name, to_do = known[row["measure"]]
        limits = words.interval(row["lower"], row["upper"])
        counts = words.of(row["numerator"], row["denominator"])
        rows.append((name, words.value(row["value"], unit="%", status=row["status"]), limits, counts, to_do))
    return pl.DataFrame(rows, schema=dict.fromkeys(CELLS, pl.String), orient="row")


def _by_agency(held: pl.DataFrame, names: Mapping[str, str], year: str) -> pl.DataFrame:
    """The partnership, then each agency of `names` that is large enough, the emptiest first."""
    rows = held.filter(pl.col("measure") == FILLED, pl.col("period") == year, pl.col("group").is_in(list(names)))
    rows = rows.sort(pl.col("group") != ALL, "value", nulls_last=True)
    said = [
        (
            names[row["group"]],
            words.value(row["value"], unit="%", status=row["status"]),
            words.interval(row["lower"], row["upper"]),
            words.of(row["numerator"], row["denominator"]),
        )
        for row in rows.iter_rows(named=True)
    ]
    return pl.DataFrame(said, schema=dict.fromkeys(BY_AGENCY, pl.String), orient="row")


def _faults(frame: pl.DataFrame) -> pl.DataFrame:
    rules = reckoned.rules()
    return _counted(frame, {id_: (rule.message, rule.to_do) for id_, rule in rules.items()})


def _stray(frame: pl.DataFrame) -> pl.DataFrame:
    to_do = "Load the file that holds it too, or correct the link in the case system."
    names = {m: tuple(part.replace("_", " ") for part in m.split(".")) for m in frame["measure"]}
    return _counted(frame, {m: (f"{t.capitalize()}: {c} is not there.", to_do) for m, (t, c) in names.items()})


def _counted(frame: pl.DataFrame, said: Mapping[str, tuple[str, str]]) -> pl.DataFrame:
    """Broken rules, the most first; those that nothing breaks are left out."""
    rows = [
        (
            said[row["measure"]][0],
            words.value(row["numerator"], decimals=0, status=row["status"]),
            words.number(row["denominator"], decimals=0),
            said[row["measure"]][1],
        )
        for row in frame.sort("numerator", descending=True, nulls_last=True, maintain_order=True).iter_rows(named=True)
        if row["numerator"] != 0
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(FAULTS, pl.String), orient="row")


@kept
def _correct(scope: Scope) -> Shown | None:
    """The records of the asker's own agencies that break a rule, by the case system's own ids."""
    role = ROLES.get(scope.role)
    if role is None or role.level != CASES or role.held_to != AGENCY:
        return None
    tables, as_at = case_records.tables(scope), case_records.as_at(scope)
    rows = []
    for rule in reckoned.rules().values():
        for agency in sorted(scope.agencies):
            found = reckoned.broken(tables, rule.id, as_at=as_at, agency=agency)
            rows += [
                (rule.table.replace("_", " "), row[0], words.day(row[-2]), words.day(row[-1]), rule.message, rule.to_do)
                for row in found.iter_rows()
            ]
    columns = ("Record", "Its id", "Date", "Held against", "What is wrong", "What to do")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    lead = f"{frame.height} in all." if frame.height <= MOST else f"The first {MOST} of {frame.height}."
    return Shown("Your records to correct", lead, frame.head(MOST), ())


def about(scope: Scope) -> dict[str, str]:
    """What stands under the page: fields of `components.About`."""
    return {
        "definition": (
            "Filled in: cells with a value, of the cells that a record of its kind should have; a cell of closing "
            "counts only when the record is closed. A record is its own agency's, else the lead agency's of its "
            "episode."
        ),
        "source": INVENTED_SOURCE if case_records.invented(scope) else SOURCE,
        "last_update": str(case_records.as_at(scope) or ""),
        "exclusions": "Rows that were refused or repaired when the file was loaded: the page “Load data” lists them.",
        "method": (
            "Shares with Wilson 95% limits. Counts of 1 to 5 records, and what would give them away, are hidden: [c]. "
            f"Agencies with fewer than {LEAST} records are not shown by themselves."
        ),
        "limits": "That a cell is filled in does not say that what stands there is true.",
    }
