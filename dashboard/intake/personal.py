"""What could name a person: columns known by their headers (data: `personal_columns.csv`) and by what stands in them.

A file that holds such a column is refused as a whole, by the column's name. No value of it is ever repeated.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest

import polars as pl

from .batch import IntakeError, plain
from .definitions import table
from .headers import normal, squashed

NAMES, ADDRESSES, POSTCODES = "names", "addresses", "postcodes"
NHS, UPN, INSURANCE = "NHS numbers", "pupil numbers (UPN)", "National Insurance numbers"
PHONES, EMAILS, BIRTHS, FREE_TEXT = "telephone numbers", "e-mail addresses", "full dates of birth", "free text"

# The areas of UK postcodes (Royal Mail): a code of two letters and digits is seldom one of these by chance.
_AREAS = (
    "AB|AL|BA|BB|BD|BH|BL|BN|BR|BS|BT|B|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|EC|EH|EN|EX|E|FK|FY|"
    "GL|GU|GY|G|HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|LA|LD|LE|LL|LN|LS|LU|L|ME|MK|ML|M|NE|NG|NN|NP|NR|NW|"
    "N|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|SA|SE|SG|SK|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|S|TA|TD|TF|TN|TQ|TR|TS|TW|UB|WA|WC|WD|"
    "WF|WN|WR|WS|WV|W|YO|ZE"
)
_POSTCODE = rf"(?:{_AREAS})\d[0-9A-Z]? ?\d[ABD-HJLNP-UW-Z]{{2}}"
_INSURANCE = r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]"
_PHONE = (
    r"(?:\+44[ -]?(?:\(0\))?[ -]?|0044[ -]?|\(?0)"
    r"(?:[1-9]\d{3}\)?[ -]?\d{3}[ -]?\d{2,3}|[1-9]\d{2}\)?[ -]?\d{3}[ -]?\d{4}"
    r"|[1-9]\d\)?[ -]?\d{4}[ -]?\d{4}|[1-9]\d{8,9})"
)
_BEFORE, _AFTER = r"(?:^|[^\w.,/+-])", r"(?:$|[^\w.]|\.(?:\D|$))"
# Patterns that need no check digit, each within a longer text or alone in a cell.
_PATTERNS = {
    EMAILS: r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
    PHONES: _BEFORE + _PHONE + _AFTER,
    POSTCODES: rf"(?i:^\s*{_POSTCODE}\s*$)|(?:^|[^\w.-]){_POSTCODE}(?:$|[^\w])",
    INSURANCE: rf"(?i:^\s*{_INSURANCE}\s*$)|(?:^|\W){_INSURANCE}(?:$|\W)",
}
_NO_INSURANCE = ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")  # prefixes that were never given out (HMRC)
_TEN = r"[\w.,]*\d{3}[ -]?\d{3}[ -]?\d{4}[\w.,]*"  # with what is joined to it, so that decimals can be told
_THIRTEEN = r"\b[A-HJ-NP-RT-Z]\d{11}[0-9A-HJ-NP-RT-Z]\b"
_UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_FULL_DATE = r"^\s*(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{1,2} [A-Za-z]{3,9} \d{2,4})"
_CHANCE = 0.25  # one number in eleven passes the NHS check by chance; a column of other numbers stays well under this


@dataclass(frozen=True, slots=True)
class Finding:
    """A column, and what it looks as if it held; `line` of the first such cell, None where the header says it."""

    column: str
    what: str
    line: int | None = None
    needed: bool = False  # the kind of file needs the column: only its contents are wrong


def check(
    frame: pl.DataFrame,
    headers: dict[str, str],
    *,
    file_name: str,
    expected: Collection[str] = (),
    allowed: Collection[tuple[str, str]] = (),
    least: int = 1,
) -> None:
    """Raise `IntakeError`, naming the columns, where `frame` holds what could name a person.

    `frame`: text, and `line`. `headers`: its columns → what the file calls them. `expected`: columns whose header is no
    surprise; their values are looked at all the same. `allowed`: (column, what) that a definition allows. `least`: how
    many different values of one sort make a finding; a publisher's footnote may well hold one telephone number.
    """
    found = []
    for column, header in headers.items():
        what = None if column in expected else by_header(header)
        if what and (column, what) not in allowed:
            found.append(Finding(header, what))
        elif column in frame.columns:
            permitted = {w for c, w in allowed if c == column}
            found += _by_values(frame, column, header, permitted, least, needed=column in expected)
    if found:
        raise IntakeError(sentence(found, file_name=file_name))


def by_header(header: str) -> str | None:
    """What a header says that its column holds, where that could name a person."""
    words = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])", r"\1\3_\2\4", header or "")
    spellings = {f"_{normal(text)}_" for text in (header, words)}
    for alias, (what, whole) in _aliases().items():
        if f"_{alias}_" in spellings or squashed(header) == squashed(alias):
            return what
        if not whole and any(f"_{alias}_" in spelling for spelling in spellings):
            return what
    return None


@cache
def _aliases() -> dict[str, tuple[str, bool]]:
    """Alias → (what it says, whether it must be the whole header); longest first: an e-mail address is no address."""
    rows = sorted(table("personal_columns.csv"), key=lambda row: -len(row["alias"]))
    return {row["alias"]: (row["what"], row["match"] == "whole") for row in rows}


def _by_values(
    frame: pl.DataFrame, column: str, header: str, permitted: set[str], least: int, *, needed: bool
) -> list[Finding]:
    cells = frame[column].drop_nulls().unique()
    held = values(cells)
    if set(normal(header).split("_")) & {"birth", "born"}:
        held[BIRTHS] = cells.filter(cells.str.contains(_FULL_DATE))
    return [
        Finding(header, what, frame.filter(pl.col(column).is_in(which.implode()))["line"].min(), needed)
        for what, which in held.items()
        if len(which) >= least and what not in permitted
    ]


def values(cells: pl.Series) -> dict[str, pl.Series]:
    """Which of these texts hold what: NHS numbers and UPNs by their check characters, the others by their form."""
    cells = cells.filter(cells.str.contains(r"\d\D*\d|@"))
    found = {what: cells.filter(cells.str.contains(pattern)) for what, pattern in _PATTERNS.items()}
    prefix = found[INSURANCE].str.to_uppercase().str.extract(rf"({_INSURANCE})").str.slice(0, 2)
    found[INSURANCE] = found[INSURANCE].filter(~prefix.is_in(list(_NO_INSURANCE)))
    return {NHS: _nhs(cells), UPN: _upns(cells), **found}


def _nhs(cells: pl.Series) -> pl.Series:
    """NHS numbers: ten digits whose last is 11 less the weighted sum of the others (10 … 2) modulo 11; 11 counts as 0.

    Where ten-digit numbers of another sort stand in a column, one in eleven passes by chance, so a share is asked for;
    a number written 3-3-4, as NHS numbers are, is taken for one at once.
    """
    long = cells.filter(cells.str.contains(r"\d{3}[ -]?\d{3}[ -]?\d{4}"))
    each = pl.DataFrame({"cell": long, "text": long.str.extract_all(_TEN)}).explode("text")
    each = each.with_columns(pl.col("text").str.replace(r"\.0+$", "").str.strip_chars_end(".,"))
    each = each.filter(pl.col("text").str.contains(r"^\d{3}[ -]?\d{3}[ -]?\d{4}$"))
    digits = pl.col("text").str.replace_all(r"\D", "")
    at = lambda i: digits.str.slice(i, 1).cast(pl.Int32)  # noqa: E731
    check_digit = (11 - pl.sum_horizontal(at(i) * (10 - i) for i in range(9)) % 11) % 11
    each = each.with_columns((check_digit == at(9)).alias("valid"), pl.col("text").str.contains(r"\D").alias("spaced"))
    valid = each.filter("valid")
    if valid["spaced"].any() or valid.height >= max(1, _CHANCE * each.height):
        return valid["cell"].unique()
    return valid["cell"].clear()


def _upns(cells: pl.Series) -> pl.Series:
    """Unique pupil numbers: a check letter, then twelve digits, or eleven and a letter for a temporary one."""
    upper = cells.str.to_uppercase()
    return cells.filter(
        pl.Series([any(map(_is_upn, found)) for found in upper.str.extract_all(_THIRTEEN)], dtype=pl.Boolean)
    )


def _is_upn(text: str) -> bool:
    """The letter is that of the sum of each character times its position (2 … 13), modulo 23; I, O and S are left out
    (Government Data Standards Catalogue, Unique Pupil Number 2.0)."""
    numbers = [int(c) if c.isdigit() else _UPN_LETTERS.index(c) for c in text[1:]]
    return _UPN_LETTERS[sum(n * i for i, n in enumerate(numbers, 2)) % 23] == text[0]


def sentence(found: list[Finding], *, file_name: str) -> str:
    """What a file holds that it must not, by column; a column counts for the first thing that it looks like."""
    by_what: dict[str, list[Finding]] = {}
    seen: set[str] = set()
    for finding in found:
        if finding.column not in seen:
            by_what.setdefault(finding.what, []).append(finding)
            seen.add(finding.column)
    parts = [f"{what} in {_columns(columns)}" for what, columns in by_what.items()]
    said = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    if all(finding.needed for finding in found):
        remedy = "take them out of it" if len(seen) == 1 else "take them out of those columns"
    else:
        remedy = "leave that column out" if len(seen) == 1 else "leave those columns out"
    return f"{file_name} holds what looks like {said}: {remedy}."


def _columns(found: list[Finding]) -> str:
    lines = [f" (line {f.line})" if f.line is not None else "" for f in found]
    return f"column{'' if len(found) == 1 else 's'} {listed([f.column for f in found], lines)}"


def listed(headers: Sequence[str], after: Sequence[str] = ()) -> str:
    """`“Name”, “Street” and 3 more`: headers as a sentence may carry them, whatever stands in them."""
    names = [plain(header) or "without a header" for header in headers[:5]]
    shown = [
        f"“{name if len(name) <= 40 else name[:39] + '…'}”" + tail
        for name, tail in zip_longest(names, after[: len(names)], fillvalue="")
    ]
    if len(headers) > 5:
        shown.append(f"{len(headers) - 5} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
