"""Every page in every role by its own address, signed out too; what one role was told is never told to another."""

from __future__ import annotations

import inspect
import re
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import answers
from dashboard.access import PUBLISHED, NotAllowed, Scope
from dashboard.answers import audit_templates, keep, loads, notes, people, questionnaire_rows, roles
from dashboard.answers.keep import kept, kept_for_all
from dashboard.entry import app
from dashboard.intake import read
from tests.conftest import ROOT
from tests.integration.test_components import figure_page, figures
from tests.integration.test_pages import ENTRY, OWN, PAGES, words_of
from tests.sign_in import GROUP_OF, ISSUER, SIGN_IN, claims, scope, signed_in

# page: who may open it; written out apart from `access.py`
EVERYONE = {*GROUP_OF}
PARTNERS = EVERYONE - {"scrutiny", "respondent"}  # those who do more than read what is printed, or answer
OPEN_TO = {
    "scorecard": EVERYONE,
    "methods": EVERYONE,
    "turn_the_curve": PARTNERS,
    "area_map": PARTNERS - {"auditor", "administrator"},
    "need_and_funding": {"subgroup member", "commissioner", "coordinator", "data officer"},
    "load_data": {"data officer"},
    "people": {"administrator"},
    "activity": PARTNERS - {"administrator"},
    "journeys": PARTNERS - {"administrator"},
    "forum": {"subgroup member", "QA manager", "coordinator"},
    "data_quality": {"QA manager", "agency lead", "coordinator", "data officer", "administrator"},
    "distance_travelled": PARTNERS - {"administrator"},
    "questionnaire": PARTNERS - {"administrator"},
    "assessment_quality": PARTNERS - {"administrator"},
    "action_plan": {"subgroup member", "commissioner", "QA manager", "agency lead", "coordinator"},
    "answer": {"subgroup member", "QA manager", "agency lead", "coordinator", "respondent"},
    "rounds": {"coordinator"},
    "one_person": {"QA manager", "agency lead"},
    "audit_desk": {"QA manager", "auditor"},
    "audit": {"QA manager", "auditor"},
}
TITLES = {
    "scorecard": "Is early help working?",
    "methods": "What does each measure mean, and how is it reckoned?",
    "turn_the_curve": "Are fewer children referred twice?",
    "area_map": "Where is need greatest?",
    "need_and_funding": "Where should the money go?",
    "load_data": "What figures are in, and how do new ones get in?",
    "people": "Who may see what?",
    "activity": "How much do we do, how well, and is anyone better off?",
    "journeys": "Where do families go?",
    "forum": "What is before the forum?",
    "data_quality": "Can the case records be relied on?",
    "distance_travelled": "How far have families come?",
    "questionnaire": "How good is our early help system?",
    "assessment_quality": "Are Early Help Assessments good?",
    "action_plan": "Who has promised what, and is it done?",
    "answer": "What are you asked?",
    "rounds": "Who has answered, and what was agreed?",
    "one_person": "How far has one person come?",
    "audit_desk": "What needs doing today?",
    "audit": "Is this assessment good?",
}
WORKED_WITH = (
    "selectbox",
    "text_area",
    "text_input",
    "file_uploader",
    "number_input",
    "plotly_chart",
    "download_button",
)


def arrive(page: str, user: dict | None = None, **address: str) -> AppTest:
    """The first request of a visitor, by the page's own address, in a server that has shown nothing yet."""
    at = AppTest.from_file(ENTRY, default_timeout=60)
    if user is not None:
        at.user = user
    for key, value in address.items():
        at.query_params[key] = value
    at.switch_page(f"../pages/{page}.py").run()
    assert not at.exception, at.exception
    return at


def drawn(at: AppTest) -> list[str]:
    """The kinds of element that only pages have."""
    return [kind for kind in (*WORKED_WITH, "download_button") if len(at.get(kind))]


def test_this_file_knows_every_page():
    assert set(OPEN_TO) == set(PAGES) == {page for _, page, _ in app.TABLE}


@pytest.mark.parametrize("role", sorted(EVERYONE))
@pytest.mark.parametrize("page", OPEN_TO)
def test_every_page_in_every_role(look, page, role):
    at = arrive(page, claims(GROUP_OF[role]))
    if role in OPEN_TO[page]:
        assert [t.value for t in at.title] == [TITLES[page]]
        assert f"Member of {GROUP_OF[role]}" in words_of(at)
    else:
        assert [t.value for t in at.title] == ["This page is not open to you"]
        assert drawn(at) == []


@pytest.mark.parametrize("page", OPEN_TO)
def test_signed_out_no_page_says_a_word(look, page):
    for user in (None, {}, {**claims("eh-data"), "is_logged_in": False}, {**claims("eh-data"), "is_logged_in": "True"}):
        at = arrive(page, user, area="E06000061")
        assert [t.value for t in at.title] == ["Please sign in"]
        assert [b.label for b in at.button] == ["Sign in"]
        assert drawn(at) == []
        assert at.query_params["area"] in ("E06000061", ["E06000061"])  # the way back


@pytest.mark.parametrize("page", OPEN_TO)
def test_a_page_file_run_by_itself_is_closed_too(look, page):
    at = AppTest.from_file(str(ROOT / "dashboard" / "pages" / f"{page}.py")).run()
    assert not at.exception
    assert [t.value for t in at.title] == ["Please sign in to see this page"]
    assert drawn(at) == []


@pytest.mark.parametrize(
    ("user", "said"),
    [
        (claims("some-other-group", sub="noor"), "have no role here yet"),
        (claims(sub="noor"), "have no role here yet"),
        (claims("eh-data", age=8 * 3600 + 1), "Your session has ended"),
        (claims("eh-data", age=-7200), "Your session has ended"),  # signed two hours from now
        ({**claims("eh-data"), "iat": None}, "Your session has ended"),
        ({**claims("eh-data"), "sub": ""}, "Please sign in"),
    ],
    ids=["other group", "no group", "too old", "of the future", "undated", "nobody"],
)
@pytest.mark.parametrize("page", ["scorecard", "load_data"])
def test_who_has_no_role_or_no_longer_sees_nothing(look, page, user, said):
    at = arrive(page, user)
    assert said in at.title[0].value
    assert drawn(at) == []


def test_somebody_without_a_role_is_told_what_to_send_to_whom(look):
    at = arrive("scorecard", claims(sub="noor"))
    assert at.code[0].value == f"{ISSUER}#noor"
    assert "administrator" in words_of(at)


def test_only_pages_of_the_role_are_in_the_navigation(look):
    for role, page in (("scrutiny", "scorecard"), ("data officer", "load_data"), ("administrator", "people")):
        bar = next(e.proto.body for e in arrive(page, claims(GROUP_OF[role])).get("html") if "eh-nav" in e.proto.body)
        linked = {a or "scorecard" for a in re.findall(r'<li><a href="(?:\./)?(\w*)"', bar)}
        assert linked == {page for page, may in OPEN_TO.items() if role in may}


def test_whoever_may_not_open_a_page_is_given_no_link_to_it(look):
    assert "turn_the_curve?" not in page_html("scrutiny")
    assert "turn_the_curve?" in page_html("subgroup member")


def page_html(role: str) -> str:
    return " ".join(e.proto.body for e in arrive("scorecard", claims(GROUP_OF[role])).get("html"))


# --- what may be done ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "writes", "aims", "takes"),
    [
        ("subgroup member", True, True, True),
        ("commissioner", True, False, True),
        ("agency lead", False, False, True),
        ("auditor", False, False, False),
        ("administrator", False, False, True),
    ],
)
def test_what_a_role_may_not_do_is_not_offered(look, role, writes, aims, takes):
    at = arrive("turn_the_curve", claims(GROUP_OF[role]))
    assert bool(len(at.text_area)) is writes
    assert bool(len(at.number_input)) is aims
    assert bool(at.get("download_button")) is takes


def test_what_changes_something_asks_for_itself_whatever_the_page_does(sample_store):
    batch = read(OWN % (b"100", b"25.0"), file_name="mine.csv")
    before = sample_store.version()
    for role in EVERYONE - {"data officer"}:
        for act in (
            lambda who: loads.put_in(who, batch),
            lambda who: loads.preview(who, b"x", file_name="x.csv"),
            lambda who: loads.undo(who, 1),
            lambda who: loads.faults_of(who, 1),
        ):
            with pytest.raises(NotAllowed):
                act(scope(role))
    for role in EVERYONE - {"administrator"}:
        with pytest.raises(NotAllowed):
            roles.given(scope(role))
        with pytest.raises(NotAllowed):
            roles.try_give(scope(role), "i#s", "administrator")
    for role in ("agency lead", "auditor", "data officer", "administrator", "scrutiny"):
        assert "may not write the story" in notes.try_write(scope(role), "S1", "story", "x", base=0)
    for role in EVERYONE - {"subgroup member"}:
        assert "may not set a target" in notes.try_target(scope(role), "rereferrals", 1.0, date(2030, 1, 1), base=0)
    assert sample_store.version() == before
    assert sample_store.roles().is_empty()


def callback_page():
    import streamlit as st

    from dashboard.access import STORY
    from dashboard.components.guard import guarded_callback

    def keep_it():
        st.session_state["kept"] = "yes"

    st.button("Keep", on_click=guarded_callback("turn_the_curve", STORY)(keep_it))
    st.text(st.session_state.get("kept", "no"))


@pytest.mark.parametrize(
    ("user", "kept_it"),
    [
        (claims("eh-subgroup"), "yes"),
        (claims("eh-auditors"), "no"),
        (claims("eh-scrutiny"), "no"),
        (claims("eh-subgroup", age=9 * 3600), "no"),
        ({}, "no"),
    ],
    ids=["may", "may not", "page closed", "ended", "signed out"],
)
def test_a_callback_without_leave_has_no_effect(look, user, kept_it):
    at = AppTest.from_function(callback_page)
    at.user = user
    at.run()
    at.button[0].click().run()
    assert at.text[0].value == kept_it


def maker_page(made):
    from dashboard.components import guard
    from dashboard.components.guard import guarded_maker

    guard("scorecard")
    made.append(guarded_maker(lambda: b"figures", name="figures.csv"))


def maker(user: dict) -> tuple:
    made: list = []
    at = AppTest.from_function(maker_page, kwargs={"made": made})
    at.user = user
    at.run()
    assert not at.exception
    return made[0], people.visitor_of(user, SIGN_IN)


def test_a_file_is_made_while_its_asker_may_and_the_record_says_so(empty_store):
    make, who = maker(claims("eh-commissioning"))
    assert make() == b"figures"
    last = empty_store.records(1).row(0, named=True)
    assert (last["who"], last["act"], last["detail"]) == (who.scopes[0].signature, "exported", "figures.csv")
    people.sign_out(who)
    with pytest.raises(NotAllowed, match="session has ended"):
        make()
    assert empty_store.records(1)["act"][0] == "signed out"


def test_a_file_is_not_made_for_whom_may_not_or_whose_role_was_taken(empty_store):
    with pytest.raises(NotAllowed, match="take figures away"):
        maker(claims("eh-auditors"))[0]()
    person = f"{ISSUER}#ann"
    empty_store.set_role(person, "commissioner", by="root")
    make, _ = maker(claims(sub="ann"))
    assert make() == b"figures"
    empty_store.set_role(person, "scrutiny", by="root")
    with pytest.raises(NotAllowed, match="role has changed"):
        make()
    assert set(empty_store.records().filter(act="exported")["who"]) == {f"Member of nothing <{person}>"}


# --- answers ---------------------------------------------------------------------------------------------------------

TOLD: list[Scope] = []


@kept
def own_cases(scope: Scope) -> str:
    TOLD.append(scope)
    return f"{scope.role} {sorted(scope.agencies | scope.forum_areas)}"


@kept_for_all
def open_figures(scope: Scope) -> str:
    TOLD.append(scope)
    return scope.role


def test_what_one_role_was_told_is_never_told_to_another(empty_store):
    TOLD.clear()
    told = {role: own_cases(scope(role)) for role in EVERYONE}
    assert told == {role: f"{role} {sorted(scope(role).agencies | scope(role).forum_areas)}" for role in EVERYONE}
    police = Scope("agency lead", frozenset({"police"}), person="p", author="P")
    assert own_cases(police) == "agency lead ['police']"
    assert own_cases(Scope("agency lead", frozenset({"school", "police"}))) == "agency lead ['police', 'school']"
    assert len(TOLD) == len(EVERYONE) + 2
    # Who asked does not reach the question: two of one role share the answer, and nothing of one can be in it.
    assert own_cases(Scope("agency lead", frozenset({"police"}), person="q", author="Q")) == "agency lead ['police']"
    assert len(TOLD) == len(EVERYONE) + 2
    assert all((told.person, told.author, told.local) == ("", "", False) for told in TOLD)


def test_open_figures_are_asked_for_nobody(empty_store):
    TOLD.clear()
    assert {open_figures(scope(role)) for role in EVERYONE} == {PUBLISHED.role}
    assert TOLD == [PUBLISHED]


def test_a_question_without_a_scope_is_not_kept(empty_store):
    with pytest.raises(TypeError, match="scope"):
        kept(lambda area: area)
    with pytest.raises(TypeError, match="scope"):
        own_cases("commissioner")


# What answers rest on and no page is given; templates are definitions, which everybody may know.
WITHIN = (keep, people, audit_templates, questionnaire_rows)


def test_no_page_asks_for_what_is_for_the_answers_alone():
    for path in (ROOT / "dashboard" / "pages").glob("*.py"):
        assert not re.search(r"import .*\b(keep|questionnaire_rows)\b", path.read_text(encoding="utf-8")), path.name


def test_every_question_of_the_answers_takes_its_scope_first(look):
    """A function of the answers that reads the store asks in a scope."""
    assert answers.__all__
    for path in (ROOT / "dashboard" / "answers").glob("*.py"):
        module = __import__(f"dashboard.answers.{path.stem}", fromlist=["x"]) if path.stem != "__init__" else answers
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ != module.__name__ or module in WITHIN or name.startswith("_"):
                continue
            if "the_store()" in inspect.getsource(function):
                assert next(iter(inspect.signature(function).parameters), "") == "scope", f"{path.stem}.{name}"


def test_pages_of_one_role_leave_nothing_in_memory_that_another_is_told(look):
    """Walks the pages as two roles; every kept answer was asked for the role or for nobody."""
    for role in ("agency lead", "coordinator"):
        for page in ("scorecard", "turn_the_curve"):
            arrive(page, claims(GROUP_OF[role]))
    seen = {key[2][0] for key in keep._answers}
    assert {"agency lead", "coordinator"} <= {asked.role for asked in seen}
    assert all(asked == asked.sight() for asked in seen)
    assert {asked for asked in seen if asked.role == "agency lead"} == {scope("agency lead").sight()}


def test_a_chart_offers_no_file_to_the_signed_out(empty_store):
    at = AppTest.from_function(figure_page, kwargs={"frame": figures()}).run()
    assert drawn(at) == []
    at = signed_in(AppTest.from_function(figure_page, kwargs={"frame": figures()}), "commissioner").run()
    assert len(at.get("download_button")) == 2
