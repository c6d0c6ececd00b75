"""Files of the funding page, both ways: what was uploaded, checked against the small areas; what is taken away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import polars as pl

from dashboard import words
from dashboard.access import Scope
from dashboard.answers import funding, places, scenarios
from dashboard.answers.scenarios import Scenario, Settings
from dashboard.intake import IntakeError, safe_name
from dashboard.intake.funding import FundingFile, read_funding_file
from metrics.funding import Model, domain_scores
from sample_data.places import lookup, need_indicators

GEOGRAPHY = "LSOA 2011"
OURS = ("lsoa", "name", "forum", "district", "council", "population", "age_0_17")  # what money is shared by stays ours


@dataclass(frozen=True, slots=True)
class Incoming:
    """What uploaded files would make: a model, its values, settings; or one sentence why they cannot be used."""

    model: Model | None = None
    values: pl.DataFrame | None = None
    settings: Settings | None = None
    sentence: str = ""
    problem: str = ""


def check(scope: Scope, files: Iterable[tuple[str, bytes]], held: Scenario) -> Incoming:
    """Read and check (name, bytes) of each file; `held` is the scenario that is open. Nothing is kept.

    A model, values for it, or both, or a scenario; values alone go with the model that is open.
    """
    try:
        read = [read_funding_file(data, file_name=name) for name, data in files]
        model = _only(read, "model") or held.model
        values = _only(read, "values")
        if any(f.amounts is not None for f in read):
            raise IntakeError("Today's amounts go in beside the budget: choose “Amounts that I type or load” there.")
        if values is None and _only(read, "model") is None:
            raise IntakeError("There is no model and there are no values in these files.")
        if _only(read, "model") is None and held.values is not None and values is not None:
            values = _beside(held.values, values)
        _geography(model, values)
        _columns(model, values)
        choices = next((f.choices for f in read if f.choices is not None), None)
        settings = scenarios.settings_of(choices, model) if choices is not None else Settings()
        _reckons(scope, model, values)
    except IntakeError as error:
        return Incoming(problem=str(error))
    return Incoming(model, values, settings, _sentence(model, values))


def _only(read: list[FundingFile], what: str):
    found = [f for f in read if getattr(f, what) is not None]
    if len(found) > 1:
        names = words.listed([f.file_name for f in found])
        raise IntakeError(f"{names} each bring {'a model' if what == 'model' else 'values'}: choose one of them.")
    return getattr(found[0], what) if found else None


def _beside(earlier: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """Values of the open scenario, with those of the file in place of columns of the same name."""
    kept = earlier.select("lsoa", *(c for c in earlier.columns if c not in values.columns))
    return kept.join(values, on="lsoa", how="full", coalesce=True)


def _geography(model: Model, values: pl.DataFrame | None) -> None:
    if model.geography != GEOGRAPHY:
        raise IntakeError(f"The model is for “{model.geography}”; this page has people and areas for {GEOGRAPHY} only.")
    if values is None:
        return
    strange = values["lsoa"].filter(~values["lsoa"].is_in(lookup(2011)["lsoa"].implode())).to_list()
    if strange:
        newer = set(strange) & set(lookup(2021)["lsoa"])
        why = "of 2021, and this page stands on those of 2011" if newer else "not in the county"
        first = strange[0] or "(empty)"
        raise IntakeError(f"The values name {len(strange)} small areas that are {why}, {first} the first of them.")


def _columns(model: Model, values: pl.DataFrame | None) -> None:
    own = set() if values is None else set(values.columns) - {"lsoa"}
    if taken := sorted(own & set(OURS)):
        raise IntakeError(f"The column “{taken[0]}” is the dashboard's own: give yours another name.")
    known = own | set(_numbers(need_indicators()))
    for domain in model.domains:
        for one in domain.indicators:
            if one.column not in known:
                raise IntakeError(
                    f"The indicator “{one.name}” needs the column “{one.column}”, which neither the values that were "
                    "loaded nor the dashboard's own table has."
                )


def _reckons(scope: Scope, model: Model, values: pl.DataFrame | None) -> None:
    table = need_indicators()
    if values is not None:
        own = [c for c in values.columns if c != "lsoa"]
        table = table.drop(own, strict=False).join(values, on="lsoa", how="left", maintain_order="left")
    try:
        domain_scores(table, model)
    except ValueError as error:
        said = str(error)
        raise IntakeError(f"{said[0].upper()}{said[1:]}.") from None


def _sentence(model: Model, values: pl.DataFrame | None) -> str:
    count = sum(len(d.indicators) for d in model.domains)
    said = f"“{model.name}” has {count} indicators in {len(model.domains)} domains."
    if values is None:
        return f"{said} All its columns come with the dashboard."
    used = {i.column for d in model.domains for i in d.indicators}
    own = [c for c in values.columns if c != "lsoa"]
    whole = lookup(2011).height
    said += f" {len(used & set(own))} of them read columns of yours, which name {values.height} of {whole} small areas."
    if idle := [c for c in own if c not in used]:
        said += f" No indicator reads {words.listed([f'“{c}”' for c in idle[:5]])}."
    empty = sum(values[c].null_count() + whole - values.height for c in own if c in used)
    return f"{said} {empty:,} values are missing." if empty else said


def amounts(scope: Scope, name: str, data: bytes, *, level: str) -> tuple[dict[str, float], str]:
    """Today's amounts from a file with the columns area (code or name) and amount: (area → pounds, problem)."""
    name = safe_name(name)
    known = places.names(scope, level)
    codes = {**{n.lower(): c for c, n in known.items()}, **{c.lower(): c for c in known}}
    try:
        read = read_funding_file(data, file_name=name).amounts
        if read is None:
            raise IntakeError(f"{name} has no columns area and amount in its first row.")
        if strange := [a for a in read if a.lower() not in codes]:
            raise IntakeError(f"{name}: “{strange[0][:60]}” is none of the {places.MANY[level]}.")
        if too_much := [a for a, pounds in read.items() if not scenarios.amount(pounds)]:
            raise IntakeError(f"{name}: the amount of {too_much[0]} is more than this page takes.")
        made = {codes[a.lower()]: round(pounds, 2) for a, pounds in read.items()}
        if len(made) < len(read):
            raise IntakeError(f"{name} gives an area twice, by its code and by its name.")
    except IntakeError as error:
        return {}, str(error)
    return made, ""


def _numbers(table: pl.DataFrame) -> list[str]:
    return [c for c, kind in table.schema.items() if kind.is_numeric()]


def shipped_values(scope: Scope) -> pl.DataFrame:
    """The columns that come with the dashboard, a row a small area: a pattern for a table of one's own."""
    table = need_indicators()
    return table.select("lsoa", "name", *(c for c in _numbers(table) if c not in OURS))


def as_scenario(held: Scenario, settings: Settings) -> bytes:
    """The whole scenario as JSON: model, values, settings. The page reads it again."""
    return scenarios.content(held.model, held.values, settings).encode()


def as_toml(held: Scenario, settings: Settings) -> bytes:
    """The model with the weights as set, as TOML. The page reads it again."""
    return to_toml(scenarios.model_table(scenarios.weighed(held.model, settings.weights))).encode()


def to_load_again(held: Scenario, settings: Settings) -> dict[str, tuple[str, str, Callable[[], bytes]]]:
    """Files that this page reads again: label → (name, kind of file, what makes its bytes)."""
    return {
        "Download the model (TOML)": ("model.toml", "application/toml", partial(as_toml, held, settings)),
        "Download the scenario (JSON)": ("scenario.json", "application/json", partial(as_scenario, held, settings)),
    }


def to_toml(table: Mapping) -> str:
    """A model's table as TOML."""
    lines = [_pair(k, v) for k, v in table.items() if k != "domain"]
    for domain in table["domain"]:
        lines += ["", "[[domain]]", *(_pair(k, v) for k, v in domain.items() if k != "indicator")]
        for indicator in domain["indicator"]:
            lines += ["", "[[domain.indicator]]", *(_pair(k, v) for k, v in indicator.items())]
    return "\n".join(lines) + "\n"


def _pair(key: str, value: object) -> str:
    # a basic string of TOML takes what JSON writes, but for the delete character
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"{key} = {text}"


def table_of(answer: funding.Allocation) -> pl.DataFrame:
    """The allocation as a table to take away, columns named in words, a row an area."""
    parts = answer.parts.pivot(on="name", index="area", values="pounds", maintain_order=True)
    labels = {c: f"of which {c} (£)" for c in parts.columns if c != "area"}
    firm = answer.firm.select("area", "lowest", "highest", "same")
    joined = answer.areas.join(parts.rename(labels), on="area").join(firm, on="area", maintain_order="left")
    names = {
        "name": "Area",
        "area": "Area code",
        "people": f"{funding.COUNTED[answer.settings.people].capitalize()}",
        "need": "Need (0–100)",
        "rank": "Rank of need (1 is most)",
        "amount": "Would receive (£)",
        "per_head": "For each person (£)",
        "today": "Today (£)",
        "difference": "Difference (£)",
        "change": "Difference (% of today)",
        "held": "Held by",
        "lowest": "Rank, lower end of 90% range",
        "highest": "Rank, upper end of 90% range",
        "same": "Weightings at this rank (%)",
    }
    per_cent = (pl.col("change", "same") * 100).round(2)
    pence = pl.col("per_head", *labels.values()).round(2)
    return joined.with_columns(per_cent, pence, pl.col("need").round(3)).select(
        *(pl.col(c).alias(n) for c, n in list(names.items())[:6]),
        *(pl.col(c) for c in labels.values()),
        *(pl.col(c).alias(n) for c, n in list(names.items())[6:]),
    )
