"""What becomes of identifiers on the way in: a keyed hash for an identifier, a month for a birth date, a small area for
a postcode. Every intake of case records goes through `pseudonymise`; every file at all through `personal.check`.

The key stands outside the database, in EARLY_HELP_IDENTIFIER_KEY or in the file that EARLY_HELP_IDENTIFIER_KEY_FILE
names. Without it nobody can try identifiers out against the hashes, not even with the whole database in hand.

*Rotation.* The setting holds one key a line, the oldest first. A new one is added at the end, `rotate` is run over the
hashes that are stored, and every file that comes later is hashed with each key in turn, so that the same person keeps
one hash: h₂ = HMAC(k₂, HMAC(k₁, identifier)). Who has only the old key can then work out nothing. The `key_id` beside
each hash says which keys it was made with.
"""

from __future__ import annotations

import hmac
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from sample_data import places

from . import personal
from .batch import REFUSED, IntakeError

SETTING, FILE_SETTING = "EARLY_HELP_IDENTIFIER_KEY", "EARLY_HELP_IDENTIFIER_KEY_FILE"
SHORTEST = 32  # characters: 128 bits where the key is written in hexadecimal
HASH_LENGTH = 20  # hexadecimal digits, 80 bits: among a million people the odds of any two alike are 1 in 2 × 10¹²
KEY_ID_LENGTH = 8
IDENTIFIER, BIRTH_DATE, POSTCODE, KEEP, FREE_TEXT, NEVER = TREATMENTS = (
    "identifier",  # becomes a keyed hash
    "birth date",  # becomes the first day of its month, in `birth_month`
    "postcode",  # becomes the small area that it lies in, in `lsoa`
    "keep",  # stays, once it is seen to hold nothing that could name a person
    "free text",  # stays, once no number or address of a person is found in it
    "never",  # a file with it is refused
)
_DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y")
_MOMENTS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M:%S")
_MONTHS = ("%Y-%m", "%m/%Y", "%B %Y", "%b %Y")


@dataclass(frozen=True, slots=True)
class Key:
    """The keys in use, the oldest first. `id` names them without giving anything away; the secrets are never shown."""

    secrets: tuple[bytes, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.secrets or any(len(s) < SHORTEST or len(set(s)) < 8 for s in self.secrets):
            raise IntakeError(
                f"The identifier key is too short or too plain: make one of {2 * SHORTEST} characters, such as with "
                "“openssl rand -hex 32”."
            )

    @property
    def id(self) -> str:
        return self.digest(b"early-help identifier key id")[:KEY_ID_LENGTH]

    def digest(self, message: bytes) -> str:
        """HMAC-SHA256 under each key in turn; each takes the shortened hexadecimal digest that the one before gave."""
        for secret in self.secrets:
            message = hmac.digest(secret, message, "sha256").hex()[:HASH_LENGTH].encode()
        return message.decode()


def read_key(environ: Mapping[str, str] = os.environ) -> Key:
    """The key from EARLY_HELP_IDENTIFIER_KEY, or from the file that EARLY_HELP_IDENTIFIER_KEY_FILE names.

    One key a line (or parted by spaces), the oldest first. The file must be the owner's alone to read. Raises
    `IntakeError`, one sentence.
    """
    text = environ.get(SETTING, "")
    if not text.strip() and (path := environ.get(FILE_SETTING, "").strip()):
        text = _key_file(Path(path))
    elif not text.strip():
        raise IntakeError(
            "There is no identifier key, so no file with identifiers can be taken in: whoever runs the dashboard sets "
            f"{SETTING} or {FILE_SETTING} (docs/data-protection.md)."
        )
    return Key(tuple(secret.encode() for secret in text.split()))


def _key_file(path: Path) -> str:
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise IntakeError(f"The identifier key file {path} is not a file.")
        if os.name == "posix" and about.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise IntakeError(
                f"Others may read the identifier key file {path}: take that away with “chmod 600 {path}”."
            )
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise IntakeError(f"The identifier key file {path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise IntakeError(f"The identifier key file {path} holds more than plain letters and digits.") from error


def keyed_hash(series: pl.Series, *, key: Key) -> pl.Series:
    """Identifiers → 20 hexadecimal digits each, the same for the same identifier and keys; empty cells stay null.

    Spaces, hyphens, capitals and a spreadsheet's `.0` do not count: `943 476 5919` and `9434765919` are one person.
    HMAC-SHA256 (RFC 2104), shortened; each distinct identifier is hashed once.
    """
    text = series.cast(pl.String).str.normalize("NFKC").str.replace_all(r"[\s\p{Cf}-]", "").str.to_uppercase()
    text = text.str.replace(r"^(\d+)\.0+$", "${1}")
    return _each(text, lambda identifier: key.digest(identifier.encode())).alias(series.name)


def rotate(hashes: pl.Series, *, key: Key) -> pl.Series:
    """Hashes made with all keys but the newest → what `keyed_hash` gives with all of them.

    For every table that holds a hash, in one transaction; the new `key_id` is `key.id`. Rows whose `key_id` is that
    already must be left out. Raises `IntakeError` where there is only one key.
    """
    if len(key.secrets) < 2:
        raise IntakeError("There is only one identifier key: add the new one on a line below it.")
    newest = Key(key.secrets[-1:])
    return _each(hashes, lambda known: newest.digest(known.encode())).alias(hashes.name)


def _each(series: pl.Series, function) -> pl.Series:
    """`function` of every distinct text, put back in the order of the series; null and empty stay null."""
    distinct = series.unique().drop_nulls()
    distinct = distinct.filter(distinct != "")
    made = pl.Series([function(text) for text in distinct], dtype=pl.String)
    return series.replace_strict(distinct, made, default=None, return_dtype=pl.String)


def month_of_birth(series: pl.Series) -> pl.Series:
    """Birth dates → the first day of their month; null where there is none or it cannot be read.

    Takes dates, and text with the year in four digits and the day first: `2014-05-23`, `23/05/2014`, `23 May 2014`,
    `May 2014`. Years before 1900 count as unreadable.
    """
    if series.dtype.is_temporal():
        read = series.cast(pl.Date)
    else:
        text = series.cast(pl.String).str.strip_chars()
        tries = [pl.col("text").str.to_date(form, strict=False) for form in _DAYS]
        tries += [pl.col("text").str.to_datetime(form, strict=False).cast(pl.Date) for form in _MOMENTS]
        tries += [pl.concat_str(pl.lit("1 "), "text").str.to_date(f"%d {form}", strict=False) for form in _MONTHS]
        read = text.to_frame("text").select(pl.coalesce(tries))["text"]
    month = read.dt.truncate("1mo")
    return month.set(month < date(1900, 1, 1), None).alias(series.name)


def postcode_to_lsoa(
    frame: pl.DataFrame, column: str, *, vintage: int = 2021, show: bool = False
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(`frame` with `lsoa` and without the postcode, the rows whose postcode is not in the county's look-up).

    `vintage`: of the small areas, 2011 or 2021. A row that is not matched stays, without an `lsoa`; it is listed with
    the columns of REFUSED, and with the postcode itself only if `show`, for a public address. Rows without a postcode
    are not listed.
    """
    if vintage not in (2011, 2021):
        raise ValueError(f"small areas come for 2011 and 2021, not for {vintage}")
    known = places.postcodes().select(plain_postcode("postcode").alias("key"), pl.col(f"lsoa_{vintage}").alias("lsoa"))
    keyed = _numbered(frame).with_columns(plain_postcode(column).alias("key"))
    joined = keyed.drop("lsoa", strict=False).join(known, on="key", how="left", maintain_order="left")
    lost = joined.filter(pl.col("lsoa").is_null() & (pl.col("key").fill_null("") != ""))
    shown = pl.col(column).cast(pl.String) if show else pl.lit("")
    reason = "this postcode is not among the county's, or is misspelt"
    return joined.drop("key", column), _listed(lost, column, shown, reason)


def plain_postcode(column: str) -> pl.Expr:
    """`nn1  1aa` → `NN11AA`."""
    return pl.col(column).cast(pl.String).str.replace_all(r"[^0-9A-Za-z]", "").str.to_uppercase()


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame if "line" in frame.columns else frame.with_row_index("line", offset=2)


def _listed(rows: pl.DataFrame, column: str, value: pl.Expr, reason: str) -> pl.DataFrame:
    words = (pl.lit(column).alias("column"), value.alias("value"), pl.lit(reason).alias("reason"))
    return rows.select(pl.col("line").cast(pl.Int64), *words).cast(dict(REFUSED))


@dataclass(frozen=True, slots=True)
class Pseudonymised:
    """Case records without identifiers. `listed`: cells that could not be used, with the columns of REFUSED and without
    their values; their rows are in `frame` all the same. `key_id`: of the hashes, "" where there are none."""

    frame: pl.DataFrame
    listed: pl.DataFrame
    key_id: str


def pseudonymise(
    frame: pl.DataFrame,
    definition: Mapping[str, str],
    *,
    key: Key | None = None,
    vintage: int = 2021,
    file_name: str = "The file",
) -> Pseudonymised:
    """Case records as they may be stored.

    `frame`: text, with `line` (else rows are numbered as in a spreadsheet, from 2). `definition`: column → one of
    TREATMENTS. Identifiers keep their column, and `key_id` is added; a birth date becomes `birth_month`, a postcode
    `lsoa` (`<column>_month`, where there are several birth dates). `key` None: read from the settings, if needed.

    Raises `IntakeError`, naming the columns, for a column that the definition does not have or that it never lets in,
    and for what looks like a name, number or address in a column that should hold none. Raises ValueError for a
    definition that cannot be meant.
    """
    treated = _treatments(frame, definition, file_name)
    frame = _numbered(frame)
    headers = {c: c for c in treated if treated[c] in (KEEP, FREE_TEXT) and not frame[c].dtype.is_temporal()}
    text = frame.select("line", pl.col(list(headers)).cast(pl.String))
    personal.check(text, headers, file_name=file_name, expected=headers)
    identifiers = [c for c in treated if treated[c] == IDENTIFIER]
    listed = [pl.DataFrame(schema=REFUSED)]
    key_id = ""
    if identifiers:
        key = key or read_key()
        key_id = key.id
        frame = frame.with_columns(
            *(keyed_hash(frame[c], key=key) for c in identifiers), pl.lit(key_id).alias("key_id")
        )
    births = [c for c in treated if treated[c] == BIRTH_DATE]
    for column in births:
        month = month_of_birth(frame[column])
        given = frame[column].cast(pl.String).str.strip_chars().fill_null("") != ""
        reason = "this is not a birth date that can be read, such as 2014-05-23 or 23/05/2014"
        listed.append(_listed(frame.filter(given & month.is_null()), column, pl.lit(""), reason))
        name = "birth_month" if len(births) == 1 else f"{column}_month"
        frame = frame.drop(column).with_columns(month.alias(name))
    for column in (c for c in treated if treated[c] == POSTCODE):
        frame, unmatched = postcode_to_lsoa(frame, column, vintage=vintage)
        listed.append(unmatched)
    return Pseudonymised(frame, pl.concat(listed).sort("line"), key_id)


def _treatments(frame: pl.DataFrame, definition: Mapping[str, str], file_name: str) -> dict[str, str]:
    unknown = sorted({t for t in definition.values() if t not in TREATMENTS})
    if unknown:
        raise ValueError(f"a column is treated as one of {', '.join(TREATMENTS)}, not as {', '.join(unknown)}")
    if sum(t == POSTCODE for t in definition.values()) > 1:
        raise ValueError("a definition may have one postcode: there is one column for its small area")
    columns = [c for c in frame.columns if c != "line"]
    for strange, words in (
        ([c for c in columns if c not in definition], "that this kind of file does not have"),
        ([c for c in columns if definition.get(c) == NEVER], "that are never taken in"),
    ):
        if strange:
            names = personal.listed(strange)
            raise IntakeError(f"{file_name} has columns {words}, so nothing of it was read: leave out {names}.")
    return {c: definition[c] for c in columns}
