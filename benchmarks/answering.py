"""Twenty-five people answering the questionnaire at once, against a default Streamlit app that shows one word.

Each respondent has a form of their own open and changes one answer after another without pause; a change counts when
the server has said that it is saved. What counts is saves per second against the reruns per second of the one-word app
with as many visitors, measured in the same run. Afterwards every answer is looked up in the database: none is lost.

    python -m benchmarks answering
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
from dashboard.identity import sample_address
from dashboard.store import open_store
from metrics.questionnaire import as_json, instruments

SECONDS = 4.0  # of each measurement
ROLE, BUTTON = "respondent", "Respondent"
INSTRUMENT = "early_help_system/2"
SCORES = 6  # choices of an item that are scores, from the first on


class Respondent(Session):
    """A visitor with the form open who changes answers, each as a browser does: only that item is run again."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.radios: dict[str, tuple[str, list[str]]] = {}  # widget id → the fragment that it stands in, its choices
        self.chosen: dict[str, int] = {}
        self.said: list[str] = []

    def _finished(self, said: ForwardMsg) -> bool:
        if said.WhichOneof("type") == "delta":
            element = said.delta.new_element
            if element.WhichOneof("type") == "radio":
                self.radios[element.radio.id] = said.delta.fragment_id, list(element.radio.options)
            elif element.WhichOneof("type") == "html":
                self.said.append(element.html.body)
        return super()._finished(said) or said.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY

    async def answer(self, radio: str, choice: int) -> float:
        """Choose an answer and wait until it is saved; milliseconds. Raises `PageFailed` where it is not."""
        self.chosen[radio] = choice
        states = [WidgetState(id=one, string_value=self.radios[one][1][at]) for one, at in self.chosen.items()]
        ask = BackMsg()
        ask.rerun_script.query_string = self.query
        ask.rerun_script.page_script_hash = self.page_hash
        ask.rerun_script.fragment_id = self.radios[radio][0]
        ask.rerun_script.widget_states.CopyFrom(WidgetStates(widgets=states))
        self.said.clear()
        start = time.perf_counter()
        await self.socket.send(ask.SerializeToString())
        while True:
            said = ForwardMsg()
            said.ParseFromString(await self.socket.recv())
            if self._finished(said):
                break
        if not any(f"Saved: {choice} " in body for body in self.said):
            raise PageFailed(f"answer {choice} was not saved: {self.said}")
        return (time.perf_counter() - start) * 1000


def prepare(url: str) -> dict[int, int]:
    """A round for each respondent, so that one ready user can be all of them; gives invitation → round."""
    it, address = instruments()[INSTRUMENT], sample_address(ROLE)
    invitations = {}
    with open_store(url) as store:
        kept = store.questionnaires
        kept.add_instrument(as_json(it), by="benchmark")
        row = {"partner": ["Police"], "respondent": [address], "respondent_role": ["practitioner"]}
        for place in range(VISITORS):
            number = kept.open_round(
                it.id, it.edition, title=f"Round {place}", period_end=date(2026, 6, 30), asked=pl.DataFrame(row),
                standing="invented", by="benchmark",
            )  # fmt: skip
            invitations[kept.invited(number)["invited_id"][0]] = number
    return invitations


async def _answering(address: str, invitations: dict[int, int], cookies: str) -> tuple[list[float], float, dict]:
    """Milliseconds of every save, saves per second, and what each form's last choices were."""
    people = []
    for invited in invitations:
        person = Respondent(await _connected(address, cookies), "answer", f"for={invited}")
        await person.rerun()
        people.append(person)
    try:
        start = time.perf_counter()

        async def answer(person: Respondent) -> list[float]:
            taken, radios = [], cycle(person.radios)
            while time.perf_counter() - start < SECONDS or not taken:
                radio = next(radios)
                taken.append(await person.answer(radio, (person.chosen.get(radio, -1) + 1) % SCORES))
            return taken

        every = [ms for taken in await asyncio.gather(*map(answer, people)) for ms in taken]
        rate = len(every) / (time.perf_counter() - start)
        last = {invited: sorted(person.chosen.values()) for invited, person in zip(invitations, people, strict=True)}
        return every, rate, last
    finally:
        for person in people:
            await person.socket.close()


def run() -> list[dict[str, object]]:
    """Rows: `name`, `ours`, `theirs`, `ratio`, `must`. The servers are measured one after the other."""
    with default_app() as address:
        _, theirs = asyncio.run(drive(address, page="", visitors=VISITORS, seconds=SECONDS))
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'answering.db'}"
        invitations = prepare(url)
        with our_server(url) as address:
            cookies = asyncio.run(sign_in(address, button=BUTTON))
            every, rate, last = asyncio.run(_answering(address, invitations, cookies))
        with open_store(url) as store:
            kept = {i: sorted(store.questionnaires.answers(r)["score"].to_list()) for i, r in invitations.items()}
    lost = sum(kept[i] != last[i] for i in invitations)
    return [
        {"name": f"saves per second, {VISITORS} respondents", "ours": rate, "theirs": theirs, "must": "at least 1"},
        {"name": "median ms until an answer is saved", "ours": statistics.median(every), "theirs": None, "must": ""},
        {"name": "forms whose answers are not all in the database", "ours": lost, "theirs": None, "must": "0"},
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
