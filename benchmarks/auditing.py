"""Twenty-five auditors at once, against a default Streamlit app that shows one word.

Each has an audit of their own open and changes one answer after another without pause; a change counts when the server
has sent the grade that the answers now come to, which it does after it has saved. What counts is saves per second
against the reruns per second of the one-word app with as many visitors, measured in the same run. Afterwards every
answer is looked up in the database: none is lost.

    python -m benchmarks auditing
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from datetime import date
from itertools import cycle
from pathlib import Path

import polars as pl
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates

from benchmarks.session_client import PageFailed, Session, _connected, drive, sign_in
from benchmarks.sessions import VISITORS, default_app, our_server
from dashboard.store import open_store
from metrics.audit import as_json, templates
from sample_data.invented import invent

SECONDS = 4.0  # of each measurement
BUTTON = "QA manager"  # the ready user who opens every audit
TEMPLATE = templates()["eha/2"]
# what is shown of an answer → what is kept
WORDS = {"Yes": "yes", "Partly": "partly", "No": "no", "Not applicable": "not_applicable"}
WORDS |= {"Outstanding": "4", "Good": "3", "Requires improvement": "2", "Inadequate": "1"}


class Auditor(Session):
    """A visitor with an audit open who changes answers, each as a browser does: only that section is run again."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.radios: dict[str, tuple[str, list[str]]] = {}  # widget id → the fragment that it stands in, its choices
        self.chosen: dict[str, str] = {}
        self.said: list[str] = []

    def _finished(self, said: ForwardMsg) -> bool:
        if said.WhichOneof("type") == "delta":
            element = said.delta.new_element
            if element.WhichOneof("type") == "radio" and element.radio.label != "Section":
                self.radios[element.radio.id] = said.delta.fragment_id, list(element.radio.options)
            elif element.WhichOneof("type") == "html":
                self.said.append(element.html.body)
        return super()._finished(said) or said.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY

    async def answer(self, radio: str) -> float:
        """Choose the next answer and wait until it is saved; milliseconds. Raises `PageFailed` where it is not."""
        fragment, choices = self.radios[radio]
        now = self.chosen.get(radio)
        self.chosen[radio] = choices[(choices.index(now) + 1) % len(choices)] if now else choices[0]
        ask = BackMsg()
        ask.rerun_script.query_string = self.query
        ask.rerun_script.page_script_hash = self.page_hash
        ask.rerun_script.fragment_id = fragment
        states = [WidgetState(id=one, string_value=said) for one, said in self.chosen.items()]
        ask.rerun_script.widget_states.CopyFrom(WidgetStates(widgets=states))
        self.said.clear()
        start = time.perf_counter()
        await self.socket.send(ask.SerializeToString())
        while True:
            said = ForwardMsg()
            said.ParseFromString(await self.socket.recv())
            if self._finished(said):
                break
        if not any("Suggested grade" in body for body in self.said):
            raise PageFailed(f"{self.chosen[radio]} was not saved: {self.said}")
        return (time.perf_counter() - start) * 1000


def prepare(url: str) -> list[int]:
    """A round with an audit for each auditor; gives the audits' ids."""
    tables = invent(scale=0.02)
    about = {"kind": "cases", "file_name": "invented.zip", "sha256": "0" * 64, "standing": "invented"}
    with open_store(url) as store:
        store.load_cases(tables, None, **about, loaded_by="benchmark")
        questions = [q.id for q in TEMPLATE.questions]
        store.audits.add_template(
            TEMPLATE.id, TEMPLATE.version, TEMPLATE.title, as_json(TEMPLATE), questions, by="benchmark"
        )
        frame = (
            tables["assessment"]
            .tail(VISITORS)
            .select("assessment_id", pl.lit("all").alias("stratum"), "agency_id", "episode_id", "family_id")
        )
        chosen = frame.with_columns(
            pl.int_range(pl.len()).alias("draw_order"),
            pl.lit(1.0).alias("weight"),
            pl.lit(False).alias("moderate"),
            pl.lit(False).alias("replacement"),
            pl.lit(1).alias("audits"),
        )
        store.audits.open_round(
            frame, chosen, title="Benchmark", kind="quarterly", template_id=TEMPLATE.id, version=TEMPLATE.version,
            as_at=date(2026, 9, 30), due_date=date(2026, 11, 30), seed=1, standing="invented", by="benchmark",
        )  # fmt: skip
        return store.audits.audits()["audit_id"].to_list()


async def _auditing(address: str, audits: list[int], cookies: str) -> tuple[list[float], float, dict]:
    """Milliseconds of every save, saves per second, and what each audit's last answers were."""
    people = []
    for number in audits:
        person = Auditor(await _connected(address, cookies), "audit", f"audit={number}")
        await person.rerun()
        people.append(person)
    try:
        start = time.perf_counter()

        async def answer(person: Auditor) -> list[float]:
            taken, radios = [], cycle(person.radios)
            while time.perf_counter() - start < SECONDS or not taken:
                taken.append(await person.answer(next(radios)))
            return taken

        every = [ms for taken in await asyncio.gather(*map(answer, people)) for ms in taken]
        rate = len(every) / (time.perf_counter() - start)
        return (
            every,
            rate,
            {n: sorted(WORDS[s] for s in p.chosen.values()) for n, p in zip(audits, people, strict=True)},
        )
    finally:
        for person in people:
            await person.socket.close()


def run() -> list[dict[str, object]]:
    """Rows: `name`, `ours`, `theirs`, `must`. The servers are measured one after the other."""
    with default_app() as address:
        _, theirs = asyncio.run(drive(address, page="", visitors=VISITORS, seconds=SECONDS))
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'auditing.db'}"
        audits = prepare(url)
        with our_server(url) as address:
            cookies = asyncio.run(sign_in(address, button=BUTTON))
            every, rate, last = asyncio.run(_auditing(address, audits, cookies))
        with open_store(url) as store:
            lost = sum(sorted(store.audits.answers([n])["answer"].to_list()) != last[n] for n in audits)
    return [
        {"name": f"saves per second, {VISITORS} auditors", "ours": rate, "theirs": theirs, "must": "at least 1"},
        {"name": "median ms until an answer is saved", "ours": statistics.median(every), "theirs": None, "must": ""},
        {"name": "audits whose answers are not all in the database", "ours": lost, "theirs": None, "must": "0"},
    ]


def holds(row: dict[str, object]) -> bool:
    """Whether a row is as it must be."""
    if row["must"] == "at least 1":
        return row["ours"] >= row["theirs"]
    return not row["must"] or row["ours"] == 0


def main() -> int:
    os.environ.pop("EARLY_HELP_DATABASE_URL", None)
    rows = run()
    print(f"{'':50}{'ours':>9}{'default':>9}{'ratio':>8}  must be")
    for row in rows:
        theirs = row["theirs"]
        beside = f"{theirs:9.1f}{row['ours'] / theirs:8.2f}" if theirs else " " * 17
        print(f"{row['name']:50}{row['ours']:9.1f}{beside}  {row['must']}{'' if holds(row) else '  FAILED'}")
    return 0 if all(map(holds, rows)) else 1


if __name__ == "__main__":
    sys.exit(main())
