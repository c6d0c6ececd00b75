"""Every case table with the columns that figures are split by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import polars as pl

from metrics.activity.definitions import Rules, activity_rules
from metrics.activity.engine import table
from metrics.activity.placing import BY, PLACES, Placing
from metrics.cases import CASE_TABLES

OF_EPISODE = ("review", "plan", "need", "feedback", "reading", "step_event")
__all__ = ["BY", "PLACES", "Prepared", "prepare"]


class Prepared(dict[str, Any]):
    """Case tables with the columns of `BY`, as `prepare` gives them: name → frame of the engine that they came in.

    What is reckoned of them once for all questions is kept with them (`metrics.activity.facts`).
    """

    def __init__(
        self, tables: Mapping[str, Any], *, plain: Mapping[str, nw.LazyFrame], places: pl.DataFrame | None, eager: bool
    ) -> None:
        super().__init__(tables)
        self.plain = plain  # the tables as they came
        self.places = places
        self.eager = eager  # in memory, so that what is worked out may serve every split at once
        self.facts: list[tuple[str, tuple[str, ...], dict[str, Any]]] = []


def prepare(tables: Mapping[str, Any], places: Any = None, *, rules: Rules | None = None) -> Prepared:
    """Add to every case table that can be split the columns of `BY` (text, null where not known) and `kin`.

    tables: name → frame with the columns of `metrics.cases.CASE_TABLES`, all of one engine: Polars (lazy or not),
        pandas (dates as `datetime64`), DuckDB or PySpark. A table that is missing is empty.
    places: frame of Polars with `lsoa` and any of the columns `PLACES` (codes); without it nothing is split by area.
    `kin` is the family, or the child where no family is known. A small table `population` (`area`, `level`, `people`,
    `year`) goes through as it is. Lazy frames stay lazy.
    """
    rules = rules or activity_rules()
    plain = {n: table(f, n) for n, f in tables.items() if n in CASE_TABLES and f is not None}
    small = None if places is None else pl.DataFrame(places.lazy().collect() if hasattr(places, "lazy") else places)
    put = Placing(plain, small, rules, BY)
    made: dict[str, nw.LazyFrame] = dict(plain)
    if "episode" in plain:
        made["episode"] = put.episodes(plain["episode"])
    if "assessment" in plain:
        made["assessment"] = put.assessments(plain["assessment"], made.get("episode"))
    if "audit" in plain:
        made["audit"] = put.audits(plain["audit"], made.get("episode"), plain.get("assessment"))
    for names, above, key in (
        (OF_EPISODE, "episode", "episode_id"),
        (("audit_answer", "audit_action"), "audit", "audit_id"),
    ):
        for name in names:
            if name in plain and above in made:
                made[name] = put.under(plain[name], made[above], key)
    if "audit" in plain and "audit_action" in plain:
        made["audit_action"] = put.agency(made["audit_action"], "owner_agency_id")
    if "referral" in plain:
        made["referral"] = put.referrals(plain["referral"])
    if "forum" in plain and "forum_item" in plain:
        made["forum_item"] = put.forum_items(plain["forum_item"], plain["forum"])
    if "spend" in plain:
        made["spend"] = put.spend(plain["spend"])
    native: dict[str, Any] = {name: nw.to_native(frame) for name, frame in made.items()}
    if any(isinstance(f, pl.DataFrame) for f in tables.values()):
        native = dict(zip(native, pl.collect_all(list(native.values())), strict=True))
    if tables.get("population") is not None:
        native["population"] = tables["population"]
    eager = all(f.implementation.is_pandas() for f in plain.values()) or any(
        isinstance(f, pl.DataFrame) for f in tables.values()
    )
    return Prepared(native, plain=plain, places=small, eager=eager)
