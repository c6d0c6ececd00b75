"""Who is who: roles from groups and by name, how long a sign-in lasts, and the administrator's page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import event

from dashboard import identity
from dashboard.answers import loads, people, roles
from dashboard.identity import CLOSED, ENDED, IN, UNKNOWN, use_sign_in
from dashboard.intake import read
from tests.integration.test_pages import OWN, words_of
from tests.integration.test_sign_in import TITLES, arrive, drawn
from tests.sign_in import ISSUER, SIGN_IN, claims, scope

# --- who is who ------------------------------------------------------------------------------------------------------


def state(user: dict, rules=SIGN_IN, **more) -> str:
    return people.visitor_of(user, rules, **more).state


def test_a_sign_in_lasts_as_long_as_the_settings_say(empty_store):
    user = claims("eh-data")
    assert state(user, now=user["iat"] + 8 * 3600 - 1) == IN
    assert state(user, now=user["iat"] + 8 * 3600) == ENDED


def test_signing_out_ends_a_sign_in_and_no_other_of_the_same_person(empty_store):
    one, other = claims("eh-data"), claims("eh-data")
    assert (state(one), state(other)) == (IN, IN)
    people.sign_out(people.visitor_of(one, SIGN_IN))
    assert (state(one), state(other)) == (ENDED, IN)


def test_a_sign_in_is_recorded_once_in_however_many_tabs(empty_store):
    user = claims("eh-data")
    for _ in range(3):
        state(user)
    state(claims(sub="noor"))
    found = empty_store.records().filter(act="signed in").select("who", "role").rows()
    assert found == [
        (f"Member of nothing <{ISSUER}#noor>", "no role"),
        (f"Member of eh-data <{ISSUER}#eh-data>", "data officer"),
    ]


def test_a_closed_page_is_recorded_once_as_refused(empty_store):
    at = arrive("load_data", claims("eh-auditors"))
    at.run()
    found = empty_store.records().filter(act="refused").select("role", "detail").rows()
    assert found == [("auditor", "load_data")]


def test_roles_come_from_groups_and_from_the_administrators_table(empty_store):
    user = claims("eh-auditors", "something-else", sub="ann")
    empty_store.set_role(f"{ISSUER}#ann", "coordinator", forum_area="EHF04", by="root")
    found = people.visitor_of(user, SIGN_IN).scopes
    assert [(s.role, s.forum_areas) for s in found] == [("auditor", frozenset()), ("coordinator", frozenset({"EHF04"}))]
    empty_store.set_role(f"{ISSUER}#ann", "none", by="root")
    assert [s.role for s in people.visitor_of(user, SIGN_IN).scopes] == ["auditor"]
    assert state(claims(sub="ann")) == UNKNOWN


def test_the_same_subject_of_another_provider_is_somebody_else(empty_store):
    empty_store.set_role(f"{ISSUER}#ann", "administrator", by="root")
    assert state(claims(sub="ann")) == IN
    assert state(claims(sub="ann", iss="https://other.example")) == UNKNOWN


def test_without_settings_nobody_is_in(look):
    use_sign_in(None)
    assert state(claims("eh-data"), None) == CLOSED
    at = arrive("scorecard", claims("eh-data"))
    assert at.title[0].value == "Sign-in is not set up here"
    assert drawn(at) == []


def test_ready_users_are_put_out_when_a_real_load_comes_in(sample_store):
    use_sign_in(replace(SIGN_IN, local=True))
    user = claims("eh-data")
    at = arrive("scorecard", user)
    assert at.title[0].value == TITLES["scorecard"]
    sample_store.load(read(OWN % (b"100", b"25.0"), file_name="m.csv").figures, None, kind="own", file_name="m.csv",
                      sha256="0" * 64)  # fmt: skip
    at.run()
    assert at.title[0].value == "Sign-in is not set up here"
    assert drawn(at) == []
    assert state(user, identity.the_sign_in()) == CLOSED


def test_ready_users_cannot_put_figures_of_their_own_in(sample_store):
    use_sign_in(replace(SIGN_IN, local=True))
    before = sample_store.loads().height
    at = arrive("load_data", claims("eh-data"))
    at.file_uploader(key="file").upload("mine.csv", OWN % (b"100", b"25.0"), "text/csv").run()
    assert "1 figure can be used" in at.info[0].value
    assert "checked and not loaded" in at.warning[0].value
    assert not [b for b in at.button if b.label.startswith("Load ")]
    here = people.visitor_of(claims("eh-data"), identity.the_sign_in()).scopes[0]
    assert loads.put_in(here, read(OWN % (b"100", b"25.0"), file_name="mine.csv")) == loads.NOT_HERE
    assert sample_store.loads().height == before


def test_who_asks_is_judged_again_with_one_question_to_the_database(empty_store):
    """It happens twice in every run of a page; a role that was taken away must be seen at once."""
    user, asked = claims("eh-data"), []
    state(user)
    event.listen(empty_store.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    state(user)
    assert len([statement for statement in asked if statement != "BEGIN"]) == 1


# --- the administrator's page ----------------------------------------------------------------------------------------


def test_the_administrator_gives_a_role_and_it_holds_at_once(empty_store):
    ann = claims(sub="ann")
    assert state(ann) == UNKNOWN
    at = arrive("people", claims("eh-admin"))
    person, agency, _ = at.text_input
    person.set_value(f" {ISSUER}#ann ")
    at.selectbox[0].select("agency lead")
    agency.set_value("school")
    at.button(key="FormSubmitter:give-Give this role").click().run()
    assert not at.exception
    assert "agency lead" in at.success[0].value
    assert f"{ISSUER}#ann" in words_of(at)
    assert people.visitor_of(ann, SIGN_IN).scopes[0].agencies == {"school"}
    changed = empty_store.records().filter(act="role changed").row(0, named=True)
    assert (changed["who"], changed["role"]) == (f"Member of eh-admin <{ISSUER}#eh-admin>", "administrator")


@pytest.mark.parametrize(
    ("person", "role", "said"),
    [
        ("ann@example.org", "auditor", "with a # in it"),
        ("#ann", "auditor", "with a # in it"),
        ("i#" + "x" * 400, "auditor", "with a # in it"),
        ("i#a\x00b", "auditor", "with a # in it"),
        ("i#s", "agency lead", "held to one agency"),
        ("i#s", "king", "no role 'king'"),
        (f"{ISSUER}#administrator", "data officer", "another administrator"),
    ],
)
def test_a_role_that_cannot_be_given_is_one_sentence(empty_store, person, role, said):
    done, words = roles.try_give(scope("administrator"), person, role)
    assert not done
    assert said in words
    assert empty_store.roles().is_empty()


def test_what_somebody_writes_for_a_name_is_shown_as_text(empty_store):
    empty_store.set_role("i#<b>x</b>", "auditor", by="=cmd <i#s>")
    shown = " ".join(e.proto.body for e in arrive("people", claims("eh-admin")).get("html"))
    assert "i#&lt;b&gt;x&lt;/b&gt;" in shown
    assert "<b>x" not in shown
