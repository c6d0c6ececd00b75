"""The pages of the Outcome Star in a real browser, with the Stars of a small invented county."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

# address → somebody who may open it
PAGES = {
    "distance_travelled": "commissioner",
    "distance_travelled?star=my_star-1&by=forum_area&baseline=lower": "subgroup member",
    "distance_travelled?by=length&year=2024%2F25": "agency lead",
    "one_person": "QA manager",
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_stars_opens_without_fault(visit, recorded, page):
    window = visit(role=PAGES[page])
    seen = window.open(f"{recorded}/{page}")
    expect(seen.locator(".eh-about").first).to_be_visible(timeout=120_000)
    window.settled()
    assert seen.get_by_text("© Triangle Consulting Social Enterprise Ltd").count() >= 1
    assert seen.get_by_role("heading", name="What these figures cannot say").count() == 1
    assert window.faults() == []


def test_without_stars_the_page_says_what_to_load(visit, empty):
    window = visit(role="commissioner")
    seen = window.open(f"{empty}/distance_travelled")
    expect(seen.get_by_text("No Outcome Star readings are loaded yet.")).to_be_visible()
    assert window.faults() == []


def test_a_choice_by_keyboard_is_in_the_address_and_survives_a_reload(visit, recorded):
    window = visit(role="commissioner")
    page = window.open(f"{recorded}/distance_travelled")
    expect(page.locator(".eh-about").first).to_be_visible(timeout=120_000)
    box = page.get_by_role("combobox", name="Cut by")
    box.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("Forum")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("by=forum_area"))
    expect(page.get_by_role("heading", name="By forum area")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="By forum area")).to_be_visible(timeout=60_000)
    assert window.complaints == []


def test_a_link_to_what_is_not_there_falls_back_and_says_so(visit, recorded):
    window = visit(role="commissioner")
    page = window.open(f"{recorded}/distance_travelled?year=1999%2F00&by=worker")
    expect(page.get_by_text("not in “Year of the latest Star”")).to_be_visible(timeout=120_000)
    assert window.violations() == []


def test_a_table_is_taken_away_with_its_acknowledgement(visit, recorded):
    window = visit(role="commissioner")
    page = window.open(f"{recorded}/distance_travelled")
    expect(page.locator(".eh-about").first).to_be_visible(timeout=120_000)
    with page.expect_download() as given:
        page.get_by_role("button", name="Download as CSV").first.click()
    assert "© Triangle" in given.value.path().read_text(encoding="utf-8-sig")


def test_one_person_is_chosen_and_shown_under_a_pseudonym(visit, recorded):
    window = visit(role="QA manager")
    page = window.open(f"{recorded}/one_person")
    expect(page.get_by_text("Choose one; what you look at is recorded.")).to_be_visible(timeout=120_000)
    box = page.get_by_role("combobox", name="Person, by pseudonym")
    box.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("2 Stars")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Stage and reading at each Star")).to_be_visible()
    window.settled()
    assert "INV-P" not in page.url
    assert page.get_by_role("button", name="Download as CSV").count() == 0
    assert window.faults() == []
