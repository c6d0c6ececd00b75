"""Questionnaires in the store, on SQLite and on PostgreSQL: who is asked, what is saved, and that nothing is lost."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import polars as pl
import pytest

from dashboard.store import StaleEdit, Store, StoreError, open_store
from dashboard.store.backup import backup, restore

ANN, BOB = "https://provider.example#ann", "https://provider.example#bob"


def content(edition: str = "1", **changed: object) -> str:
    """An instrument of two areas and three items, 0 to 5, as JSON."""
    areas = [
        {"id": "families", "title": "Families", "item": [{"id": "voice"}, {"id": "one_story"}]},
        {"id": "data", "title": "Data", "item": [{"id": "sharing"}]},
    ]
    table = {"id": "small", "edition": edition, "title": "Small", "lowest": 0, "highest": 5, "section": areas}
    return json.dumps(table | changed)


def asked(*rows: tuple[str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=["partner", "respondent", "respondent_role"], orient="row")


TWO = asked(("Police", "Ann@police.example ", "leader"), ("Schools", BOB, "practitioner"))


def opened(store: Store, title: str = "2026", edition: str = "1", **more: object) -> int:
    store.questionnaires.add_instrument(content(edition), by="tests")
    return store.questionnaires.open_round(
        "small", edition, title=title, period_end=date(2026, 12, 31), **{"asked": TWO, "by": "tests", **more}
    )


def ann(store: Store) -> int:
    """Ann's invitation, which she takes up by her address."""
    return store.questionnaires.invitations(ANN, "ann@police.example")["invited_id"][0]


def save(store: Store, invited: int, score: int, base: int | None = None, **more: object) -> int:
    given = {"state": "score", "score": score, "base": base, "person": ANN} | more
    return store.questionnaires.save_answer(invited, str(given.pop("asked", "voice")), **given)


def test_an_invitation_by_address_is_taken_up_once_and_then_belongs_to_that_person(store: Store):
    opened(store)
    it = store.questionnaires
    assert it.invitations("https://provider.example#eve", "eve@police.example").is_empty()
    mine = it.invitations(ANN, "ann@police.example")
    assert mine.select("partner", "respondent_role", "title", "closed_at").rows() == [
        ("Police", "leader", "2026", None)
    ]
    # whoever has the address next year is somebody else
    assert it.invitations("https://provider.example#new", "ann@police.example").is_empty()
    assert it.invitations(ANN)["invited_id"].to_list() == mine["invited_id"].to_list()
    assert it.invitations(BOB)["partner"].to_list() == ["Schools"]
    # nobody without an identity is anybody
    assert it.invitations("", "").is_empty()


def test_answers_come_back_as_they_were_saved_and_every_version_stays(store: Store):
    number, it = opened(store), store.questionnaires
    mine = ann(store)
    first = save(store, mine, 3, evidence="Minutes of May, “&c.”\x00", comment="=1+1")
    second = save(store, mine, 4, first, evidence="Minutes of May, “&c.”")
    other = save(store, mine, 0, asked="sharing", state="not_applicable", reason="We hold no records.")
    rows = it.answers(number).drop("written_at").rows()
    assert rows == [
        (mine, "sharing", other, "not_applicable", None, "We hold no records.", "", ""),
        (mine, "voice", second, "score", 4, "", "Minutes of May, “&c.”", ""),
    ]
    assert it.answers_of(mine, person=ANN).drop("written_at").rows() == rows
    assert it.answers_of(mine, person=BOB).is_empty()
    history = it.answer_history(mine, "voice")
    assert history["answer_id"].to_list() == [second, first]
    assert history["comment"].to_list() == ["", "=1+1"]


def test_of_two_windows_one_wins_and_the_other_sees_both(store: Store):
    opened(store)
    mine = ann(store)
    first = save(store, mine, 3)
    save(store, mine, 4, first, comment="from the telephone")
    with pytest.raises(StaleEdit, match="changed this answer while you were writing") as caught:
        save(store, mine, 2, first, comment="from the desk")
    assert caught.value.yours == "score 2\nComment: from the desk"
    assert caught.value.theirs == "score 4\nComment: from the telephone"
    save(store, mine, 2, caught.value.note_id, comment="from the desk")
    assert store.questionnaires.answer_history(mine, "voice")["score"].to_list() == [2, 4, 3]
    with pytest.raises(StaleEdit) as caught:
        save(store, mine, 2, 99, asked="sharing")
    assert (caught.value.theirs, caught.value.note_id) == ("", None)


def test_of_many_at_the_same_moment_one_wins_and_all_others_learn_what_it_saved(store: Store):
    opened(store)
    mine = ann(store)
    start = Barrier(6)

    def attempt(score: int) -> str:
        start.wait()
        try:
            save(store, mine, score)
        except StaleEdit as stale:
            return stale.theirs
        return "won"

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(attempt, range(6)))
    winner = results.index("won")
    assert sorted(results) == sorted([f"score {winner}"] * 5 + ["won"])
    assert store.questionnaires.answer_history(mine, "voice")["score"].to_list() == [winner]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"score": 6}, "a whole number from 0 to 5, not 6"),
        ({"score": -1}, "a whole number from 0 to 5, not -1"),
        ({"score": 2.5}, "a whole number from 0 to 5, not 2.5"),
        ({"score": None}, "a whole number from 0 to 5, not None"),
        ({"asked": "nonsense"}, "has no item nonsense"),
        ({"state": "perhaps"}, "not perhaps"),
        ({"person": BOB}, "not yours"),
        ({"person": ""}, "not yours"),
        ({"comment": "x" * 5_001}, "at most 5,000 characters"),
    ],
)
def test_what_is_no_answer_is_refused_with_a_sentence(store: Store, given: dict, sentence: str):
    number = opened(store)
    with pytest.raises(StoreError, match=sentence):
        save(store, ann(store), **({"score": 3} | given))
    assert store.questionnaires.answers(number).is_empty()


def test_an_item_of_another_edition_is_refused(store: Store):
    opened(store)
    new = [{"id": "data", "title": "Data", "item": [{"id": "learning"}]}]
    store.questionnaires.add_instrument(content("2", section=new), by="tests")
    with pytest.raises(StoreError, match="has no item learning"):
        save(store, ann(store), 3, asked="learning")


def test_a_closed_round_takes_no_answer_and_opens_no_more(store: Store):
    number, it = opened(store), store.questionnaires
    mine = ann(store)
    first = save(store, mine, 3)
    it.close_round(number, by="Corin")
    with pytest.raises(StoreError, match="The round 2026 is closed, and its answers are fixed"):
        save(store, mine, 4, first)
    row = {"respondent": [BOB], "item": ["voice"], "state": ["score"], "score": [1]}
    with pytest.raises(StoreError, match="closed"):
        it.load_answers(number, pl.DataFrame(row), by="Corin")
    with pytest.raises(StoreError, match="closed"):
        it.invite(number, asked(("Health", "cy@health.example", "manager")), by="Corin")
    with pytest.raises(StoreError, match="closed"):
        it.close_round(number, by="Corin")
    assert it.answers(number)["score"].to_list() == [3]
    assert it.rounds().select("title", "closed_by").rows() == [("2026", "Corin")]
    assert [row["detail"] for row in store.records(2).iter_rows(named=True)] == [
        f"questionnaire round {number}: closed",
        f"questionnaire round {number}: opened",
    ]


def test_an_instrument_that_was_asked_is_only_superseded(store: Store):
    it = store.questionnaires
    it.add_instrument(content(title="Smal"), by="Ann")
    it.add_instrument(content(), by="Bob")  # nobody was asked yet: put right
    assert it.instruments().select("edition", "title", "added_by").rows() == [("1", "Small", "Bob")]
    opened(store)  # the very same again does nothing
    with pytest.raises(StoreError, match="Edition 1 of this instrument was asked already and is never changed"):
        it.add_instrument(content(title="Other"), by="Eve")
    it.add_instrument(content("2", title="Other"), by="Eve")
    assert it.instruments()["title"].to_list() == ["Small", "Other"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            {"asked": asked(("A", "x@a.example", "leader"), ("B", "X@A.example", "leader"))},
            "x@a.example is asked twice",
        ),
        ({"asked": asked(("A", "x@a.example", "boss"))}, "the role is one of leader, manager, practitioner, not boss"),
        ({"asked": asked(("A", " ", "leader"))}, "needs a partner and an e-mail address"),
        ({"asked": TWO.clear()}, "somebody who is asked"),
        ({"title": " "}, "needs a name"),
        ({"edition": "9"}, "no edition 9 of the instrument small"),
        ({"title": "2025"}, "a round called 2025 already"),
    ],
)
def test_a_round_that_is_not_sound_is_not_opened(store: Store, wrong: dict, sentence: str):
    it = store.questionnaires
    opened(store, "2025")
    given = {"edition": "1", "title": "2026", "period_end": date(2026, 12, 31), "asked": TWO, "by": "tests"} | wrong
    with pytest.raises(StoreError, match=sentence):
        it.open_round("small", given.pop("edition"), **given)
    assert it.rounds()["title"].to_list() == ["2025"]


def test_answers_of_a_file_follow_those_that_were_given_here(store: Store):
    number, it = opened(store), store.questionnaires
    mine = ann(store)
    save(store, mine, 3)
    rows = {
        "respondent": ["ANN@police.example", BOB, BOB],
        "item": ["voice", "voice", "sharing"],
        "state": ["score", "dont_know", "score"],
        "score": [5, None, 0],
        "comment": [None, "new in post", ""],
    }
    version = it.version()
    assert it.load_answers(number, pl.DataFrame(rows), by="Corin") == 3
    assert it.version() > version
    assert it.answers(number).select("item", "state", "score", "comment").rows() == [
        ("voice", "score", 5, ""),
        ("sharing", "score", 0, ""),
        ("voice", "dont_know", None, "new in post"),
    ]
    assert it.answer_history(mine, "voice")["score"].to_list() == [5, 3]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (("eve@police.example", "voice", "score", 3), "eve@police.example is not invited to the round 2026"),
        (("ann@police.example", "voice", "score", 9), "from 0 to 5, not 9"),
        (("ann@police.example", "vioce", "score", 3), "no item vioce"),
        ((BOB, "voice", "score", 3), "answers item voice twice"),
    ],
)
def test_a_file_is_taken_whole_or_not_at_all(store: Store, row: tuple, sentence: str):
    number = opened(store)
    rows = pl.DataFrame(
        [(BOB, "voice", "score", 1), row], schema=["respondent", "item", "state", "score"], orient="row"
    )
    with pytest.raises(StoreError, match=sentence):
        store.questionnaires.load_answers(number, rows, by="Corin")
    assert store.questionnaires.answers(number).is_empty()


def test_what_the_workshop_agrees_stands_with_its_reason_and_its_history(store: Store):
    number, it = opened(store), store.questionnaires
    with pytest.raises(StoreError, match="once the round is closed"):
        it.agree(number, "voice", score=3, reason="Said so", base=None, by="Fay")
    it.close_round(number, by="Corin")
    first = it.agree(number, "voice", score=3, reason="Minutes show it", base=None, by="Fay")
    second = it.agree(number, "voice", score=3.5, reason="Audit bears it out", base=first, by="Fay")
    with pytest.raises(StaleEdit, match="Fay changed this agreed score while you were writing") as caught:
        it.agree(number, "voice", score=2, reason="Not in the north", base=first, by="Gil")
    assert (caught.value.yours, caught.value.theirs) == ("2: Not in the north", "3.5: Audit bears it out")
    assert it.agreed(number).drop("written_at").rows() == [("voice", second, 3.5, "Audit bears it out", "Fay")]
    assert it.agreed_history(number, "voice")["agreed_id"].to_list() == [second, first]
    for wrong, sentence in (
        ({"score": 6}, "from 0 to 5"),
        ({"reason": " "}, "say why"),
        ({"asked": "nonsense"}, "no item nonsense"),
    ):
        given = {"asked": "sharing", "score": 3, "reason": "x"} | wrong
        with pytest.raises(StoreError, match=sentence):
            it.agree(number, given.pop("asked"), **given, base=None, by="Gil")


def test_answers_raise_neither_version_and_leave_the_record_alone(store: Store):
    opened(store)
    mine = ann(store)
    before = store.version(), store.questionnaires.version(), store.records().height
    save(store, mine, 3)
    assert (store.version(), store.questionnaires.version(), store.records().height) == before
    store.questionnaires.close_round(1, by="Corin")
    assert store.questionnaires.version() > before[1]
    assert store.version() == before[0]


def test_rounds_of_ones_own_close_the_ready_users_and_invented_ones_do_not(store: Store):
    opened(store, "Trial", standing="invented")
    assert not store.has_real_loads()
    opened(store, "2026")
    assert store.has_real_loads()


def test_only_replaced_versions_are_purged(store: Store):
    number, it = opened(store), store.questionnaires
    mine = ann(store)
    save(store, mine, 4, save(store, mine, 3))
    went = store.purge({"questionnaire_answer": 0}, as_at=date(2999, 1, 1), dry_run=False, by="tests")
    assert went["rows"].to_list() == [1]
    assert it.answers(number)["score"].to_list() == [4]
    assert it.answer_history(mine, "voice").height == 1


def test_a_backup_brings_questionnaires_back(store: Store, database_url: str, tmp_path):
    number = opened(store)
    save(store, ann(store), 4)
    backup(database_url, tmp_path / "copy.db")
    restore(tmp_path / "copy.db", tmp_path / "other.db")
    with open_store(tmp_path / "other.db") as other:
        assert other.questionnaires.answers(number)["score"].to_list() == [4]
        assert other.questionnaires.invitations(ANN)["partner"].to_list() == ["Police"]
        assert opened(other, "2027", edition="2") == number + 1
