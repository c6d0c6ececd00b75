"""Components in running pages: what a visitor gets, what a forged address or a hostile file cannot do."""

import io
import re
import zipfile
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components.blocks import stylesheet
from dashboard.components.files import harmless, to_csv, to_workbook
from dashboard.components.filters import Choice, filters, link
from metrics.estimates import conform
from tests.sign_in import signed_in

VOID = {"img", "br", "input", "meta", "link"}


class Page(HTMLParser):
    """The elements of a piece of HTML; fails on tags that do not close."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append([tag, dict(attributes), ""])
        if tag not in VOID:
            self.open.append(len(self.elements) - 1)

    def handle_endtag(self, tag):
        assert self.elements[self.open.pop()][0] == tag

    def handle_data(self, data):
        for place in self.open:
            self.elements[place][2] += data

    def all(self, tag, **attributes):
        return [e for e in self.elements if e[0] == tag and all(e[1].get(k) == v for k, v in attributes.items())]


def run(script, *, role="", **kwargs):
    at = AppTest.from_function(script, kwargs=kwargs)
    at = (signed_in(at, role) if role else at).run()
    assert not at.exception
    return at


def shown(at):
    return "".join(block.proto.body for block in at.get("html"))


def figures():
    rows = [
        {"measure": "=cmd()", "breakdown": "area", "group": code, "period": "2025", "period_end": date(2025, 3, 31),
         "numerator": 251.0, "denominator": 412.0, "value": value, "lower": value and value - 1,
         "upper": value and value + 1, "status": status, "method": "Wilson 95%"}
        for code, value, status in (("E10000021", 60.92, "ok"), ("E92000001", None, "c"))
    ]  # fmt: skip
    return conform(pl.DataFrame(rows))


# --- tables ----------------------------------------------------------------------------------------------------------


def scorecard_page():
    from datetime import date

    import polars as pl

    from dashboard.components import Missing, Printed, ScorecardRow, link, scorecard_table
    from metrics.estimates import conform

    history = conform(
        pl.DataFrame({"period": ["2024", "2025"], "period_end": [date(2024, 3, 31), date(2025, 3, 31)],
                      "value": [25.0, 23.9], "status": ["ok", "ok"]})
    )  # fmt: skip
    scorecard_table(
        [
            ScorecardRow(
                "S1", "Referred <b>again</b>", link("turn_the_curve", measure="S1"), "% of referrals", 23.92, 23.10,
                24.66, 2412, 10082, period="2025", comparator="England", comparator_value=22.6, verdict="worse",
                trend="no clear change", history=history, printed=[Printed("29.4% in 2018/19", "wrong as printed")],
            ),
            ScorecardRow("S9", "Hidden", "x", "%", None, status="c"),
        ],
        caption="All children are safe",
        missing=[Missing("S4", "Treatment completed", "parents are not counted apart", "the provider")],
    )  # fmt: skip


def test_scorecard_is_a_table_with_headers_caption_marks_and_words():
    page = Page(shown(run(scorecard_page)))
    assert "All children are safe" in page.all("caption")[0][2]
    assert len(page.all("th", scope="col")) == 8
    assert len(page.all("th", scope="row")) == 2
    cells = {e[1]["data-label"]: " ".join(e[2].split()) for e in reversed(page.all("td"))}
    assert cells["Latest figure"] == "23.9% (23.1–24.7)2,412 of 10,082"
    assert cells["Compared with"] == "England 22.6%"
    assert cells["Verdict"] == "▼ worse"
    assert cells["As printed in the strategy"] == "29.4% in 2018/19 wrong as printed"
    assert page.all("a")[0][1]["href"] == "turn_the_curve?measure=S1"
    assert page.all("img")[0][1]["alt"] == "From 25.0% in 2024 to 23.9% in 2025"
    assert "[c]hidden because the count is small" in page.all("tr")[2][2]
    assert "parents are not counted apart (held by the provider)" in " ".join(page.all("li")[0][2].split())


def test_what_comes_from_a_file_is_escaped():
    text = shown(run(scorecard_page))
    assert "Referred &lt;b&gt;again&lt;/b&gt;" in text
    assert "<b>again" not in text


def test_every_cell_of_a_card_has_its_label_and_one_child():
    """On a phone the label and the content are the two columns of a cell."""
    page = Page(shown(run(scorecard_page)))
    headers = [e[2] for e in page.all("th", scope="col")]
    assert {e[1]["data-label"] for e in page.all("td")} == set(headers[1:])


def test_the_stylesheet_styles_only_our_own_classes_and_asks_nothing_of_other_hosts():
    text = re.sub(r"/\*.*?\*/", "", stylesheet(), flags=re.S)
    selectors = [s.strip() for block in re.findall(r"([^{}]+)\{", text) for s in block.split(",")]
    ours = (".eh-", '[class*="st-key-eh-')  # the second: containers by the key that we gave them
    assert [s for s in selectors if not s.startswith("@") and not any(o in s for o in ours)] == []
    assert not re.search(r"data-testid|st-emotion|url\(|@import|https?:", text)


def test_templates_hold_no_script_and_no_handler():
    folder = Path(__file__).resolve().parents[2] / "dashboard"
    for template in folder.rglob("templates/*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<script|\son\w+=|javascript:|\|\s*safe", text), template


# --- filters ---------------------------------------------------------------------------------------------------------


def filter_page():
    import streamlit as st

    from dashboard.components import Choice, filters

    chosen = filters(
        Choice("area", "Area", {"E10000021": "County", "E06000061": "North"}),
        Choice("against", "Compare with", {"england": "England", "neighbours": "Neighbours"}, default="neighbours"),
    )
    st.text(f"{chosen['area']} {chosen['against']}")


def used_page():
    """The same as the dashboard runs it: what was used is forgotten after each run."""
    from dashboard.components.address import run_of_a_page
    from tests.integration.test_components import filter_page

    with run_of_a_page():
        filter_page()


def opened(**address):
    at = AppTest.from_function(filter_page)
    for key, value in address.items():
        at.query_params[key] = value
    return at.run()


def address(at):
    """The address as the visitor sees it; Streamlit gives one value as text or as a list of one."""
    return {key: value if isinstance(value, str) else "".join(value) for key, value in at.query_params.items()}


def test_without_an_address_the_defaults_stand_and_the_address_stays_clean():
    at = opened()
    assert at.text[0].value == "E10000021 neighbours"
    assert address(at) == {}


def test_an_address_chooses_and_keeps_what_it_does_not_know():
    at = opened(area="E06000061", against="england", other="1")
    assert at.text[0].value == "E06000061 england"
    assert address(at) == {"area": "E06000061", "against": "england", "other": "1"}
    assert not at.warning


def test_a_choice_is_written_into_the_address():
    at = opened(other="1")
    at.selectbox(key="area").select("E06000061").run()
    assert at.text[0].value == "E06000061 neighbours"
    assert address(at) == {"area": "E06000061", "other": "1"}
    at.selectbox(key="area").select("E10000021").run()
    assert address(at) == {"other": "1"}


def test_a_choice_that_comes_with_the_address_before_the_last_choice_takes_none_back():
    at = AppTest.from_function(used_page).run()
    at.selectbox(key="area").select("E06000061").run()
    at.query_params.clear()  # the browser had not heard of the first choice when the second was made
    at.selectbox(key="against").select("england").run()
    assert at.text[0].value == "E06000061 england"
    assert address(at) == {"area": "E06000061", "against": "england"}
    at.query_params.clear()  # nobody touches a control: the visitor went back
    at.run()
    assert at.text[0].value == "E10000021 neighbours"


def test_going_back_in_the_browser_goes_back_a_choice():
    at = opened(area="E06000061")
    at.query_params.clear()
    at.run()
    assert at.text[0].value == "E10000021 neighbours"


@pytest.mark.parametrize("forged", ["North", "", "<script>alert(1)</script>", "E06000061' or 1=1", "x" * 5000])
def test_a_forged_address_falls_back_and_says_so_without_repeating_it(forged):
    at = opened(area=forged)
    assert at.text[0].value == "E10000021 neighbours"
    assert [w.value for w in at.warning] == ["The link asked for something that is not in “Area”; County is shown."]
    assert address(at) == {}
    assert not at.run().warning


def dependent_page():
    import streamlit as st

    from dashboard.components import Choice, filters

    first = filters(Choice("indicator", "Indicator", {"S1": "One", "S2": "Two"}))
    series = {"S1": {"a": "A", "b": "B"}, "S2": {"c": "C"}}[first["indicator"]]
    st.text(filters(Choice("series", "Series", series))["series"])


def test_an_option_that_another_control_takes_away_is_no_fault_of_the_link():
    at = AppTest.from_function(dependent_page)
    at.query_params["series"] = "b"
    assert at.run().text[0].value == "b"
    at.selectbox(key="indicator").select("S2").run()
    assert at.text[0].value == "c"
    assert not at.warning
    assert address(at) == {"indicator": "S2"}


@pytest.mark.parametrize(
    "choices",
    [
        [Choice(str(i), str(i), {"a": "A"}) for i in range(5)],
        [Choice("a", "A", {})],
        [Choice("a", "A", {"x": "Same", "y": "Same"})],
    ],
    ids=["five", "none", "alike"],
)
def test_controls_that_cannot_work_are_refused(choices):
    with pytest.raises(ValueError, match="control"):
        filters(*choices)


def test_links_are_encoded():
    assert link("turn_the_curve", measure="S1", area="a&b=c") == "turn_the_curve?measure=S1&area=a%26b%3Dc"
    assert link("methods") == "methods"


# --- figures and files -----------------------------------------------------------------------------------------------


def figure_page(frame):
    from dashboard.components import figure_with_table, guard, history_chart

    guard("turn_the_curve")

    figure, alt = history_chart(
        frame.head(1), name="County", headline="It fell", subtitle="Measure", source="DfE", n="412 families", unit="%"
    )
    figure_with_table(
        figure, alt, frame, name="Better <off>", source="DfE, 2025", unit="%", areas={"E10000021": "County"}
    )


def test_a_chart_comes_with_headline_alt_source_table_and_files(empty_store):
    at = run(figure_page, role="commissioner", frame=figures())
    page = Page(shown(at))
    assert page.all("h2")[0][2] == "It fell"
    assert at.get("plotly_chart")[0].proto.alt.startswith("It fell. County: 60.9% in 2025")
    assert "Source: DfE, 2025. n = 412 families." in shown(at)
    assert page.all("summary")[0][2] == "Figures in this chart"
    assert page.all("caption")[0][2] == "Better <off> (%)"
    rows = [[e[2] for e in page.elements if e[0] in ("th", "td")][start : start + 7] for start in (7, 14)]
    assert rows[0] == ["County", "2025", "60.9%", "59.9–61.9", "251", "412", "published"]
    assert rows[1][:4] == ["E92000001", "2025", "[c]", "–"]
    assert [b.proto.label for b in at.get("download_button")] == ["Download as CSV", "Download as workbook"]


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1", "＝1"])
def test_text_that_a_spreadsheet_would_reckon_is_made_harmless(start):
    assert harmless(start) == f"'{start}"


def test_ordinary_text_is_left_alone():
    assert [harmless(t) for t in ("2018/19", "[c] hidden", "")] == ["2018/19", "[c] hidden", ""]


def test_csv_has_plain_numbers_british_dates_harmless_text_and_its_source():
    text = to_csv(figures(), source='=HYPERLINK("x")', areas={"E10000021": "County"})
    assert text.startswith(b"\xef\xbb\xbf")
    lines = text.decode("utf-8-sig").splitlines()
    assert lines[1].startswith('"\'=cmd()","County","E10000021","2025","31/03/2025",60.92,')
    assert lines[2].endswith('"[c] hidden because the count is small","Wilson 95%"')
    assert lines[-1] == '"Source: =HYPERLINK(""x"")"'


def test_workbook_is_one_plain_table_under_title_and_source():
    made = to_workbook(figures(), title="=Better off", source="DfE", areas={"E10000021": "County"}, decimals=1)
    with zipfile.ZipFile(io.BytesIO(made)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        table = book.read("xl/tables/table1.xml").decode()
        texts = book.read("xl/sharedStrings.xml").decode()
    assert "mergeCell" not in sheet
    assert "<f>" not in sheet  # no formula anywhere
    assert 'ySplit="4"' in sheet  # the header row and all above it stay in sight
    assert 'state="frozen"' in sheet
    assert 'ref="A4:M6"' in table
    assert "Source: DfE" in texts
    back = pl.read_excel(made, read_options={"header_row": 3})
    assert back["Value"].to_list() == [60.92, None]
    assert back["Measure"].to_list() == ["=cmd()", "=cmd()"]
    assert back["Period ends"].to_list() == [date(2025, 3, 31)] * 2


def test_no_figures_still_make_files():
    nothing = figures().clear()
    assert to_csv(nothing, source="DfE").decode("utf-8-sig").startswith('"Measure"')
    assert to_workbook(nothing, title="t", source="s")[:2] == b"PK"


# --- blocks ----------------------------------------------------------------------------------------------------------


def blocks_page():
    from dashboard.components import About, about, empty_state, headline, key_to_words, open_page

    open_page()
    headline("Two <in> three.")
    empty_state("No figures yet.", "Load a file.", link=("Load data", "load_data"))
    about(About("What it is", "DfE", last_update="2025-10-30", n="412"))
    key_to_words()


def test_blocks_say_what_they_are_given_and_leave_out_what_is_empty():
    page = Page(shown(run(blocks_page)))
    assert page.all("p", **{"class": "eh-headline"})[0][2] == "Two <in> three."
    assert page.all("a", href="load_data")[0][2] == "Load data"
    about = page.all("section")[0][2]
    assert "30 October 2025" in about
    assert "Next update" not in about
    assert [e[2] for e in page.all("summary")] == ["What the words mean"]


def test_the_demonstration_says_that_it_is_one(monkeypatch):
    assert "Demonstration" not in shown(run(blocks_page))
    monkeypatch.setenv("EARLY_HELP_DEMO", "1")
    assert "Demonstration" in shown(run(blocks_page))
