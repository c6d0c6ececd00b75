"""How figures are reckoned and judged, in plain words; the numbers in them come from the metrics."""

from __future__ import annotations

from metrics.catalogue import catalogue
from metrics.comparison import TINY_AREAS
from metrics.definition_files import read_toml
from metrics.intervals import EXACT_BELOW
from metrics.trends import SIGNIFICANT, TREND_POINTS


def sentence() -> str:
    """What stands first on the page."""
    known = catalogue()
    strategies = len({i.strategy for i in known.indicators.values()})
    without = sum(not i.series for i in known.indicators.values())
    return (
        f"{len(known.indicators)} measures of {strategies} strategies are defined here; {without} of them have no "
        f"published figures. {len(known.series)} published series stand behind the rest."
    )


def methods() -> list[tuple[str, str]]:
    """(name, words) of each method, in the order in which a figure meets them."""
    numbers = {
        "tiny": " and ".join(catalogue().areas[code].name for code in TINY_AREAS),
        "exact_below": EXACT_BELOW,
        "trend_points": TREND_POINTS,
        "significant": SIGNIFICANT,
    }
    read = read_toml("methods.toml")
    return [(m["name"], m["text"].format(**numbers)) for m in read["method"]]
