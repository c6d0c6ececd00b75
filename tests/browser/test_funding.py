"""What a commissioner does on “Need and funding”, in a real browser."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import A_FRAME, unfold

PAGE = "need_and_funding"
TYPED = f"{PAGE}?today=typed&before=EHF01%3D90000"
DOMAINS = 7


def weights(page):
    """What the sliders stand at, in tenths of a per cent."""
    sliders = page.get_by_role("slider")
    expect(sliders).to_have_count(DOMAINS)
    return [round(float(sliders.nth(i).input_value()) * 10) for i in range(DOMAINS)]


def scrolled_to(page, name):
    """A list to choose from, with the page at rest. An open list closes when the page scrolls, and a click of the
    machine's own falls into the very frame of the scroll before it; nobody's hand is so quick."""
    box = page.get_by_role("combobox", name=name)
    box.evaluate("box => box.scrollIntoView({block: 'center'})")
    page.evaluate(A_FRAME)
    return box


@pytest.mark.parametrize(
    ("address", "data"),
    [
        *((address, data) for address in (PAGE, TYPED, f"{PAGE}?first=set&second=0") for data in ("shown", "empty")),
        (f"{PAGE}?level=district&floor=500000", "shown"),
    ],
)
def test_the_page_opens_without_fault(request, visit, address, data):
    window = visit(role="commissioner")
    page = window.open(f"{request.getfixturevalue(data)}/{address}")
    assert page.locator("h1").count() == 1
    assert window.faults() == []


def test_the_keyboard_alone_moves_a_weight_and_the_money(visit, shown):
    window = visit(role="commissioner")
    page = window.open(f"{shown}/{PAGE}")
    said = page.locator(".eh-headline")
    before = said.inner_text()
    first = page.get_by_role("slider", name="Deprivation")
    for _ in range(60):
        page.keyboard.press("Tab")
        if first.evaluate("e => e === document.activeElement"):
            break
    assert first.evaluate("e => e === document.activeElement")
    page.keyboard.press("PageUp")
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowRight")
    expect(said).not_to_have_text(before)
    expect(page).to_have_url(re.compile(r"weights=361-"))
    window.settled()
    held = weights(page)
    assert held[0] == 361
    assert sum(held) == 1000
    # 639 tenths over six that were alike: 106.5 each
    assert sorted(held[1:]) == [106, 106, 106, 107, 107, 107]
    shares = page.get_by_role("region", name="Allocation").get_by_role("row")
    expect(shares.last).to_contain_text("£1,000,000.00")
    while "weights=" in page.url:  # a step for every stop on the way, one to three
        page.go_back()
        window.settled()
    expect(said).to_have_text(before)
    assert window.complaints == []


def test_controls_that_arrive_late_take_no_choice_back(visit, shown):
    window = visit(role="commissioner")
    window.hold_back("Selectbox")
    page = window.open(f"{shown}/{PAGE}?level=district")
    page.get_by_role("slider", name="Deprivation").focus()
    page.keyboard.press("PageUp")
    expect(page).to_have_url(re.compile(r"weights=260-"))
    window.settled()
    window.let_through()
    expect(page.get_by_role("combobox", name="Share between")).to_have_value("Former districts")
    page.get_by_role("slider", name="Deprivation").focus()
    page.keyboard.press("PageUp")
    expect(page).to_have_url(re.compile(r"level=district&weights=360-"))


def test_who_is_quicker_than_the_server_loses_no_choice(visit, shown):
    window = visit()
    page = window.open(f"{shown}/turn_the_curve?indicator=S1")
    lines = []
    for box, option in (("Area", "North Northamptonshire"), ("Compare with", "East Midlands")):
        page.get_by_role("combobox", name=box, exact=True).fill(option)
        page.keyboard.press("Enter")  # the second before the page has answered the first
        lines.append(option)
    expect(page).to_have_url(re.compile("area=E06000061.*against=|against=.*area=E06000061"))
    window.settled()
    for box, option in zip(("Area", "Compare with"), lines, strict=True):
        expect(page.get_by_role("combobox", name=box, exact=True)).to_have_value(option)


def test_a_weight_s_link_survives_a_reload(visit, shown):
    window = visit(role="commissioner")
    page = window.open(f"{shown}/{PAGE}?weights=400-100-100-100-100-100-100&limit=30&level=district")
    said = page.locator(".eh-headline").inner_text()
    page.reload()
    window.settled()
    assert page.locator(".eh-headline").inner_text() == said
    assert weights(page) == [400, *[100] * 6]
    assert page.get_by_role("spinbutton", name="Limit of change (%)").input_value() == "30.0"


def test_an_open_list_stays_open_while_controls_above_it_still_arrive(visit, shown):
    window = visit(role="commissioner")
    window.hold_back("Slider", "NumberInput")
    page = window.open(f"{shown}/{PAGE}")
    scrolled_to(page, "First").click()
    option = page.get_by_role("option", name="Shipped example")
    expect(option).to_be_visible()
    assert len(window.held) == 2
    window.let_through()
    # an open list hides the rest of the page from screen readers, so not by role
    expect(page.locator("input[type=range]")).to_have_count(DOMAINS)
    expect(page.locator("input[type=number]")).to_have_count(4)
    page.evaluate(A_FRAME)
    expect(option).to_be_visible()


def test_a_scenario_is_kept_opened_by_another_compared_and_handed_on(visit, changing, tmp_path):
    window = visit(role="commissioner")
    page = window.open(f"{changing}/{PAGE}?weights=100-100-100-100-100-100-400")
    unfold(page, "Keep what is set as a scenario")
    page.get_by_label("Name of the scenario").filter(visible=True).fill("Villages first <b>")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("“Villages first <b>” is kept")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"{PAGE}\?scenario=\d+$"))
    other = visit(role="commissioner")
    seen = other.open(page.url)
    assert weights(seen) == [*[100] * 6, 400]
    scrolled_to(seen, "First").click()
    seen.get_by_role("option", name="Shipped example").click()
    scrolled_to(seen, "Second").click()
    seen.get_by_role("option", name="What is set above").click()
    expect(seen.get_by_text("move in all")).to_be_visible()
    expect(seen.get_by_role("region", name="What they were set to")).to_contain_text("40.0%")
    assert other.violations() == []
    assert other.complaints == []
    with seen.expect_download() as given:
        seen.get_by_role("button", name="Download the scenario (JSON)").click()
    kept = json.loads(given.value.path().read_text(encoding="utf-8"))
    assert kept["choices"]["weights"] == [*[100] * 6, 400]
    with seen.expect_download() as given:
        seen.get_by_role("button", name="Download as CSV").first.click()
    assert "Would receive" in given.value.path().read_text(encoding="utf-8-sig")
    # and it comes back from the file
    third = visit(role="commissioner")
    page = third.open(f"{changing}/{PAGE}")
    unfold(page, "Bring a model, its values, or a scenario")
    box = page.locator("input[type=file]").last
    box.set_input_files({"name": "ours.json", "mimeType": "application/json", "buffer": json.dumps(kept).encode()})
    page.get_by_label("Name of the scenario").filter(visible=True).fill("From a file")
    page.get_by_role("button", name="Keep this model as a scenario").click()
    expect(page.get_by_text("“From a file” is kept")).to_be_visible()
    third.settled()
    assert weights(page) == [*[100] * 6, 400]
