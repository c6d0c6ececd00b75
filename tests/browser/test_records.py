"""The pages of case records in a real browser, with the records of a small invented county."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

# address → somebody who may open it
PAGES = {
    "activity": "subgroup member",
    "activity?area=E06000061&measure=M02&by=council": "commissioner",
    "activity?agency=school&period=2025-12": "agency lead",
    "journeys": "QA manager",
    "forum": "coordinator",
    "data_quality": "data officer",
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_records_opens_without_fault(visit, recorded, page):
    window = visit(role=PAGES[page])
    seen = window.open(f"{recorded}/{page}")
    expect(seen.locator(".eh-headline").first).to_be_visible()
    window.settled()
    assert seen.get_by_text("Invented records").count() >= 1
    assert window.faults() == []


def test_a_measure_in_a_box_leads_to_its_chart_and_keeps_what_was_chosen(visit, recorded):
    window = visit()
    page = window.open(f"{recorded}/activity?area=E06000062")
    page.get_by_role("link", name="Closed with needs met").click()
    expect(page).to_have_url(re.compile("area=E06000062.*measure=M10|measure=M10.*area=E06000062"))
    window.settled()
    expect(page.get_by_role("combobox", name="Measure", exact=True)).to_have_value("Closed with needs met")
    expect(page.get_by_role("combobox", name="Area")).to_have_value("West Northamptonshire (council)")
    with page.expect_download() as given:
        page.get_by_role("button", name="Download as CSV").first.click()
    assert "E06000062" in given.value.path().read_text(encoding="utf-8-sig")
    assert window.complaints == []
