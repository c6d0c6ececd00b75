"""The area map in a real browser: by list, by click, by keyboard, on two sizes, and what travels to it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import unfold

VIEWS = (
    "",
    "?level=district&year=2019",
    "?level=council&measure=held:rereferrals",
    "?level=ward&year=change",
    "?level=lsoa&place=E01026949&services=all",
    "?beside=km_childrens_centre",
    "?measure=held:rereferrals",
    "?measure=total&place=EHF09",
)
MAP = '[data-testid="stDeckGlJsonChart"]'
# Drawn without a graphics card, the first frames take so long that a press would count as a long one, and no click.
FREE = """() => new Promise(done => {
    const start = performance.now(); let frames = 0;
    const next = () => ++frames < 10 ? requestAnimationFrame(next) : done(performance.now() - start < 700);
    requestAnimationFrame(next);
})"""
# How long the page saw the mouse held down, in milliseconds. A busy machine may hear of the release late, and the map
# takes what is held for 250 for no click.
WATCH_PRESSES = """() => {
    addEventListener('pointerdown', () => { window.pressed = Date.now(); }, {capture: true});
    addEventListener('pointerup', () => { window.held = Date.now() - window.pressed; }, {capture: true});
}"""
LONG = 245


def drawn(window) -> None:
    """Wait until the map has its canvas and has fetched its outlines, letters and lines."""
    window.page.locator(f"{MAP} canvas").first.wait_for()
    window.page.wait_for_function(
        "() => performance.getEntriesByType('resource').filter(r => r.name.includes('/shapes/')).length >= 3"
    )


def card(page):
    return page.locator(".eh-card")


def click_on_map(page, name: str, east: float, north: float) -> None:
    """Click on an area once the map knows its name there; the place in shares of the map's width and height.

    After a press that was too long the user would click again.
    """
    page.locator(MAP).evaluate("map => map.scrollIntoView({block: 'center'})")  # its lower edge may be below the fold
    box = page.locator(MAP).bounding_box()
    x, y = box["x"] + east * box["width"], box["y"] + (1 - north) * box["height"]
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y)
    expect(page.locator(".deck-tooltip")).to_contain_text(name, timeout=20_000)
    page.evaluate(WATCH_PRESSES)
    for _ in range(10):
        page.wait_for_function(FREE)
        page.mouse.click(x, y)
        if page.evaluate("() => window.held") < LONG:
            return
    pytest.fail("The machine is too slow to click on a map: every press was a long one.")


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_opens_without_fault(visit, shown, view):
    window = visit()
    page = window.open(f"{shown}/area_map{view}")
    if view != "?measure=held:rereferrals":  # which says that forum areas have none
        drawn(window)
    assert page.locator("h1").count() == 1
    expect(page.get_by_text("Illustrative areas:")).to_be_visible()
    assert window.faults() == []


def test_an_area_is_chosen_from_the_list(visit, shown):
    window = visit()
    page = window.open(f"{shown}/area_map")
    page.get_by_role("combobox", name="Area (or click on the map)").click()
    page.get_by_role("option", name="Wellingborough").click()
    expect(card(page).locator("h2").first).to_have_text("Wellingborough")
    expect(page).to_have_url(re.compile("place=EHF10"))
    expect(page.locator("tr.eh-chosen")).to_contain_text("Wellingborough")
    page.reload()
    window.settled()
    expect(card(page).locator("h2").first).to_have_text("Wellingborough")


def test_an_area_is_chosen_by_click_again_and_again_and_against_the_list(visit, shown):
    window = visit()
    page = window.open(f"{shown}/area_map?services=none")
    drawn(window)
    name = card(page).locator("h2").first

    def click(area: str, east: float, north: float) -> None:
        click_on_map(page, area, east, north)
        expect(name).to_have_text(area)
        window.settled()

    click("South Northamptonshire", 0.40, 0.2)
    click("Daventry", 0.38, 0.57)
    click("South Northamptonshire", 0.40, 0.2)
    page.get_by_role("combobox", name="Area (or click on the map)").click()
    page.get_by_role("option", name="Corby").click()
    expect(name).to_have_text("Corby")
    window.settled()
    click("South Northamptonshire", 0.40, 0.2)  # clicked last, before the list was used
    assert window.complaints == []


def test_the_keyboard_alone_chooses_measure_level_and_area(visit, shown):
    window = visit()
    page = window.open(f"{shown}/area_map")

    def choose(name: str, typed: str) -> None:
        box = page.get_by_role("combobox", name=name)
        for _ in range(60):
            page.keyboard.press("Tab")
            if box.evaluate("e => e === document.activeElement"):
                break
        assert box.evaluate("e => e === document.activeElement"), f"{name} is not reached by Tab"
        page.keyboard.type(typed)
        page.keyboard.press("Enter")

    choose("Colour by", "Crime")
    expect(page.locator(".eh-headline")).to_contain_text("Crime")
    window.settled()
    choose("Level", "Ward")
    expect(page.locator(".eh-map-key")).to_contain_text("by ward")
    window.settled()
    choose("Area (or click on the map)", "Kingswood")
    expect(card(page).locator("h2").first).to_have_text("Kingswood")
    expect(page.locator(".eh-map-key")).to_contain_text("Crime")


def test_every_area_is_in_the_table_and_in_the_files(visit, shown):
    window = visit()
    page = window.open(f"{shown}/area_map?level=ward")
    unfold(page, "All 66 areas")
    expect(page.locator("table.eh-ranked").last.locator("tbody tr")).to_have_count(66)
    with page.expect_download() as given:
        page.get_by_role("button", name="Download as CSV").click()
    text = given.value.path().read_text(encoding="utf-8-sig")
    assert text.count("E0501") >= 66
    assert "Source: " in text
    with page.expect_download() as given:
        page.get_by_role("button", name="Download as workbook").click()
    assert given.value.path().read_bytes()[:2] == b"PK"
    with page.expect_download() as given:
        page.get_by_role("button", name="Download the map (SVG)").click()
    picture = given.value.path().read_text(encoding="utf-8")
    assert picture.count("<path") >= 66
    assert "Crown copyright" in picture


def test_a_measure_that_is_not_held_at_a_level_says_so_and_leads_to_where_it_is(visit, shown):
    window = visit()
    page = window.open(f"{shown}/area_map?measure=held:rereferrals")
    expect(page.locator(".eh-empty")).to_contain_text("is not held for forum areas")
    page.get_by_role("link", name="Show councils").click()
    expect(page.locator(".eh-headline")).to_contain_text("West Northamptonshire 23.9%")
    window.settled()
    drawn(window)
    assert window.complaints == []


def test_the_map_travels_once_and_is_small(visit, shown):
    """All that the map fetches, as packed on the way, and nothing again when an area is chosen."""
    window = visit()
    fetched: list[str] = []
    sizes: list[int] = []
    window.page.on("response", lambda answer: _keep(answer, fetched, sizes))
    page = window.open(f"{shown}/area_map?level=lsoa&services=all")
    drawn(window)
    assert len(fetched) >= 3
    assert sum(sizes) < 350_000
    before = len(fetched)
    page.get_by_role("combobox", name="Area (or click on the map)").click()
    page.keyboard.type("Northamptonshire 005A")
    page.keyboard.press("Enter")
    expect(card(page).locator("h2").first).to_contain_text("005A")
    window.settled()
    drawn(window)
    again = [url for url in fetched[before:] if url in fetched[:before]]
    assert again == []


def _keep(answer, fetched: list[str], sizes: list[int]) -> None:
    if "/shapes/" in answer.url and not answer.from_service_worker and answer.request.timing["responseEnd"] != 0:
        if answer.url not in fetched:
            sizes.append(int(answer.headers.get("content-length", "0")))
        fetched.append(answer.url)
