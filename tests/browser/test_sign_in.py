"""Signing in and out in a real browser, through a real OpenID Connect provider that is another site."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.entry.app import TABLE
from tests.browser.conftest import running, serving, sign_in, unfold
from tests.integration.conftest import free_port

WORDS = "Referred again within 12 months"  # stands on the scorecard and nowhere on the door


@pytest.fixture(scope="module")
def site(provider: str, sample_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard under a name that is another site than the provider's."""
    copy = tmp_path_factory.mktemp("site") / "site.db"
    with serving(Path(shutil.copy(sample_database, copy)), provider, name="localhost") as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new visitor: no cookies of an earlier test."""
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def heading(page: Page, words: str):
    return page.get_by_role("heading", level=1, name=words)


def cookies(page: Page) -> dict[str, dict]:
    return {cookie["name"]: cookie for cookie in page.context.cookies()}


@pytest.mark.parametrize("address", ["scorecard", "load_data", TABLE[-1][1]])
def test_the_first_request_after_a_start_shows_no_page(provider, sample_database, page, tmp_path, address):
    copy = Path(shutil.copy(sample_database, tmp_path / "first.db"))
    with serving(copy, provider) as site:
        page.goto(f"{site}/{address}?area=E06000061")
        expect(heading(page, "Please sign in")).to_be_visible()
        shown = "" if address == "scorecard" else address  # the start's own address is the bare one
        assert page.url == f"{site}/{shown}?area=E06000061"
        assert page.get_by_role("combobox").count() == 0
        assert WORDS not in page.locator("body").inner_text()


def test_the_door_is_without_fault(visit, shown):
    window = visit(role="")
    seen = window.open(f"{shown}/methods")
    assert heading(seen, "Please sign in").count() == 1
    assert seen.locator("h1").count() == 1
    assert window.faults() == []


def test_sign_in_returns_to_the_page_and_its_choices(site, page):
    page.goto(f"{site}/turn_the_curve?indicator=S2&area=E06000061")
    sign_in(page, "commissioner")
    expect(heading(page, "Do fewer children in need become looked after?")).to_be_visible()
    assert page.url == f"{site}/turn_the_curve?indicator=S2&area=E06000061"
    expect(page.get_by_text("The commissioner · commissioner")).to_be_visible()
    assert page.get_by_role("combobox", name="Area").input_value() == "North Northamptonshire"


def test_a_page_that_the_role_lacks_stays_closed_by_its_address(site, page):
    page.goto(f"{site}/load_data")
    sign_in(page, "auditor")
    expect(heading(page, "This page is not open to you")).to_be_visible()
    assert page.locator("input[type=file]").count() == 0
    page.get_by_role("link", name="Back to the start").click()
    expect(heading(page, "Is early help working?")).to_be_visible()
    assert page.get_by_role("link", name="Load data").count() == 0


def test_somebody_the_dashboard_does_not_know_sees_no_page(site, provider, page):
    page.goto(site)
    sign_in(page, "nobody")
    expect(heading(page, "have no role here yet")).to_be_visible()
    expect(page.get_by_text(f"{provider}#nobody")).to_be_visible()
    assert WORDS not in page.locator("body").inner_text()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="End session").click()
    expect(heading(page, "Please sign in")).to_be_visible()


def test_a_role_given_by_name_holds_at_the_next_look(provider, sample_database, page, tmp_path):
    copy = Path(shutil.copy(sample_database, tmp_path / "roles.db"))
    with serving(copy, provider) as site:
        page.goto(f"{site}/load_data")
        sign_in(page, "nobody")
        expect(heading(page, "have no role here yet")).to_be_visible()
        command = [Path(sys.executable).with_name("early-help"), "role", f"{provider}#nobody", "data officer"]
        environment = {**os.environ, "EARLY_HELP_DATABASE_URL": f"sqlite:///{copy}"}
        subprocess.run(command, env=environment, check=True, capture_output=True)
        page.reload()
        expect(heading(page, "What figures are in")).to_be_visible()


@pytest.mark.parametrize("how", ["payload", "signature", "emptied", "another in its place"])
def test_a_cookie_that_was_tampered_with_is_worth_nothing(site, page, how):
    page.goto(site)
    sign_in(page, "data-officer")
    expect(heading(page, "Is early help working?")).to_be_visible()
    user = cookies(page)["_streamlit_user"]
    value = user["value"]
    if how == "emptied":
        user["value"] = ""
    elif how == "another in its place":
        user["value"] = cookies(page)["_streamlit_user_tokens"]["value"]
    else:
        place = 10 if how == "payload" else len(value) - 5
        user["value"] = value[:place] + ("A" if value[place] != "A" else "B") + value[place + 1 :]
    page.context.add_cookies([user])
    page.goto(f"{site}/load_data")
    expect(heading(page, "Please sign in")).to_be_visible()
    assert page.locator("input[type=file]").count() == 0


def test_signing_out_ends_every_tab_and_every_copy_of_the_cookie(site, page):
    page.goto(f"{site}/turn_the_curve")
    sign_in(page, "commissioner")
    expect(heading(page, "Are fewer children")).to_be_visible()
    copies = page.context.cookies()
    other = page.context.new_page()
    other.goto(f"{site}/turn_the_curve")
    expect(heading(other, "Are fewer children")).to_be_visible()
    expect(other.get_by_role("button", name="Download as CSV")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="End session").click()
    expect(heading(page, "Please sign in")).to_be_visible()
    assert "_streamlit_user" not in cookies(page)
    other.get_by_role("button", name="Download as CSV").click()  # made when pressed: not for the signed out
    expect(other.get_by_text("Failed to generate file")).to_be_visible()
    form = unfold(other, "Change “Story behind the curve”")
    form.get_by_label("Story behind the curve", exact=True).fill("Written by nobody")
    save, ended = form.get_by_role("button", name="Save", exact=True), heading(other, "Your session has ended")
    save.click()
    with suppress(AssertionError):  # a click may fall into the moment in which a busy machine redraws the page
        expect(ended).to_be_visible(timeout=5_000)
    if not ended.is_visible():
        save.click()
    expect(ended).to_be_visible()
    assert other.get_by_role("combobox").count() == 0
    assert "Written by nobody" not in other.locator("body").inner_text()
    page.context.add_cookies([c for c in copies if c["name"].startswith("_streamlit_user")])
    page.goto(f"{site}/turn_the_curve")
    expect(heading(page, "Your session has ended")).to_be_visible()


def test_a_sign_in_runs_out_on_an_open_page_that_nobody_touches(provider, sample_database, page, tmp_path):
    copy = Path(shutil.copy(sample_database, tmp_path / "short.db"))
    with serving(copy, provider, minutes=0.2) as site:
        page.goto(f"{site}/methods?show=agenda")
        sign_in(page, "commissioner")
        expect(heading(page, "What does each measure mean")).to_be_visible()
        expect(heading(page, "Your session has ended")).to_be_visible()
        expect(page.get_by_role("combobox")).to_have_count(0)
        sign_in(page, "commissioner")
        expect(heading(page, "What does each measure mean")).to_be_visible()
        assert page.url == f"{site}/methods?show=agenda"


def test_a_restart_keeps_people_signed_in_and_another_secret_does_not(provider, sample_database, page, tmp_path):
    copy = Path(shutil.copy(sample_database, tmp_path / "again.db"))
    port = free_port()
    with serving(copy, provider, port=port) as site:
        page.goto(f"{site}/methods")
        sign_in(page, "commissioner")
        expect(heading(page, "What does each measure mean")).to_be_visible()
    with serving(copy, provider, port=port):
        page.goto(f"{site}/methods")
        expect(heading(page, "What does each measure mean")).to_be_visible()
    with serving(copy, provider, port=port, cookie_secret="another " * 6):
        page.goto(f"{site}/methods")
        expect(heading(page, "Please sign in")).to_be_visible()


def test_whoever_turns_back_at_the_provider_is_at_the_door_of_the_same_page(site, page):
    page.goto(f"{site}/methods?show=agenda")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Deny").click()
    expect(heading(page, "Please sign in")).to_be_visible()
    assert page.url == f"{site}/methods?show=agenda"


def test_sign_in_cookies_are_closed_to_scripts_and_end_with_the_session(site, page):
    page.goto(site)
    sign_in(page, "commissioner")
    expect(heading(page, "Is early help working?")).to_be_visible()
    kept = cookies(page)
    for name in ("_streamlit_user", "_streamlit_user_tokens"):
        assert kept[name]["httpOnly"]
        assert kept[name]["sameSite"] == "Lax"
    now = page.evaluate("Date.now() / 1000")
    assert 0 < kept["_streamlit_user"]["expires"] - now <= 8 * 3600 + 1
    assert "early_help_wanted" not in kept
    assert "_streamlit_user" not in page.evaluate("document.cookie")


def test_somebody_in_a_hundred_and_fifty_groups_gets_in(site, page):
    page.goto(f"{site}/load_data")
    sign_in(page, "many")
    expect(heading(page, "What figures are in")).to_be_visible()


# --- the ready users of the demonstration ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`early-help demo` as somebody starts it who has nothing else."""
    folder, port = tmp_path_factory.mktemp("demo"), free_port()
    command = [Path(sys.executable).with_name("early-help"), "demo", "--records", "0", "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    with running(command, f"{address}/healthz", folder / "demo.log", {"XDG_DATA_HOME": str(folder)}):
        yield address


def test_the_demonstration_goes_on_as_a_subgroup_member_at_one_press(demonstration, visit):
    window = visit(role="")
    page = window.open(f"{demonstration}/turn_the_curve?indicator=S2")
    expect(page.locator(".eh-headline")).to_contain_text("nobody needs an account")
    assert window.faults() == []
    page.get_by_role("button", name="Go on as a subgroup member").click()
    expect(heading(page, "Do fewer children in need become looked after?")).to_be_visible()
    window.settled()
    expect(page.get_by_text("Sam Subgroup · subgroup member")).to_be_visible()
    assert page.url == f"{demonstration}/turn_the_curve?indicator=S2"
    assert window.faults() == []


def test_every_role_of_the_demonstration_is_one_press_away(demonstration, visit):
    window = visit(role="")
    page = window.open(demonstration)
    for role in ("Commissioner", "QA manager", "Auditor", "Agency lead", "Coordinator", "Data officer",
                 "Administrator", "Scrutiny"):  # fmt: skip
        page.get_by_role("button", name=role, exact=True).click()
        expect(heading(page, "Is early help working?")).to_be_visible()
        held = {"Agency lead": ", school", "Coordinator": ", EHF01"}.get(role, "")
        expect(
            page.get_by_text(f" · {role[0].lower() if role != 'QA manager' else 'Q'}{role[1:]}{held}")
        ).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(heading(page, "Who would you like to be?")).to_be_visible()


def test_the_demonstration_by_its_other_name_is_the_same(demonstration, visit):
    page = visit(role="").open(demonstration.replace("127.0.0.1", "localhost"))
    assert page.url == f"{demonstration}/"


def test_the_demonstration_checks_a_file_of_ones_own_and_does_not_keep_it(demonstration, visit):
    window = visit(role="")
    page = window.open(f"{demonstration}/load_data")
    page.get_by_role("button", name="Data officer").click()
    expect(heading(page, "What figures are in")).to_be_visible()
    rows = b"measure,area,period,numerator,denominator\nees:rereferrals,E06000061,2025/26,500,4000\n"
    page.locator("input[type=file]").set_input_files({"name": "own.csv", "mimeType": "text/csv", "buffer": rows})
    expect(page.get_by_text("1 figure can be used")).to_be_visible()
    expect(page.get_by_text("checked and not loaded")).to_be_visible()
    assert page.get_by_role("button", name="Load own.csv").count() == 0
    with urllib.request.urlopen(f"{demonstration}/healthz", timeout=20) as answer:
        assert b'"ok"' in answer.read()
