"""What a person does with the pages, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import unfold

# address → somebody who may open it
PAGES = {
    "": "subgroup member",
    "turn_the_curve": "subgroup member",
    "load_data": "data officer",
    "methods": "scrutiny",
    "people": "administrator",
    "turn_the_curve?indicator=Y1": "auditor",
    "scorecard?area=E06000061": "scrutiny",
}
# Without records they say what to load; with records they are looked at in test_records.
OF_RECORDS = {
    "activity": "commissioner",
    "journeys": "commissioner",
    "forum": "coordinator",
    "data_quality": "data officer",
}
WAYS = [(page, data) for page in PAGES for data in ("shown", "empty")] + [(page, "empty") for page in OF_RECORDS]


@pytest.mark.parametrize(("page", "data"), WAYS)
def test_a_page_opens_without_fault(request, visit, page, data):
    role = (PAGES | OF_RECORDS)[page]
    window = visit(role=role)
    seen = window.open(f"{request.getfixturevalue(data)}/{page}")
    assert seen.locator("h1").count() == 1
    assert seen.get_by_text(f" · {role}").count() == 1  # signed in, not before the door
    assert seen.evaluate("document.documentElement.lang") == "en-GB"
    assert window.faults() == []


def test_a_choice_lives_in_the_address_and_survives_a_reload(visit, shown):
    window = visit()
    page = window.open(shown)
    page.get_by_role("combobox", name="Area").click()
    page.get_by_role("option", name="West Northamptonshire").click()
    expect(page).to_have_url(re.compile("area="))
    expect(page.locator(".eh-headline")).to_contain_text("Of 21 indicators")
    said = window.settled().locator(".eh-headline").inner_text()
    page.reload()
    window.settled()
    assert page.locator(".eh-headline").inner_text() == said
    assert page.get_by_role("combobox", name="Area").input_value() == "West Northamptonshire"


def test_an_indicator_s_link_opens_its_curve_for_the_same_area(visit, shown):
    window = visit()
    page = window.open(f"{shown}/scorecard?area=E06000061")
    page.get_by_role("link", name="Second or later child protection plan").click()
    expect(page.locator("h1")).to_contain_text("child protection plan")
    window.settled()
    assert page.get_by_role("combobox", name="Area").input_value() == "North Northamptonshire"
    assert window.complaints == []


def test_the_keyboard_alone_reaches_and_changes_the_comparison(visit, shown):
    window = visit()
    page = window.open(shown)
    box = page.get_by_role("combobox", name="Compare with")
    for _ in range(40):
        page.keyboard.press("Tab")
        if box.evaluate("e => e === document.activeElement"):
            break
    assert box.evaluate("e => e === document.activeElement")
    page.keyboard.type("East")
    page.keyboard.press("Enter")
    expect(page.locator(".eh-headline")).to_contain_text("East Midlands")


def test_a_chart_has_its_words_its_table_and_its_files(visit, shown, tmp_path):
    window = visit()
    page = window.open(f"{shown}/turn_the_curve?indicator=S1")
    unfold(page, "Figures in this chart")
    table = page.get_by_role("table").first
    expect(table).to_contain_text("2024/25")
    expect(table).to_contain_text("23.9%")
    with page.expect_download() as given:
        page.get_by_role("button", name="Download as CSV").click()
    text = (given.value.path()).read_text(encoding="utf-8-sig")
    assert "2207" in text
    assert "Source:" in text
    with page.expect_download() as given:
        page.get_by_role("button", name="Download as workbook").click()
    assert given.value.path().read_bytes()[:2] == b"PK"


def test_what_one_writes_another_reads_and_nobody_overwrites(visit, changing):
    mine, theirs = visit(), visit(role="commissioner")
    forms = {
        window: unfold(window.open(f"{changing}/turn_the_curve?indicator=S1"), "Change “Story behind the curve”")
        for window in (mine, theirs)
    }

    def write(window, text: str) -> None:
        forms[window].get_by_label("Story behind the curve", exact=True).fill(text)
        forms[window].get_by_role("button", name="Save", exact=True).click()

    write(theirs, "Theirs <img src=x onerror=alert(1)>")
    expect(theirs.page.get_by_text("is saved")).to_be_visible()
    write(mine, "Mine")
    expect(mine.page.get_by_text("Nothing is lost")).to_be_visible()
    expect(mine.page.get_by_text("Theirs <img src=x onerror=alert(1)>").last).to_be_visible()
    assert mine.page.get_by_label("Story behind the curve", exact=True).input_value() == "Mine"
    third = visit()
    expect(third.open(f"{changing}/turn_the_curve?indicator=S1").locator(".eh-note").first).to_contain_text("Theirs")
    expect(third.page.locator(".eh-note").first).to_contain_text("The commissioner")
    assert third.complaints == []
    assert third.violations() == []


def test_a_file_goes_in_shows_and_comes_out_again(visit, changing):
    window = visit(role="data officer")
    page = window.open(f"{changing}/load_data")
    rows = (
        b"measure,area,period,numerator,denominator\n"
        b"ees:rereferrals,E06000061,2025/26,500,4000\n"
        b"ees:rereferrals,E06000062,2025/26,520,4100\n"
        b"ees:rereferrals,Nowhere,2025/26,1,2\n"
    )
    page.locator("input[type=file]").set_input_files({"name": "new.csv", "mimeType": "text/csv", "buffer": rows})
    expect(page.get_by_text("2 figures can be used")).to_be_visible()
    expect(page.get_by_role("cell", name="Nowhere")).to_be_visible()
    assert window.violations() == []
    page.get_by_role("button", name="Load new.csv").click()
    expect(page.get_by_text("is in as load")).to_be_visible()
    # (500 + 520) of (4000 + 4100) is 12.6%
    expect(window.open(changing).get_by_role("row", name="Referred again within 12 months")).to_contain_text("12.6%")
    page = window.open(f"{changing}/load_data")
    page.get_by_text("Yes, take out what it brought").click()
    page.get_by_role("button", name="Undo this load").click()
    expect(page.get_by_text("is undone")).to_be_visible()
    expect(window.open(changing).get_by_role("row", name="Referred again within 12 months")).to_contain_text("23.9%")
