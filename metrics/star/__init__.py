"""Outcome Star: distance travelled, stage matrix, flow and funnel from readings that licence holders bring.

The Outcomes Star is licensed by Triangle. Readings are imported, never entered here; names of areas and stages are
configuration (`star_editions.toml`); `acknowledgement()` stands on every page and paper, `cannot_say()` beside every
figure.

    pairs = star.pairs(readings, "family_star_plus/1", period=(start, end))   # once, any engine
    star.distance_travelled(pairs); star.stage_matrix(pairs); star.flow(pairs); star.funnel(pairs)
"""

from __future__ import annotations

from .bootstrap import family_bootstrap
from .definitions import Measure, cannot_say, find, indicator_star, measures, rules
from .distance import distance_travelled
from .editions import Edition, acknowledgement, editions, read_edition
from .flow import flow
from .funnel import FUNNEL, LEVELS, funnel, judged, limits
from .pairs import BASELINES, LENGTH, Pairs, pairs
from .readings import COMPLETED_BY, READINGS, SPLITS, STATES, from_cases
from .stages import stage_matrix

__all__ = [
    "BASELINES",
    "COMPLETED_BY",
    "FUNNEL",
    "LENGTH",
    "LEVELS",
    "READINGS",
    "SPLITS",
    "STATES",
    "Edition",
    "Measure",
    "Pairs",
    "acknowledgement",
    "cannot_say",
    "distance_travelled",
    "editions",
    "family_bootstrap",
    "find",
    "flow",
    "from_cases",
    "funnel",
    "indicator_star",
    "judged",
    "limits",
    "measures",
    "pairs",
    "read_edition",
    "rules",
    "stage_matrix",
]
