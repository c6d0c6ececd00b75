"""Scenarios on a page: files that bring a model, a form to keep what is set, two side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import streamlit as st

from dashboard.access import SCENARIO
from dashboard.components.blocks import literal, section
from dashboard.components.files import download
from dashboard.components.filters import Choice, filters
from dashboard.components.guard import may_here
from dashboard.components.tables import plain_table

KINDS = ["toml", "json", "csv", "xlsx"]


def saved_message() -> None:
    """Says once that a scenario was kept."""
    name = st.session_state.pop("scenario-saved", "")
    if name:
        st.success(
            f"“{literal(name)}” is kept. It is in the list “Scenario”, and the address of this page now leads to it."
        )


def save_form(*, save: Callable[[str], int | str], label: str, key: str, name: str = "") -> None:
    """A form for a name, for those who may keep scenarios. `save(name)` gives the scenario's number, or a sentence why
    not; the page then shows that scenario."""
    if not may_here(SCENARIO):
        st.caption("Your role may try scenarios out, and not keep them.")
        return
    with st.form(f"form-{key}", border=False):
        called = st.text_input("Name of the scenario", value=name, key=f"name-{key}", max_chars=80)
        sent = st.form_submit_button(label)
    if not sent:
        return
    answer = save(called)
    if isinstance(answer, str):
        st.error(literal(answer))
        return
    st.session_state["scenario-saved"] = " ".join(called.split())
    st.query_params.from_dict({"scenario": str(answer)})
    st.rerun()


def own_model(
    *,
    check: Callable[[Iterable[tuple[str, bytes]]], Any],
    save: Callable[[Any, str], int | str],
    pattern: Callable[[], bytes],
) -> None:
    """Files of a model of one's own, checked before anything is kept. `check` gives what they would make (`problem`,
    `sentence`, `model`); `save(made, name)` as in `save_form`; `pattern` the table of columns that ship."""
    st.write(
        "A model is a TOML file like the one that can be downloaded here, or a table with a row an indicator and the "
        "columns domain, domain_weight, indicator, column, direction (higher or lower), weight, unit, source. Values "
        "of your own are a table with the column lsoa (2011) and a column an indicator. A scenario taken away as JSON "
        "comes back the same way."
    )
    download(
        "Download the columns that come with the dashboard",
        pattern,
        file_name="columns-by-small-area.csv",
        mime="text/csv",
        key="take-columns",
    )
    given = st.file_uploader(
        "Model, values, or scenario (TOML, JSON, CSV, workbook)", KINDS, accept_multiple_files=True, key="model-files"
    )
    if not given:
        return
    made = check([(file.name, file.getvalue()) for file in given])
    if made.problem:
        st.error(literal(made.problem))
        return
    st.info(literal(made.sentence))
    save_form(
        save=lambda name: save(made, name),
        label="Keep this model as a scenario",
        key="model",
        name=made.model.name[:80],
    )


def keep_and_compare(
    *,
    keep: Callable[[str], int | str],
    check: Callable[[Iterable[tuple[str, bytes]]], Any],
    bring: Callable[[Any, str], int | str],
    pattern: Callable[[], bytes],
    options: Mapping[str, str],
    compare: Callable[[str, str], Any],
    heads: list[str],
) -> None:
    """Keep what is set (`save_form`), bring a model (`own_model`), and set two scenarios beside each other."""
    section("Scenarios", lead="What is set here can be kept under a name, handed on as a file, and compared.")
    left, right = st.columns(2, gap="medium")
    with left, st.expander("Keep what is set as a scenario"):
        save_form(save=keep, label="Keep", key="scenario")
    with right, st.expander("Bring a model, its values, or a scenario"):
        own_model(check=check, save=bring, pattern=pattern)
    side_by_side(options, compare=compare, heads=heads)


def side_by_side(options: Mapping[str, str], *, compare: Callable[[str, str], Any], heads: list[str]) -> None:
    """Two scenarios chosen from `options`, and what `compare(first, second)` says of them."""
    section("Two scenarios side by side")
    none = {"": "Choose one"}
    chosen = filters(Choice("first", "First", {**none, **options}), Choice("second", "Second", {**none, **options}))
    if not (chosen["first"] and chosen["second"]):
        st.caption("Choose two scenarios, or one and what is set above.")
        return
    made = compare(chosen["first"], chosen["second"])
    st.write(literal(made.sentence))
    if made.rows:
        plain_table(made.columns, made.rows, caption="What each area would receive", numbers=made.columns[1:4])
    if made.differing:
        plain_table(heads, made.differing, caption="What they were set to, where they differ")
