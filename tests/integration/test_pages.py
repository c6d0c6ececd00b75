"""Each page run by Streamlit's own test bench: on the sample data, on an empty database, with forged addresses."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.answers import published
from tests.conftest import ROOT
from tests.sign_in import ISSUER, signed_in

ENTRY = str(ROOT / "dashboard" / "entry" / "app.py")
# page → somebody who may open it
PAGES = {
    "scorecard": "subgroup member",
    "turn_the_curve": "subgroup member",
    "area_map": "commissioner",
    "need_and_funding": "commissioner",
    "load_data": "data officer",
    "methods": "subgroup member",
    "people": "administrator",
    "activity": "subgroup member",
    "journeys": "subgroup member",
    "forum": "coordinator",
    "data_quality": "data officer",
    "action_plan": "subgroup member",
    "distance_travelled": "commissioner",
    "one_person": "QA manager",
    "questionnaire": "commissioner",
    "answer": "respondent",
    "rounds": "coordinator",
    "assessment_quality": "commissioner",
    "audit_desk": "QA manager",
    "audit": "QA manager",
}


def open_page(page: str, **address: str) -> AppTest:
    at = signed_in(AppTest.from_file(ENTRY, default_timeout=60), PAGES[page])
    for key, value in address.items():
        at.query_params[key] = value
    at.run()
    if page != "scorecard":
        at.switch_page(f"../pages/{page}.py").run()
    assert not at.exception, at.exception
    return at


def words_of(at: AppTest) -> str:
    """Everything on the page that is written in HTML or in Streamlit's own blocks, without tags."""
    bodies = [e.proto.body for e in at.get("html")] + [e.value for e in (*at.markdown, *at.caption, *at.title)]
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", " ".join(bodies), flags=re.DOTALL))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_the_sample_data(look, page):
    at = open_page(page)
    assert len(at.title) == 1
    assert at.title[0].value.endswith("?")


@pytest.mark.parametrize("page", ["scorecard", "turn_the_curve", "load_data", "methods"])
def test_an_empty_database_says_what_to_do_next(empty_store, page):
    assert "load" in words_of(open_page(page)).lower()


def test_the_scorecard_says_what_can_be_read_out(look):
    said = words_of(open_page("scorecard"))
    # 33 indicators of the strategy, 12 of them without a published series (data/indicators: the strategy's own count)
    assert "Of 21 indicators with published figures" in said
    assert "12 have no figures yet" in said
    # children in need census 2025, North 1,084 + West 1,123 of 4,535 + 4,689 referrals
    assert "23.9%" in said
    assert "(23.1–24.8)" in said
    assert "2,207 of 9,224" in said


def test_the_scorecard_shows_the_wrong_figures_and_the_contradicted_claims(look):
    at = open_page("scorecard")
    said = words_of(at)
    assert "6 are wrong as printed" in said
    assert "5 claims of “too many” are contradicted" in said
    tables = " ".join(e.proto.body for e in at.get("html"))
    checked = tables[tables.index("Figures printed in the strategy, checked") :]
    assert checked.count("wrong as printed") == 6
    assert len(re.findall(r">\s*contradicted\s*<", checked)) == 5


@pytest.mark.parametrize(("area", "name"), published.AREAS.items())
def test_the_scorecard_follows_the_area(look, area, name):
    at = open_page("scorecard", area=area)
    assert at.selectbox(key="area").value == area
    assert "Of 21 indicators" in words_of(at)


def test_every_figure_of_the_scorecard_with_counts_carries_its_interval(look):
    """A percentage or rate with "n of m" beneath it stands with its interval."""
    tables = " ".join(e.proto.body for e in open_page("scorecard").get("html"))
    cells = re.findall(r'data-label="Latest figure">(.*?)</td>', tables, flags=re.DOTALL)
    with_counts = [c for c in cells if re.search(r"\d of \d", c)]
    assert len(cells) >= 20
    assert with_counts
    assert [c for c in with_counts if not re.search(r"\([\d.,]+–[\d.,]+\)", c)] == []


@pytest.mark.parametrize("code", ["S1", "E3", "H5", "H7", "V4", "Y1"])
def test_turn_the_curve_opens_for_an_indicator(look, code):
    at = open_page("turn_the_curve", indicator=code)
    assert at.selectbox(key="indicator").value == code
    charts = at.get("plotly_chart")
    if code == "Y1":
        assert not charts
        assert "data development agenda" in words_of(at)
    else:
        assert len(charts) == 1
        assert charts[0].proto.alt


def test_every_indicator_has_a_page_that_opens(look):
    from dashboard.access import PUBLISHED
    from dashboard.answers.curve import indicators

    at = open_page("turn_the_curve")
    for code in indicators(PUBLISHED):
        at.selectbox(key="indicator").set_value(code).run()
        assert not at.exception, (code, at.exception)


@pytest.mark.parametrize("forged", ["nonsense", "<script>alert(1)</script>", "../../etc/passwd", "=1+1", "S1' OR 1=1"])
def test_a_forged_address_falls_back_with_a_sentence(look, forged):
    at = open_page("scorecard", area=forged)
    assert at.selectbox(key="area").value == published.COUNTY
    assert "not in “Area”" in at.warning[0].value


def test_what_is_written_is_kept_with_author_and_history(sample_store):
    at = open_page("turn_the_curve", indicator="S1")
    at.text_area(key="text-S1-story").set_value("Referrals rose when the front door moved. <b>bold?</b>")
    at.button(key="FormSubmitter:form-S1-story-Save").click().run()
    assert not at.exception
    assert "is saved" in at.success[0].value
    at.text_area(key="text-S1-story").set_value("Second text")
    at.button(key="FormSubmitter:form-S1-story-Save").click().run()
    kept = sample_store.note_history("S1", "story")
    assert kept["text"].to_list() == ["Second text", "Referrals rose when the front door moved. <b>bold?</b>"]
    signature = f"Member of eh-subgroup <{ISSUER}#eh-subgroup>"
    assert kept["author"].to_list() == [signature, signature]
    bodies = " ".join(e.proto.body for e in at.get("html"))
    assert "&lt;b&gt;bold?&lt;/b&gt;" in bodies
    assert "Member of eh-subgroup, " in words_of(at)
    assert ISSUER not in words_of(at)


def test_a_text_that_is_too_long_is_not_kept_and_not_lost(sample_store):
    at = open_page("turn_the_curve", indicator="S1")
    at.text_area(key="text-S1-action").set_value("Ring every school. " * 600)
    at.button(key="FormSubmitter:form-S1-action-Save").click().run()
    assert "11,399 characters" in at.error[0].value
    assert at.text_area(key="text-S1-action").value.startswith("Ring every school")
    assert sample_store.note_history("S1", "action").is_empty()


def test_two_people_editing_at_once_lose_nothing(sample_store):
    mine = open_page("turn_the_curve", indicator="S1")
    sample_store.add_note("S1", "story", "Theirs", author="Somebody else", base=None)
    mine.text_area(key="text-S1-story").set_value("Mine")
    mine.button(key="FormSubmitter:form-S1-story-Save").click().run()
    assert "Nothing is lost" in mine.error[0].value
    assert "Theirs" in words_of(mine)
    assert mine.text_area(key="text-S1-story").value == "Mine"
    mine.text_area(key="text-S1-story").set_value("Theirs and mine")
    mine.button(key="FormSubmitter:form-S1-story-Save").click().run()
    assert sample_store.note_history("S1", "story")["text"].to_list() == ["Theirs and mine", "Theirs"]


def test_a_target_is_judged_against_the_flat_forecast(sample_store):
    at = open_page("turn_the_curve", indicator="S1")
    at.number_input(key="aim-rereferrals").set_value(5.0)
    at.button(key="FormSubmitter:target-rereferrals-Save target").click().run()
    assert not at.exception
    # 5% lies below the whole interval of the forecast (about 13 to 35), and lower is better
    assert "Target: 5.0%" in words_of(at)
    assert "not on track" in words_of(at)


OWN = b"measure,area,period,numerator,denominator,value\nlait:ReReferral,E06000061,2025/26,%s,400,%s\n"


def upload(at: AppTest, data: bytes, name: str = "mine.csv") -> AppTest:
    at.file_uploader(key="file").upload(name, data, "text/csv").run()
    assert not at.exception
    return at


def test_a_file_is_checked_loaded_restated_and_undone(sample_store):
    before = sample_store.loads().height
    at = upload(open_page("load_data"), OWN % (b"100", b"25.0"))
    assert "1 figure can be used" in at.info[0].value
    assert sample_store.loads().height == before  # checking writes nothing
    next(b for b in at.button if b.label == "Load mine.csv").click().run()
    assert "is in as load" in at.success[0].value
    assert not at.error  # the file is put away, and not held against itself
    at = upload(open_page("load_data"), OWN % (b"120", b"30.0"), "later.csv")
    assert "1 restate an earlier figure" in at.info[0].value
    next(b for b in at.button if b.label == "Load later.csv").click().run()
    row = sample_store.read_figures(["lait:ReReferral"]).filter(period="2025/26")
    assert row.select("value", "previous_value").row(0) == (30.0, 25.0)
    newest = int(sample_store.loads()["load_id"].max())
    at = open_page("load_data")
    next(b for b in at.button if b.label == "Undo this load").click().run()
    assert "tick the box first" in at.warning[0].value and not at.success
    at.checkbox[0].set_value(True)
    next(b for b in at.button if b.label == "Undo this load").click().run()
    assert f"Load {newest} is undone" in at.success[0].value
    row = sample_store.read_figures(["lait:ReReferral"]).filter(period="2025/26")
    assert row.select("value", "previous_value").row(0) == (25.0, None)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "empty.csv"),
        (b"\x00" * 1000, "zeros.csv"),
        (b"hello world", "letter.txt"),
        (b"PK\x03\x04rubbish", "broken.xlsx"),
    ],
)
def test_a_wrong_file_gives_one_sentence(look, data, name):
    at = upload(open_page("load_data"), data, name)
    assert len(at.error) == 1
    assert at.error[0].value.count(".") >= 1
    assert not [b for b in at.button if b.label.startswith("Load ")]


def test_refused_rows_are_shown_with_their_reason(look):
    at = upload(open_page("load_data"), OWN % (b"500", b"125") + b"lait:ReReferral,Atlantis,2024/25,1,2,50\n")
    said = words_of(at)
    assert "Atlantis" in said
    assert "400" in said or "denominator" in said
    assert "Why rows are refused" in said and "Row by row" in said


def test_the_methods_page_defines_every_measure(look):
    from metrics.catalogue import catalogue

    at = open_page("methods")
    seen = words_of(at)
    for strategy in at.selectbox(key="strategy").options:
        at.selectbox(key="strategy").select(strategy).run()
        seen += words_of(at)
    missing = [i.id for i in catalogue().indicators.values() if f"{i.id} {i.name}" not in seen.replace("&#39;", "'")]
    assert missing == []
