"""The page “Action plan”: what is late first, gone through at a meeting, written by several, taken away and back."""

from __future__ import annotations

from datetime import date, timedelta

import fastexcel
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.access import PAGES, ROLES, NotAllowed, Scope
from dashboard.answers import action_plan as answer
from dashboard.answers import action_plan_files as files
from dashboard.answers import curve, one_action
from dashboard.components.take_away import table_csv, table_workbook
from dashboard.demo_plan import add_plan
from dashboard.intake.action_plan import read_plan
from dashboard.store import StaleEdit
from tests.integration.test_pages import ENTRY, words_of
from tests.sign_in import scope, signed_in

TODAY = date(2027, 3, 1)
LAST = date(2027, 2, 10)


@pytest.fixture
def plan(empty_store):
    """Four actions: late and missed at the last meeting; late; not late; done."""
    each = [("A", -40), ("B", -10), ("C", 10), ("D", -60)]
    numbers = {}
    for name, days in each:
        fields = {
            "outcome": f"Outcome {name}",
            "owner_agency": "Police" if name == "A" else "Schools",
            "owner_role": "Sergeant" if name == "A" else "Head",
            "by_when": TODAY + timedelta(days=days),
            "links": [("indicator", "S1")] if name == "A" else [],
        }
        numbers[name] = empty_store.plans.add(fields, author="Ann <x#ann>")
    for name, meeting, status in (
        ("A", date(2027, 1, 5), "under way"), ("B", LAST, "under way"), ("C", LAST, "not started"), ("D", LAST, "done"),
    ):  # fmt: skip
        review(empty_store, numbers[name], meeting, status)
    return numbers


def review(store, number: int, meeting: date, status: str, **more) -> None:
    base = store.plans.history(number)["version_id"][0]
    store.plans.review(number, meeting=meeting, status=status, base=base, author="Ann <x#ann>", **more)


def opened(role: str = "coordinator", **address: str) -> AppTest:
    at = signed_in(AppTest.from_file(ENTRY, default_timeout=60), role)
    for key, value in address.items():
        at.query_params[key] = value
    at.run()
    at.switch_page("../pages/action_plan.py").run()
    assert not at.exception, at.exception
    return at


def button(at: AppTest, label: str):
    return next(it for it in at.button if it.label == label)


def radio(at: AppTest):
    return next(it for it in at.radio if it.label == "What the meeting says")


def test_what_is_late_and_was_not_looked_at_stands_first(plan):
    seen = answer.plan(scope("coordinator"), today=TODAY)
    assert seen.sentence == (
        "Of 3 open actions, 2 are overdue, and the last meeting, on 10 February 2027, did not look at 1 of them. "
        "Beside them, 1 is done."
    )
    assert [(item.outcome[-1], list(item.state)) for item in seen.items] == [
        ("A", ["overdue", "not looked at"]),
        ("B", ["overdue"]),
        ("C", ["due soon"]),
    ]


def test_a_plan_that_no_meeting_has_looked_at_for_a_quarter_is_all_stale(plan):
    seen = answer.plan(scope("coordinator"), status="stale", today=LAST + timedelta(weeks=14))
    assert "no meeting has looked at the plan since 10 February 2027" in seen.sentence
    assert len(seen.items) == 3


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        ({"owner": "Police"}, "A"),
        ({"status": "overdue"}, "AB"),
        ({"status": "stale"}, "A"),
        ({"status": "ended"}, "D"),
        ({"status": "all"}, "ABCD"),
        ({"indicator": "S1", "status": "all"}, "A"),
        ({"indicator": "S2"}, ""),
    ],
)
def test_the_controls_choose(plan, chosen, shown):
    items = answer.plan(scope("coordinator"), today=TODAY, **chosen).items
    assert "".join(sorted(item.outcome[-1] for item in items)) == shown


def test_a_meeting_says_what_it_noted(plan, empty_store):
    review(empty_store, plan["B"], date(2027, 3, 1), "under way", note="More time", by_when=date(2027, 6, 30))
    review(empty_store, plan["C"], date(2027, 3, 1), "closed", note="No money")
    sentence, rows = answer.said_at(scope("coordinator"), date(2027, 3, 1))
    assert sentence == "The meeting of 1 March 2027 looked at 2 actions: 1 carried forward and 1 closed."
    assert rows == [
        ("Outcome B", "Schools, Head", "under way, carried forward to 30 June 2027", "More time"),
        ("Outcome C", "Schools, Head", "closed", "No money"),
    ]


def test_the_next_action_is_one_that_the_meeting_has_not_looked_at(plan):
    seen = answer.plan(scope("coordinator"), today=TODAY)
    a, b, c = plan["A"], plan["B"], plan["C"]
    assert answer.next_one(seen, 0, TODAY) == a
    assert answer.next_one(seen, a, TODAY) == b
    assert answer.next_one(seen, a, LAST) is None  # that meeting looked at the others
    assert answer.next_one(seen, c, TODAY) is None


def test_history_says_who_changed_what_from_what(plan):
    who = scope("coordinator")
    seen = one_action.one(who, plan["A"], today=TODAY)
    one_action.try_save(who, plan["A"], {"progress": "Half"}, base=seen.base)
    first, second, third = one_action.one(who, plan["A"]).history
    assert first[1:] == ("The coordinator", "Progress: “nothing”, now “Half”.")
    assert second[1:] == ("Ann", "Meeting of 5 January 2027: under way.")
    assert third[2] == "Put into the plan."


def test_nobody_is_named(plan):
    who = scope("coordinator")
    base = one_action.one(who, plan["A"]).base
    assert "name of a person" in one_action.try_save(who, plan["A"], {"owner_role": "Mrs Smith"}, base=base)
    said = one_action.try_review(
        who, plan["A"], meeting=TODAY, status="done", note="Ring 01604 123456", by_when=None, base=base
    )
    assert "telephone" in said


def test_only_those_who_may_see_or_change_the_plan(plan):
    for role in ROLES:
        who = Scope(role)
        if "action_plan" not in ROLES[role].pages:
            with pytest.raises(NotAllowed):
                answer.actions(who)
            assert answer.hanging_on(who, "indicator", "S1") == []
        if "change the action plan" not in ROLES[role].may:
            assert "may not" in one_action.try_save(who, 0, {"outcome": "x", "owner_agency": "y"}, base=0)
            with pytest.raises(NotAllowed):
                files.check(who, "plan.csv", b"")
            with pytest.raises(NotAllowed):
                files.put_in(who, read_plan(b"Outcome,Owner (agency)\nx,y", file_name="p.csv"))
    assert "action_plan" in PAGES


def test_what_is_taken_away_comes_back_as_it_stands(plan, empty_store):
    who = scope("coordinator")
    table, version = files.table(who), empty_store.plans.version()
    made = table_csv(table, source=files.SOURCE, chosen={"Status": "all"})
    sentence, refused = files.put_in(who, files.check(who, "plan.csv", made).file)
    assert sentence == "plan.csv: 0 actions put in, 0 changed and 4 as they stood."
    book = table_workbook(table, title="Action plan", source=files.SOURCE, chosen={})
    seen = files.check(who, "plan.xlsx", book)
    assert seen.file.refused.is_empty(), seen.file.refused
    assert files.put_in(who, seen.file)[0].endswith("0 changed and 4 as they stood.")
    assert not refused
    assert empty_store.plans.version() == version


def test_what_a_spreadsheet_would_run_is_made_harmless(empty_store):
    empty_store.plans.add({"outcome": "=HYPERLINK(1)", "owner_agency": "@police"}, author="Ann")
    made = table_csv(files.table(scope("coordinator")), source=files.SOURCE).decode("utf-8-sig")
    assert '"\'=HYPERLINK(1)"' in made
    assert '"\'@police"' in made


def test_a_row_changed_in_a_spreadsheet_changes_its_action_and_loses_to_nobody(plan, empty_store):
    who = scope("coordinator")
    table = files.table(who)
    changed = table_csv(table).decode("utf-8-sig").replace("Outcome A", "Outcome A, said better")
    review(empty_store, plan["A"], TODAY, "done")  # meanwhile, in another field: both stand
    sentence, refused = files.put_in(who, files.check(who, "plan.csv", changed.encode()).file)
    assert not refused, refused
    assert sentence == "plan.csv: 0 actions put in, 1 changed and 3 as they stood."
    row = empty_store.plans.current().row(0, named=True)
    assert (row["outcome"], row["status"]) == ("Outcome A, said better", "done")
    other = table_csv(table).decode("utf-8-sig").replace("Outcome A", "Outcome A, said otherwise")
    sentence, refused = files.put_in(who, files.check(who, "plan.csv", other.encode()).file)
    assert "1 refused" in sentence
    assert "said otherwise" in refused[0][2]
    assert "said better" in refused[0][3]


def test_the_same_plan_twice_is_put_in_once(empty_store):
    who, data = scope("coordinator"), b"Outcome,Owner (agency)\nGood,Police\nBetter,Schools\n"
    assert "2 actions put in" in files.put_in(who, files.check(who, "p.csv", data).file)[0]
    assert "2 as they stood" in files.put_in(who, files.check(who, "p.csv", data).file)[0]
    assert empty_store.plans.current().height == 2


def test_the_demonstrations_plan_counts_the_example_nowhere(empty_store):
    add_plan(empty_store, author="sample data")
    add_plan(empty_store, author="sample data")
    who = scope("coordinator")
    every = answer.plan(who, status="all", today=date(2026, 10, 1))
    example = answer.plan(who, status="example", today=date(2026, 10, 1))
    assert [item.by_when for item in example.items] == ["31 March 2014", "no day set", "no day set"]
    assert not {item.number for item in example.items} & {item.number for item in every.items}
    assert every.banners == (answer.INVENTED,)
    assert example.banners == ()


# --- the page ------------------------------------------------------------------------------------------------------


def test_an_empty_plan_says_how_to_begin(empty_store):
    at = opened()
    said = words_of(at)
    assert "No action is in the plan yet." in said
    assert "The plan is empty." in said


def test_the_page_has_a_question_a_sentence_and_four_controls(plan):
    at = opened()
    assert at.title[0].value == "Who has promised what, and is it done?"
    assert "Of 3 open actions" in words_of(at)
    assert [box.label for box in at.selectbox[:4]] == ["Owner", "Status", "Linked indicator", "Meeting"]
    body = " ".join(e.proto.body for e in at.get("html"))
    assert f'href="action_plan?action={plan["A"]}"' in body


def test_a_chair_goes_through_the_actions_in_a_few_clicks(plan, empty_store):
    at = opened()
    button(at, "Go through them, one by one").click().run()
    for name, status, note in (("A", "done", ""), ("B", "under way", "Soon"), ("C", "closed", "No money")):
        assert f"Outcome {name}" in words_of(at).split("Owner")[0]
        radio(at).set_value(status)
        at.text_area[0].set_value(note)
        button(at, "Save, and open the next").click().run()
        assert not at.exception, at.exception
    assert "That was the last of this list." in at.success[0].value
    stood = {
        row["outcome"][-1]: (row["status"], row["note"]) for row in empty_store.plans.current().iter_rows(named=True)
    }
    assert stood == {"A": ("done", ""), "B": ("under way", "Soon"), "C": ("closed", "No money"), "D": ("done", "")}
    assert {empty_store.plans.history(plan[name])["meeting"][0] for name in "ABC"} == {date.today()}


def test_closing_without_a_reason_says_so_and_stays(plan, empty_store):
    at = opened(action=str(plan["A"]))
    radio(at).set_value("closed")
    button(at, "Save, and open the next").click().run()
    assert "closed with a reason" in at.error[0].value
    assert empty_store.plans.current()["status"][0] == "under way"


def test_two_chairs_see_both_notes_and_nothing_is_lost(plan, empty_store):
    at = opened(action=str(plan["A"]))
    review(empty_store, plan["A"], TODAY, "done", note="Seen today")
    at.text_area[0].set_value("Not seen yet")
    button(at, "Save, and open the next").click().run()
    said = words_of(at)
    assert "Ann changed this while you were writing" in at.error[0].value
    assert "Seen today" in said
    assert "Not seen yet" in said
    assert at.text_area[0].value == "Not seen yet"
    button(at, "Save, and open the next").click().run()
    assert empty_store.plans.history(plan["A"])["note"].to_list()[:2] == ["Not seen yet", "Seen today"]


def test_a_change_in_the_form_keeps_what_others_changed_elsewhere(plan, empty_store):
    at = opened(action=str(plan["A"]))
    base = empty_store.plans.history(plan["A"])["version_id"][0]
    empty_store.plans.change(plan["A"], {"evidence": "A list"}, base=base, author="Ben <x#ben>")
    next(area for area in at.text_area if area.label == "Progress").set_value("Half")
    button(at, "Save the action").click().run()
    assert not at.error
    row = empty_store.plans.current().row(0, named=True)
    assert (row["progress"], row["evidence"]) == ("Half", "A list")


def test_a_new_action_hangs_on_the_chosen_indicator(plan, empty_store):
    at = opened(indicator="S2")
    box = {text.label: text for text in at.text_input}
    box["Outcome"].set_value("Outcome E")
    box["Owner (agency)"].set_value("Health")
    button(at, "Save the action").click().run()
    assert not at.exception, at.exception
    row = empty_store.plans.current().row(-1, named=True)
    assert (row["outcome"], row["links"]) == ("Outcome E", [{"kind": "indicator", "reference": "S2"}])
    assert row["author"].startswith("Member of eh-corby <")


def test_an_address_of_an_action_that_is_not_there_falls_back(plan):
    for forged in ("999", "x", "-1", "1" * 30):
        assert "Of 3 open actions" in words_of(opened(action=forged))


def test_a_meeting_that_was_shows_its_minutes(plan):
    at = opened(meeting=LAST.isoformat())
    assert "The meeting of 10 February 2027 looked at 3 actions: 1 under way, 1 not started and 1 done." in words_of(at)


def test_turn_the_curve_lists_the_actions_that_hang_on_its_indicator(sample_store):
    number = sample_store.plans.add(
        {"outcome": "Ring back", "owner_agency": "Police", "links": [("indicator", "S1")]}, author="Ann"
    )
    at = signed_in(AppTest.from_file(ENTRY, default_timeout=60), "coordinator")
    at.query_params["indicator"] = "S1"
    at.run()
    at.switch_page("../pages/turn_the_curve.py").run()
    assert not at.exception, at.exception
    body = " ".join(e.proto.body for e in at.get("html"))
    assert "Ring back" in body
    assert f"action={number}" in body
    assert "S1" in curve.indicators(scope("coordinator"))


def test_a_stale_edit_is_handed_back_with_both_texts(plan, empty_store):
    who = scope("coordinator")
    base = one_action.one(who, plan["A"]).base
    one_action.try_save(who, plan["A"], {"progress": "Half"}, base=base)
    other = one_action.try_save(who, plan["A"], {"progress": "All"}, base=base)
    assert isinstance(other, StaleEdit)
    assert "Half" in other.theirs
    assert "All" in other.yours


def test_the_workbook_opens_and_names_its_columns(plan):
    book = table_workbook(files.table(scope("coordinator")), title="Action plan", source=files.SOURCE, chosen={})
    sheet = fastexcel.read_excel(book).load_sheet(0, header_row=2).to_polars()
    assert sheet.columns[:3] == ["Action", "Version", "Outcome"]
    assert sheet["By when"][0] == "20/01/2027"
