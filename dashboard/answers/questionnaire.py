"""The page “System questionnaire”: what may be chosen, what it comes to in a sentence, and what that rests on.

Only rounds that are closed are shown: nobody answers with the others' answers before their eyes. Everybody whom the
page is open to sees the same: figures by partner, and nothing finer unless three respondents or more stand behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from dashboard import words
from dashboard.access import NotAllowed, Scope, may_open
from dashboard.answers.keep import kept, versions
from dashboard.answers.questionnaire_rows import Round, responses, rounds
from metrics import questionnaire
from metrics.questionnaire import Comparison, Instrument, Tally

NO_ROUND, EVERY = "", ""  # nothing to compare with; all areas
MAP, RADAR = "map", "radar"
VIEWS: Mapping[str, str] = {MAP: "Heat map", RADAR: "Radar"}
SOURCE = "Answers to the partnership's own system questionnaire, reckoned by this dashboard"
INVENTED_SOURCE = "Invented answers to the system questionnaire"


def version(scope: Scope) -> int:
    """What answers about the questionnaire are kept under."""
    return versions().questionnaires


kept_until_changed = partial(kept, state=version)


@dataclass(frozen=True, slots=True)
class Table:
    """A table in ready words; `numbers` are its columns to set flush right."""

    name: str
    lead: str
    frame: pl.DataFrame
    numbers: Sequence[str]


@dataclass(frozen=True, slots=True)
class Result:
    """What one round came to: reckoned once, and shown in parts."""

    round: Round
    counted: Tally
    scores: pl.DataFrame
    agreement: pl.DataFrame

    @property
    def instrument(self) -> Instrument:
        return self.round.instrument

    @property
    def source(self) -> str:
        return INVENTED_SOURCE if self.round.banner else SOURCE

    def figure(self, measure: str, breakdown: str, group: str) -> dict:
        """One figure of the estimates, by its name; a missing one has no value and status `x`."""
        wanted = {"measure": measure, "breakdown": breakdown, "group": group}
        found = self.scores.filter(*(pl.col(name) == value for name, value in wanted.items()))
        empty = {"value": None, "lower": None, "upper": None, "n": 0, "status": "x"}
        return found.row(0, named=True) if found.height else empty

    def items(self, area: str) -> list:
        """The scored items of one area, or of all where `area` is ""."""
        return [item for item in self.instrument.items if area in (EVERY, item.section)]


def _check(scope: Scope) -> None:
    if not may_open(scope, "questionnaire"):
        raise NotAllowed("The results of the questionnaire are not open to your role.")


def closed(scope: Scope) -> dict[int, Round]:
    """The rounds that are over, the latest first. Raises `NotAllowed`."""
    _check(scope)
    return {number: one for number, one in rounds().items() if one.closed}


def offered(scope: Scope) -> dict[str, str]:
    """The rounds to choose from: number → title; empty where none is over. Raises `NotAllowed`."""
    return {str(number): one.title for number, one in closed(scope).items()}


def areas_of(scope: Scope, chosen: str) -> dict[str, str]:
    """The areas of a round's instrument: id → title."""
    return {EVERY: "All areas", **{s.id: s.title for s in closed(scope)[int(chosen)].instrument.sections}}


def others(scope: Scope, chosen: str) -> dict[str, str]:
    """The rounds that one may be compared with: those before it, the nearest first."""
    held = closed(scope)
    end = held[int(chosen)].period_end
    before = {str(number): one.title for number, one in held.items() if one.period_end < end}
    return before or {NO_ROUND: "no earlier round"}


@kept_until_changed
def result(scope: Scope, chosen: str) -> Result:
    """One round that is over, reckoned. Raises `NotAllowed`, `KeyError`."""
    it = closed(scope)[int(chosen)]
    counted = questionnaire.tally(responses(it), it.instrument)
    return Result(it, counted, questionnaire.score(counted), questionnaire.agreement(counted))


@kept_until_changed
def change(scope: Scope, chosen: str, against: str) -> Comparison:
    """The round beside an earlier one (`metrics.questionnaire.compare_years`). Raises `NotAllowed`."""
    earlier = result(scope, against).counted if against else None
    return questionnaire.compare_years(earlier, result(scope, chosen).counted)


def waiting(scope: Scope) -> str:
    """What is said of rounds that are still open; "" where none is."""
    _check(scope)
    names = [one.title for one in rounds().values() if not one.closed]
    if not names:
        return ""
    if len(names) == 1:
        return f"The round {names[0]} is still being answered. Its results are shown when it is closed."
    return f"The rounds {words.listed(names)} are still being answered. Results are shown when they are closed."
