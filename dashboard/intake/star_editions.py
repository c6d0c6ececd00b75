"""The editions of the Outcomes Star that are set up here: those that ship, and those that the licence holder set."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from metrics.definition_files import DefinitionError
from metrics.star import Edition, editions

from .batch import IntakeError

SETTING = "EARLY_HELP_STAR_EDITIONS"  # path of a TOML file of the form of `star_editions.toml`


def star_editions(environ: Mapping[str, str] = os.environ) -> Mapping[str, Edition]:
    """The editions by key, `family_star_plus/1`. An edition in the file that SETTING names replaces the shipped one as
    a whole, or is added. Raises `IntakeError`, one sentence, for a file that cannot be read or holds a fault."""
    path = environ.get(SETTING, "").strip()
    if not path:
        return editions()
    try:
        return editions(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise IntakeError(f"The file {path}, which {SETTING} names, cannot be read as text in UTF-8.") from error
    except DefinitionError as error:
        raise IntakeError(f"The file {path}, which {SETTING} names, has a fault: {error}.") from error
