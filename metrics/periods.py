"""Period labels as publishers write them, read as dates.

A label alone does not say when its year ends, so the reader is told what kind of year the file counts in (`year_type`).
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

# How a year is counted → (month, day) of its last day. A plain `2019` names the year that *ends* in 2019.
YEAR_ENDS = {
    "financial": (3, 31),
    "academic": (8, 31),
    "calendar": (12, 31),
    "snapshot": (3, 31),  # a count on 31 March
    "quarter": (3, 31),  # quarters of the financial year
    "month": (12, 31),
    "january": (1, 31),  # school census, counted in January
    "mid-year": (6, 30),  # population estimates
    "september": (9, 30),  # children's workforce census
}
# Other names for the same kinds, as LAIT and explore-education-statistics write them, in lower case.
YEAR_TYPE_NAMES = {
    "financial year": "financial",
    "academic year": "academic",
    "calendar year": "calendar",
    "annual": "snapshot",
    "reporting year": "financial",
    "tax year": "financial",
    "annual (end of sept)": "september",
    "annual - january": "january",
    "as at 31 march": "snapshot",
}
MONTHS = {name.lower(): n for n, name in enumerate(calendar.month_abbr) if name} | {
    name.lower(): n for n, name in enumerate(calendar.month_name) if name
}
# Remarks in brackets that say how final a figure is; they are not part of the period's name.
QUALIFIERS = {
    "p": "provisional",
    "prov": "provisional",
    "provisional": "provisional",
    "r": "revised",
    "rev": "revised",
    "revised": "revised",
    "final": "final",
}
_YEAR = r"(?:19|20)\d\d"
_QUALIFIER = re.compile(r"\s*[\[(]\s*(" + "|".join(QUALIFIERS) + r")\s*[\])]\s*$", re.I)


@dataclass(frozen=True, slots=True)
class Period:
    """One period.

    `label` is what the publisher wrote, without stray spaces and without `(prov)`, `(rev)` or `(final)`; the compact
    `201819` is written `2018/19`. `start` and `end` are its first and last day, both included. `qualifier` is
    `provisional`, `revised`, `final` or empty.
    """

    label: str
    start: date
    end: date
    qualifier: str = ""


def parse_period(label: str, *, year_type: str = "") -> Period:
    """Read a period label.

    label: `2018/19`, `2018-19`, `201819`, `2018`, `2024/25 Q4`, `2016 - 18`, `2013/14-15/16`, `31 Mar 2018`,
        `2019-03-31`, `2024-05`, `Mar 2015 - Feb 2016`, with or without `(prov)`, `(rev)`, `(final)`.
    year_type: a key of `YEAR_ENDS` or `YEAR_TYPE_NAMES` in any case; empty means: a plain or pooled year is a calendar
        year, a year across two (`2018/19`) a financial year. `quarter` and `month` only decide labels that could be
        either: `2011-12` is a split year unless the year type is `month`.

    Raises `ValueError` with one sentence when the label cannot be read or the year type is not known.
    """
    kind = year_type.strip().lower()
    kind = YEAR_TYPE_NAMES.get(kind, kind)
    if kind and kind not in YEAR_ENDS:
        raise ValueError(f"“{year_type}” is not a kind of year that is known here.")
    text = " ".join(str(label).replace("–", "-").replace("‑", "-").replace("\N{NO-BREAK SPACE}", " ").split())
    qualifier = ""
    if found := _QUALIFIER.search(text):
        qualifier, text = QUALIFIERS[found.group(1).lower()], text[: found.start()]
    plain = re.sub(r"\s*\([A-Z]{1,3}\)$", "", text)  # such as `(OT)`, outturn: part of the name, not of the dates
    for reader in (_day, _quarter, _months, _month, _years):
        if (span := reader(plain, kind)) is not None:
            if span[0] > span[1]:
                break
            return Period(_tidy(text), *span, qualifier)
    raise ValueError(f"“{label}” is not a period that can be read, such as 2018/19, 2019 or 2024/25 Q4.")


def _tidy(text: str) -> str:
    compact = re.fullmatch(rf"({_YEAR})(\d\d)", text)
    if compact and _follows(int(compact[1]), int(compact[2])):
        return f"{compact[1]}/{compact[2]}"
    return re.sub(r"^(\d{4}-\d\d-\d\d)[T ]00:00.*$", r"\1", text)


def _follows(year: int, short: int) -> bool:
    return (year + 1) % 100 == short


def _last(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _year_end(year: int, kind: str) -> date:
    return date(year, *YEAR_ENDS[kind])


def _year_start(end: date) -> date:
    """First day of the year that ends on `end`, the last day of a month."""
    return date(end.year, 1, 1) if end.month == 12 else date(end.year - 1, end.month + 1, 1)


def _year(text: str, kind: str, *, century: int = 0) -> tuple[date, date] | None:
    """One year: `2018`, `2018/19`, `18/19` (with the century of the label before it)."""
    if m := re.fullmatch(rf"({_YEAR}|\d\d)\s*[/-]\s*((?:20)?\d\d)", text):
        first = int(m[1]) if len(m[1]) == 4 else century + int(m[1])
        if first < 1900 or not _follows(first, int(m[2][-2:])) or (len(m[2]) == 4 and int(m[2]) != first + 1):
            return None
        end = _year_end(first + 1, kind if kind in ("academic", "september") else "financial")
        return _year_start(end), end
    if m := re.fullmatch(rf"({_YEAR})", text):
        end = _year_end(int(m[1]), kind or "calendar")
        return (end, end) if kind in ("snapshot", "january", "mid-year", "september") else (_year_start(end), end)
    return None


def _years(text: str, kind: str) -> tuple[date, date] | None:
    if m := re.fullmatch(rf"({_YEAR})(\d\d)", text):  # compact, as explore-education-statistics writes it
        text = f"{m[1]}/{m[2]}"
    pooled = re.fullmatch(rf"({_YEAR})\s*-\s*({_YEAR}|\d\d)", text)
    if pooled:
        first = int(pooled[1])
        last = int(pooled[2]) if len(pooled[2]) == 4 else first - first % 100 + int(pooled[2])
        one_year = last == first + 1 and kind != "calendar"
        if not one_year and 0 < last - first <= 10:
            a, b = _year(str(first), kind or "calendar"), _year(str(last), kind or "calendar")
            return (a[0], b[1]) if a and b else None
    if one := _year(text, kind):
        return one
    # several split years together: `2013/14-15/16`, `2017/18 - 18/19`, `2017/18 - 2019/20`
    if m := re.fullmatch(rf"({_YEAR}/\d\d)\s*-\s*({_YEAR}/\d\d|\d\d/\d\d)", text):
        a = _year(m[1], kind)
        b = _year(m[2], kind, century=int(m[1][:2]) * 100)
        return (a[0], b[1]) if a and b else None
    return None


def _day(text: str, kind: str) -> tuple[date, date] | None:
    parts: tuple[int, int, int] | None = None
    if m := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?)?", text):
        parts = int(m[1]), int(m[2]), int(m[3])
    elif m := re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", text):  # day first, as it is written here
        parts = int(m[3]), int(m[2]), int(m[1])
    elif (m := re.fullmatch(r"(?:as at )?(\d{1,2})(?:st|nd|rd|th)? ([a-z]+) (\d{4})", text, re.I)) and (
        m[2].lower() in MONTHS
    ):
        parts = int(m[3]), MONTHS[m[2].lower()], int(m[1])
    if parts is None:
        return None
    try:
        day = date(*parts)
    except ValueError:
        return None
    return day, day


def _quarter(text: str, kind: str) -> tuple[date, date] | None:
    """Quarters: of the financial year where the year is split (`2024/25 Q4` ends in March), else of the calendar."""
    m = re.fullmatch(rf"({_YEAR})(?:\s*[/-]?\s*(\d\d))?\s*,?\s*(?:Q|Quarter )\s*([1-4])", text, re.I)
    if not m:
        return None
    year, quarter = int(m[1]), int(m[3])
    if m[2] is not None:
        if not _follows(year, int(m[2])):
            return None
        month = quarter * 3 + 3
        year, month = (year, month) if month <= 12 else (year + 1, month - 12)
    else:
        month = quarter * 3
    return date(year, month - 2, 1), _last(year, month)


def _month(text: str, kind: str) -> tuple[date, date] | None:
    if m := re.fullmatch(rf"({_YEAR})-?(\d\d)", text):
        year, month = int(m[1]), int(m[2])
        if not 1 <= month <= 12 or (kind != "month" and ("-" not in text or _follows(year, month))):
            return None
        if kind not in ("", "month", "quarter") or (kind == "" and month > year % 100):
            return None  # `2004-06` in a file of years pools three of them
        return date(year, month, 1), _last(year, month)
    if (m := re.fullmatch(rf"([a-z]+)[ -]({_YEAR})", text, re.I)) and m[1].lower() in MONTHS:
        month = MONTHS[m[1].lower()]
        return date(int(m[2]), month, 1), _last(int(m[2]), month)
    return None


def _months(text: str, kind: str) -> tuple[date, date] | None:
    """`Mar 2015 - Feb 2016`."""
    parts = re.split(r"\s+-\s+|\s+to\s+", text)
    if len(parts) != 2:
        return None
    a, b = (_month(part, "") if part[:1].isalpha() else None for part in parts)
    return (a[0], b[1]) if a and b else None
