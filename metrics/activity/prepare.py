"""Every case table with the columns that figures are split by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from threading import RLock
from typing import Any

import narwhals as nw
import polars as pl

from metrics.activity.definitions import Rules, activity_rules
from metrics.activity.engine import table
from metrics.activity.placing import BY, PLACES, Placing
from metrics.cases import CASE_TABLES

OF_EPISODE = ("review", "plan", "need", "feedback", "reading", "step_event")
Maker = Callable[[], nw.LazyFrame]
__all__ = ["BY", "PLACES", "Prepared", "prepare"]


class Prepared(Mapping[str, Any]):
    """Case tables with the columns of `BY`, as `prepare` gives them: name → frame of the engine that they came in.

    Each is made when it is first asked for, so that what nobody looks at takes no memory. What is reckoned of them once
    for all questions is kept with them (`metrics.activity.facts`).
    """

    def __init__(
        self,
        makers: Mapping[str, Callable[[], Any]],
        *,
        plain: Mapping[str, nw.LazyFrame],
        places: pl.DataFrame | None,
        eager: bool,
    ) -> None:
        self.plain = plain  # the tables as they came
        self.places = places
        self.eager = eager  # in memory, so that what is worked out may serve every split at once
        self.facts: list[tuple[str, tuple[str, ...], dict[str, Any]]] = []
        self._makers = makers
        self._made: dict[str, Any] = {}
        self._turn = RLock()  # a table may need another; two visitors who ask for one make it once

    def __getitem__(self, name: str) -> Any:
        with self._turn:
            if name not in self._made:
                self._made[name] = self._makers[name]()
            return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def filled(self) -> set[str]:
        """The case tables that hold a row."""
        return {name for name, frame in self.plain.items() if len(frame.head(1).collect())}


def prepare(tables: Mapping[str, Any], places: Any = None, *, rules: Rules | None = None) -> Prepared:
    """Add to every case table that can be split the columns of `BY` (text, null where not known) and `kin`.

    tables: name → frame with the columns of `metrics.cases.CASE_TABLES`, all of one engine: Polars (lazy or not),
        pandas (dates as `datetime64`), DuckDB or PySpark. A table that is missing is empty.
    places: frame of Polars with `lsoa` and any of the columns `PLACES` (codes); without it nothing is split by area.
    `kin` is the family, or the child where no family is known. A small table `population` (`area`, `level`, `people`,
    `year`) goes through as it is. Lazy frames stay lazy, and tables that are prepared stay as they are.
    """
    if isinstance(tables, Prepared):
        return tables
    rules = rules or activity_rules()
    plain = {n: table(f, n) for n, f in tables.items() if n in CASE_TABLES and f is not None}
    small = None if places is None else pl.DataFrame(places.lazy().collect() if hasattr(places, "lazy") else places)
    in_memory = any(isinstance(f, pl.DataFrame) for f in tables.values())
    placed = _placed(plain, Placing(plain, small, rules, BY), lambda name: nw.from_native(prepared[name]).lazy())
    makers = {name: partial(_native, placed.get(name, partial(plain.get, name)), in_memory) for name in plain}
    if (population := tables.get("population")) is not None:
        makers["population"] = lambda: population
    eager = in_memory or all(f.implementation.is_pandas() for f in plain.values())
    prepared = Prepared(makers, plain=plain, places=small, eager=eager)
    return prepared


def _placed(
    plain: Mapping[str, nw.LazyFrame], put: Placing, made: Callable[[str], nw.LazyFrame]
) -> Mapping[str, Maker]:
    """How each table that can be split is put into its groups; `made` gives those on which another rests."""

    def under(name: str, above: str) -> Maker:
        return lambda: put.under(plain[name], made(above), f"{above}_id")

    episodes = partial(made, "episode") if "episode" in plain else lambda: None
    ways: dict[str, Maker] = {
        "episode": lambda: put.episodes(plain["episode"]),
        "assessment": lambda: put.assessments(plain["assessment"], episodes()),
        "audit": lambda: put.audits(plain["audit"], episodes(), plain.get("assessment")),
        "referral": lambda: put.referrals(plain["referral"]),
        "spend": lambda: put.spend(plain["spend"]),
    }
    if "episode" in plain:
        ways |= {name: under(name, "episode") for name in OF_EPISODE}
    if "audit" in plain:
        ways["audit_answer"] = under("audit_answer", "audit")
        ways["audit_action"] = lambda: put.agency(under("audit_action", "audit")(), "owner_agency_id")
    if "forum" in plain:
        ways["forum_item"] = lambda: put.forum_items(plain["forum_item"], plain["forum"])
    return ways


def _native(maker: Maker, in_memory: bool) -> Any:
    native = nw.to_native(maker())
    return native.collect() if in_memory else native
