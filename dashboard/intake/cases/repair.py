"""Cells of case records read as what they are: days, numbers, yes or no, words of a list. What cannot be is listed.

Everything is done a column at a time, and what needs looking at closely only once for each distinct cell.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import polars as pl

from metrics.cases import CASE_TABLES, DAY, NUMBER, WHOLE, YES_NO

from .. import numbers
from ..batch import plain_cells
from . import aliases, small_areas
from .rules import Account, rules

_ERRORS = r"(?i)^#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|FIELD!|GETTING_DATA|ERROR!)$"
_TIME = r"(?i)[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AP]M)?(?:Z|[+-]\d{2}:?\d{2})?$"
_DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y", "%Y/%m/%d", "%Y%m%d")
_SHORT = ("%d/%m/%y", "%d-%m-%y", "%d.%m.%y", "%d-%b-%y", "%d %b %y", "%d %B %y")
_DAY_NUMBER = r"^[2-6]\d{4}(?:\.\d+)?$"  # 20000 is 3 October 1954; spreadsheets count from 30 December 1899
_DAY_NOUGHT = date(1899, 12, 30)
_AS_IT_STANDS = ("code",)  # of a disability: NONE is one
_LEVEL = r"(?i)^(?:level|tier)?[ _-]?([1-4])(?:\.0+)?(?:\D.*)?$"


def clean(frame: pl.DataFrame) -> pl.DataFrame:
    """Cells without unseen characters and needless spaces, also those that do not break; blank ones become null."""
    return frame.with_columns(plain_cells(pl.col(c)) for c in frame.columns if c != "line")


def nothing(frame: pl.DataFrame, account: Account) -> pl.DataFrame:
    """Cells that say that nothing is there become null: a spreadsheet's errors, which are listed, `NULL`, `N/A`."""
    marks = list(aliases.empties())
    for column in (c for c in frame.columns if c != "line"):
        error = pl.col(column).str.contains(_ERRORS)
        account.note("error_value", frame.filter(error), column, value=column)
        empty = pl.col(column).str.to_lowercase().is_in([] if column in _AS_IT_STANDS else marks)
        if column in aliases.VOCABULARIES:  # `n/a` may be one of its words
            said = [m for m in marks if aliases.words(aliases.VOCABULARIES[column]).read(m)]
            empty = empty & ~pl.col(column).str.to_lowercase().is_in(said)
        frame = frame.with_columns(pl.when(~(error | empty)).then(pl.col(column)).alias(column))
    return frame


def formulas(frame: pl.DataFrame, account: Account) -> pl.DataFrame:
    """`frame` without the rows that hold what a spreadsheet would run."""
    bad = []
    for column in (c for c in frame.columns if c != "line"):
        if unsafe := numbers.formulas(frame[column].drop_nulls().unique()):
            rows = frame.filter(pl.col(column).is_in(unsafe))
            account.note("formula", rows, column, value=column)
            bad.append(rows.select("line"))
    return without(frame, bad)


def without(frame: pl.DataFrame, bad: Collection[pl.DataFrame]) -> pl.DataFrame:
    return frame.join(pl.concat(bad), on="line", how="anti", maintain_order="left") if bad else frame


def read_days(cells: pl.Series) -> pl.DataFrame:
    """Text → `day`, and `how` it was read: null as it stands, `serial` or `short` from what is unusual.

    The day comes before the month, as in Britain. Times of the day are dropped. Days outside 1900–2100 are not read.
    """
    distinct = cells.drop_nulls().unique()
    text = distinct.to_frame("cell").with_columns(pl.col("cell").str.replace(_TIME, "").alias("text"))
    read = lambda forms: [_within(pl.col("text").str.to_date(form, strict=False)) for form in forms]  # noqa: E731
    number = pl.when(pl.col("cell").str.contains(_DAY_NUMBER)).then(pl.col("cell").cast(pl.Float64, strict=False))
    serial = pl.lit(_DAY_NOUGHT) + pl.duration(days=number.floor().cast(pl.Int64))
    known = text.with_columns(
        pl.coalesce(read(_DAYS)).alias("plain"),
        serial.cast(pl.Date).alias("serial"),
        pl.coalesce(read(_SHORT)).alias("short"),
    ).select(
        "cell",
        pl.coalesce("plain", "serial", "short").alias("day"),
        pl.when(pl.col("plain").is_not_null())
        .then(pl.lit(None, pl.String))
        .when(pl.col("serial").is_not_null())
        .then(pl.lit("serial"))
        .when(pl.col("short").is_not_null())
        .then(pl.lit("short"))
        .alias("how"),
    )
    return cells.to_frame("cell").join(known, on="cell", how="left", maintain_order="left").select("day", "how")


def _within(day: pl.Expr) -> pl.Expr:
    return pl.when(day.is_between(date(1900, 1, 1), date(2100, 12, 31))).then(day)


def births(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """Birth dates in the one form that is read everywhere; what cannot be read stays, to be listed."""
    day = read_days(frame[column])["day"]
    return frame.with_columns(pl.coalesce(day.cast(pl.String), pl.col(column)).alias(column))


def convert(frame: pl.DataFrame, table: str, account: Account) -> pl.DataFrame:
    """Text → the columns of a case table, those that the file lacks empty, and `line`. Rows that lose a cell which they
    cannot do without are refused."""
    spec = CASE_TABLES[table]
    needed = {*spec.key, *spec.required}
    bad: list[pl.DataFrame] = []
    for column, dtype in spec.columns.items():
        if column not in frame.columns:
            frame = frame.with_columns(pl.lit(None, dtype).alias(column))
        elif frame.schema[column] == pl.String:
            frame, lost = _column(frame, table, column, dtype, account, needed=column in needed)
            bad.append(lost.select("line"))
    return without(frame, bad).select("line", *spec.columns).cast(dict(spec.columns))


def _column(
    frame: pl.DataFrame, table: str, column: str, dtype: type[pl.DataType], account: Account, *, needed: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(the frame with the column read, the rows to refuse)."""
    cells = frame[column]
    if dtype == DAY:
        return _day(frame, column, account, needed)
    if dtype == YES_NO:
        made, rule = aliases.mapped(cells, "yes_no") == "yes", "yes_no_unreadable"
    elif dtype in (WHOLE, NUMBER):
        made, rule = _number(cells, column, dtype), "number_needed" if needed else "number_unreadable"
    elif column in aliases.VOCABULARIES:
        made, rule = aliases.mapped(cells, aliases.VOCABULARIES[column]), "value_needed" if needed else "value_unknown"
    elif column == "lsoa":
        upper = cells.str.to_uppercase()
        made, rule = upper.set(~upper.str.contains(rf"^{rules()['lsoa_unknown'].against}$"), None), "lsoa_unknown"
    else:
        longest = int(rules()["text_too_long"].against)
        made, rule = cells.set(cells.str.len_chars() > longest, None), "text_too_long"
    lost = frame.filter(cells.is_not_null() & made.is_null())
    instead = {"end_reason": ("closure_reason_unknown", "UNKNOWN"), "agency_type": ("agency_type_unknown", "other")}
    if column in instead:
        rule, value = instead[column]
        made = made.to_frame("made").select(pl.when(cells.is_not_null()).then(pl.col("made").fill_null(value)))["made"]
    account.note(rule, lost, column, value=column if rule != "text_too_long" else None)
    if column == "lsoa":
        made = _small_areas(frame, made, account)
    frame = frame.with_columns(made.alias(column))
    return frame, lost if rules()[rule].action == "refuse" else lost.clear()


def _small_areas(frame: pl.DataFrame, codes: pl.Series, account: Account) -> pl.Series:
    """The codes as those of 2021; what was replaced is listed."""
    now = small_areas.of_2021(codes)
    moved = frame.with_columns(now.alias("found")).filter(now != codes)
    account.note("lsoa_divided", moved, "lsoa", value="lsoa", at="found")
    return now


def _day(frame: pl.DataFrame, column: str, account: Account, needed: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    rule = "date_needed" if needed else "date_unreadable"
    low, high = (int(year) for year in rules()[rule].bounds())
    read = read_days(frame[column])
    day = pl.when(pl.col("day").dt.year().is_between(low, high)).then(pl.col("day"))
    both = pl.concat([frame.select("line", column), read.select(day.alias("day"), "how")], how="horizontal")
    for how, id in (("serial", "date_serial"), ("short", "date_two_digits")):
        rows = both.filter((pl.col("how") == how) & pl.col("day").is_not_null())
        account.note(
            id, rows.with_columns(pl.col("day").cast(pl.String).alias("found")), column, value=column, at="found"
        )
    lost = both.filter(pl.col(column).is_not_null() & pl.col("day").is_null())
    account.note(rule, lost, column, value=column)
    return frame.with_columns(both["day"].alias(column)), lost if needed else lost.clear()


def _number(cells: pl.Series, column: str, dtype: type[pl.DataType]) -> pl.Series:
    """Numbers as people type them; of a level or grade also `Level 2`, `Good`."""
    read = numbers.parse(cells)["number"]
    if (vocabulary := aliases.VOCABULARIES.get(column)) is not None:
        worded = aliases.mapped(cells, vocabulary).cast(pl.Float64, strict=False)
        leading = cells.str.extract(_LEVEL).cast(pl.Float64, strict=False)
        frame = pl.DataFrame({"a": read, "b": worded, "c": leading})
        read = frame.select(pl.coalesce("a", "b", "c"))["a"]
    if dtype == WHOLE:
        read = read.set(read.is_not_null() & (read != read.round(0)), None).cast(pl.Int64)
    return read
