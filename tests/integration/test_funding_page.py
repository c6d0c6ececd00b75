"""The page “Need and funding” run by Streamlit's own test bench: weights, money, rules, scenarios, its address."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from urllib.parse import parse_qs

import polars as pl
import pytest

from dashboard.access import PUBLISHED
from dashboard.answers import funding, funding_comparison, funding_files, funding_map, funding_words, scenarios
from dashboard.answers.scenarios import Settings
from dashboard.components.take_away import table_csv, table_workbook
from tests.integration.test_funding_files import MODEL, values
from tests.integration.test_pages import open_page, words_of
from tests.sign_in import scope

PAGE = "need_and_funding"
WEIGHTS = [16.0, 14.0, 14.0, 14.0, 14.0, 14.0, 14.0]  # metrics/definitions/funding_example.toml


def money(at):
    """Area → pence, from the table of the allocation."""
    body = next(e.proto.body for e in at.get("html") if "<caption>Allocation</caption>" in e.proto.body)
    rows = re.findall(r'<th scope="row"[^>]*>(.*?)</th>(.*?)</tr>', body, re.DOTALL)
    found = {}
    for name, cells in rows:
        amount = re.search(r'data-label="Would receive"[^>]*><span class="eh-cell">£([\d,.]+)<', cells)
        found[name] = round(float(amount[1].replace(",", "")) * 100)
    return found


def slid(at):
    return [s.value for s in at.slider]


def test_the_page_says_who_would_receive_what_and_how_firm_that_is(look):
    at = open_page(PAGE)
    said = words_of(at)
    assert "With these weights Kettering would receive the most, £" in said
    assert "that order holds in" in said
    assert "of 1,000 varied weightings" in said
    assert "Illustrative model" in said
    assert "Illustrative areas" in said
    assert slid(at) == WEIGHTS
    assert len(at.get("plotly_chart")) == 2
    assert all(chart.proto.alt for chart in at.get("plotly_chart"))
    [drawn] = at.get("deck_gl_json_chart")
    assert "Pounds for each person" in drawn.proto.alt
    shares = money(at)
    total = shares.pop("All areas")
    assert total == 100_000_000
    assert sum(shares.values()) == total
    assert len(shares) == 10


def test_a_weight_that_moves_scales_the_others_and_moves_the_money(look):
    at = open_page(PAGE)
    before = money(at)
    at.slider[6].set_value(57.0).run()  # access to services: half of what the six others held is left to them
    assert not at.exception
    assert slid(at) == [8.0, 7.0, 7.0, 7.0, 7.0, 7.0, 57.0]
    after = money(at)
    # villages are far from services, the towns are not
    assert after["South Northamptonshire"] > before["South Northamptonshire"]
    assert after["Northampton North"] < before["Northampton North"]
    assert sum(v for k, v in after.items() if k != "All areas") == after["All areas"] == 100_000_000
    assert at.query_params["weights"] == "80-70-70-70-70-70-570"
    at.slider[6].set_value(100.0).run()
    assert slid(at) == [0.0] * 6 + [100.0]
    at.slider[6].set_value(14.0).run()  # there and back leaves nothing behind
    assert slid(at) == WEIGHTS
    assert "weights" not in at.query_params
    assert money(at) == before


@pytest.mark.parametrize("value", [0.0, 0.1, 33.3, 99.9, 100.0])
def test_whatever_is_moved_the_weights_make_a_hundred(look, value):
    at = open_page(PAGE)
    for place in (1, 4, 0):
        at.slider[place].set_value(value).run()
        assert sum(round(v * 10) for v in slid(at)) == 1000
        assert at.slider[place].value == value


def test_the_button_brings_the_weights_back(look):
    at = open_page(PAGE, weights="400-100-100-100-100-100-100")
    button = next(b for b in at.button if b.label == "Back to the scenario's weights")
    button.click().run()
    assert slid(at) == WEIGHTS
    assert next(b for b in at.button if b.label == "Back to the scenario's weights").disabled


def test_a_link_reproduces_the_view(look):
    address = {
        "level": "district",
        "people": "age_0_17",
        "weights": "400-100-100-100-100-100-100",
        "budget": "250000.55",
        "base": "1000",
        "limit": "25",
    }
    at = open_page(PAGE, **address)
    assert slid(at) == [40.0, *[10.0] * 6]
    assert at.number_input(key="budget").value == 250000.55
    assert at.number_input(key="limit").value == 25.0
    shares = money(at)
    assert shares["All areas"] == 25_000_055
    assert set(shares) - {"All areas"} == {
        "Corby", "Daventry", "East Northamptonshire", "Kettering", "Northampton", "South Northamptonshire",
        "Wellingborough",
    }  # fmt: skip
    assert "Children under 18" in words_of(at)
    assert "Illustrative areas" not in words_of(at)  # the former districts are real
    assert dict(at.query_params) == address


@pytest.mark.parametrize(
    ("key", "forged"),
    [
        ("weights", "1-2-3"),
        ("weights", "2000--100"),
        ("weights", "<script>"),
        ("weights", "143-143-143-143-143-143-143"),
        ("budget", "nan"),
        ("budget", "-5"),
        ("budget", "1e300"),
        ("budget", "1.001"),
        ("limit", "x"),
        ("level", "parish"),
        ("scenario", "999999"),
        ("scenario", "../1"),
    ],
)
def test_a_forged_address_is_set_back_with_a_sentence(look, key, forged):
    at = open_page(PAGE, **{key: forged})
    assert at.warning
    assert slid(at) == WEIGHTS
    assert money(at)["All areas"] == 100_000_000


def test_rules_that_cannot_be_kept_are_said_in_one_sentence(look):
    at = open_page(PAGE, floor="90000", limit="1")
    [error] = at.error
    assert error.value.startswith("Base or floor asks for at least £90,000.00 for Northampton North")
    assert "cannot be shared out under these rules" in words_of(at)
    assert not at.get("plotly_chart")
    at.number_input(key="limit").set_value(None).run()
    assert not at.error  # ten floors of £90,000 are within a million
    assert min(money(at).values()) == 9_000_000
    at.number_input(key="floor").set_value(150_000.0).run()
    assert "less than the £1,500,000.00 that base, floor and limit promise" in at.error[0].value


def test_the_limit_holds_every_area_near_today_s_amount(look):
    at = open_page(PAGE, limit="5")
    body = next(e.proto.body for e in at.get("html") if "<caption>Allocation</caption>" in e.proto.body)
    answer = funding.allocation(PUBLISHED, 0, Settings(limit=5.0))
    assert answer.areas["change"].abs().max() <= 0.05 + 1e-9
    assert "the limit: may not rise further" in body
    assert answer.areas["today"].sum() == pytest.approx(1_000_000)


def test_today_s_amounts_are_typed_kept_in_the_address_and_compared_with(look):
    at = open_page(PAGE, today="typed")
    assert "No amounts of today to compare with" in words_of(at)
    at.number_input(key="before-EHF01").set_value(50_000.0).run()
    assert not at.exception
    assert parse_qs(at.query_params["before"]) == {"EHF01": ["50000"]}
    answer = funding.allocation(PUBLISHED, 0, Settings(today="typed", before=(("EHF01", 50_000.0),)))
    row = answer.areas.filter(area="EHF01").row(0, named=True)
    assert row["difference"] == pytest.approx(row["amount"] - 50_000)
    assert answer.areas["today"].null_count() == 9
    again = open_page(PAGE, today="typed", before="EHF01=50000")
    assert again.number_input(key="before-EHF01").value == 50_000.0
    assert "Corby would gain most against today" in words_of(again)
    at.file_uploader(key="before-file").upload("t.csv", b"area,amount\nKettering,100\n", "text/csv").run()
    assert at.number_input(key="before-EHF04").value == 100.0
    assert at.number_input(key="before-EHF01").value is None
    at.file_uploader(key="before-file").upload("t.csv", b"area,amount\nLondon,100\n", "text/csv").run()
    assert "none of the forum areas" in at.error[0].value


# --- scenarios -------------------------------------------------------------------------------------------------------


def press(at, label):
    next(b for b in at.button if b.label == label).click().run()
    assert not at.exception
    return at


def test_what_is_set_is_kept_under_a_name_and_opens_from_its_link(sample_store):
    at = open_page(PAGE, weights="400-100-100-100-100-100-100", limit="30")
    press(at, "Keep")
    assert "give the scenario a name" in at.error[0].value
    at.text_input(key="name-scenario").set_value("More for *deprivation*")
    press(at, "Keep")
    assert "is kept" in at.success[0].value
    number = str(sample_store.scenarios()["scenario_id"][0])
    assert dict(at.query_params).keys() == {"scenario"}
    assert at.selectbox(key="scenario").value == number
    assert slid(at) == [40.0, *[10.0] * 6]
    assert at.number_input(key="limit").value == 30.0
    other = open_page(PAGE, scenario=number)
    assert slid(other) == [40.0, *[10.0] * 6]
    assert money(other) == money(at)
    # another scenario chosen: its own settings count, not those of the one before
    other.slider[0].set_value(50.0).run()
    other.selectbox(key="scenario").select("0").run()
    assert slid(other) == WEIGHTS
    assert other.number_input(key="limit").value is None
    assert "weights" not in dict(other.query_params)


def save(name, author="A", **chosen):
    held = scenarios.example()
    base = chosen.pop("base", None)
    who = replace(scope("commissioner"), author=author)
    return scenarios.save(who, name, model=held.model, values=None, settings=Settings(**chosen), base=base)


def test_a_later_version_follows_and_the_earlier_stays_within_reach(sample_store):
    first = save("Ours", limit=10.0)
    with pytest.raises(scenarios.ScenarioError, match="There is a scenario “Ours” already, last saved by A"):
        save("Ours", "B", limit=20.0)
    second = save("Ours", "B", limit=20.0, base=scenarios.scenario(PUBLISHED, first))
    assert second != first
    offered = scenarios.choices(PUBLISHED, str(first))
    assert offered[str(second)] == "Ours (B)"
    assert "earlier version" in offered[str(first)]
    at = open_page(PAGE, scenario=str(first))
    assert at.number_input(key="limit").value == 10.0
    assert "B saved a newer one" in at.warning[0].value


def test_a_scenario_is_kept_by_those_who_may_and_values_of_one_s_own_not_by_ready_users(sample_store):
    held = scenarios.example()
    what = {"model": held.model, "values": None, "settings": Settings()}
    for role in ("subgroup member", "coordinator", "data officer", "scrutiny"):
        assert "may not keep a funding scenario" in scenarios.try_save(scope(role), "Ours", **what)
    here = replace(scope("commissioner"), local=True)
    own = {**what, "values": pl.DataFrame({"lsoa": ["E01000001"]})}
    assert "values of your own are not kept" in scenarios.try_save(here, "Ours", **own)
    assert sample_store.scenarios().is_empty()
    assert scenarios.try_save(here, "Ours", **what) == 1
    assert sample_store.records(1)["who"][0] == here.signature


def test_two_scenarios_stand_side_by_side(sample_store):
    first = save("As people are spread", budget=500_000.0)
    second = save("More for adults", budget=500_000.0, weights=(80, 70, 70, 70, 570, 70, 70))
    at = open_page(PAGE, first=str(first), second=str(second))
    said = words_of(at)
    assert "move in all" in said
    assert "Weight of Adults" in said
    assert "57.0%" in said
    made = funding_comparison.compare(PUBLISHED, str(first), str(second), (scenarios.example(), Settings()))
    less = sum(pounds(row[3]) for row in made.rows if row[3].startswith("-"))
    more = sum(pounds(row[3]) for row in made.rows if row[3].startswith("+"))
    assert more == less > 0  # the same budget: what some gain, others lose
    assert {row[0] for row in made.differing} == {f"Weight of {d.name}" for d in scenarios.example().model.domains}
    same = funding_comparison.compare(PUBLISHED, str(first), str(first), (scenarios.example(), Settings()))
    assert "give every area the same" in same.sentence
    district = (scenarios.example(), Settings(level="district"))
    apart = funding_comparison.compare(PUBLISHED, str(first), funding_comparison.NOW, district)
    assert "cannot stand side by side" in apart.sentence
    assert apart.rows == []


def pounds(text):
    return round(float(text.strip("+-").replace("£", "").replace(",", "")) * 100)


def test_a_model_of_one_s_own_is_checked_kept_and_used(sample_store):
    at = open_page(PAGE)
    at.file_uploader(key="model-files").upload("ours.csv", MODEL, "text/csv").run()
    assert "needs the column “free" in at.error[0].value
    at = open_page(PAGE)
    given = at.file_uploader(key="model-files").upload("ours.csv", MODEL, "text/csv")
    given.upload("values.csv", values(), "text/csv").run()
    assert "3 indicators in 2 domains" in at.info[0].value
    press(at, "Keep this model as a scenario")
    assert [s.label for s in at.slider] == ["Early years", "Adults"]
    assert slid(at) == [60.0, 40.0]
    assert "Illustrative model" not in words_of(at)
    assert money(at)["All areas"] == 100_000_000
    held = scenarios.scenario(PUBLISHED, int(at.selectbox(key="scenario").value))
    assert held.values.height == 422
    at.slider[0].set_value(0.0).run()
    assert slid(at) == [0.0, 100.0]


def test_a_scenario_that_cannot_be_read_leaves_the_page_standing(sample_store):
    number = sample_store.save_scenario("Broken", '{"kind": "need and funding", "model": {}}', author="X", base=None)
    sample_store.save_scenario("Of another page", '{"kind": "other"}', author="X", base=None)
    at = open_page(PAGE, scenario=str(number))
    assert "cannot be read" in at.warning[0].value
    assert slid(at) == WEIGHTS
    assert "Of another page" not in " ".join(at.selectbox(key="scenario").options)


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"level": "parish", "people": 5, "today": None, "weights": [1000], "budget": "x", "limit": True},
        {"weights": [2000, -1000, 0, 0, 0, 0, 0], "budget": -1, "base": float("nan"), "before": [["a"], 5, ["a", "b"]]},
        {"weights": "160", "before": "EHF01", "floor": 1e300},
    ],
)
def test_what_a_scenario_cannot_be_set_to_is_left_as_usual(choices):
    assert scenarios.settings_of(choices, scenarios.example().model) == Settings()


# --- what is said and taken away -------------------------------------------------------------------------------------


def test_parts_add_up_to_the_amounts_also_with_base_floor_and_limit(look):
    for chosen in (Settings(), Settings(base=20_000.0, floor=80_000.0, limit=40.0)):
        answer = funding.allocation(PUBLISHED, 0, chosen)
        sums = answer.parts.group_by("area").agg(pl.col("pounds").sum())
        both = answer.areas.join(sums, on="area")
        assert (both["amount"] - both["pounds"]).abs().max() < 1e-6
    assert set(answer.parts.filter(domain="base")["pounds"]) == {20_000.0}


def test_a_loaded_table_of_forum_areas_takes_the_place_of_the_shipped_one(sample_store):
    from sample_data.places import lookup

    areas = lookup(2011).select("lsoa", pl.col("council").alias("forum_area"))
    names = {"E06000061": "North forum", "E06000062": "West forum"}
    frame = areas.with_columns(pl.col("forum_area").replace(names).alias("name"))
    sample_store.load_places(frame, None, kind="forum_areas", file_name="f.csv", sha256="1" * 64)
    at = open_page(PAGE)
    assert set(money(at)) == {"North forum", "West forum", "All areas"}
    assert "Illustrative areas" not in words_of(at)


def test_the_map_s_bands_are_against_the_average_and_name_every_area(look):
    answer = funding.allocation(PUBLISHED, 0, Settings())
    seen = funding_map.mapped(PUBLISHED, answer)
    # £1,000,000 over 757,181 people (mid-year estimates of 2020) is £1.32 each
    assert "average of £1.32" in seen.caption
    letters = dict(seen.areas.select("name", "letter").iter_rows())
    assert letters["Northampton North"] == "A"  # £1.90, 44% above
    assert letters["South Northamptonshire"] == "E"  # £0.73, 45% below
    assert sum(b.count for b in seen.bands) == 10
    assert all(name in seen.alt for name in letters)


def test_files_hold_what_the_page_shows_and_run_nothing(look):
    held, chosen = scenarios.example(), Settings(base=1000.0)
    answer = funding.allocation(PUBLISHED, 0, chosen)
    table = funding_files.table_of(answer).with_columns(pl.lit("=cmd()").alias("Area"))
    said = funding_comparison.settings_words(held, chosen)
    text = table_csv(table, source="Us", chosen=said).decode("utf-8-sig")
    assert "'=cmd()" in text
    assert '"Budget: £1,000,000.00"' in text
    assert "Source: Us" in text
    read = pl.read_csv(io.StringIO(text.split('"Model:')[0]))
    assert read["Would receive (£)"].sum() == pytest.approx(1_000_000)
    book = table_workbook(table, title="Allocation", source="Us", chosen=said)
    with zipfile.ZipFile(io.BytesIO(book)) as opened:
        assert not any(b"<f>" in opened.read(n) for n in opened.namelist() if n.startswith("xl/worksheets/sheet"))
        assert "Chosen" in opened.read("xl/workbook.xml").decode()
    again = json.loads(dict_of(funding_files.to_load_again(held, chosen))["scenario.json"])
    assert again["choices"]["base"] == 1000.0


def dict_of(files):
    return {name: made() for name, _, made in files.values()}


def test_the_model_is_said_in_plain_words(look):
    cells = funding_words.model_cells(scenarios.example().model)
    assert len(cells) == 13
    assert ("Crime, national rank", "Community safety (14.0% of the whole)", "100.0%", "lower") in [
        c[:4] for c in cells
    ]


def test_stability_says_ranks_ranges_and_shares(look):
    answer = funding.allocation(PUBLISHED, 0, Settings())
    assert answer.firm["rank"].to_list() == list(range(1, 11))
    assert (answer.firm["lowest"] <= answer.firm["rank"]).all()
    assert (answer.firm["rank"] <= answer.firm["highest"]).all()
    assert 0 < answer.same_order <= answer.firm["same"].head(3).min()
    assert funding.allocation(PUBLISHED, 0, Settings(budget=5.0)).same_order == answer.same_order
