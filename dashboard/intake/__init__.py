"""Files from outside, read into figures, places and case records.

Accepted rows, refused rows with the reason, remarks on all else.

`read(path_or_bytes, file_name=…)` recognises the kind of file by its header; `KINDS` names the kinds, `PLACES` the
columns of those that bring places instead of figures, `CASES` those that bring case records. What could name a person
is refused before anything is read (`privacy`); of case records the identifiers become hashes on the way in.
"""

from __future__ import annotations

from .batch import Batch, IntakeError, safe_name
from .cases import CASES as _RECORDS
from .cases import clash
from .headers import KINDS
from .place_files import PLACES
from .place_files import THINGS as _PLACE_THINGS
from .reading import read
from .star_editions import star_editions

CASES = {**_RECORDS, "star": KINDS["star"]}
# What one row of each kind is; a figure, of all others.
THINGS = {**_PLACE_THINGS, **dict.fromkeys(CASES, "record"), "instrument": "item"}

__all__ = ["CASES", "KINDS", "PLACES", "THINGS", "Batch", "IntakeError", "clash", "read", "safe_name", "star_editions"]
