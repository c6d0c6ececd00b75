"""The area map: figures against those published, loaded places, what is hidden, and the page by Streamlit's bench."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from starlette.applications import Starlette
from streamlit.testing.v1 import AppTest

from dashboard.access import PUBLISHED
from dashboard.answers import area_around, area_card, area_map, area_measures, places
from dashboard.components import shapes
from dashboard.components.map import _picture
from dashboard.entry import shapes as address
from metrics.estimates import FIGURES, conform
from sample_data import places as shipped
from tests.conftest import ROOT
from tests.sign_in import signed_in

ENTRY = str(ROOT / "dashboard" / "entry" / "app.py")
AREAS_2019, AREAS_2025 = 32_844, 33_755  # small areas ranked in England


@pytest.fixture(autouse=True)
def data_in_the_page():
    """Under the bench no server answers for map data: they go with the page."""
    shapes.serve(False)


def open_map(**address: str) -> AppTest:
    at = signed_in(AppTest.from_file(ENTRY, default_timeout=60), "commissioner")
    for key, value in address.items():
        at.query_params[key] = value
    at.run()
    at.switch_page("../pages/area_map.py").run()
    assert not at.exception, at.exception
    return at


def words_of(at: AppTest) -> str:
    bodies = [e.proto.body for e in at.get("html")] + [
        e.value for e in (*at.markdown, *at.caption, *at.title, *at.info)
    ]
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", " ".join(bodies), flags=re.DOTALL))


def layers_of(at: AppTest) -> dict[str, dict]:
    return {layer["id"]: layer for layer in json.loads(at.get("deck_gl_json_chart")[0].proto.json)["layers"]}


def value_of(frame: pl.DataFrame, code: str) -> float:
    return frame.filter(group=code)["value"].item()


# Figures --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "code", "average_rank"),
    [  # Indices of Deprivation 2019, file 10: average rank of the former districts
        ("imd", "E07000150", 19883.04),
        ("imd", "E07000154", 18085.61),
        ("imd", "E07000155", 5518.42),
        ("employment", "E07000150", 19193.48),
        ("employment", "E07000156", 17341.80),
    ],
)
def test_a_district_stands_where_the_published_average_rank_puts_it(look, measure, code, average_rank):
    frame = area_measures.figures(PUBLISHED, measure, level="district", year="2019")
    assert value_of(frame, code) * AREAS_2019 / 100 == pytest.approx(average_rank, abs=0.02)


def test_the_councils_of_2025_come_close_to_the_published_average_rank(look):
    """File 10 of 2025 weighs by mid-2022 people, which are not shipped; Census 2021 comes within .33 percent."""
    frame = area_measures.figures(PUBLISHED, "imd", level="council", year="2025")
    assert value_of(frame, "E06000061") * AREAS_2025 / 100 == pytest.approx(15417.41, rel=0.0033)
    assert value_of(frame, "E06000062") * AREAS_2025 / 100 == pytest.approx(13988.30, rel=0.0033)


@pytest.mark.parametrize("level", places.LEVELS)
def test_people_of_every_level_add_up_to_the_county(look, level):
    """Census 2021: 785,243 people in the county (359,510 in North and 425,733 in West Northamptonshire)."""
    frame = area_measures.figures(PUBLISHED, "total", level=level, year="2021")
    assert frame["value"].sum() == 785_243


def test_a_share_is_a_ratio_of_sums_and_no_average_of_averages(look):
    small = area_measures.figures(PUBLISHED, "child_share", level="lsoa", year="2021")
    whole = area_measures.figures(PUBLISHED, "child_share", level="county", year="2021")
    people = shipped.population().filter(vintage=2021, year=2021)
    assert whole["value"].item() == pytest.approx(100 * people["age_0_15"].sum() / people["total"].sum())
    assert whole["value"].item() != pytest.approx(small["value"].mean(), abs=0.05)


def test_change_is_given_only_where_the_small_area_is_unchanged(look):
    frame = area_measures.figures(PUBLISHED, "imd", level="lsoa", year="change")
    assert frame["value"].is_not_null().sum() == 403  # look-up of the Office for National Statistics: 403 unchanged
    assert set(frame.filter(pl.col("value").is_null())["status"]) == {"z"}
    said = area_map.area_map(PUBLISHED, measure="imd", level="lsoa", year="change")
    assert "40 of 443 small areas cannot be compared: their boundary changed" in said.sentence
    assert ("[z]", "boundary changed", 40) in said.missing


def test_change_is_the_difference_of_the_two_published_positions(look):
    """Corby 005A, E01026949: rank 6,359 of 32,844 in 2019 and 5,372 of 33,755 in 2025."""
    frame = area_measures.figures(PUBLISHED, "imd", level="lsoa", year="change")
    by_hand = 100 * (33_755 + 1 - 5_372) / 33_755 - 100 * (32_844 + 1 - 6_359) / 32_844
    assert value_of(frame, "E01026949") == pytest.approx(by_hand)


@pytest.mark.parametrize("measure", ["imd", "crime", "km_library"])
def test_the_bands_stay_when_the_level_changes(look, measure):
    year = next(iter(area_map.years(PUBLISHED, measure)))
    seen = [area_map.area_map(PUBLISHED, measure=measure, level=level, year=year) for level in places.LEVELS]
    assert len({tuple((b.letter, b.said) for b in s.bands) for s in seen}) == 1
    assert all("same at every level" in s.bands_note for s in seen)


def test_bands_that_must_change_say_so(look):
    seen = area_map.area_map(PUBLISHED, measure="total", level="forum", year="2021")
    assert "change when the level changes" in seen.bands_note
    assert sum(b.count for b in seen.bands) == 10


@pytest.mark.parametrize("level", places.LEVELS)
@pytest.mark.parametrize("year", ["2019", "2025"])
def test_table_map_key_and_files_hold_the_same_areas(look, level, year):
    seen = area_map.area_map(PUBLISHED, measure="imd", level=level, year=year)
    drawn = {f["properties"]["code"] for f in area_around.geography(PUBLISHED, level, seen.vintage)["features"]}
    assert set(seen.areas["code"]) == drawn
    assert len(seen.rows) == len(drawn) == sum(b.count for b in seen.bands)
    assert seen.areas["rank"].to_list() == sorted(seen.areas["rank"].to_list())


def test_two_measures_set_thirds_against_thirds(look):
    seen = area_map.area_map(PUBLISHED, measure="imd", level="ward", year="2025", second="km_childrens_centre")
    assert [b.letter for b in seen.bands] == ["A1", "A2", "A3", "B1", "B2", "B3", "C1", "C2", "C3"]
    assert sum(b.count for b in seen.bands) == 66
    for row in "ABC":
        assert sum(b.count for b in seen.bands if b.letter[0] == row) == 22  # 66 wards in thirds
    pair = area_around.pair(PUBLISHED, measure="imd", year="2025", second="km_childrens_centre")
    assert pair.frame.height == 10


def test_a_measure_of_councils_says_so_at_other_levels_and_beside_another(look):
    seen = area_map.area_map(PUBLISHED, measure="held:rereferrals", level="forum", year="2024/25")
    assert seen.problem[0] == "“Referred again within 12 months” is not held for forum areas."
    assert seen.problem[2] == "council"
    beside = area_map.area_map(PUBLISHED, measure="imd", level="forum", year="2025", second="held:rereferrals")
    assert "so only the first measure is shown" in beside.remark
    assert beside.problem is None


# The card -------------------------------------------------------------------------------------------------------------


def test_the_card_has_people_profile_indicators_services_and_both_comparisons(look):
    card = area_card.card(PUBLISHED, measure="imd", level="forum", year="2025", code="EHF01", name="Corby")
    assert ("Population", "75,561 (Census 2021)") in card.facts
    assert "of 10 forum areas; county" in card.standing
    assert "the ten forum areas from" in card.standing
    assert [b.name for b in card.profile][:3] == ["Index of Multiple Deprivation", "Income", "Employment"]
    assert all(b.low <= b.value <= b.high and b.county is not None for b in card.profile)
    assert "not for this area alone" in card.indicators_said
    assert {i.verdict for i in card.indicators} <= {"better", "similar", "worse", "higher", "lower", "not compared"}


def test_services_of_the_parts_are_those_of_the_whole(look):
    def counts(code: str) -> list[int]:
        card = area_card.card(PUBLISHED, measure="imd", level="forum", year="2025", code=code, name="")
        return [number for _, number, _ in card.services]

    parts = [counts(code) for code in places.names(PUBLISHED, "forum")]
    assert [sum(column) for column in zip(*parts, strict=True)] == counts(area_card.WHOLE) == [362, 39, 36]


# What a partnership loads ---------------------------------------------------------------------------------------------


def load_forum(store, vintage: int, cut: int = 3) -> pl.DataFrame:
    codes = shipped.lookup(vintage).sort("lsoa").select("lsoa").with_row_index()
    frame = codes.select(
        "lsoa",
        pl.format("F{}", pl.col("index") % cut).alias("forum_area"),
        pl.format("Forum {}", pl.col("index") % cut).alias("name"),
    )
    store.load_places(frame, None, kind="forum_areas", file_name="f.csv", sha256=f"f{vintage}")
    return frame


@pytest.mark.parametrize("vintage", [2011, 2021])
def test_loaded_forum_areas_take_the_place_of_the_illustrative_ones(sample_store, vintage):
    assert places.illustrative(PUBLISHED)
    load_forum(sample_store, vintage)
    assert not places.illustrative(PUBLISHED)
    assert places.names(PUBLISHED, "forum") == {"F0": "Forum 0", "F1": "Forum 1", "F2": "Forum 2"}
    for year, people in (("2021", 785_243), ("2020", 757_181)):  # Census 2021; mid-2020
        frame = area_measures.figures(PUBLISHED, "total", level="forum", year=year)
        assert frame["group"].to_list() == ["F0", "F1", "F2"]
        assert frame["value"].sum() == people
    drawn = places.boundaries(PUBLISHED, "forum")["features"]
    assert [f["properties"]["name"] for f in drawn] == ["Forum 0", "Forum 1", "Forum 2"]
    said = words_of(open_map())
    assert "Illustrative areas" not in said
    assert "Of three forum areas" in said


def test_undoing_the_load_brings_the_illustrative_ones_and_their_banner_back(sample_store):
    load_forum(sample_store, 2021)
    sample_store.undo(int(sample_store.loads()["load_id"].max()))
    assert places.illustrative(PUBLISHED)
    assert "Illustrative areas" in words_of(open_map())


def test_a_small_area_cut_between_two_forum_areas_goes_with_its_larger_part(sample_store):
    """Of a small area of 2011 that was split, the part with more people (Census 2021) decides."""
    parts = shipped.small_area_changes().filter(change="S")
    old = parts.group_by("lsoa_2011", maintain_order=True).len().filter(pl.col("len") == 2)["lsoa_2011"][0]
    pair = parts.filter(lsoa_2011=old)["lsoa_2021"].to_list()
    people = dict(shipped.population().filter(year=2021).select("lsoa", "total").iter_rows())
    larger = max(pair, key=people.__getitem__)
    frame = shipped.lookup(2021).select(
        "lsoa", pl.when(pl.col("lsoa") == larger).then(pl.lit("B")).otherwise(pl.lit("A")).alias("forum_area")
    )
    frame = frame.with_columns(pl.col("forum_area").alias("name"))
    sample_store.load_places(frame, None, kind="forum_areas", file_name="f.csv", sha256="cut")
    found = places.lookup(PUBLISHED, vintage=2011).filter(lsoa=old)["forum"].item()
    assert found == "B"


def test_a_loaded_directory_is_drawn_counted_and_listed(sample_store):
    frame = pl.DataFrame(
        {
            "name": ["Youth club <b>", "Nowhere known"],
            "type": ["Youth clubs", "Youth clubs"],
            "lsoa": ["E01026949", "E01026949"],
            "latitude": [52.488, None],
            "longitude": [-0.701, None],
            "note": ["Tuesdays", None],
        }
    )
    sample_store.load_places(frame, None, kind="services", file_name="d.csv", sha256="d")
    at = open_map(services="Youth clubs", place="EHF01")
    (point,) = layers_of(at)["services-EHF01"]["data"]
    assert (point["name"], point["said"], point["code"]) == ("Youth club <b>", "Tuesdays", "EHF01")
    said = "".join(e.proto.body for e in at.get("html"))
    assert "Youth clubs: 2" in said
    assert "Youth club &lt;b&gt;" in said


def load_counts(store, numerators: list[float]) -> None:
    """A measure of the partnership's own with counts for every small area of 2021, 300 children in each."""
    codes = shipped.lookup(2021)["lsoa"].sort()
    frame = pl.DataFrame({"group": codes, "numerator": [numerators[k % len(numerators)] for k in range(len(codes))]})
    frame = frame.with_columns(
        measure=pl.lit("local:plans"), breakdown=pl.lit("area"), period=pl.lit("2025"), status=pl.lit("ok"),
        period_end=pl.lit(date(2025, 12, 31)), denominator=pl.lit(300.0), value=pl.col("numerator") / 3,
    )  # fmt: skip
    store.load(conform(frame, FIGURES), None, kind="own", file_name="own.csv", sha256="own")


def test_counts_of_small_areas_are_brought_together_at_every_level(sample_store):
    load_counts(sample_store, [12.0, 30.0, 45.0])
    for level in ("forum", "district", "council", "county"):
        frame = area_measures.figures(PUBLISHED, "held:local:plans", level=level, year="2025")
        # 443 areas of 12, 30, 45 in turn: 148 × 12 + 148 × 30 + 147 × 45
        assert frame["numerator"].sum() == 148 * 12 + 148 * 30 + 147 * 45
        assert frame["denominator"].sum() == 443 * 300
        assert (frame["value"] - 100 * frame["numerator"] / frame["denominator"]).abs().max() < 1e-9
        assert frame["lower"].is_not_null().all()


def test_small_counts_are_hidden_on_the_map_in_the_table_and_in_the_picture(sample_store):
    load_counts(sample_store, [3.0, 40.0, 60.0, 0.0])
    seen = area_map.area_map(PUBLISHED, measure="held:local:plans", level="lsoa", year="2025")
    small = [code for k, code in enumerate(shipped.lookup(2021)["lsoa"].sort()) if k % 4 == 0]
    shown = seen.areas.filter(pl.col("code").is_in(small))
    assert set(shown["status"]) == {"c"}
    assert shown["value"].null_count() == shown.height
    assert set(shown["said"]) == {"[c]"}
    assert seen.missing[0][:2] == ("[c]", "hidden because the count is small")
    at = open_map(measure="held:local:plans", level="lsoa")
    drawn = {f["properties"]["code"]: f["properties"] for f in layers_of(at)["areas-"]["data"]["features"]}
    assert drawn[small[0]]["said"] == "[c]"
    geography = area_around.geography(PUBLISHED, "lsoa", 2021)
    picture = ET.fromstring(_picture(seen, geography, {"features": []}))
    fills = [p.get("fill") for p in picture.iter("{http://www.w3.org/2000/svg}path")]
    assert fills.count("url(#hatch)") == seen.areas["letter"].null_count()


def test_small_areas_that_contradict_a_loaded_larger_area_are_not_shown(sample_store):
    load_counts(sample_store, [3.0, 30.0])
    whole = pl.DataFrame(
        {
            "measure": "local:plans", "breakdown": "area", "group": "E07000150", "period": "2025", "status": "ok",
            "period_end": date(2025, 12, 31), "numerator": 7000.0, "denominator": 14000.0, "value": 50.0,
        }
    )  # fmt: skip
    sample_store.load(conform(whole, FIGURES), None, kind="own", file_name="more.csv", sha256="more")
    small = area_measures.figures(PUBLISHED, "held:local:plans", level="lsoa", year="2025")
    assert set(small["status"]) == {"x"}
    assert small["value"].null_count() == small.height


# The page -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", places.LEVELS)
@pytest.mark.parametrize("year", ["2025", "2019", "change"])
def test_the_page_opens_at_every_level_and_year(look, level, year):
    at = open_map(level=level, year=year)
    assert at.title[0].value == ("Where has need changed?" if year == "change" else "Where is need greatest?")
    chart = at.get("deck_gl_json_chart")[0].proto
    assert chart.alt.startswith("Map of the county.")
    assert "http" not in chart.json
    assert len(chart.json) < 350_000  # bytes, with all geometry in it
    assert "Illustrative areas" in words_of(at)


def test_every_measure_opens_and_none_has_more_than_five_bands(look):
    for measure in area_map.choices(PUBLISHED):
        for level in ("forum", "council"):
            year = next(iter(area_map.years(PUBLISHED, measure)))
            seen = area_map.area_map(PUBLISHED, measure=measure, level=level, year=year)
            assert len(seen.bands) <= 5
            assert seen.title.endswith("?")
            assert seen.sentence.endswith(".")


def test_the_link_reproduces_the_view(look):
    at = open_map(
        measure="crime", level="ward", year="2019", beside="km_library", place="E05016203", services="library"
    )
    kept = {key: at.selectbox(key=key).value for key in ("measure", "level", "year", "beside", "place", "services")}
    assert kept == {
        "measure": "crime", "level": "ward", "year": "2019", "beside": "km_library", "place": "E05016203",
        "services": "library",
    }  # fmt: skip
    assert "chosen" in layers_of(at)
    assert len(at.get("plotly_chart")) == 1


def test_an_area_from_the_list_has_its_card_and_its_outline(look):
    at = open_map()
    at.selectbox(key="place").select("EHF10").run()
    assert at.query_params["place"] == "EHF10"
    (outlined,) = layers_of(at)["chosen"]["data"]["features"]
    assert outlined["properties"]["code"] == "EHF10"
    assert "Wellingborough" in words_of(at)


@pytest.mark.parametrize("forged", ["nonsense", "<script>alert(1)</script>", "E06000061' OR 1=1", "../x"])
def test_a_forged_address_falls_back_with_a_sentence(look, forged):
    at = open_map(measure=forged, place=forged)
    assert at.selectbox(key="measure").value == "imd"
    assert at.selectbox(key="place").value == ""
    assert len(at.warning) == 2


def test_on_an_empty_database_the_map_still_shows_what_comes_with_it(empty_store):
    at = open_map()
    assert "Of ten forum areas" in words_of(at)
    assert "No indicators are loaded yet." in words_of(at)


# Map data at an address -----------------------------------------------------------------------------------------------


def ask(path: str, encoding: str = "gzip") -> tuple[int, dict[str, str], bytes]:
    """What the address answers, asked as a server asks an application."""
    sent: list[dict] = []
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"accept-encoding", encoding.encode())], "http_version": "1.1", "root_path": "",
    }  # fmt: skip

    async def receive() -> dict:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict) -> None:
        sent.append(message)

    # on a thread of its own: the browser tests before may have left a loop running on this one
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, Starlette(routes=address.routes())(scope, receive, send)).result()
    headers = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(m.get("body", b"") for m in sent[1:])


def test_map_data_are_fetched_once_and_kept_by_the_browser():
    try:
        shapes.serve()
        body = b'{"type":"FeatureCollection","features":[]}' * 50
        name = shapes.given(body)
        assert name == shapes.given(body)
        status, headers, packed = ask(f"/{name}")
        assert (status, gzip.decompress(packed)) == (200, body)
        assert headers["content-encoding"] == "gzip"
        assert "immutable" in headers["cache-control"]
        status, headers, plain = ask(f"/{name}", "identity")
        assert plain == body
        assert "content-encoding" not in headers
        assert ask("/shapes/0000.json")[0] == 404
        assert ask("/shapes/../etc/passwd.json")[0] == 404
    finally:
        shapes.serve(False)


def test_the_page_sends_addresses_where_the_server_answers(look):
    try:
        shapes.serve()
        chart = open_map(level="lsoa").get("deck_gl_json_chart")[0].proto.json
        assert len(chart) < 6_000  # bytes: nothing that grows with the number of areas
        sizes = [len(shapes.packed(name)) for name in re.findall(r"shapes/([0-9a-f]{40})\.json", chart)]
        assert sum(sizes) < 100_000  # bytes for the browser to fetch, once
    finally:
        shapes.serve(False)
