"""What a hostile visitor may try on every page: in the address, in every text field, in every upload."""

from __future__ import annotations

import re
import tomllib

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.access import (
    ACTS,
    ADMINISTER,
    ANSWER,
    AUDIT,
    DRAW,
    EXPORT,
    LOAD,
    MODERATE,
    PLAN,
    ROLES,
    ROUND,
    SCENARIO,
    STORY,
    TARGET,
    UNDO,
    may_open,
)  # fmt: skip
from dashboard.entry.app import TABLE
from dashboard.intake import opening
from tests.conftest import ROOT
from tests.integration.test_pages import ENTRY, words_of
from tests.sign_in import GROUP_OF, claims, scope

PAGES = [page for _, page, _ in TABLE]
FORGED = [
    "<img src=x onerror=alert(1)>",
    "../../../etc/passwd",
    '=HYPERLINK("http://x")\' OR 1=1 --',
    "\x00\ud7ff" + "9" * 3000,
]
# HTML, a link and a picture in Markdown, a formula, a colour directive and the mark that turns writing round.
HOSTILE = "=1+1 <script>alert(1)</script> <img src=x onerror=alert(1)> [here](javascript:alert(1)) :red[z] \u202e"


# What can be done on a page beside looking at it and taking it away; on the others, nothing.
DONE_ON = {
    "turn_the_curve": {STORY, TARGET},
    "need_and_funding": {SCENARIO},
    "load_data": {LOAD, UNDO},
    "people": {ADMINISTER},
    "action_plan": {PLAN},
    "answer": {ANSWER},
    "rounds": {ROUND},
    "audit_desk": {DRAW, AUDIT},
    "audit": {AUDIT, MODERATE},
    "assessment_quality": {PLAN},
}


def doers(page: str) -> list[str]:
    """As few roles as may open the page and between them may do whatever can be done on it."""
    roles = {role: ROLES[role].may & DONE_ON.get(page, set()) for role in ROLES if may_open(scope(role), page)}
    chosen, left = [], frozenset().union(*roles.values())
    while left or not chosen:
        best = max(roles, key=lambda role: len(roles[role] & left))
        chosen.append(best)
        left -= roles[best]
    return chosen


def test_whatever_may_be_done_is_done_on_some_page():
    assert set().union(*DONE_ON.values()) == ACTS - {EXPORT}


def arrive(page: str, role: str = "", /, **address: str) -> AppTest:
    at = AppTest.from_file(ENTRY, default_timeout=120)
    at.user = claims(GROUP_OF[role or doers(page)[0]])
    for key, value in address.items():
        at.query_params[key] = value
    at.switch_page(f"../pages/{page}.py").run()
    assert not at.exception, (page, at.exception)
    return at


def unsafe(at: AppTest) -> list[str]:
    """What would run or load in a browser: raw HTML of the visitor's, or Markdown that was not taken literally."""
    bodies = [e.proto.body for e in at.get("html")]
    found = [body for body in bodies if "<script>alert" in body or "<img src=x" in body]
    for said in (*at.markdown, *at.caption, *at.success, *at.error, *at.warning, *at.info):
        text = said.value
        html = getattr(said.proto, "allow_html", False) and re.search(r"<(script|img)", text)
        if html or re.search(r"(?<!\\)\[here(?<!\\)\]\(", text) or re.search(r"(?<!\\):red\[", text):
            found.append(text)
    return found


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("forged", FORGED, ids=["html", "path", "formula", "long"])
def test_no_forged_address_breaks_a_page_or_gets_onto_it(look, page, forged):
    plain = arrive(page)
    keys = {box.key for kind in ("selectbox", "number_input", "multiselect", "radio") for box in plain.get(kind)} - {
        None
    }
    keys |= {"area", "page", "scenario", "place", "indicator"}
    at = arrive(page, **dict.fromkeys(keys, forged))
    assert [t.value for t in at.title] and "not open" not in at.title[0].value
    assert unsafe(at) == []
    assert forged not in words_of(at)
    # Whatever the address asked for, what is chosen is what a plain address chooses.
    offered = {box.key: box.value for box in plain.selectbox if box.key in keys}
    chosen = {box.key: box.value for box in at.selectbox if box.key in offered}
    assert chosen == {key: offered[key] for key in chosen}


DOING = [(page, role) for page in PAGES for role in doers(page)]


@pytest.mark.parametrize(("page", "role"), DOING)
def test_no_text_field_takes_html_or_a_formula_for_more_than_text(sample_store, page, role):
    at = arrive(page, role)
    if not (at.text_input or at.text_area):
        return
    for label in dict.fromkeys(b.label for b in at.button if b.label != "Sign out"):
        for field in (*at.text_input, *at.text_area):
            field.set_value(HOSTILE)
        button = next((b for b in at.button if b.label == label), None)
        if button is None or button.disabled:
            continue
        button.click().run()
        assert not at.exception, (label, at.exception)
        assert unsafe(at) == [], label
    assert unsafe(arrive(page, role)) == []  # what was kept comes back as text


def test_the_test_of_text_fields_reaches_those_that_there_are(look):
    with_fields = {page for page, role in DOING if (at := arrive(page, role)).text_input or at.text_area}
    assert {"turn_the_curve", "need_and_funding", "people"} <= with_fields


def test_the_watch_for_unsafe_text_sees_it():
    def careless():
        import streamlit as st

        st.html("<p><img src=x onerror=alert(1)></p>")
        st.markdown("x <script>alert(1)</script>", unsafe_allow_html=True)
        st.error("kept: [here](javascript:alert(1)) :red[z]")
        st.info(r"kept: \[here\]\(javascript:alert\(1\)\) \:red\[z\]")

    assert len(unsafe(AppTest.from_function(careless).run())) == 3


@pytest.mark.parametrize(("page", "role"), DOING)
def test_no_upload_gets_further_than_a_sentence(sample_store, page, role):
    plain = arrive(page, role)
    before = sample_store.version()
    for number in range(len(plain.file_uploader)):
        for name, data in (
            ("../../../etc/<img src=x onerror=alert(1)>.csv", HOSTILE.encode()),
            ("C:\\windows\\=cmd.csv", b"measure,area\n" + HOSTILE.encode()),
            ("x" * 3000 + ".csv", b"\x00" * 5000),
        ):
            at = arrive(page, role)
            at.file_uploader[number].upload(name, data, "text/csv").run()
            assert not at.exception, (name[:40], at.exception)
            assert unsafe(at) == [], name[:40]
            assert ".." not in " ".join(e.value for e in (*at.error, *at.info))
            assert at.error or at.warning or at.info, name[:40]
    assert sample_store.version() == before


def test_a_file_that_is_too_large_is_one_sentence(sample_store, monkeypatch):
    monkeypatch.setattr(opening, "MAX_BYTES", 1000)
    at = arrive("load_data")
    at.file_uploader[0].upload("huge.csv", b"measure,area,period,value\n" + b"a,b,c,1\n" * 1000, "text/csv").run()
    assert len(at.error) == 1
    assert "huge.csv is larger than" in at.error[0].value


def test_the_server_takes_no_larger_file_than_the_readers(look):
    """What the browser may send is bounded before any of it is read (`maxUploadSize`, megabytes)."""
    server = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["server"]
    assert 0 < server["maxUploadSize"] * 1_048_576 < opening.MAX_BYTES
    assert server["enableXsrfProtection"] is True
