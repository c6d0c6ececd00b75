"""Files from outside, read into figures: accepted rows, refused rows with the reason, and remarks on everything else.

`read(path_or_bytes, file_name=…)` recognises the kind of file by its header; `KINDS` names the kinds.
"""

from __future__ import annotations

from .batch import Batch, IntakeError
from .headers import KINDS
from .reading import read

__all__ = ["KINDS", "Batch", "IntakeError", "read"]
