"""Scenarios of the funding page: a model with its own values, if any, and what was chosen, kept under a name."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from dashboard import words
from dashboard.access import SCENARIO as KEEP
from dashboard.access import NotAllowed, Scope, require
from dashboard.answers.keep import kept, the_store
from dashboard.intake import IntakeError
from dashboard.intake.funding import SCENARIO, read_scenario
from dashboard.store import StaleEdit, StoreError
from metrics.funding import Model, example_model
from metrics.weightings import rescaled, whole_parts

EXAMPLE = 0  # the number of the shipped example, which nobody saved
WHOLE = 1000  # a weight is a whole number of tenths of a per cent
MOST_MONEY = 10_000_000_000.0  # pounds; more is a slip of the keyboard
NAME = 80  # characters of a scenario's name
LEVELS, PEOPLE, TODAY = ("forum", "district"), ("population", "age_0_17"), ("population", "typed")
# names in the address of all that a scenario sets
KEYS = ("level", "people", "today", "weights", "budget", "base", "floor", "limit", "before")
_MARK = f'{{"kind": "{SCENARIO}"'  # how our content begins: other pages may keep scenarios of their own


@dataclass(frozen=True, slots=True)
class Settings:
    """What was chosen. Pounds; `weights` in tenths of a per cent, empty: as the model has them; `limit` in per cent of
    today's amount, None: no limit; `before`: (area, pounds) as typed or loaded."""

    level: str = "forum"
    people: str = "population"
    today: str = "population"
    weights: tuple[int, ...] = ()
    budget: float = 1_000_000.0
    base: float = 0.0
    floor: float = 0.0
    limit: float | None = None
    before: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario as it was saved; `id` 0 is the shipped example. `values`: `lsoa` and columns of its own, or None."""

    id: int
    name: str
    author: str
    written_at: datetime | None
    model: Model
    values: pl.DataFrame | None
    settings: Settings

    @property
    def illustrative(self) -> bool:
        return self.model.illustrative


class ScenarioError(ValueError):
    """It cannot be kept, or is not there; the message says what to do."""


def example() -> Scenario:
    """The model that ships, with £1,000,000 to share out."""
    model = example_model()
    return Scenario(EXAMPLE, "Shipped example", "", None, model, None, Settings())


@kept
def scenario(scope: Scope, number: int) -> Scenario:
    """A scenario by its number, also one that a newer version has followed. Raises `ScenarioError`."""
    if number == EXAMPLE:
        return example()
    row = _row(number)
    if row is None:
        raise ScenarioError("The scenario of this link is not kept here; the shipped example is shown.")
    return _scenario(row)


def opened(scope: Scope, number: int) -> tuple[Scenario, str]:
    """(The scenario, empty), or (the shipped example, why the one that was asked for cannot be shown)."""
    try:
        return scenario(scope, number), ""
    except ScenarioError as error:
        return example(), str(error)


def chosen(held: Scenario, money: Mapping[str, float | None], *, weights: tuple[int, ...], **picked: Any) -> Settings:
    """What is set on the page: `money` holds budget, base, floor, limit; `picked` the other fields."""
    amounts = {key: money[key] or 0.0 for key in ("budget", "base", "floor")}
    own = () if weights == tenths(held.model) else weights
    return Settings(**amounts, limit=money["limit"], weights=own, **picked)


def listed(scope: Scope) -> pl.DataFrame:
    """The newest version of each scenario of this page: `scenario_id`, `name`, `content`, `author`, `written_at`."""
    return the_store().scenarios().filter(pl.col("content").str.starts_with(_MARK))


def choices(scope: Scope, asked: str | None = None) -> dict[str, str]:
    """Number as text → what is shown in a list. An earlier version that a link asks for is among them."""
    made = {str(EXAMPLE): "Shipped example"}
    rows = listed(scope)
    for number, name, author in rows.select("scenario_id", "name", "author").iter_rows():
        shown = f"{name} ({words.name(author)})"
        made[str(number)] = shown if shown not in made.values() else f"{shown} (no. {number})"
    if asked and asked not in made and asked.isascii() and asked.isdigit() and len(asked) < 10:
        row = _row(int(asked))
        if row is not None:
            made[asked] = f"{row['name']}, earlier version of {words.day(row['written_at'].date())} (no. {asked})"
    return made


def newer(scope: Scope, held: Scenario) -> str:
    """A sentence where somebody saved a newer version of this scenario; else empty."""
    row = next(listed(scope).filter(name=held.name).iter_rows(named=True), None) if held.id else None
    if row is None or row["scenario_id"] == held.id:
        return ""
    return (
        f"This is an earlier version of “{held.name}”. {words.name(row['author'])} saved a newer one on "
        f"{words.day(row['written_at'].date())}; it is in the list “Scenario”."
    )


def try_save(scope: Scope, name: str, **what: Any) -> int | str:
    """`save`, giving a sentence where it cannot be kept."""
    try:
        return save(scope, name, **what)
    except (ScenarioError, NotAllowed) as error:
        return str(error)


def save(
    scope: Scope,
    name: str,
    *,
    model: Model,
    values: pl.DataFrame | None,
    settings: Settings,
    base: Scenario | None = None,
) -> int:
    """Keep a scenario under a name; gives its number. `base`: the scenario it was made from; under the same name it is
    followed by this one.

    Raises `NotAllowed`, and `ScenarioError` with one sentence.
    """
    require(scope, KEEP)
    if scope.local and values is not None:
        raise ScenarioError(
            "With the ready users of this machine anyone here could see it, so values of your own are not kept."
        )
    name = " ".join(name.split())
    if not name:
        raise ScenarioError("Please give the scenario a name.")
    if len(name) > NAME:
        raise ScenarioError(f"A name has {NAME} characters at most.")
    before = base.id or None if base is not None and base.name == name else None
    try:
        who = {"author": scope.signature, "as_role": scope.role}
        return the_store().save_scenario(name, content(model, values, settings), base=before, **who)
    except StaleEdit as stale:
        raise ScenarioError(
            f"There is a scenario “{name}” already, last saved by {words.name(stale.author)}: open it first, or take "
            "another name."
        ) from None
    except StoreError as error:
        raise ScenarioError(str(error)) from None


def content(model: Model, values: pl.DataFrame | None, settings: Settings) -> str:
    """A scenario as JSON, to keep and to hand on; `dashboard.intake.funding.read_scenario` reads it."""
    return json.dumps(
        {
            "kind": SCENARIO,
            "format": 1,
            "model": model_table(model),
            "values": None if values is None else values.to_dict(as_series=False),
            "choices": asdict(settings),
        },
        ensure_ascii=False,
        allow_nan=False,
    )


def model_table(model: Model) -> dict[str, Any]:
    """The model as the table of its TOML file."""
    table = asdict(model)
    domains = [{**d, "indicator": list(d["indicators"])} for d in table.pop("domains")]
    return {**table, "domain": [{k: v for k, v in d.items() if k != "indicators"} for d in domains]}


def tenths(model: Model) -> tuple[int, ...]:
    """The model's weights in tenths of a per cent, summing to 1,000 exactly."""
    return whole_parts([d.weight for d in model.domains], WHOLE)


def move(weights: tuple[int, ...], place: int, value: int) -> tuple[int, ...]:
    """One weight moved, the others scaled in proportion, the sum kept."""
    return rescaled(weights, place, value)


def weighed(model: Model, weights: tuple[int, ...]) -> Model:
    """The model with weights of one's own; with none, as it is."""
    if not weights:
        return model
    pairs = zip(model.domains, weights, strict=True)
    return replace(model, domains=tuple(replace(d, weight=w / WHOLE) for d, w in pairs))


def settings_of(choices: Mapping[str, Any], model: Model) -> Settings:
    """What a scenario was set to; whatever cannot be is left at what a new visitor sees."""
    usual = Settings()
    weights = choices.get("weights")
    sound = isinstance(weights, list) and len(weights) == len(model.domains)
    sound = sound and all(type(w) is int and w >= 0 for w in weights) and sum(weights) == WHOLE
    before = choices.get("before")
    pairs = [p for p in before if isinstance(p, list) and len(p) == 2] if isinstance(before, list) else []

    def one(key: str, offered: tuple[str, ...]) -> str:
        return choices[key] if choices.get(key) in offered else getattr(usual, key)

    def money(key: str) -> float:
        return float(choices[key]) if amount(choices.get(key)) else getattr(usual, key)

    return Settings(
        level=one("level", LEVELS),
        people=one("people", PEOPLE),
        today=one("today", TODAY),
        weights=tuple(weights) if sound and tuple(weights) != tenths(model) else (),
        budget=money("budget"),
        base=money("base"),
        floor=money("floor"),
        limit=float(choices["limit"]) if amount(choices.get("limit")) else None,
        before=tuple((a, float(p)) for a, p in pairs if isinstance(a, str) and amount(p)),
    )


def amount(value: object) -> bool:
    """Whether a value can be pounds or per cent."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 <= value <= MOST_MONEY


def _row(number: int) -> dict[str, Any] | None:
    store = the_store()
    newest = store.scenarios()
    found = newest.filter(scenario_id=number)
    if found.is_empty():
        every = [store.scenario_history(name) for name in newest["name"]]
        found = pl.concat(every).filter(scenario_id=number) if every else newest
    found = found.filter(pl.col("scenario_id") == number, pl.col("content").str.starts_with(_MARK))
    return None if found.is_empty() else found.row(0, named=True)


def _scenario(row: Mapping[str, Any]) -> Scenario:
    try:
        read = read_scenario(row["content"], file_name=row["name"])
    except IntakeError as error:
        raise ScenarioError(f"The scenario “{row['name']}” cannot be read: {error}") from None
    settings = settings_of(read.choices or {}, read.model)
    return Scenario(
        row["scenario_id"], row["name"], words.name(row["author"]), row["written_at"], read.model, read.values, settings
    )
