"""Twenty-five people filling in a form at once, against a default Streamlit app that shows one word.

Each has a form of their own open and changes one answer after another without pause; a change counts when the server
has said that it is saved. What counts is saves per second against the reruns per second of the one-word app with as
many visitors, measured in the same run; our server has done by then what it reckons behind its pages. Afterwards every
answer is looked up in the database: none is lost. `answering` (the questionnaire) and `auditing` (one audit) say which
form, and who fills it in.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates

from benchmarks.session_client import PageFailed, Session, connected, drive, sign_in
from benchmarks.sessions import VISITORS, default_app, our_server
from dashboard.store import Store, open_store

SECONDS = 4.0  # of each measurement


class Writer(Session):
    """A visitor with a form open who changes answers, each as a browser does: only its part of the page runs again."""

    def __init__(self, form: Form, *args: object) -> None:
        super().__init__(*args)
        self.form = form
        self.radios: dict[str, tuple[str, list[str]]] = {}  # widget id → the fragment that it stands in, its choices
        self.chosen: dict[str, int] = {}
        self.said: list[str] = []

    def finished(self, said: ForwardMsg) -> bool:
        if said.WhichOneof("type") == "delta":
            element = said.delta.new_element
            if element.WhichOneof("type") == "radio" and element.radio.label not in self.form.not_asked:
                self.radios[element.radio.id] = said.delta.fragment_id, list(element.radio.options)
            elif element.WhichOneof("type") == "html":
                self.said.append(element.html.body)
        return super().finished(said) or said.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY

    async def answer(self, radio: str) -> float:
        """Choose the next answer and wait until it is saved; milliseconds. Raises `PageFailed` where it is not."""
        fragment, choices = self.radios[radio]
        chosen = self.chosen[radio] = (self.chosen.get(radio, -1) + 1) % len(choices[: self.form.answers])
        states = [WidgetState(id=one, string_value=self.radios[one][1][at]) for one, at in self.chosen.items()]
        ask = BackMsg()
        ask.rerun_script.query_string = self.query
        ask.rerun_script.page_script_hash = self.page_hash
        ask.rerun_script.fragment_id = fragment
        ask.rerun_script.widget_states.CopyFrom(WidgetStates(widgets=states))
        self.said.clear()
        taken = await self.send(ask)
        if not any(self.form.saved.format(chosen) in body for body in self.said):
            raise PageFailed(f"{choices[chosen]} was not saved: {self.said}")
        return taken

    def last(self) -> list[str]:
        """Every answer that stands now, as it is kept."""
        return sorted(self.form.word(at, self.radios[radio][1][at]) for radio, at in self.chosen.items())


class Form(ABC):
    """Which form is filled in, by whom."""

    people: str  # "auditors"
    button: str  # on the door of ready users: who is all of them
    page: str
    asked_by: str  # what the page's address calls the number of a form: `audit`
    saved: str  # what the page says once an answer is saved; `{}` is the answer's place among its choices
    answers: int | None = None  # of each question the first so many are chosen in turn, else all
    not_asked: tuple[str, ...] = ()  # choices on the page that are no question

    @abstractmethod
    def prepare(self, store: Store) -> Sequence[int]:
        """A form for each visitor; their numbers."""

    @abstractmethod
    def kept(self, store: Store, number: int) -> list[str]:
        """The answers that the database holds of a form."""

    @abstractmethod
    def word(self, at: int, choice: str) -> str:
        """An answer as the page shows it, and its place among the choices → as it is kept."""


async def _filling(form: Form, address: str, forms: Sequence[int], cookies: str) -> tuple[list[float], float, list]:
    """Milliseconds of every save, saves per second, and each form's last answers."""
    writers = []
    for number in forms:
        writer = Writer(form, await connected(address, cookies), form.page, f"{form.asked_by}={number}")
        await writer.rerun()
        writers.append(writer)
    try:
        start = time.perf_counter()

        async def fill(writer: Writer) -> list[float]:
            taken, radios = [], cycle(list(writer.radios))
            while time.perf_counter() - start < SECONDS or not taken:
                taken.append(await writer.answer(next(radios)))
            return taken

        every = [ms for taken in await asyncio.gather(*map(fill, writers)) for ms in taken]
        rate = len(every) / (time.perf_counter() - start)
        return every, rate, [writer.last() for writer in writers]
    finally:
        for writer in writers:
            await writer.socket.close()


def run(form: Form) -> list[dict[str, object]]:
    """Rows: `name`, `ours`, `theirs`, `must`. The servers are measured one after the other."""
    with default_app() as address:
        _, theirs = asyncio.run(drive(address, page="", visitors=VISITORS, seconds=SECONDS))
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'forms.db'}"
        with open_store(url) as store:
            forms = form.prepare(store)
        with our_server(url) as address:
            cookies = asyncio.run(sign_in(address, button=form.button))
            every, rate, last = asyncio.run(_filling(form, address, forms, cookies))
        with open_store(url) as store:
            lost = sum(sorted(form.kept(store, number)) != said for number, said in zip(forms, last, strict=True))
    return [
        {"name": f"saves per second, {VISITORS} {form.people}", "ours": rate, "theirs": theirs, "must": "at least 1"},
        {"name": "median ms until an answer is saved", "ours": statistics.median(every), "theirs": None, "must": ""},
        {"name": "forms whose answers are not all in the database", "ours": lost, "theirs": None, "must": "0"},
    ]


def holds(row: dict[str, object]) -> bool:
    """Whether a row is as it must be."""
    if row["must"] == "at least 1":
        return row["ours"] >= row["theirs"]
    return not row["must"] or row["ours"] == 0


def report(form: Form) -> int:
    os.environ.pop("EARLY_HELP_DATABASE_URL", None)
    rows = run(form)
    print(f"{'':50}{'ours':>9}{'default':>9}{'ratio':>8}  must be")
    for row in rows:
        theirs = row["theirs"]
        beside = f"{theirs:9.1f}{row['ours'] / theirs:8.2f}" if theirs else " " * 17
        print(f"{row['name']:50}{row['ours']:9.1f}{beside}  {row['must']}{'' if holds(row) else '  FAILED'}")
    return 0 if all(map(holds, rows)) else 1
