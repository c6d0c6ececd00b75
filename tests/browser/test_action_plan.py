"""The action plan in a real browser: a chair goes through it, two write at once, a file goes out and comes in."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from dashboard.demo_plan import add_plan
from dashboard.store import open_store
from tests.browser.conftest import serving, unfold


@pytest.fixture(scope="module")
def planned(provider, sample_database, tmp_path_factory):
    """The address of a dashboard on the sample data with the demonstration's action plan, which tests write to."""
    copy = Path(shutil.copy(sample_database, tmp_path_factory.mktemp("planned") / "planned.db"))
    with open_store(copy) as store:
        add_plan(store, author="sample data")
    with serving(copy, provider) as address:
        yield address


def number_of(page, outcome: str) -> str:
    """The number of the action with this outcome, from the address that its name in the list leads to."""
    link = page.get_by_role("link", name=outcome, exact=True).first
    return re.search(r"action=(\d+)", link.get_attribute("href"))[1]


@pytest.mark.parametrize("view", ["list", "one action", "minutes", "empty"])
def test_the_plan_opens_without_fault(visit, planned, view):
    window = visit(role="coordinator")
    page = window.open(f"{planned}/action_plan")
    if view == "one action":
        page = window.open(f"{planned}/action_plan?action={number_of(page, 'Fewer children are referred twice')}")
        unfold(page, "Change what it says")
        unfold(page, "History")
    elif view == "minutes":
        page = window.open(f"{planned}/action_plan?meeting=2026-07-09")
        expect(page.get_by_text("The meeting of 9 July 2026 looked at")).to_be_visible()
    elif view == "empty":
        page = window.open(f"{planned}/action_plan?indicator=S4")
        expect(page.get_by_text("No action is like that.")).to_be_visible()
    window.settled()
    expect(page.locator(".eh-headline").first).to_contain_text("open actions")
    assert window.faults() == []


def test_a_chair_goes_through_the_overdue_actions(visit, planned):
    """A click to begin, and for each action two: a status and “Save, and open the next”."""
    window = visit(role="subgroup member")
    page = window.open(f"{planned}/action_plan?status=overdue")
    rows = page.locator(".eh-cards tbody tr")
    expect(rows.nth(1)).to_be_visible()
    late = rows.count()
    page.get_by_role("button", name="Go through them, one by one").click()
    for left in range(late, 0, -1):
        window.settled()
        name = page.get_by_role("region", name=re.compile(r"^Action \d+$")).get_attribute("aria-label")
        page.locator("label").filter(has_text=re.compile("^done$")).click()
        page.get_by_role("button", name="Save, and open the next").click()
        expect(page.get_by_role("region", name=name, exact=True)).to_have_count(0)  # the next one is open
        if left > 1:
            expect(page.get_by_text(f"{name} is noted: done.")).to_be_visible()
    expect(page.get_by_text("That was the last of this list.")).to_be_visible()
    window.settled()
    expect(page.get_by_text("none is overdue")).to_be_visible()
    assert window.complaints == []


def test_two_people_at_once_lose_nothing(visit, planned):
    ann, ben = visit(role="coordinator"), visit(role="QA manager")
    address = (
        f"{planned}/action_plan?action={number_of(ann.open(f'{planned}/action_plan'), 'Families reach a Star review')}"
    )
    pages, forms = [], []  # the form of this action, not that of a new one, which asks the same
    for window, text in ((ann, "Twelve booked"), (ben, "Nine booked")):
        pages.append(window.open(address))
        forms.append(unfold(pages[-1], "Change what it says"))
        forms[-1].get_by_label("Progress", exact=True).fill(text)
    forms[0].get_by_role("button", name="Save the action").click()
    expect(pages[0].get_by_text(re.compile(r"Action \d+ is saved"))).to_be_visible()
    forms[1].get_by_role("button", name="Save the action").click()
    expect(pages[1].get_by_text("changed this while you were writing")).to_be_visible()
    ben.settled()
    notes = pages[1].locator(".eh-note")
    expect(notes.filter(has_text="As it stands now")).to_contain_text("Twelve booked")
    expect(notes.filter(has_text="Yours")).to_contain_text("Nine booked")
    box = forms[1].get_by_label("Progress", exact=True)
    expect(box).to_have_value("Nine booked")
    box.fill("Twelve booked, nine held")
    forms[1].get_by_role("button", name="Save the action").click()
    expect(pages[1].get_by_text(re.compile(r"Action \d+ is saved"))).to_be_visible()
    ben.settled()
    unfold(pages[1], "History")
    expect(pages[1].get_by_text("“Twelve booked”, now “Twelve booked, nine held”")).to_be_visible()


def test_a_plan_goes_out_as_a_file_and_a_changed_one_comes_in(visit, planned, tmp_path):
    window = visit(role="coordinator")
    page = window.open(f"{planned}/action_plan")
    with page.expect_download() as given:
        page.get_by_role("button", name="Download as CSV").click()
    text = given.value.path().read_text(encoding="utf-8-sig")
    assert "Weekly since September" in text
    changed = tmp_path / "plan.csv"
    rows = text.replace("Book the second Star at the first", "Book the second Star when the first is done")
    changed.write_text(rows + ',,"No owner"\n', encoding="utf-8")
    unfold(page, "Bring a plan from a file")
    page.locator("input[type=file]").set_input_files(changed)
    expect(page.get_by_text(re.compile("of the plan; 1 row is refused"))).to_be_visible()
    window.settled()
    expect(page.get_by_role("cell", name="this is empty, and an action needs it")).to_be_visible()
    assert window.violations() == []
    page.get_by_role("button", name="Put these into the plan").click()
    expect(page.get_by_text(re.compile("0 actions put in, 1 changed"))).to_be_visible()
    assert window.complaints == []


def test_it_is_gone_through_without_a_mouse(visit, planned):
    window = visit(role="coordinator")
    page = window.open(f"{planned}/action_plan?owner=Voluntary+sector")
    page.get_by_role("button", name="Go through them, one by one").focus()
    page.keyboard.press("Enter")
    window.settled()
    radio = page.get_by_role("radio", name="not started")
    radio.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="under way")).to_be_checked()
    page.get_by_role("button", name="Save, and open the next").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("is noted: under way"))).to_be_visible()
    assert window.complaints == []
