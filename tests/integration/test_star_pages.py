"""The pages of the Outcome Star as somebody of a role opens them, and what they give away: nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.access import CASES, ROLES
from dashboard.answers import star_shown, use_store
from metrics.star import acknowledgement, cannot_say
from tests.sign_in import GROUP_OF, claims

from .case_pages import opened
from .star_cases import by_hand, county, stars, together
from .test_walk import Visit


def text(at) -> str:
    """All that the page says, without its mark-up."""
    return re.sub(r"<[^>]*>", " ", " ".join(block.proto.body for block in at.get("html")))


@pytest.fixture(scope="module", autouse=True)
def signed_in() -> Iterator[None]:
    from dashboard.identity import use_sign_in
    from tests.sign_in import SIGN_IN

    use_sign_in(SIGN_IN)
    yield


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with stars(tmp_path_factory.mktemp("stars"), county(), standing="invented") as made:
        yield made


@pytest.fixture
def records(store):
    use_store(store)


def test_the_page_says_first_what_a_chair_reads_out_and_last_whose_the_star_is(records):
    at = opened("distance_travelled", "commissioner")
    said = text(at)
    assert "Invented records" in said
    assert re.search(r"Of \d+ families with two Stars in 2025/26, ", said)
    for sentence in (*cannot_say(), acknowledgement()):
        assert re.sub(r"\W", "", sentence) in re.sub(r"\W", "", said)
    assert [box.label for box in at.selectbox[:4]] == [
        "Star and edition",
        "Year of the latest Star",
        "Baseline",
        "Cut by",
    ]


def test_a_view_is_a_link(records):
    at = opened(
        "distance_travelled", "commissioner", star="my_star-1", year="2024/25", baseline="lower", by="forum_area"
    )
    assert [box.value for box in at.selectbox[:4]] == ["my_star-1", "2024/25", "lower", "forum_area"]
    assert "2024/25" in text(at) and "children" in text(at)
    at.selectbox[3].select("length").run()
    assert at.query_params["by"] == "length" and not at.exception


def test_a_link_to_what_is_not_there_falls_back(records):
    at = opened("distance_travelled", "commissioner", year="1999/00")
    assert "not in “Year of the latest Star”" in at.warning[0].value


@pytest.mark.parametrize("page", ["distance_travelled", "one_person"])
def test_without_stars_the_page_says_what_to_load(tmp_path, page):
    with stars(tmp_path, county() | {"reading": county()["reading"].clear()}):
        at = opened(page, "QA manager")
        assert "raw export of Star Online" in text(at)


def test_few_stars_are_no_fault(tmp_path):
    with stars(tmp_path, by_hand("A", [(2, 2), (0, 1)], only_first=1)):
        at = opened("distance_travelled", "commissioner")
        assert "so few families have two Stars that nothing can be said of them here" in text(at)


# --- single people ---------------------------------------------------------------------------------------------------


def test_single_people_are_for_those_who_see_cases_and_what_is_looked_at_is_recorded(tmp_path):
    with stars(tmp_path, county(), standing="invented") as store:
        at = opened("one_person", "QA manager")
        listed = at.selectbox[2]
        assert listed.value is None and listed.options[0].startswith("INV-P-")
        before = len(store.records())
        shown = listed.options[0].split(":")[0]
        listed.set_value(shown).run()
        assert not at.exception
        assert shown in text(at) and "Stage and reading at each Star" in text(at)
        assert not at.get("download_button")
        seen = store.records()
        assert len(seen) > before and "looked" in seen["act"].to_list()
        assert any(shown in detail for detail in seen["detail"])
        assert store.verify_record() == []


def test_an_agency_lead_sees_their_own_agency_s_stars_and_nobody_else_s(tmp_path):
    from tests.sign_in import scope

    (mine,) = scope("agency lead").agencies
    with stars(tmp_path, together(by_hand(mine, [(2, 3)]), by_hand("other", [(2, 4)]))):
        at = opened("one_person", "agency lead")
        assert at.selectbox[1].options == [f"Service {mine}"]
        assert len(at.selectbox[2].options) == 3
        assert "other P" not in " ".join(at.selectbox[2].options)


@pytest.mark.parametrize("role", [r for r, it in ROLES.items() if "one_person" not in it.pages])
def test_single_people_are_closed_to_all_others(records, role):
    at = opened("one_person", role)
    assert at.title[0].value == "This page is not open to you"
    assert "INV-P-" not in text(at)


def test_only_roles_of_cases_have_the_page_of_single_people():
    assert {it.level for it in ROLES.values() if "one_person" in it.pages} == {CASES}


# --- what is hidden makes no difference ------------------------------------------------------------------------------

VIEWS = [
    {"by": by, "baseline": baseline} for by in ("service", "agency_type", "length") for baseline in ("first", "lower")
]


def world(folder: Path, down: tuple[int, int]):
    """Two services with 60 pairs each, of which 20 moved up and so many down: 30 of both."""
    services = [by_hand(name, [(2, 20), (-2, n), (0, 40 - n)]) for name, n in zip("AB", down, strict=True)]
    return stars(folder, together(*services))


def told(folder: Path, down: tuple[int, int], role: str) -> list[str]:
    folder.mkdir()
    with world(folder, down):
        user = claims(GROUP_OF[role])
        return [said for view in VIEWS for said in Visit("distance_travelled", user, view).everything()]


@pytest.mark.parametrize("role", ["commissioner", "agency lead"])
def test_nothing_that_is_hidden_makes_any_difference(tmp_path, role):
    one, other = told(tmp_path / "one", (3, 27), role), told(tmp_path / "other", (5, 25), role)
    assert any("[c]" in said for said in one)
    assert one == other


def test_with_the_protection_taken_out_it_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(star_shown, "hidden", lambda rows, totals, *rules: rows)
    assert told(tmp_path / "one", (3, 27), "commissioner") != told(tmp_path / "other", (5, 25), "commissioner")


def test_every_page_and_every_file_acknowledges_whose_the_star_is(records):
    visit = Visit("distance_travelled", claims(GROUP_OF["commissioner"]), {})
    assert len(visit.files) >= 8
    for name, data in visit.files.items():
        if name.endswith(".csv"):
            assert "© Triangle Consulting Social Enterprise Ltd" in data.decode("utf-8-sig"), name
