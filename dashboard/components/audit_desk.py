"""The audit desk: numbers that are links, the list of the chosen one, and what a QA manager sets up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboard import words
from dashboard.components.audit_after import done
from dashboard.components.blocks import html, literal
from dashboard.components.tables import plain_table

COLUMNS = ("Assessment", "Auditor", "When", "Do")
FIRST = 20  # lines of a list that stand; the rest are folded away


def numbers(these: Sequence[Any], *, chosen: str, address: Callable[[str], str]) -> None:
    """How much of each there is to do; a click shows its list."""
    html("desk_numbers.html", numbers=these, chosen=chosen, address=address, name="What needs doing")


def items(these: Sequence[Any], *, name: str, address: Callable[[int], str]) -> None:
    """A list with one action to each line, oldest first."""
    if not these:
        html("paragraph.html", text=f"None {name}.", kind="quiet")
        return
    caption = f"{len(these)} {name}, oldest first"
    if len(these) > FIRST:
        caption += f": the first {FIRST}"
    html("desk_items.html", items=these[:FIRST], caption=caption, columns=COLUMNS, address=address)
    if len(these) > FIRST:
        with st.expander(f"The other {len(these) - FIRST}"):
            html("desk_items.html", items=these[FIRST:], caption=f"The rest, {name}", columns=COLUMNS, address=address)


def sign_up(agencies: Mapping[str, str], *, now: str, save: Callable[[str], str]) -> None:
    """Whom the auditor works for: their own agency's assessments never come to them."""
    if now:
        html("paragraph.html", text=f"You audit as somebody of {agencies.get(now, now)}.", kind="quiet")
    with st.form("sign-up", border=False):
        ids = list(agencies)
        place = ids.index(now) if now in agencies else None
        agency = st.selectbox("I work for", ids, index=place, format_func=agencies.__getitem__)
        st.caption("Assessments of this agency are never given to you.")
        if st.form_submit_button("Put me on the list of auditors"):
            _tell(save(agency) if agency else "Please choose an agency.", "You are on the list of auditors.")


def allocation(
    rounds: Mapping[str, str], waiting: Sequence[Any], auditors: pl.DataFrame, *,
    chosen: str, every: Callable[[int], tuple[int, str]], one: Callable[[int, str], str],
) -> None:  # fmt: skip
    """Give audits out: all of a round by lot, or one by hand."""
    if rounds:
        with st.form("allocate-all", border=False):
            number = st.selectbox("Round", list(rounds), format_func=rounds.__getitem__)
            if st.form_submit_button("Allocate all of it by lot", type="primary"):
                given, said = every(int(number))
                done(said) if given else st.error(literal(said))
    active = auditors.filter("active")
    if waiting and active.height:
        with st.form("allocate-one", border=False):
            left, right = st.columns(2)
            audits = {item.audit_id: item.what for item in waiting}
            place = list(map(str, audits)).index(chosen) if chosen in map(str, audits) else 0
            audit = left.selectbox("One audit", list(audits), index=place, format_func=audits.__getitem__)
            names = {
                row["identity"]: f"{row['name']}, {row['agency']}: has {row['waiting']} of {row['most']}"
                for row in active.iter_rows(named=True)
            }
            who = right.selectbox("To", list(names), format_func=names.__getitem__)
            if st.form_submit_button("Allocate it"):
                _tell(one(audit, who), "The audit is allocated.")


def auditor_table(auditors: pl.DataFrame) -> None:
    """Who audits, and how much they have. Names of auditors are for whoever gives them work, and for nobody else."""
    rows = [
        (row["name"], row["agency"], row["waiting"], row["most"], "yes" if row["active"] else "no")
        for row in auditors.iter_rows(named=True)
    ]
    columns = ("Auditor", "Works for", "Has", "At most", "Takes more")
    plain_table(columns, rows, caption="Auditors put themselves on this list", numbers=("Has", "At most"))


def auditor_form(auditors: pl.DataFrame, change: Callable[..., str]) -> None:
    """How many audits somebody takes, and whether any."""
    if auditors.height:
        names = dict(auditors.select("identity", "name").iter_rows())
        with st.form("auditor", border=False):
            left, middle, right = st.columns(3, vertical_alignment="bottom")
            who = left.selectbox("Auditor", list(names), format_func=names.__getitem__)
            most = middle.number_input("Takes at most", min_value=1, max_value=200, value=15, step=1)
            active = right.checkbox("Takes audits", value=True)
            if st.form_submit_button("Save"):
                _tell(change(who, most=most, active=active), "The list of auditors is changed.")


def round_form(
    choices: Mapping[str, Mapping[str, str]], propose: Callable[..., Any], open_it: Callable[..., int | str], *,
    due: date, seed: int, title: str,
) -> None:  # fmt: skip
    """What to draw, what that comes to in a sentence, and the button that freezes and draws."""
    left, middle, right = st.columns(3)
    kind = left.selectbox("Kind", list(choices["kind"]), format_func=choices["kind"].__getitem__)
    months = middle.selectbox(
        "Assessments begun in", list(choices["months"]), format_func=choices["months"].__getitem__
    )
    makers = {"": "every type of agency", **choices["agency_type"]}
    of_type = right.selectbox("Made by", list(makers), format_func=makers.__getitem__)
    left, middle, right = st.columns(3)
    wanted: dict[str, Any] = {"kind": kind, "months": int(months), "agency_type": of_type}
    if kind == "quarterly":
        margins = choices["margin"]
        wanted["margin"] = int(left.selectbox("Wanted margin", list(margins), format_func=margins.__getitem__))
        strata = choices["strata"]
        wanted["strata"] = middle.selectbox("Groups to draw from", list(strata), format_func=strata.__getitem__)
    else:
        wanted["size"] = left.number_input("How many", min_value=1, max_value=200, value=6, step=1)
    dual = right.number_input("Of 100, audited twice", min_value=0, max_value=100, value=15, step=5)
    left_out = st.text_area(
        "Leave out (one a line: assessment, then the reason)",
        height=80,
        placeholder="A-001234 the case is before the court",
    )
    reasons = tuple(
        (one, why.strip()) for one, _, why in (line.strip().partition(" ") for line in left_out.splitlines()) if one
    )
    made = propose(**wanted, left_out=reasons)
    if made.refused:
        st.warning(literal(made.refused))
        return
    html("paragraph.html", text=made.sentence, kind="lead")
    with st.form("open-round", border=False):
        left, middle, right = st.columns(3)
        name = left.text_input("Title", value=title, max_chars=80)
        template = middle.selectbox("Template", list(choices["template"]), format_func=choices["template"].__getitem__)
        when = right.date_input("To be done by", value=due, format="DD/MM/YYYY")
        number = st.number_input(
            "Seed of the draw",
            min_value=0,
            max_value=10**12,
            value=seed,
            step=1,
            help="The same seed draws the same sample.",
        )
        if st.form_submit_button("Freeze and draw", type="primary"):
            answer = open_it(
                wanted | {"left_out": reasons}, title=name, template=template, seed=number, dual=dual, due=when
            )
            _tell(answer if isinstance(answer, str) else "", "The round is open: its audits wait to be allocated.")


def rounds_table(rounds: pl.DataFrame, kinds: Mapping[str, str]) -> None:
    """The rounds there are."""
    shown = [
        (
            f"{row['title']} (no. {row['round_id']})",
            kinds.get(row["kind"], row["kind"]),
            f"{row['template']} {row['version']}",
            words.day(row["due_date"]),
            f"{row['finished']} of {row['audits']}",
            "closed" if row["closed_at"] else "open",
            row["seed"],
        )
        for row in rounds.iter_rows(named=True)
    ]
    columns = ("Round", "Kind", "Template", "Due", "Finished", "State", "Seed")
    plain_table(columns, shown, caption="Rounds, the newest first", numbers=("Finished", "Seed"))


def close_form(rounds: Mapping[str, str], close: Callable[[int], str]) -> None:
    """Close a round."""
    if rounds:
        with st.form("close-round", border=False):
            number = st.selectbox("Round to close", list(rounds), format_func=rounds.__getitem__)
            if st.form_submit_button("Close it: no more answers"):
                _tell(close(int(number)), "The round is closed.")


def leave_out_form(waiting: Sequence[Any], leave: Callable[[int, str], str]) -> None:
    """Leave a drawn assessment out, with the reason."""
    if waiting:
        with st.form("leave-out", border=False, clear_on_submit=True):
            audits = {item.audit_id: item.what for item in waiting}
            audit = st.selectbox("Leave out", list(audits), format_func=audits.__getitem__)
            why = st.text_input("The reason", max_chars=300)
            if st.form_submit_button("Leave it out and take the next"):
                done(leave(audit, why))


def import_form(
    rounds: Mapping[str, str], read: Callable[[int, bytes, str], Any], listed: Callable[[Any], pl.DataFrame],
    take: Callable[[int, Any], Any],
) -> None:  # fmt: skip
    """Take in audits done on paper or in a forms tool: what is in the file first, then the button."""
    if not rounds:
        html("paragraph.html", text="There is no open round.", kind="quiet")
        return
    number = st.selectbox("Round of the file", list(rounds), format_func=rounds.__getitem__)
    file = st.file_uploader("Audits (CSV or XLSX)", type=["csv", "xlsx"], key="audit-file")
    if file is None:
        return
    found = read(int(number), file.getvalue(), file.name)
    if isinstance(found, str):
        st.error(literal(found))
        return
    said = f"{found.sheets.height} audits with {found.answers.height} answers; {found.rows_refused} rows are not taken."
    html("paragraph.html", text=" ".join([said, *found.remarks]), kind="lead")
    _not_taken(listed(found))
    if found.sheets.height and st.button("Take these audits in", type="primary"):
        came = take(int(number), found)
        st.success(came.sentence)
        _not_taken(came.left)


def _not_taken(rows: pl.DataFrame) -> None:
    if rows.height:
        plain_table(rows.columns, rows.rows(), caption="Not taken, and why")


def template_form(load: Callable[[bytes, str], tuple[list[str], str]]) -> None:
    """Load a template, or a version that supersedes one, from its file."""
    file = st.file_uploader("A template (TOML, CSV or XLSX)", type=["toml", "csv", "xlsx"], key="audit-template")
    if file is not None and st.button("Take this template in"):
        said, wrong = load(file.getvalue(), file.name)
        if wrong:
            st.error(literal(wrong))
        else:
            st.success("The template is kept. Audits that were made with earlier versions keep theirs.")
            html("paragraph.html", text=" ".join(said), kind="quiet")


def _tell(wrong: str, said: str) -> None:
    if wrong:
        st.error(literal(wrong))
    else:
        done(said)
