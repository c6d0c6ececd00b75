"""What was refused or put right in a file: the reasons, the rows folded away beneath, and a file of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.components.files import refused_file
from dashboard.components.tables import plain_table

LONG, FIRST = 15, 10  # reasons: of more than that the first stand, and all are folded away beneath


def fault_lists(refused: Any, repaired: Any, *, reasons: Sequence[str], rows: Sequence[str], file: str) -> None:
    """Show two `dashboard.answers.load_faults.Faults`, each only where there are any. `reasons`, `rows`: headers."""
    for faults, label, name in (
        (refused, "Download the refused rows", file),
        (repaired, "Download the rows put right or merged", f"repaired {file}"),
    ):
        if not faults.frame.is_empty():
            long = len(faults.reasons) > LONG
            shown = faults.reasons[:FIRST] if long else faults.reasons
            caption = f"{faults.caption}: the {FIRST} commonest reasons" if long else faults.caption
            plain_table(reasons, shown, caption=caption, numbers=["Rows"])
            if long:
                every = f"All {len(faults.reasons)} reasons"
                plain_table(reasons, faults.reasons, caption=faults.caption, numbers=["Rows"], summary=every)
            plain_table(rows, faults.rows, caption=f"{faults.caption}, row by row", summary=faults.fold)
            refused_file(faults.frame, name=name, label=label)
