"""Instruments as data: what ships, what is refused and in which words, what matches between editions."""

import pytest

from metrics.questionnaire import InstrumentError, as_json, as_table, from_json, instruments, read_instrument

from .questionnaire_cases import small, table

FIRST, SECOND = "early_help_system/1", "early_help_system/2"


def test_the_instrument_that_ships_is_ours_and_says_so():
    one = instruments()[FIRST]
    assert one.official is False and "no official wording" in one.source
    assert [len(s.items) for s in one.sections] == [2, 1, 2, 2, 2]  # nine topics in five areas
    assert (one.lowest, one.highest, one.steps, len(one.labels)) == (0, 5, 6, 6)
    assert one.overall == "mean of sections"
    assert all(item.text and item.name and len(item.descriptors) == 3 for item in one.items)


def test_the_second_edition_knows_which_items_stayed():
    first, second = instruments()[FIRST], instruments()[SECOND]
    pairs = second.matches(first)
    assert len(second.items) == 10 and len(pairs) == 7 and pairs == first.matches(second)
    assert {first.item(old).text for old in pairs} == {second.item(new).text for new in pairs.values()}
    assert not {"near_home", "learning", "hubs", "early_need", "what_works"} & {*pairs, *pairs.values()}
    assert first.matches(first) == {item.id: item.id for item in first.items}


def test_practitioners_alone_are_asked_what_stands_beside():
    one = instruments()[SECOND]
    assert [s.id for s in one.asked("leader")] == [s.id for s in one.sections]
    assert [s.id for s in one.asked("practitioner")][-1] == "understanding"
    assert one.confidence.items == ("understands", "confident") and one.confidence.at_least == 4
    assert one.labels_of(one.section("understanding"))[0] == "not at all"
    assert one.labels_of(one.sections[0])[0] == "nothing yet"


@pytest.mark.parametrize("key", [FIRST, SECOND])
def test_an_instrument_comes_back_as_it_was_written(key):
    one = instruments()[key]
    assert from_json(as_json(one)) == one == read_instrument(as_table(one))


def test_a_crosswalk_is_read_both_ways_and_never_onto_another_scale():
    old = small()
    new = small({"a": ["a1", "new"], "b": ["moved"]}, edition="2", crosswalk={"1": {"a1": "a1", "b1": "moved"}})
    assert new.matches(old) == {"a1": "a1", "b1": "moved"}
    assert old.matches(new) == {"a1": "a1", "moved": "b1"}
    by_key = small({"a": ["a1"]}, edition="2", crosswalk={"small/1": {"a1": "a1"}})
    assert by_key.matches(old) == {"a1": "a1"}
    wide = small(edition="3", highest=10, crosswalk={"1": {"a1": "a1"}})
    assert wide.matches(old) == {}


FAULTS = [
    ({"title": ""}, "the instrument small/1: title is missing or is not text"),
    ({"official": "no"}, "official is missing: it is true for a publisher's own wording, else false"),
    ({"lowest": 5}, "the scale runs from 5 to 5"),
    ({"highest": 2.5}, "highest is missing or is not a whole number"),
    ({"labels": ["low", "high"]}, "labels is a list of 6 texts, one a score, the lowest first"),
    ({"overall": "sum"}, "overall is “sum”; the one rule that is known is “mean of sections”"),
    ({"section": []}, "has no area: give at least one [[section]] with items"),
    ({"edition": "1/2"}, "the id “1/2” may hold only letters, digits, _, . and -, at most 40"),
    ({"colour": "blue"}, "has a field that is not known: “colour”; take it out"),
    ({"confidence": {"items": ["nowhere"], "at_least": 4}}, "items is a list of ids of items of this instrument"),
    ({"confidence": {"items": ["a1"], "at_least": 9}}, "at_least is a score from 0 to 5"),
    ({"crosswalk": {"0": {"x": "nowhere"}}}, "crosswalk to edition “0”: x = “nowhere”, which is no scored item here"),
    ({"crosswalk": {"0": {"x": "a1", "y": "a1"}}}, "the item “a1” stands there twice: give each its own"),
]


@pytest.mark.parametrize(("change", "words"), FAULTS)
def test_a_fault_is_named_with_what_to_do(change, words):
    with pytest.raises(InstrumentError) as fault:
        read_instrument(table({"a": ["a1"]}) | change)
    assert words in str(fault.value)


AREAS = [
    ({"a": ["a1"], "b": []}, "the area “b” has no items: give at least one [[section.item]], or take the area out"),
    ({"a": ["a1", "a1"]}, "the item “a1” stands there twice: give each its own"),
    ({"a": ["x"], "b": ["x"]}, "the item “x” stands there twice: give each its own"),
]


@pytest.mark.parametrize(("areas", "words"), AREAS)
def test_a_missing_area_or_a_repeated_id_is_refused(areas, words):
    with pytest.raises(InstrumentError) as fault:
        read_instrument(table(areas))
    assert words in str(fault.value)


def test_an_item_without_an_area_cannot_be_and_a_broken_text_says_so():
    with pytest.raises(InstrumentError, match="the area “b” stands there twice"):
        read_instrument(table({"a": ["a1"]}, also=[{"id": "b", "title": "B", "item": [{"id": "x", "text": "X"}]}] * 2))
    with pytest.raises(InstrumentError, match="not TOML"):
        read_instrument("id = ")
    with pytest.raises(InstrumentError, match="not JSON"):
        from_json("{")
    with pytest.raises(InstrumentError, match="not a table"):
        from_json("[]")
