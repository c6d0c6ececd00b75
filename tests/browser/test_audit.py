"""A quarter of audits in a real browser: a QA manager, two auditors and a moderator, each in a window of their own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from dashboard.store import open_store
from metrics.audit import templates
from sample_data.invented import invent
from tests.browser.conftest import serving

AGENCIES = {"auditor": "Invented young carers project 1", "auditor two": "Invented youth offending service 1"}
QUESTIONS = [q for q in templates()["eha/2"].questions if q.kind in ("ypn", "grade")]


@pytest.fixture(scope="module")
def database(tmp_path_factory) -> Path:
    """The records of a small invented county, and not one audit."""
    path = tmp_path_factory.mktemp("quarter") / "quarter.db"
    with open_store(path) as store:
        about = {"kind": "cases", "file_name": "invented.zip", "sha256": "0" * 64, "standing": "invented"}
        store.load_cases(invent(scale=0.1), None, **about, loaded_by="tests")
    return path


@pytest.fixture(scope="module")
def quarter(provider, database):
    """The address of a dashboard on that database."""
    with serving(database, provider) as address:
        yield address


def choose(page: Page, label: str, text: str) -> None:
    box = page.get_by_role("combobox", name=label, exact=True)
    box.click()
    box.fill(text)
    page.get_by_role("option", name=re.compile(text)).first.click()


@pytest.fixture(scope="module")
def opened(quarter, browser, signed_in, database):
    """The same address once both auditors are on the list and a round, every assessment audited twice, is allocated."""
    from functools import partial

    from tests.browser.conftest import SIZES, Watched

    contexts = [browser.new_context(viewport=SIZES["desktop"], locale="en-GB") for _ in range(3)]
    windows = [
        Watched(context.new_page(), partial(signed_in, role))
        for context, role in zip(contexts, [*AGENCIES, "QA manager"], strict=True)
    ]
    for window, agency in zip(windows, AGENCIES.values(), strict=False):
        page = window.open(f"{quarter}/audit_desk")
        choose(page, "I work for", agency)
        page.get_by_role("button", name="Put me on the list of auditors").click()
        expect(page.get_by_text("You are on the list of auditors.")).to_be_visible()
    page = windows[2].open(f"{quarter}/audit_desk")
    choose(page, "Wanted margin", "± 20")
    page.get_by_label("Of 100, audited twice").fill("100")
    page.get_by_label("Of 100, audited twice").press("Enter")
    expect(page.get_by_text(re.compile(r"^\d+ of the \d+ assessments begun"))).to_be_visible()
    windows[2].settled()
    page.get_by_role("button", name="Freeze and draw").click()
    expect(page.get_by_text("The round is open")).to_be_visible()
    with open_store(database) as store:  # what each takes at a time is set by hand; here it must be enough
        for row in store.audits.auditors().to_dicts():
            store.audits.set_auditor(row["identity"], row["name"], row["agency_id"], most=60, by="tests")
    page.get_by_role("button", name="Allocate all of it by lot").click()
    expect(page.get_by_text("none of the audited agency")).to_be_visible()
    for window, context in zip(windows, contexts, strict=True):
        assert window.complaints == []
        context.close()
    return quarter


def of(database: Path, role: str) -> list[dict]:
    """The unfinished audits of somebody, by their person at the provider."""
    with open_store(database) as store:
        rows = store.audits.audits().to_dicts()
    person = role.replace(" ", "-")
    return [r for r in rows if (r["auditor"] or "").endswith(f"#{person}") and r["submitted_at"] is None]


def answer_all(database: Path, audit_id: int, **other: str) -> None:
    """What the auditor would click: the best answer to every question, but for `other`."""
    with open_store(database) as store:
        known = set(store.audits.answers([audit_id])["question"])
        for q in QUESTIONS:
            if q.id not in known:
                said = other.get(q.id, "yes" if q.kind == "ypn" else "3")
                store.audits.save_answer(audit_id, q.id, said=said, evidence="p. 4", base=None, by="tests")


def saved(database: Path, audit_id: int, question: str) -> tuple[str, str]:
    with open_store(database) as store:
        row = store.audits.answer_history(audit_id, question).to_dicts()[0]
    return row["answer"], row["evidence"]


def radio(page: Page, question: str, answer: str):
    group = page.get_by_role("radiogroup", name=re.compile(rf"^{question}\."))
    return group.get_by_role("radio", name=answer, exact=True)


def press(page: Page, question: str, answer: str) -> None:
    """Choose an answer with the mouse."""
    group = page.get_by_role("radiogroup", name=re.compile(rf"^{question}\."))
    group.locator("label").filter(has_text=re.compile(rf"^{answer}$")).click()


def test_a_quarter_from_the_draw_to_the_re_audit(visit, opened, database):
    pair = next(r for r in of(database, "auditor") if r["part"] == 1)
    with open_store(database) as store:
        both = store.audits.audits(drawn_id=pair["drawn_id"]).sort("part")
    first, second = both["audit_id"].to_list()
    assert both["auditor"].n_unique() == 2

    # The first auditor answers by keyboard; each answer is saved as it is given.
    alex = visit(role="auditor")
    page = alex.open(f"{opened}/audit?audit={first}")
    radio(page, "N1", "Yes").focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("Saved", exact=True)).to_have_count(1)
    page.keyboard.press("Tab")
    page.get_by_label("Evidence for N1", exact=True).fill("Signed on page 2")
    page.keyboard.press("Tab")
    expect(page.get_by_text("4 of 33 questions answered")).to_be_visible()
    expect(page.get_by_text("Saved, with evidence")).to_be_visible()
    page = alex.open(f"{opened}/audit?audit={first}")  # as it was left
    expect(radio(page, "N1", "Yes")).to_be_checked()
    expect(page.get_by_label("Evidence for N1", exact=True)).to_have_value("Signed on page 2")
    assert saved(database, first, "N1") == ("yes", "Signed on page 2")
    answer_all(database, first)
    page = alex.open(f"{opened}/audit?audit={first}")
    expect(page.get_by_role("status").get_by_text("Outstanding:")).to_be_visible()
    page.get_by_role("button", name="Finish this audit").click()
    expect(page.get_by_text("The audit is finished.")).to_be_visible()

    # The second finds a risk of harm that nobody acts on: the steps of today come first.
    bo = visit(role="auditor two")
    answer_all(database, second, N9="no")
    page = bo.open(f"{opened}/audit?audit={second}")
    expect(page.get_by_text("▼ Act today.")).to_be_visible()
    page.get_by_role("button", name="Finish this audit").click()
    expect(page.get_by_text("First the steps of today")).to_be_visible()
    for step in (
        "I have told the safeguarding lead",
        "Children's social care have",
        "I have told the manager",
        "Whom I told",
    ):
        page.locator("label").filter(has_text=step).click()
        expect(page.get_by_role("checkbox", name=re.compile(step))).to_be_disabled()
        bo.settled()
    page.get_by_role("button", name="Finish this audit").click()
    expect(page.get_by_text("The audit is finished.")).to_be_visible()

    # The QA manager sees that they disagree, moderates and settles it.
    quinn = visit(role="QA manager")
    page = quinn.open(f"{opened}/audit_desk?show=differ")
    expect(page.get_by_role("link", name="1 disagree by a grade or more")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Settle")).click()
    expect(page.get_by_text("The auditor graded this assessment outstanding")).to_be_visible()
    quinn.settled()
    choose(page, "Moderator grade", "Inadequate")
    page.get_by_label("Why (moderator)").fill("The risk is in the log of 4 May.")
    page.get_by_role("button", name="Save the moderator's grade").click()
    expect(page.get_by_text("The moderator grade is saved")).to_be_visible()
    quinn.settled()
    choose(page, "Final grade", "Inadequate")
    page.get_by_label("Why (final)").fill("Talked over with both.")
    page.get_by_role("button", name="Save the final grade").click()
    expect(page.get_by_text("This assessment was graded inadequate.")).to_be_visible()
    quinn.settled()
    assert quinn.violations() == []

    # What came of it: an action, and a re-audit that waits to be allocated.
    page = quinn.open(f"{opened}/audit_desk?show=inadequate")
    page.get_by_role("link", name=re.compile("^Put down an action")).click()
    page.get_by_label("What is to be done").wait_for()
    quinn.settled()
    page.get_by_label("What is to be done").fill("See the family this week")
    page.get_by_role("button", name="Put it down", exact=True).click()
    expect(page.get_by_text("The action is put down.")).to_be_visible()
    quinn.settled()
    page.get_by_role("button", name="Put it down to be audited again").click()
    expect(page.get_by_text("A re-audit is down")).to_be_visible()
    page = quinn.open(f"{opened}/audit_desk?show=allocate")
    expect(page.get_by_text(re.compile("re-audit")).first).to_be_visible()
    with open_store(database) as store:
        row = store.audits.audits(audit_id=first).to_dicts()[0]
        assert [row[f"{kind}_grade"] for kind in ("suggested", "auditor", "moderator", "final")] == [4, 4, 1, 1]
        assert store.audits.actions()["text"].to_list() == ["See the family this week"]
    for window in (alex, bo, quinn):
        assert window.complaints == []


def test_nothing_is_lost_when_the_connection_is(visit, opened, database):
    audit_id = of(database, "auditor")[-1]["audit_id"]
    window = visit(role="auditor")
    page, lines = window.page, []
    cut = False

    def between(socket) -> None:
        if cut:
            socket.close()
            return
        lines.append(socket)
        socket.connect_to_server()

    page.route_web_socket(re.compile("/_stcore/stream"), between)
    window.open(f"{opened}/audit?audit={audit_id}")
    press(page, "N2", "No")
    expect(page.get_by_text("Saved", exact=True)).to_have_count(1)
    evidence = page.get_by_label("Evidence for N3", exact=True)
    evidence.fill("Address missing")
    cut = True
    for line in lines:
        line.close()
    expect(evidence).to_be_disabled()  # while the line is cut nothing can be given that would be lost
    expect(evidence).to_have_value("Address missing")
    cut = False
    expect(evidence).to_be_enabled(timeout=60_000)
    expect(evidence).to_have_value("Address missing")
    evidence.press("Tab")
    expect(page.get_by_text("Saved, with evidence")).to_be_visible()
    assert saved(database, audit_id, "N2") == ("no", "")
    assert saved(database, audit_id, "N3") == ("", "Address missing")


def test_the_grade_follows_every_answer_and_stands_once(visit, opened, database):
    audit_id = of(database, "auditor")[-4]["audit_id"]
    window = visit(role="auditor")
    page = window.open(f"{opened}/audit?audit={audit_id}")
    panel = page.get_by_role("status").filter(has_text="Suggested grade")
    derived = int(re.search(r"(\d+) of 33 questions answered", panel.inner_text())[1])
    for done, (question, answer) in enumerate([("N2", "No"), ("N3", "Yes"), ("N5", "Yes"), ("N2", "Yes")], 1):
        press(page, question, answer)
        expect(panel).to_have_count(1)
        expect(panel).to_contain_text(f"{derived + min(done, 3)} of 33 questions answered")
    press(page, "N9", "No")  # a risk of harm: the page says at once what is to be done today
    expect(page.get_by_text("▼ Act today.")).to_have_count(1)
    press(page, "N9", "Yes")
    expect(page.get_by_text("▼ Act today.")).to_have_count(0)
    expect(panel).to_contain_text(f"{derived + 4} of 33 questions answered")
    assert window.faults() == []


def test_controls_that_arrive_late_take_no_answer_away(visit, opened, database):
    audit_id = of(database, "auditor")[-3]["audit_id"]
    with open_store(database) as store:
        store.audits.save_answer(audit_id, "N2", said="no", evidence="p. 4", base=None, by="tests")
    window = visit(role="auditor")
    window.hold_back("Radio", "TextInput")
    page = window.open(f"{opened}/audit?audit={audit_id}")
    page.get_by_role("button", name="Finish this audit").click()  # the page runs again, with nothing to choose from yet
    expect(page.get_by_text("still to be answered").nth(1)).to_be_visible()
    window.settled()
    window.let_through()
    expect(radio(page, "N2", "No")).to_be_checked()
    press(page, "N3", "Yes")
    expect(page.get_by_text("Saved", exact=True)).to_have_count(1)
    assert [saved(database, audit_id, question) for question in ("N2", "N3")] == [("no", "p. 4"), ("yes", "")]


def test_two_people_who_edit_one_audit_see_both_answers(visit, opened, database):
    audit_id = of(database, "auditor")[-2]["audit_id"]
    alex, quinn = visit(role="auditor"), visit(role="QA manager")
    theirs, ours = (w.open(f"{opened}/audit?audit={audit_id}") for w in (alex, quinn))
    press(theirs, "N3", "Yes")
    expect(theirs.get_by_text("Saved", exact=True)).to_have_count(1)
    press(ours, "N3", "No")
    expect(ours.get_by_text("answered N3 while you did: “Yes”")).to_be_visible()
    expect(radio(ours, "N3", "No")).to_be_checked()
    assert saved(database, audit_id, "N3")[0] == "yes"
    assert quinn.violations() == []
    ours.get_by_role("button", name="Keep mine").click()
    expect(ours.get_by_text("Saved", exact=True)).to_have_count(1)
    with open_store(database) as store:
        assert store.audits.answer_history(audit_id, "N3")["answer"].to_list() == ["no", "yes"]
    press(theirs, "N3", "Not applicable")
    expect(theirs.get_by_text("answered N3 while you did: “No”")).to_be_visible()
    theirs.get_by_role("button", name=re.compile("^Take ")).click()
    expect(radio(theirs, "N3", "No")).to_be_checked()
    with open_store(database) as store:
        assert store.audits.answer_history(audit_id, "N3").height == 2


@pytest.mark.parametrize(
    ("page", "role"), [("audit_desk", "QA manager"), ("audit_desk", "auditor"), ("audit", "auditor")]
)
def test_the_pages_of_audits_open_without_fault(visit, opened, database, page, role):
    address = f"?audit={of(database, role)[0]['audit_id']}" if page == "audit" else ""
    _without_fault(visit(role=role), f"{opened}/{page}{address}")


@pytest.mark.parametrize("view", ["", "?by=agency&period=all+rounds", "?by=forum_area"])
def test_the_page_of_quality_opens_without_fault(visit, recorded, view):
    window = visit()
    _without_fault(window, f"{recorded}/assessment_quality{view}")
    expect(window.page.get_by_text(re.compile("% .* of Early Help Assessments were good or better"))).to_be_visible()


def _without_fault(window, address: str) -> None:
    page = window.open(address)
    expect(page.locator(".eh-headline").first).to_be_visible()
    window.settled()
    assert page.get_by_text("Invented records").count() >= 1
    assert window.faults() == []
