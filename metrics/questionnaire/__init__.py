"""The system questionnaire: how good partners think the early help system is, how far they agree, and what changed.

An instrument is data (`metrics/definitions/instruments/`, or loaded by the partnership); no official wording is built
in. `cannot_say()` stands beside every figure.

    counted = questionnaire.tally(responses, instrument)          # once, any engine
    questionnaire.score(counted); questionnaire.agreement(counted); questionnaire.spread(counted)
    questionnaire.compare_years(earlier, counted.only("2026"))
"""

from __future__ import annotations

from .agreement import AGREEMENT, QUADRANTS, agreed_below, agreement, average_deviation, consensus, partner_means
from .definitions import Measure, cannot_say, measures, rules
from .frames import TIMES
from .instrument_files import as_json, as_table, from_json, instruments, read_instrument
from .instruments import ROLES, Confidence, Instrument, InstrumentError, Item, Section
from .responses import RESPONSES, STATES, Tally, fill, tally
from .roles import confident, leaders_against_practitioners
from .scoring import BREAKDOWNS, score
from .shown import beside_agreed, shown, spread
from .years import BASES, VERDICTS, Comparison, compare_years

__all__ = [
    "AGREEMENT",
    "BASES",
    "BREAKDOWNS",
    "QUADRANTS",
    "RESPONSES",
    "ROLES",
    "STATES",
    "TIMES",
    "VERDICTS",
    "Comparison",
    "Confidence",
    "Instrument",
    "InstrumentError",
    "Item",
    "Measure",
    "Section",
    "Tally",
    "agreed_below",
    "agreement",
    "as_json",
    "as_table",
    "average_deviation",
    "beside_agreed",
    "cannot_say",
    "compare_years",
    "confident",
    "consensus",
    "fill",
    "from_json",
    "instruments",
    "leaders_against_practitioners",
    "measures",
    "partner_means",
    "read_instrument",
    "rules",
    "score",
    "shown",
    "spread",
    "tally",
]
