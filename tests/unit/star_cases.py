"""Eight people worked by hand: their Stars, and what must come out under four rules (no real person among them).

Three areas, readings 1 to 10, two editions that may be pooled, ceiling at 8.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from metrics.star import READINGS, read_edition

_AREA = [{"id": a, "name": f"Area {a}", "status": "our choice"} for a in "ABC"]
_ROW = {
    "star": "hand", "name": "Hand-worked Star", "also_called": [], "lowest": 1, "highest": 10,
    "range_status": "our choice", "readings_per_stage": 2, "ceiling": 8, "ceiling_status": "our choice",
    "pooling": "pooled", "source": "made up", "note": "", "area": _AREA, "stage": [],
}  # fmt: skip
ONE = read_edition({**_ROW, "edition": "1", "editions": ["1"], "pools_with": ["2"]})
TWO = read_edition({**_ROW, "edition": "2", "editions": ["2"], "pools_with": ["1"]})
KNOWN = {ONE.key: ONE, TWO.key: TWO}

T, W, P = "together", "worker", "person"
# person, day, retrospective, completed by, state, edition, A, B, C (None: not completed)
STARS = [
    ("P1", date(2024, 4, 10), False, T, "final", "2", 2, 4, 6),
    ("P1", date(2024, 7, 5), False, T, "final", "2", 5, 4, 8),
    ("P1", date(2024, 10, 1), False, T, "final", "2", 4, 6, 7),
    ("P2", date(2024, 4, 12), False, T, "final", "2", 9, 10, 8),
    ("P2", date(2024, 9, 30), False, T, "final", "2", 9, 9, 8),
    ("P3", date(2024, 5, 1), False, T, "final", "2", 3, 3, 3),
    ("P4", date(2024, 5, 2), False, T, "final", "2", 6, 7, 5),
    ("P4", date(2024, 6, 1), False, T, "final", "2", 3, 4, 4),
    ("P4", date(2024, 12, 1), False, W, "final", "2", 6, 6, 7),
    ("P5", date(2024, 6, 10), False, P, "final", "2", 8, 8, 8),
    ("P5", date(2024, 6, 10), False, W, "final", "2", 4, 5, 6),
    ("P5", date(2024, 11, 20), False, T, "final", "2", 6, 6, 6),
    ("P6", date(2024, 2, 1), True, T, "final", "2", 1, 1, 1),
    ("P6", date(2024, 6, 15), False, T, "final", "2", 5, 5, 5),
    ("P7", date(2024, 6, 20), False, T, "final", "2", 2, 2, 2),
    ("P7", date(2024, 11, 11), False, T, "final", "2", 5, None, 4),
    ("P8", date(2023, 3, 1), False, T, "final", "1", 3, 5, 4),
    ("P8", date(2024, 1, 10), False, T, "final", "2", 6, 6, 6),
    ("P8", date(2024, 8, 1), False, T, "final", "2", 8, 6, 5),
]

# rule → (arguments, {area: (n, mean first, mean last, mean change, up, same, down, up a stage, first 8+, last 8+)},
#         (up in some area, down in some area, mean of the people's mean changes), who is in a pair)
EXPECTED = {
    "first against last": (
        {},
        {
            "A": (6, 4.1667, 6.3333, 2.1667, 4, 2, 0, 4, 1, 2),
            "B": (6, 5.3333, 6.3333, 1.0, 4, 0, 2, 2, 1, 1),
            "C": (6, 5.0, 6.3333, 1.3333, 4, 2, 0, 4, 1, 1),
        },
        (5, 2, 1.5),
        ["P1", "P2", "P4", "P5", "P6", "P8"],
    ),
    "lower of the first two": (
        {"baseline": "lower"},
        {
            "A": (6, 3.6667, 6.3333, 2.6667, 5, 1, 0, 5, 1, 2),
            "B": (6, 4.8333, 6.3333, 1.5, 5, 0, 1, 3, 1, 1),
            "C": (6, 4.8333, 6.3333, 1.5, 4, 2, 0, 4, 1, 1),
        },
        (5, 1, 1.8889),
        ["P1", "P2", "P4", "P5", "P6", "P8"],
    ),
    "without retrospective ones": (
        {"retrospective": False},
        {
            "A": (5, 4.8, 6.6, 1.8, 3, 2, 0, 3, 1, 2),
            "B": (5, 6.2, 6.6, 0.4, 3, 0, 2, 1, 1, 1),
            "C": (5, 5.8, 6.6, 0.8, 3, 2, 0, 3, 1, 1),
        },
        (4, 2, 1.0),
        ["P1", "P2", "P4", "P5", "P8"],
    ),
    "editions apart": (
        {"pool": False},
        {
            "A": (6, 4.6667, 6.3333, 1.6667, 4, 2, 0, 4, 1, 2),
            "B": (6, 5.5, 6.3333, 0.8333, 3, 1, 2, 2, 1, 1),
            "C": (6, 5.3333, 6.3333, 1.0, 3, 2, 1, 3, 1, 1),
        },
        (5, 3, 1.1667),
        ["P1", "P2", "P4", "P5", "P6", "P8"],
    ),
}


def readings(stars=STARS, *, family=None, **extra) -> pl.DataFrame:
    """The Stars as readings, one row an area. `family`: person → family. `extra`: column → {person: value}."""
    rows = []
    for number, (person, day, retrospective, by, state, edition, *scores) in enumerate(stars):
        star = {
            "star_id": f"star {number}", "person_id": person, "star": "hand", "edition": edition, "date": day,
            "completed_by": by, "retrospective": retrospective, "state": state,
            "family_id": (family or {}).get(person),
            **{column: values.get(person) for column, values in extra.items()},
        }  # fmt: skip
        rows += [{**star, "area": a, "score": s} for a, s in zip("ABC", scores, strict=True) if s is not None]
    schema = {**READINGS, **{c: pl.String for c in extra if c not in READINGS}}
    return pl.DataFrame(rows, schema=schema)


def value(frame: pl.DataFrame, measure: str, group: str = "all", column: str = "value"):
    """One figure of an estimates frame; fails unless it stands there exactly once."""
    return frame.filter(measure=measure, group=group)[column].item()
