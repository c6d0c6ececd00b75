"""The standard safeguarding dataset: early help episodes of children, their families, homes, contacts and referrals."""

from datetime import date

import pytest

from dashboard.intake import IntakeError, read
from sample_data import places

from .case_files import csv_of, said, ssd, taken, zip_of

EPISODE = {
    "episode_id": "E1",
    "person_id": "1001",
    "start_date": "2025-01-06 00:00:00",
    "end_date": "2025-05-30 00:00:00",
    "end_reason": "Outcomes met",
    "lead_agency_id": "Invented Family Support Team",
    "lead_worker_id": "W77",
}


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("EARLY_HELP_IDENTIFIER_KEY", "4f1e2d3c4b5a69788796a5b4c3d2e1f0")


def test_episodes_families_and_persons():
    batch = taken(
        ssd(
            person=[{"person_id": "1001", "sex": "F", "birth_date": "2015-02-17 00:00:00"}],
            family=[{"family_id": "F9", "person_id": "1001", "fami_table_id": "1"}],
            episode=[EPISODE],
        )
    )
    assert batch.kind == "ssds" and batch.refused.is_empty() and batch.repaired.is_empty()
    assert set(batch.cases) == {"person", "family", "episode", "agency"}  # no assessments are made up from episodes
    [person] = batch.cases["person"].rows(named=True)
    [family] = batch.cases["family"].rows(named=True)
    [episode] = batch.cases["episode"].rows(named=True)
    assert person["family_id"] == family["family_id"] == episode["family_id"] != "F9"
    assert person["birth_month"] == date(2015, 2, 1)
    assert (episode["start_date"], episode["end_date"]) == (date(2025, 1, 6), date(2025, 5, 30))
    assert (episode["end_reason"], episode["person_id"]) == ("NEEDS_MET", person["person_id"])
    assert episode["lead_agency_id"] == batch.cases["agency"]["agency_id"].item() == "invented-family-support-team"
    assert batch.cases["agency"]["agency_type"].to_list() == ["early_help"]
    assert len(episode["lead_worker_id"]) == 20


def test_the_same_child_has_one_hash_in_both_kinds_of_file():
    from .case_files import annex_a

    row = {"person_id": 1001, "start_date": date(2025, 1, 6), "agency_id": "Invented school"}
    ours = taken(ssd(episode=[EPISODE])).cases["episode"]["person_id"].item()
    assert taken(annex_a(assessment=[row])).cases["assessment"]["person_id"].item() == ours


def test_one_table_as_csv():
    names = {"episode_id": "earl_episode_id", "person_id": "earl_person_id", "start_date": "earl_episode_start_date"}
    data = csv_of([{names[c]: v for c, v in EPISODE.items() if c in names}])
    batch = taken(data, file_name="ssd_early_help_episodes.csv")
    assert batch.kind == "ssds" and batch.cases["episode"].height == 1


def test_a_home_is_a_small_area_and_the_one_that_stands_counts():
    known = places.postcodes().select("postcode", "lsoa_2021").unique("lsoa_2021", keep="first").head(2)
    (old, _), (new, lsoa) = known.rows()
    address = [
        {"addr_person_id": "1001", "addr_postcode": new, "addr_address_start_date": "2024-01-01"},
        {
            "addr_person_id": "1001",
            "addr_postcode": old,
            "addr_address_start_date": "2020-01-01",
            "addr_address_end_date": "2023-12-31",
        },
    ]
    files = {"ssd_address.csv": csv_of(address), "ssd_early_help_episodes.csv": csv_of([_named(EPISODE)])}
    batch = taken(zip_of(files))
    assert batch.cases["episode"]["lsoa"].to_list() == [lsoa]
    assert new not in str([frame.rows() for frame in batch.cases.values()])


def _named(row):
    columns = {
        "episode_id": "earl_episode_id",
        "person_id": "earl_person_id",
        "start_date": "earl_episode_start_date",
        "end_date": "earl_episode_end_date",
        "end_reason": "earl_episode_end_reason",
        "lead_agency_id": "earl_episode_organisation",
        "lead_worker_id": "earl_episode_worker_id",
    }
    return {columns[c]: v for c, v in row.items()}


def test_referrals_say_whether_they_went_to_early_help():
    rows = [
        {
            "cine_referral_id": f"R{i}",
            "cine_person_id": "1",
            "cine_referral_date": "2025-02-03",
            "cine_close_reason": reason,
        }
        for i, reason in enumerate(("RC9", "RC9 - Case closed after assessment, referred to early help", "RC8", None))
    ]
    batch = taken(csv_of(rows), file_name="ssd_cin_episodes.csv")
    assert batch.cases["referral"].select("close_reason", "to_early_help").rows() == [
        ("RC9", True),
        ("RC9", True),
        ("RC8", False),
        (None, None),
    ]


def test_disability_is_any_code_but_none():
    files = {
        "ssd_person.csv": csv_of([{"pers_person_id": p} for p in "123"]),
        "ssd_disability.csv": csv_of(
            [{"disa_person_id": p, "disa_disability_code": c} for p, c in (("1", "NONE"), ("2", "MOB"), ("2", "NONE"))]
        ),
    }
    assert taken(zip_of(files)).cases["person"]["disability"].to_list() == [False, True, None]


def test_free_text_that_the_dataset_carries_is_never_read():
    row = {"cont_contact_id": "C1", "cont_person_id": "1", "cont_contact_date": "2025-02-03"}
    row |= {"cont_contact_source_code": "6", "cont_contact_outcome_json": '{"COMMENTS": "Invented Person rang"}'}
    batch = taken(csv_of([row]), file_name="ssd_contacts.csv")
    assert batch.cases["contact"]["outcome"].to_list() == [None]
    assert "Invented Person" not in str(batch)


@pytest.mark.parametrize("header", ["pers_upn", "pers_forename", "pers_surname", "addr_address_json"])
def test_what_names_a_person_refuses_the_file(header):
    with pytest.raises(IntakeError, match=header):
        read(csv_of([{"pers_person_id": "1", "pers_sex": "F", header: "x"}]), file_name="ssd_person.csv")


def test_overlapping_episodes_of_a_child_are_one_and_those_of_siblings_are_not():
    rows = [
        EPISODE,
        {**EPISODE, "episode_id": "E2", "start_date": "2025-05-01", "end_date": "2025-08-29", "end_reason": "Step-up"},
        {**EPISODE, "episode_id": "E3", "person_id": "1002"},
        {**EPISODE, "episode_id": "E4", "start_date": "2026-01-05", "end_date": None, "end_reason": None},
    ]
    batch = taken(ssd(episode=rows, family=[{"family_id": "F9", "person_id": p} for p in ("1001", "1002")]))
    assert batch.cases["episode"].sort("episode_id").select(
        "episode_id", "start_date", "end_date", "end_reason"
    ).rows() == [
        ("E1", date(2025, 1, 6), date(2025, 8, 29), "STEP_UP"),
        ("E3", date(2025, 1, 6), date(2025, 5, 30), "NEEDS_MET"),
        ("E4", date(2026, 1, 5), None, None),
    ]
    [(where, reason)] = said(batch.repaired).items()
    assert where == (3, "ssd_early_help_episodes: earl_episode_start_date") and "line 2" in reason
