"""Twenty-five auditors at once: see `benchmarks.saving`.

A change counts when the server has sent the grade that the answers now come to, which it does after it has saved.

    python -m benchmarks auditing
"""

from __future__ import annotations

import sys
from datetime import date
from typing import ClassVar

import polars as pl

from benchmarks.saving import Form, report
from benchmarks.sessions import VISITORS
from dashboard.store import Store
from metrics.audit import as_json, templates
from sample_data.invented import invent

TEMPLATE = templates()["eha/2"]


class Audit(Form):
    people, button, page, asked_by = "auditors", "QA manager", "audit", "audit"
    saved = "Suggested grade"
    not_asked = ("Section",)
    words: ClassVar = {
        "Yes": "yes", "Partly": "partly", "No": "no", "Not applicable": "not_applicable",
        "Outstanding": "4", "Good": "3", "Requires improvement": "2", "Inadequate": "1",
    }  # fmt: skip

    def prepare(self, store: Store) -> list[int]:
        """A round with an audit for each auditor; the numbers of the audits."""
        tables = invent(scale=0.02)
        about = {"kind": "cases", "file_name": "invented.zip", "sha256": "0" * 64, "standing": "invented"}
        store.load_cases(tables, None, **about, loaded_by="benchmark")
        questions = [q.id for q in TEMPLATE.questions]
        store.audits.add_template(
            TEMPLATE.id, TEMPLATE.version, TEMPLATE.title, as_json(TEMPLATE), questions, by="benchmark"
        )
        frame = tables["assessment"].tail(VISITORS)
        frame = frame.select("assessment_id", pl.lit("all").alias("stratum"), "agency_id", "episode_id", "family_id")
        chosen = frame.with_columns(
            draw_order=pl.int_range(pl.len()),
            weight=pl.lit(1.0),
            moderate=pl.lit(False),
            replacement=pl.lit(False),
            audits=pl.lit(1),
        )
        store.audits.open_round(
            frame, chosen, title="Benchmark", kind="quarterly", template_id=TEMPLATE.id, version=TEMPLATE.version,
            as_at=date(2026, 9, 30), due_date=date(2026, 11, 30), seed=1, standing="invented", by="benchmark",
        )  # fmt: skip
        return store.audits.audits()["audit_id"].to_list()

    def kept(self, store: Store, number: int) -> list[str]:
        return store.audits.answers([number])["answer"].to_list()

    def word(self, at: int, choice: str) -> str:
        return self.words[choice]


def main() -> int:
    return report(Audit())


if __name__ == "__main__":
    sys.exit(main())
