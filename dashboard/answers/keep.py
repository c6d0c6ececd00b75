"""Answers kept in the process: one store, and a small memory of what was asked of it.

Frames are immutable, so an answer is shared between sessions as it stands, never copied. The key holds the data
version and every argument of the question, the scope first: what one role was told is never told to another. A kept
question gets to know what the asker may see and not who asks, so no answer can depend on that.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

from dashboard.access import PUBLISHED, Scope
from dashboard.store import Store, Versions, open_store

P = ParamSpec("P")
T = TypeVar("T")
State = Callable[[Scope], Hashable]

LIMIT = 512  # answers; a scorecard is some tens of kilobytes

_answers: OrderedDict[tuple, Any] = OrderedDict()
_of_records: OrderedDict[tuple, Any] = OrderedDict()  # of the newest state of the records alone, whatever their number
_lock = threading.RLock()
_computing: dict[tuple, threading.Lock] = {}
_came = 0  # answers since the process began
_store: Store | None = None
_asking = threading.local()


def the_store() -> Store:
    """The process's own store, opened at first use (`EARLY_HELP_DATABASE_URL`, else the user's SQLite file)."""
    global _store
    with _lock:
        if _store is None:
            _store = open_store()
        return _store


def use_store(store: Store | None) -> None:
    """Answer from this store from now on (a server's start-up, a test). What was kept of another is forgotten."""
    global _store
    with _lock:
        if store is not _store:
            _answers.clear()
            _of_records.clear()
        _store = store


def how_many_came() -> int:
    """How many answers were put into memory since the process began, forgotten ones too: it changes with each."""
    return _came


def kept(
    question: Callable[Concatenate[Scope, P], T], *, state: State | None = None
) -> Callable[Concatenate[Scope, P], T]:
    """Keep the answer to a question until the data change, for each scope apart.

    The question's first argument is the scope; the others must be hashable. Errors are not kept. Raises `TypeError`
    for a question without a scope, and when it is asked without one. `state`: for what rests on records that change
    without the data version, something that changes with them. It is looked up once for a question and all that it
    asks in turn; whatever asks a question with a state must itself be kept with it.
    """
    return _kept(question, Scope.sight, state)


def kept_for_all(
    question: Callable[Concatenate[Scope, P], T], *, state: State | None = None
) -> Callable[Concatenate[Scope, P], T]:
    """Keep one answer for everybody: only for questions about published figures.

    The question is asked in the scope `PUBLISHED` whoever asks, so its answer cannot hold what a role alone may see.
    """
    return _kept(question, lambda scope: PUBLISHED, state)


def kept_with_records(
    question: Callable[Concatenate[Scope, P], T], *, state: State | None = None
) -> Callable[Concatenate[Scope, P], T]:
    """Keep one answer for everybody until a file is loaded or taken out, or records are purged: for what is reckoned
    from case records, which takes seconds.

    A note that somebody writes does not make it void, and no other answer pushes it out. Asked in the scope
    `PUBLISHED`, as with `kept_for_all`; what it gives and is not hidden yet stays within the answers. `state`: as with
    `kept`, for what rests on something else besides.
    """
    return _kept(question, lambda scope: PUBLISHED, state, with_records=True)


def _kept(
    question: Callable[..., T], seen_as: Callable[[Scope], Scope], state: State | None, *, with_records: bool = False
) -> Callable[..., T]:
    if next(iter(inspect.signature(question).parameters), "") != "scope":
        raise TypeError(f"{question.__name__}: the first argument of a kept question is its scope")

    @functools.wraps(question)
    def answer(scope: Scope, *args: Any, **kwargs: Any) -> T:
        if not isinstance(scope, Scope):
            raise TypeError(f"{question.__name__} is asked in a scope, not {type(scope).__name__}")
        asked = (seen_as(scope), *args)
        with _one_look() as now:
            rests_on = (now.records if with_records else now.data, state and _looked_up(state))
            key = (rests_on, question, asked, tuple(sorted(kwargs.items())))
            return _answered(_of_records if with_records else _answers, key, question, asked, kwargs)

    return answer


def versions() -> Versions:
    """How often the store's contents have changed, looked up once for a question and for all that it asks in turn."""
    return getattr(_asking, "versions", None) or the_store().versions()


@contextmanager
def _one_look() -> Iterator[Versions]:
    held = getattr(_asking, "versions", None)
    if held is not None:
        yield held
        return
    _asking.versions, _asking.states = the_store().versions(), {}
    try:
        yield _asking.versions
    finally:
        _asking.versions = None


def _looked_up(state: State) -> Hashable:
    if state not in _asking.states:
        _asking.states[state] = state(PUBLISHED)
    return _asking.states[state]


def _answered(
    memory: OrderedDict[tuple, Any], key: tuple, question: Callable[..., T], args: tuple, kwargs: dict[str, Any]
) -> T:
    global _came
    with _lock:
        if key in memory:
            memory.move_to_end(key)
            return memory[key]
        turn = _computing.setdefault(key, threading.Lock())
    with turn:  # twenty-five sessions asking at once reckon once
        with _lock:
            if key in memory:
                return memory[key]
        try:
            result = question(*args, **kwargs)
            with _lock:
                memory[key] = result
                _came += 1
                _forget(memory, key)
            return result
        finally:
            with _lock:
                _computing.pop(key, None)


def _forget(memory: OrderedDict[tuple, Any], newest: tuple) -> None:
    """Of records what rests on an earlier state; of the rest what was not asked for the longest."""
    if memory is _of_records:
        for key in [key for key in memory if _earlier(key, newest)]:
            del memory[key]
    while memory is _answers and len(memory) > LIMIT:
        memory.popitem(last=False)


def _earlier(key: tuple, newest: tuple) -> bool:
    """Whether it rests on earlier records, or is an earlier answer to the very question."""
    return key[0][0] != newest[0][0] or (key[1:] == newest[1:] and key != newest)
