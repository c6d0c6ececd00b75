"""Twenty-five people answering the system questionnaire at once: see `benchmarks.saving`.

python -m benchmarks answering
"""

from __future__ import annotations

import sys
from datetime import date

import polars as pl

from benchmarks.saving import Form, report
from benchmarks.sessions import VISITORS
from dashboard.identity import sample_address
from dashboard.store import Store
from metrics.questionnaire import as_json, instruments

INSTRUMENT = instruments()["early_help_system/2"]


class Questionnaire(Form):
    people, button, page, asked_by = "respondents", "Respondent", "answer", "for"
    saved = "Saved: {} "
    answers = 6  # the scores 0 to 5, not what stands behind them

    def __init__(self) -> None:
        self.rounds: dict[int, int] = {}  # by invitation

    def prepare(self, store: Store) -> list[int]:
        """A round for each respondent, so that one ready user can be all of them; the numbers of the invitations."""
        kept = store.questionnaires
        kept.add_instrument(as_json(INSTRUMENT), by="benchmark")
        row = {"partner": ["Police"], "respondent": [sample_address("respondent")], "respondent_role": ["practitioner"]}
        for place in range(VISITORS):
            number = kept.open_round(
                INSTRUMENT.id, INSTRUMENT.edition, title=f"Round {place}", period_end=date(2026, 6, 30),
                asked=pl.DataFrame(row), standing="invented", by="benchmark",
            )  # fmt: skip
            self.rounds[kept.invited(number)["invited_id"][0]] = number
        return list(self.rounds)

    def kept(self, store: Store, number: int) -> list[str]:
        return [str(score) for score in store.questionnaires.answers(self.rounds[number])["score"]]

    def word(self, at: int, choice: str) -> str:
        return str(at)


def main() -> int:
    return report(Questionnaire())


if __name__ == "__main__":
    sys.exit(main())
