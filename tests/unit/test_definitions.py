"""The definitions: complete, consistent, and the same as what the strategies and publishers say."""

import csv
import re
import shutil
from collections import Counter
from dataclasses import asdict, fields
from datetime import date
from importlib import import_module
from pathlib import Path

import polars as pl
import pytest

from metrics import definition_files
from metrics.catalogue import Indicator, Series, area_codes, catalogue, read_catalogue
from metrics.definition_files import DefinitionError
from metrics.indicators import half_up

DATA = Path(__file__).parent / "data"
FOLDER = Path(__file__).resolve().parents[2] / "metrics" / "definitions"


def table(name):
    return {row["id"]: row for row in csv.DictReader((DATA / name).read_text(encoding="utf-8").splitlines())}


MEASURES = table("strategy_measures.csv")  # what the three strategies ask, read from their text
PUBLISHED = table("published_checks.csv")  # printed figure, its decimals, and what the publisher says
WRONG = {"N04", "N06", "N15", "N16", "N18", "N22"}
EMPTY_ALLOWED = {"parent", "target_rule", "series", "missing", "holder", "numerator_feed", "breaks", "last_update"}
PERIODS = {
    "financial": r"20\d\d/\d\d(-\d\d/\d\d)?",
    "academic": r"20\d\d/\d\d",
    "calendar": r"20\d\d",
    "snapshot": r"March 20\d\d",
    "quarter": r"20\d\d/\d\d Q[1-4]",
}


@pytest.fixture(scope="module")
def found():
    return catalogue()


def test_every_measure_of_the_strategies_is_defined(found):
    assert list(found.indicators) == list(MEASURES)
    by_strategy = Counter(i.strategy for i in found.indicators.values())
    assert by_strategy == {"Northamptonshire 2020": 34, "Somerset": 23, "North West": 17}
    parts = [i.id for i in found.indicators.values() if i.parent]
    assert parts == ["S1b"]  # the strategy counts 33
    assert found.indicators["S1b"].parent == "S1"


@pytest.mark.parametrize("id", MEASURES)
def test_measure_has_every_field(found, id):
    measure = found.indicators[id]
    for field in fields(Indicator):
        if field.name not in EMPTY_ALLOWED:
            assert str(getattr(measure, field.name)).strip(), f"{id} has no {field.name}"
    assert measure.question.endswith("?")
    assert len(measure.name) <= 45
    assert measure.missing and measure.holder


@pytest.mark.parametrize("id", MEASURES)
def test_measure_says_what_the_strategy_says(found, id):
    measure, expected = found.indicators[id], MEASURES[id]
    assert measure.polarity == expected["direction"]
    assert measure.accountability in expected["accountability"].split(" or ")
    assert measure.relation == expected["published"]
    assert measure.target_rule == {
        "H5": "stay above England",
        "H8": "stay below England",
        "H9": "stay below England",
    }.get(id, "")


def test_words_are_from_fixed_lists(found):
    assert {i.polarity for i in found.indicators.values()} == {"lower", "higher", "none", "mixed"}
    assert {i.accountability for i in found.indicators.values()} == {
        "population indicator",
        "how much",
        "how well",
        "better off",
    }
    assert {s.polarity for s in found.series.values()} == {"lower", "higher", "none"}
    assert {s.value_type for s in found.series.values()} == {"proportion", "rate", "count", "score"}


def test_twelve_of_the_33_have_nothing_published(found):
    ours = [i for i in found.indicators.values() if i.strategy == "Northamptonshire 2020" and not i.parent]
    bare = [i for i in ours if not i.series]
    assert len(ours) == 33
    assert [i.id for i in bare] == ["S4", "S5", "S6", "H1", "H4", "V1", "V2", "Y1", "Y2", "Y3", "Y4", "Y5"]
    assert all(i.baseline_period == "none yet" and i.missing != "nothing" for i in bare)


def test_northamptonshire_has_five_outcome_groups(found):
    groups = dict.fromkeys(i.outcome_group for i in found.indicators.values() if i.strategy == "Northamptonshire 2020")
    assert [g.split()[0] for g in groups] == ["All", "All", "All", "Vulnerable", "The"]


def test_slips_of_the_strategy_are_said(found):
    assert "three or more" in found.indicators["E2"].caution
    assert "no direction" in found.indicators["S6"].caution
    assert "names no vaccine" in found.indicators["H5"].caution
    assert "England row" in found.indicators["H7"].caution


def test_series_are_complete(found):
    for series in found.series.values():
        for field in fields(Series):
            if field.name not in EMPTY_ALLOWED:
                assert str(getattr(series, field.name)).strip(), f"{series.id} has no {field.name}"
        assert re.fullmatch(r"[a-z0-9_]+", series.id)
        assert re.fullmatch(PERIODS[series.year_type], series.baseline_period), series.id
        scale = {"proportion": 100, "count": 1, "score": 1}.get(series.value_type, series.multiplier)
        assert series.multiplier == scale
        assert series.unit.startswith("%") == (series.value_type == "proportion")
        assert list(series.breaks) == sorted(series.breaks, key=lambda b: b.period_end)


def test_baseline_stands_after_the_last_break(found):
    ends = {"financial": (3, 31), "academic": (8, 31), "calendar": (12, 31), "snapshot": (3, 31)}
    for series in found.series.values():
        for b in series.breaks:
            first = int(re.search(r"\d{4}", series.baseline_period).group())
            year = first + 1 if "/" in series.baseline_period else first
            assert date(year, *ends[series.year_type]) >= date.fromisoformat(b.period_end), series.id


def test_each_measure_starts_where_its_first_series_does(found):
    for measure in found.indicators.values():
        if measure.series:
            assert measure.baseline_period == found.series[measure.series[0]].baseline_period, measure.id


def test_every_series_belongs_to_a_measure_and_every_feed_to_one_series(found):
    used = {s for i in found.indicators.values() for s in i.series}
    assert used == set(found.series)
    feeds = Counter(f for s in found.series.values() for f in s.feeds)
    assert [f for f, n in feeds.items() if n > 1] == []


def test_first_time_entrants_of_england_are_never_used(found):
    row = found.faults.filter((pl.col("feed") == "lait:FirstYJS") & (pl.col("area") == "E92000001"))
    assert row["period_end"].to_list() == ["*"]
    assert row["action"].to_list() == ["missing"]


def test_early_years_profile_breaks_in_2022(found):
    assert [b.period_end for b in found.series["gld"].breaks] == ["2022-08-31"]


# ---- areas


def test_areas_carry_their_official_codes(found):
    # from the Office for National Statistics' register of geographic codes
    for name, code in {
        "England": "E92000001",
        "East Midlands": "E12000004",
        "Northamptonshire": "E10000021",
        "North Northamptonshire": "E06000061",
        "West Northamptonshire": "E06000062",
        "Bedford Borough": "E06000055",
        "Durham": "E06000047",
        "Bristol": "E06000023",
        "Yorkshire and the Humber": "E12000003",
        "Kent": "E10000016",
        "Northampton": "E07000154",
        "E10000027": "E06000066",  # Somerset, old code
        "928": "E10000021",
    }.items():
        assert area_codes(found.areas)[name.lower()] == code


def test_all_regions_and_every_council_with_childrens_services_are_there(found):
    levels = Counter(a.level for a in found.areas.values())
    assert (levels["country"], levels["region"], levels["district"], levels["london borough"]) == (1, 9, 7, 33)
    assert levels["metropolitan"] == 36
    now = [a for a in found.areas.values() if a.la_number and not a.ended and a.level not in ("country", "region")]
    assert len([a for a in now if a.level != "part of region"]) == 153  # local authorities since April 2023
    assert all(a.region in found.areas for a in now)


def test_county_and_districts_lead_to_the_two_councils(found):
    assert found.areas["E10000021"].successors == ("E06000061", "E06000062")
    assert found.areas["E10000021"].ended == "2021-03-31"
    heirs = Counter(a.successors[0] for a in found.areas.values() if a.level == "district")
    assert heirs == {"E06000061": 4, "E06000062": 3}


def test_each_area_has_ten_known_neighbours_in_each_list(found):
    lists = found.neighbours.group_by("vintage", "area").agg(pl.col("rank").sort(), pl.col("neighbour").n_unique())
    assert set(lists["vintage"]) == {"2021-04", "2025-05"}
    assert lists.filter(pl.col("rank") != list(range(1, 11))).height == 0
    assert set(lists["neighbour"]) == {10}
    assert set(found.neighbours["area"]) | set(found.neighbours["neighbour"]) <= set(found.areas)
    assert found.neighbours.filter(pl.col("area") == pl.col("neighbour")).height == 0


@pytest.mark.parametrize(
    ("vintage", "area", "first"),
    [
        ("2021-04", "E10000021", "Kent"),
        ("2021-04", "E06000061", "West Northamptonshire"),
        ("2025-05", "E06000061", "Swindon"),
        ("2025-05", "E06000062", "Bedford"),
    ],
)
def test_nearest_neighbour(found, vintage, area, first):
    row = found.neighbours.filter(vintage=vintage, area=area, rank=1)
    assert found.areas[row["neighbour"].item()].name == first


# ---- printed figures


def test_all_printed_figures_are_kept(found):
    assert len(found.printed) == 41
    assert {p.id for p in found.printed if p.finding == "wrong as printed"} == WRONG


@pytest.mark.parametrize("id", PUBLISHED)
def test_finding_agrees_with_the_published_value(found, id):
    printed = next(p for p in found.printed if p.id == id)
    row = PUBLISHED[id]
    assert printed.value == float(row["printed"])
    assert printed.published == pytest.approx(float(row["published"]), abs=0.005)
    same = half_up(printed.published, int(row["decimals"])) == printed.value
    assert (printed.finding == "matches") == same
    assert printed.series


def test_printed_figures_without_a_published_value_are_not_said_to_match(found):
    for printed in found.printed:
        if printed.id not in PUBLISHED:
            assert printed.published is None
            assert printed.finding == ("wrong as printed" if printed.id in WRONG else "cannot be checked")


def test_substance_misuse_is_labelled_with_two_years_where_three_are_pooled(found):
    printed = next(p for p in found.printed if p.id == "N18")
    years = re.findall(r"20\d\d/\d\d", printed.period)
    assert len(years) == 2  # two neighbouring years …
    assert int(years[1][:4]) - int(years[0][:4]) == 1
    assert "three years together" in found.series["alcohol_admissions"].unit


# ---- what is refused


def broken(tmp_path, file, old, new):
    folder = tmp_path / "definitions"
    shutil.copytree(FOLDER, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(old) >= 1
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("indicators.toml", 'id = "S3"', 'id = "S1"', r"indicators\.toml: S1: id: given twice"),
        ("indicators.toml", '"rereferrals"', '"referals"', r"indicators\.toml: S1: series: “referals” is not known"),
        ("indicators.toml", 'polarity = "lower"', 'polarity = "down"', r"S1: polarity: “down”"),
        ("indicators.toml", 'frequency = "quarterly"', 'frequency = ""', r"S4: frequency: missing"),
        ("indicators.toml", 'frequency = "quarterly"', 'often = "quarterly"', r"S4: frequency: missing"),
        ("indicators.toml", 'parent = ""', 'parent = ""\ncolour = "red"', r"S1: colour: not a field"),
        ("indicators.toml", 'parent = "S1"', 'parent = "S99"', r"S1b: parent: “S99” is not known"),
        ("series.toml", '"ees:rereferrals"', '"rereferrals"', r"series\.toml: rereferrals: feeds: “rereferrals”"),
        ("series.toml", 'period_end = "2022-08-31"', 'period_end = "2022"', r"breaks: “2022” is not a date"),
        ("series.toml", 'value_type = "proportion"', 'value_type = "share"', r"rereferrals: value_type: “share”"),
        ("areas.csv", "E06000061|E06000062", "E06000061|E06000099", r"E10000021: successors: “E06000099”"),
        ("areas.csv", "Yorkshire & Humber", "East Midlands", r"“East Midlands” is another area already"),
        ("printed.csv", "wrong as printed", "wrong", r"N04: finding: “wrong” is not one of"),
        ("printed.csv", "N01,", "N02,", r"printed\.csv: N02: id: given twice"),
        (
            "neighbours.csv",
            "2021-04,E06000001,1,E06000006",
            "2021-04,E06000001,1,E99",
            r"neighbour: “E99” is not known",
        ),
        ("known_faults.csv", ",missing,", ",forget,", r"action: “forget” is not known"),
    ],
)
def test_a_broken_definition_is_refused_by_file_id_and_field(tmp_path, file, old, new, said):
    with pytest.raises(DefinitionError, match=said):
        read_catalogue(broken(tmp_path, file, old, new))


def test_a_measure_without_figures_must_say_who_has_them(tmp_path):
    line = 'holder = "young carers service"'
    with pytest.raises(DefinitionError, match="V1: missing: say what is missing and who has it"):
        read_catalogue(broken(tmp_path, "indicators.toml", line, 'holder = ""'))


# ---- measures of the partnership's own records


@pytest.mark.parametrize("subject", ["audit", "questionnaire", "star"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit": " "}, ": unit: missing"),
        ({"polarity": "up"}, ": polarity: “up” is not one of"),
        ({"shoe": 1}, ": shoe: not a field of Measure"),
    ],
)
def test_an_incomplete_measure_is_refused(monkeypatch, subject, change, said):
    definitions = import_module(f"metrics.{subject}.definitions")
    row = asdict(next(iter(definitions.measures().values())))
    monkeypatch.setattr(definition_files, "read_toml", lambda file: {"measure": [row | change]})
    with pytest.raises(DefinitionError, match=f"{definitions.FILE}: {row['id']}{said}"):
        definition_files.measures_in(definitions.FILE, definitions.Measure)
