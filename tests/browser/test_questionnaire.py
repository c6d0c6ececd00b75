"""A round of the questionnaire in real browsers: opened, answered by three people, cut off, closed, agreed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from dashboard.demo_questionnaire import add_rounds
from dashboard.identity import sample_address
from dashboard.store import open_store
from tests.browser.conftest import serving, unfold

# address → somebody who may open it
PAGES = {
    "questionnaire": "subgroup member",
    "questionnaire?view=radar&area=data": "commissioner",
    "answer": "respondent",
    "rounds": "coordinator",
    "rounds?do=agreed&round=3&item=voice": "coordinator",
    "rounds?do=open": "coordinator",
    "rounds?do=invite": "coordinator",
    "rounds?do=import": "coordinator",
}
EMPTY = {"questionnaire": "subgroup member", "answer": "respondent", "rounds": "coordinator"}
PEOPLE = {"respondent": "practitioner", "subgroup member": "leader", "QA manager": "manager"}
PARTNERS = {"respondent": "Schools", "subgroup member": "Police", "QA manager": "Health"}


@pytest.fixture(scope="module")
def full(provider: str, tmp_path_factory: pytest.TempPathFactory):
    """A dashboard with the invented rounds; people of the roles are asked in the one that is open."""
    database: Path = tmp_path_factory.mktemp("rounds") / "rounds.db"
    with open_store(database) as store:
        add_rounds(store)
    with serving(database, provider) as address:
        yield address


@pytest.fixture
def fresh(provider: str, tmp_path: Path):
    """A dashboard on an empty database that a test writes to."""
    with serving(tmp_path / "fresh.db", provider) as address:
        yield address


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_the_questionnaire_opens_without_fault(visit, full, page):
    window = visit(role=PAGES[page])
    seen = window.open(f"{full}/{page}")
    expect(seen.locator(".eh-headline").first).to_be_visible()
    window.settled()
    assert window.faults() == []


@pytest.mark.parametrize("page", EMPTY)
def test_an_empty_page_says_what_to_do(visit, empty, page):
    window = visit(role=EMPTY[page])
    seen = window.open(f"{empty}/{page}")
    expect(seen.locator(".eh-empty, .eh-headline").first).to_be_visible()
    assert window.faults() == []


def choose(page: Page, item: str, choice: str) -> None:
    """Pick an answer of one item and wait until the page says that it is saved."""
    said = page.locator(".eh-saved").filter(has_text=f"Saved: {choice}")
    before = said.count()
    group(page, item).get_by_text(choice).click()
    expect(said).to_have_count(before + 1)


def group(page: Page, item: str):
    """The choices of one item."""
    return page.get_by_role("radiogroup", name=re.compile(item))


VOICE, DIRECTION = "Parents, carers, children", "Leaders of all partners share one direction"


def test_a_whole_round_by_a_coordinator_three_respondents_and_a_facilitator(visit, fresh):
    coordinator = visit(role="coordinator")
    page = coordinator.open(f"{fresh}/rounds")
    lines = [f"{PARTNERS[role]}, {sample_address(role)}, {seat}" for role, seat in PEOPLE.items()]
    page.get_by_label("Name of the round").fill("2026")
    page.get_by_label("Who is asked").fill("\n".join([*lines, "Fire, flo@fire.example, boss"]))
    page.get_by_role("button", name="Open the round").click()
    expect(page.get_by_text("The round 2026 is open, and 3 people are asked.")).to_be_visible()
    expect(page.get_by_text("Line 4 was left out")).to_be_visible()

    windows = {role: visit(role=role) for role in PEOPLE}
    for score, (role, window) in enumerate(windows.items(), 2):
        seen = window.open(f"{fresh}/answer")
        expect(seen.get_by_text(f"You answer for {PARTNERS[role]}")).to_be_visible()
        choose(seen, VOICE, f"{score} – ")
        expect(seen.locator(".eh-progress")).to_contain_text("You have answered 1 of")
    # all three again, while the others' pages stay open
    for window in windows.values():
        choose(window.page, DIRECTION, "Don’t know")
        window.page.get_by_label("Evidence on “One direction”").fill("The strategy of 2025")
        window.page.keyboard.press("Tab")
        expect(window.page.get_by_text("Saved: Don’t know, with evidence.")).to_be_visible()
        assert window.complaints == []

    page = coordinator.open(f"{fresh}/rounds")
    expect(page.get_by_text("0 of 3 people have answered everything")).to_be_visible()
    with page.expect_download() as given:
        page.get_by_role("button", name="Download as CSV").click()
    assert sample_address("respondent") in given.value.path().read_text(encoding="utf-8-sig")
    page.get_by_text("Yes, close it for good").click()
    page.get_by_role("button", name="Close the round").click()
    expect(page.get_by_text("Its answers are fixed, and its results are shown.")).to_be_visible()

    # whoever still has the form open is told, and sees what they chose
    late = windows["respondent"].page
    group(late, VOICE).get_by_text("5 – ").click()
    expect(late.get_by_text("Not saved. The round 2026 is closed")).to_be_visible()

    facilitator = visit(role="coordinator")
    page = facilitator.open(f"{fresh}/rounds?do=agreed&item=voice")
    expect(page.get_by_text("3 partners score it 3.0 of 5")).to_be_visible()
    page.get_by_label("Agreed score").fill("2.5")
    page.get_by_label("Why this score").fill("Minutes of the forum")
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_text("What was agreed is recorded.")).to_be_visible()
    unfold(page, "Put a priority action into the action plan")
    page.get_by_label("What will be done").fill("Ask ten families a term")
    page.get_by_label("Owner (agency)").fill("Schools")
    page.get_by_role("button", name="Put it into the plan").click()
    expect(page.get_by_text("The action is in the action plan.")).to_be_visible()

    reader = visit(role="subgroup member")
    page = reader.open(f"{fresh}/questionnaire")
    row = page.get_by_role("row", name=re.compile("Families shape services 3.0"))
    expect(row.filter(has_text="Minutes of the forum")).to_be_visible()
    expect(page.get_by_text("About these figures")).to_be_visible()
    for window in (coordinator, facilitator, reader):
        assert window.complaints == []


def test_the_form_is_filled_in_by_keyboard_alone(visit, full):
    window = visit(role="subgroup member")
    page = window.open(f"{full}/answer")
    group(page, VOICE).get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("Saved: 0 – nothing yet.")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text("Saved: 1 – being talked about.")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Evidence on “Families shape services”")).to_be_focused()
    page.keyboard.type("Survey of May")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Saved: 1 – being talked about, with evidence.")).to_be_visible()
    expect(page.get_by_label("Comment on “Families shape services”")).to_be_focused()
    assert window.faults() == []


class Line:
    """The connection between a page and its server, which can be cut and mended."""

    def __init__(self, page: Page):
        self.open: list[WebSocketRoute] = []
        self.down = False
        page.route_web_socket(re.compile("_stcore/stream"), self._connect)

    def _connect(self, route: WebSocketRoute) -> None:
        if self.down:
            route.close(code=1013)
            return
        server = route.connect_to_server()
        self.open += [server, route]

    def cut(self) -> None:
        self.down = True
        for end in self.open:
            end.close(code=1013)
        self.open.clear()

    def mend(self) -> None:
        self.down = False


def test_a_dropped_connection_loses_at_most_the_field_that_is_being_typed(visit, full):
    window = visit(role="QA manager")
    line = Line(window.page)
    page = window.open(f"{full}/answer")
    choose(page, VOICE, "3 – ")
    choose(page, DIRECTION, "2 – ")
    evidence = page.get_by_label("Evidence on “One direction”")
    evidence.fill("The strategy of 2025")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Saved: 2 – begun in places, with evidence.")).to_be_visible()
    page.get_by_label("Comment on “One direction”").press_sequentially("half a sent")
    line.cut()
    expect(page.locator(".stApp")).not_to_have_attribute("data-test-connection-state", "CONNECTED")

    # another window, as after a crash: everything is there but what was being typed
    other = visit(role="QA manager").open(f"{full}/answer")
    expect(group(other, VOICE).get_by_role("radio", name=re.compile("^3 – "))).to_be_checked()
    expect(group(other, DIRECTION).get_by_role("radio", name=re.compile("^2 – "))).to_be_checked()
    expect(other.get_by_label("Evidence on “One direction”")).to_have_value("The strategy of 2025")
    expect(other.get_by_label("Comment on “One direction”")).to_have_value("")

    line.mend()
    expect(page.locator(".stApp")).to_have_attribute("data-test-connection-state", "CONNECTED")
    choose(page, "Staff of all partners", "5 – ")
    expect(group(page, VOICE).get_by_role("radio", name=re.compile("^3 – "))).to_be_checked()
    expect(page.get_by_label("Evidence on “One direction”")).to_have_value("The strategy of 2025")
    again = visit(role="QA manager").open(f"{full}/answer")
    expect(group(again, "Staff of all partners").get_by_role("radio", name=re.compile("^5 – "))).to_be_checked()


def test_choices_that_arrive_late_take_no_answer_away(visit, full):
    window = visit(role="respondent")
    choose(window.open(f"{full}/answer"), VOICE, "3 – ")
    window.hold_back("Radio")
    page = window.open(f"{full}/answer")
    page.get_by_label("Comment on “Families shape services”").fill("Twice a year")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Saved: 3 – in place in most of the county, with comment.")).to_be_visible()
    window.let_through()
    expect(group(page, VOICE).get_by_role("radio", name=re.compile("^3 – "))).to_be_checked()
    page.get_by_label("Evidence on “Families shape services”").fill("Survey of May")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Saved: 3 – in place in most of the county, with evidence and comment.")).to_be_visible()
