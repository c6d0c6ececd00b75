"""Files from outside, read into figures and places: accepted rows, refused rows with the reason, remarks on all else.

`read(path_or_bytes, file_name=…)` recognises the kind of file by its header; `KINDS` names the kinds, `PLACES` the
columns of those that bring places instead of figures. What could name a person is refused before anything is read
(`privacy`).
"""

from __future__ import annotations

from .batch import Batch, IntakeError, safe_name
from .headers import KINDS
from .place_files import PLACES, THINGS
from .reading import read

__all__ = ["KINDS", "PLACES", "THINGS", "Batch", "IntakeError", "read", "safe_name"]
