"""What could name a person never comes in: refused by its column, hashed, cut to a month, turned into a small area.

Every number here is invented: NHS numbers from the range 999 that is kept for tests, telephone numbers from Ofcom's
range for drama, National Insurance numbers and UPNs put together for the test.
"""

import logging
import os
import re
import unicodedata
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.cli import main
from dashboard.components import literal
from dashboard.intake import IntakeError, personal, privacy, read, safe_name
from dashboard.intake.privacy import Key
from sample_data import places

from .intake_files import NORTH, WEST, read_rows

OWN = ["measure", "area", "period", "value", "note"]
KEY = Key((b"4f1e2d3c4b5a69788796a5b4c3d2e1f0",))
OTHER = Key((b"00112233445566778899aabbccddeeff",))


def nhs_numbers(how_many):
    """From the test range, each with the digit that makes the sum of digits times 10 … 2, 1 a multiple of 11."""
    found = []
    for serial in range(how_many * 2):
        nine = f"999{serial:06d}"
        for last in range(10):
            if sum(int(d) * w for d, w in zip(f"{nine}{last}", range(10, 0, -1), strict=True)) % 11 == 0:
                found.append(f"{nine}{last}")
    return found[:how_many]


def test_the_numbers_of_this_test_are_valid_by_hand():
    # 9·10 + 9·9 + 9·8 + 0 + … + 1·2 = 245 = 22·11 + 3, so the last digit is 11 − 3 = 8
    assert "9990000018" in nhs_numbers(20)


def own_file(header, *cells, note="as reported"):
    rows = [f"rereferrals,{area},2019,23.9,{note},{cell}" for area, cell in zip((NORTH, WEST), cells, strict=True)]
    return "\n".join([",".join([*OWN, header]), *rows, ""]).encode()


def sentence(data, *, file_name="cases.csv", **options):
    with pytest.raises(IntakeError) as caught:
        read(data, file_name=file_name, **options)
    words = str(caught.value)
    assert words.endswith(".") and words.count(". ") == 0 and "\n" not in words
    return words


# Recognised by header ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("Name", "names"),
        ("First name", "names"),
        ("FORENAME", "names"),
        ("ChildSurname", "names"),
        ("mother's first name", "names"),
        ("Lead professional", "names"),
        ("Home address", "addresses"),
        ("Address line 2", "addresses"),
        ("UPRN", "addresses"),
        ("Post Code", "postcodes"),
        ("NHS Number", "NHS numbers"),
        ("NHSNumber", "NHS numbers"),
        ("child_nhs_no", "NHS numbers"),
        ("Former UPN", "pupil numbers (UPN)"),
        ("UniquePupilNumber", "pupil numbers (UPN)"),
        ("NI number", "National Insurance numbers"),
        ("Mobile", "telephone numbers"),
        ("TelephoneNum", "telephone numbers"),
        ("E-mail", "e-mail addresses"),
        ("parent_email_address", "e-mail addresses"),
        ("DOB", "full dates of birth"),
        ("Date of Birth", "full dates of birth"),
        ("Case notes", "free text"),
        ("Comments", "free text"),
    ],
)
def test_a_column_is_known_by_its_header_even_when_it_is_empty(header, what):
    words = sentence(own_file(header, "", ""))
    assert words == f"cases.csv holds what looks like {what} in column “{header}”: leave that column out."


@pytest.mark.parametrize(
    "header",
    ["Area name", "LA_Name", "Indicator name", "NHS region", "Social worker vacancy rate", "Birth month",
     "Parental factor", "Pupils", "Children", "Named plans", "Mobility", "Story points", "Streets per area",
     "Commentary type"],
)  # fmt: skip
def test_headers_that_only_sound_alike_are_let_in(header):
    assert read(own_file(header, "1", "2"), file_name="cases.csv").size == 2


def test_several_columns_stand_in_one_sentence():
    header = ",".join([*OWN, "First name", "Surname", "DOB", "Street", "Phone", "E-mail", "NHS no"])
    words = sentence(f"{header}\nrereferrals,{NORTH},2019,23.9,,,,,,,,\n".encode())
    assert words == (
        "cases.csv holds what looks like names in columns “First name” and “Surname”, full dates of birth in column "
        "“DOB”, addresses in column “Street”, telephone numbers in column “Phone”, e-mail addresses in column “E-mail” "
        "and NHS numbers in column “NHS no”: leave those columns out."
    )


# Recognised by what stands in it -------------------------------------------------------------------------------------

# B801200005001: 8·2 + 1·4 + 2·5 + 5·10 + 1·13 = 93 = 4·23 + 1, and the letter for 1 is B
VALUES = [
    ("9990000018", "NHS numbers"),
    ("999 000 0018", "NHS numbers"),
    ("9990000018.0", "NHS numbers"),
    ("B801200005001", "pupil numbers (UPN)"),
    ("b801200005001", "pupil numbers (UPN)"),
    ("AB 12 34 56 C", "National Insurance numbers"),
    ("ab123456c", "National Insurance numbers"),
    ("ann.other@example.org", "e-mail addresses"),
    ("01604 496012", "telephone numbers"),
    ("(0114) 496 0123", "telephone numbers"),
    ("07700 900123", "telephone numbers"),
    ("+44 7700 900123", "telephone numbers"),
    ("020 7946 0123", "telephone numbers"),
    ("NN1 1AA", "postcodes"),
    ("nn11aa", "postcodes"),
    ("SW1A 1AA", "postcodes"),
]


@pytest.mark.parametrize(("value", "what"), VALUES)
def test_a_column_is_known_by_one_value(value, what, caplog):
    with caplog.at_level(logging.DEBUG):
        words = sentence(own_file("Reference", "", value))
    assert words == f"cases.csv holds what looks like {what} in column “Reference” (line 3): leave that column out."
    assert value not in caplog.text


@pytest.mark.parametrize(("value", "what"), VALUES)
def test_a_value_within_a_text_that_is_wanted_is_found_too(value, what):
    if value.islower() and what != "e-mail addresses":
        value = value.upper()  # in small letters within a sentence it would be too like a word
    words = sentence(own_file("x", "", "", note=f"please ask {value} again"))
    assert words == f"cases.csv holds what looks like {what} in column “note” (line 2): take them out of it."


@pytest.mark.parametrize(
    "value",
    ["9990000017", "A801200005001", "GB123456C", "0.0123456789", "53.1234567890123", "2018/19", "E06000061",
     "01/04/2019", "0-17 2019 2020", "KS4 5EM", "10,000,000,000", "1234567890123456", "EHF01",
     "CV Q4 2AB", "12 345 678", "a @ b"],
)  # fmt: skip
def test_other_values_are_let_in(value):
    assert read(own_file("Reference", "", f'"{value}"'), file_name="cases.csv").size == 2


def test_case_numbers_of_ten_digits_are_no_nhs_numbers_though_one_in_eleven_passes_the_check():
    cases = pl.Series([f"{1_000_000_000 + 7 * i}" for i in range(500)])
    assert personal.values(cases)[personal.NHS].is_empty()
    assert set(personal.values(pl.concat([pl.Series(nhs_numbers(400)), cases]))[personal.NHS]) >= set(nhs_numbers(400))


def test_a_date_under_a_header_that_speaks_of_birth():
    assert "full dates of birth in column “child born on” (line 2)" in sentence(
        own_file("child born on", "3/5/2014", "")
    )
    assert read(own_file("month of birth", "2014-05", "May 2014"), file_name="cases.csv").size == 2


def test_a_row_that_is_longer_than_the_header_is_looked_through():
    data = (
        f"measure,area,period,value\nrereferrals,{NORTH},2019,1,ann@example.org\nrereferrals,{WEST},2019,2\n".encode()
    )
    assert "e-mail addresses in column “(whole row)” (line 2)" in sentence(data)


def test_a_telephone_number_in_a_publisher_s_footnote_is_no_column_of_them():
    lait = "LA_Number,LA and Regions,Measure_short,Years,Values,Comment by publisher\n"
    rows = [f"940,North Northamptonshire,ReReferral,{year},20," for year in (2022, 2023, 2024)]
    one = lait + "\n".join([rows[0] + "0114 496 0123", *rows[1:]])
    assert read(one.replace("Comment by publisher", "Remark").encode(), file_name="lait.csv").size == 3
    every = lait + "\n".join(f"{row}0114 496 012{i}" for i, row in enumerate(rows))
    words = sentence(every.replace("Comment by publisher", "Remark").encode())
    assert "telephone numbers in column “Remark” (line 2)" in words


def test_nothing_of_a_refused_file_is_stored_or_said(tmp_path, store, database_url, monkeypatch, caplog):
    monkeypatch.setenv("EARLY_HELP_DATABASE_URL", database_url)
    [number, other] = nhs_numbers(2)
    path = tmp_path / "cases.csv"
    path.write_bytes(own_file("Reference", number, other))
    with caplog.at_level(logging.DEBUG):
        result = CliRunner().invoke(main, ["load", str(path), "--refused", str(tmp_path / "refused.csv")])
    assert result.exit_code == 1
    assert "holds what looks like NHS numbers in column “Reference” (line 2): leave that column out." in result.stderr
    assert store.loads().is_empty()
    everything = result.output + caplog.text + (tmp_path / "refused.csv").read_text()
    assert number not in everything and other not in everything


# Keyed hashes --------------------------------------------------------------------------------------------------------

identifiers = st.lists(st.text(st.characters(codec="utf-8"), max_size=30), min_size=1, max_size=30)


@given(identifiers)
def test_the_same_identifier_gets_the_same_hash_and_under_another_key_another(texts):
    series = pl.Series("id", texts)
    hashes = privacy.keyed_hash(series, key=KEY)
    assert hashes.to_list() == privacy.keyed_hash(series, key=KEY).to_list()
    assert privacy.keyed_hash(series.reverse(), key=KEY).reverse().to_list() == hashes.to_list()
    others = privacy.keyed_hash(series, key=OTHER)
    for mine, theirs in zip(hashes, others, strict=True):
        assert (mine is None) == (theirs is None)
        assert mine is None or (re.fullmatch("[0-9a-f]{20}", mine) and mine != theirs)


@given(st.sets(st.integers(0, 10**12), min_size=2, max_size=200))
def test_different_identifiers_get_different_hashes(numbers):
    hashes = privacy.keyed_hash(pl.Series(sorted(numbers)), key=KEY)
    assert hashes.n_unique() == len(numbers)


def test_the_hash_is_hmac_sha256():
    # printf 'ABC123' | openssl dgst -sha256 -hmac 4f1e2d3c4b5a69788796a5b4c3d2e1f0 | cut -c 1-20, after the equals sign
    assert privacy.keyed_hash(pl.Series(["abc123"]), key=KEY).item() == "ca45558acc8593d2932b"


def test_spelling_does_not_part_one_person_from_themselves():
    spelt = pl.Series(["999 000 0018", "9990000018", " 999-000-0018 ", "9990000018.0", "９９９0000018"])
    assert privacy.keyed_hash(spelt, key=KEY).n_unique() == 1
    assert privacy.keyed_hash(pl.Series(["ab1", " AB1"]), key=KEY).n_unique() == 1
    assert privacy.keyed_hash(pl.Series([None, "", "  "]), key=KEY).null_count() == 3
    assert privacy.keyed_hash(pl.Series([12, 13]), key=KEY).n_unique() == 2


def test_rotation_keeps_a_person_s_rows_together():
    both = Key((*KEY.secrets, *OTHER.secrets))
    people = pl.Series("id", nhs_numbers(50))
    old = privacy.keyed_hash(people, key=KEY)
    turned = privacy.rotate(old, key=both)
    assert turned.to_list() == privacy.keyed_hash(people, key=both).to_list()  # files that come later agree
    assert not set(turned) & (set(old) | set(privacy.keyed_hash(people, key=OTHER)))
    assert len({KEY.id, OTHER.id, both.id}) == 3 and re.fullmatch("[0-9a-f]{8}", both.id)
    with pytest.raises(IntakeError, match="There is only one identifier key"):
        privacy.rotate(old, key=KEY)


def test_the_key_comes_from_the_settings(tmp_path):
    secret = KEY.secrets[0].decode()
    assert privacy.read_key({privacy.SETTING: secret}) == KEY
    assert privacy.read_key({privacy.SETTING: f"{secret}\n{OTHER.secrets[0].decode()}\n"}).secrets[1:] == OTHER.secrets
    path = tmp_path / "identifier.txt"
    path.write_text(secret + "\n")
    path.chmod(0o600)
    assert privacy.read_key({privacy.FILE_SETTING: str(path)}) == KEY


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        ("4f1e2d3c4b5a69788796a5b4c3d2e1f0", 0o640, "Others may read the identifier key file "),
        ("4f1e2d3c4b5a69788796a5b4c3d2e1f0", 0o604, "Others may read the identifier key file "),
        ("abc123", 0o600, "The identifier key is too short or too plain: make one of 64 characters"),
        ("a" * 64, 0o600, "The identifier key is too short or too plain"),
        ("", 0o600, "The identifier key is too short or too plain"),
        ("clé" * 20, 0o600, "holds more than plain letters and digits"),
        (None, 0o600, "cannot be read: No such file"),
    ],
)
def test_a_key_file_that_is_no_good_is_one_sentence(tmp_path, content, mode, says):
    path = tmp_path / "identifier.txt"
    if content is not None:
        path.write_text(content, encoding="utf-8")
        os.chmod(path, mode)
    with pytest.raises(IntakeError) as caught:
        privacy.read_key({privacy.FILE_SETTING: str(path)})
    assert says in str(caught.value) and str(caught.value).endswith(".")
    assert not content or content not in str(caught.value)


def test_no_key_and_no_secret_in_what_is_printed():
    with pytest.raises(IntakeError, match="set EARLY_HELP_IDENTIFIER_KEY or EARLY_HELP_IDENTIFIER_KEY_FILE"):
        privacy.read_key({})
    with pytest.raises(IntakeError, match="is not a file"):
        privacy.read_key({privacy.FILE_SETTING: str(Path(__file__).parent)})
    assert KEY.secrets[0].decode() not in repr(KEY) + str(KEY)


# Birth dates and postcodes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["2014-05-23", "23/05/2014", "23-05-2014", "23.05.2014", "23 May 2014", "3 May 2014", "23-May-2014",
             "2014-05", "May 2014", "05/2014", "2014-05-23 00:00:00", "23/05/2014 08:30:00", " 2014-05-23 "]
)  # fmt: skip
def test_a_birth_date_becomes_its_month(text):
    assert privacy.month_of_birth(pl.Series("dob", [text])).to_list() == [date(2014, 5, 1)]


@pytest.mark.parametrize("text", ["31/02/2014", "05/23/2014", "23/05/14", "1850-01-01", "soon", "", None])
def test_what_is_no_birth_date_becomes_nothing(text):
    assert privacy.month_of_birth(pl.Series("dob", [text], dtype=pl.String)).to_list() == [None]


@given(st.dates(date(1900, 1, 1), date(2030, 12, 31)))
def test_every_date_keeps_its_month_and_loses_its_day(day):
    given_as = pl.Series([day.isoformat(), f"{day:%d/%m/%Y}"])
    want = day.replace(day=1)
    assert privacy.month_of_birth(given_as).to_list() == [want, want]
    assert privacy.month_of_birth(pl.Series([day])).to_list() == [want]


def test_a_postcode_becomes_a_small_area_and_is_gone():
    frame = pl.DataFrame({"line": [2, 3, 4], "home": ["nn32sf", "ZZ1 9ZZ", None], "x": ["a", "b", "c"]})
    found, lost = privacy.postcode_to_lsoa(frame, "home", vintage=2021)
    assert found.columns == ["line", "x", "lsoa"] and found["lsoa"].to_list() == ["E01027170", None, None]
    assert lost.rows() == [(3, "home", "", "this postcode is not among the county's, or is misspelt")]
    assert privacy.postcode_to_lsoa(frame, "home", show=True)[1]["value"].to_list() == ["ZZ1 9ZZ"]
    with pytest.raises(ValueError, match="2011 and 2021"):
        privacy.postcode_to_lsoa(frame, "home", vintage=2001)


@pytest.mark.parametrize("vintage", [2011, 2021])
def test_every_postcode_of_the_county_is_found(vintage):
    known = places.postcodes()
    found, lost = privacy.postcode_to_lsoa(known.select("postcode"), "postcode", vintage=vintage)
    assert lost.is_empty() and found["lsoa"].to_list() == known[f"lsoa_{vintage}"].to_list()


# Case records --------------------------------------------------------------------------------------------------------

DEFINITION = {
    "person_id": "identifier",
    "family_id": "identifier",
    "born": "birth date",
    "home": "postcode",
    "agency": "keep",
    "opened": "keep",
    "reason": "free text",
    "surname": "never",
}


@st.composite
def case_records(draw):
    n = draw(st.integers(1, 15))
    numbers = st.sampled_from(nhs_numbers(100))
    day = st.dates(date(2005, 1, 1), date(2024, 12, 31)).filter(lambda d: d.day > 1)
    codes = st.sampled_from(places.postcodes()["postcode"].head(300).to_list())
    columns = {
        "person_id": [draw(numbers) for _ in range(n)],
        "family_id": [f"FAMILY{draw(st.integers(10**7, 10**8))}" for _ in range(n)],
        "born": [f"{draw(day):%d/%m/%Y}" for _ in range(n)],
        "home": [draw(codes) for _ in range(n)],
        "agency": [draw(st.sampled_from(["School", "Health visiting", "Police"])) for _ in range(n)],
    }
    return pl.DataFrame(columns)


@settings(max_examples=50)
@given(case_records())
def test_no_original_value_is_left_anywhere_in_the_output(frame):
    done = privacy.pseudonymise(frame, DEFINITION, key=KEY)
    written = done.frame.write_csv() + done.listed.write_csv()
    for column in ("person_id", "family_id", "born", "home"):
        assert [value for value in frame[column] if value in written] == []
    assert done.frame["agency"].to_list() == frame["agency"].to_list()
    assert done.frame["person_id"].n_unique() == frame["person_id"].n_unique()
    assert set(done.frame.columns) == {"line", "person_id", "family_id", "agency", "birth_month", "lsoa", "key_id"}
    assert done.frame["key_id"].unique().to_list() == [KEY.id] == [done.key_id]
    assert done.frame["lsoa"].null_count() == 0 and done.listed.is_empty()
    assert set(done.frame["birth_month"].dt.day()) == {1}


def test_cells_that_cannot_be_used_are_listed_without_their_value():
    frame = pl.DataFrame(
        {"person_id": ["9", "8"], "born": ["31/02/2014", "2014-05-23"], "home": ["NN3 2SF", "ZZ1 9ZZ"]}
    )
    done = privacy.pseudonymise(frame, DEFINITION, key=KEY)
    assert [(line, column, value) for line, column, value, _ in done.listed.iter_rows()] == [
        (2, "born", ""),
        (3, "home", ""),
    ]
    assert done.frame.select("birth_month", "lsoa").rows() == [(None, "E01027170"), (date(2014, 5, 1), None)]


@pytest.mark.parametrize("column", ["agency", "reason"])
@pytest.mark.parametrize(("value", "what"), VALUES)
def test_no_treatment_lets_a_number_or_address_of_a_person_through(column, value, what):
    frame = pl.DataFrame({"person_id": ["1", "2"], column: ["School", value]})
    with pytest.raises(IntakeError) as caught:
        privacy.pseudonymise(frame, DEFINITION, key=KEY, file_name="cases.csv")
    assert str(caught.value) == (
        f"cases.csv holds what looks like {what} in column “{column}” (line 3): take them out of it."
    )


def test_a_number_column_is_looked_through_as_well():
    frame = pl.DataFrame({"agency": [int(n) for n in nhs_numbers(3)]})
    with pytest.raises(IntakeError, match="NHS numbers in column “agency”"):
        privacy.pseudonymise(frame, DEFINITION)


def test_columns_that_are_not_defined_or_never_let_in():
    with pytest.raises(IntakeError, match=r"columns that this kind of file does not have.*leave out “extra”\."):
        privacy.pseudonymise(pl.DataFrame({"agency": ["a"], "extra": ["b"]}), DEFINITION)
    with pytest.raises(IntakeError, match=r"columns that are never taken in.*leave out “surname”\."):
        privacy.pseudonymise(pl.DataFrame({"agency": ["a"], "surname": ["b"]}), DEFINITION)
    with pytest.raises(ValueError, match="not as perhaps"):
        privacy.pseudonymise(pl.DataFrame({"agency": ["a"]}), {"agency": "perhaps"})


def test_without_a_key_no_identifier_comes_in(monkeypatch):
    monkeypatch.delenv(privacy.SETTING, raising=False)
    monkeypatch.delenv(privacy.FILE_SETTING, raising=False)
    with pytest.raises(IntakeError, match="There is no identifier key"):
        privacy.pseudonymise(pl.DataFrame({"person_id": ["1"]}), DEFINITION)
    assert privacy.pseudonymise(pl.DataFrame({"agency": ["School"]}), DEFINITION).key_id == ""


# Text from outside is shown as text ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("figures.csv", "figures.csv"),
        ("../../x.csv", "x.csv"),
        ("/etc/passwd", "passwd"),
        ("C:\\temp\\x.csv", "x.csv"),
        ("..\\..\\x.csv", "x.csv"),
        ("x.csv\x00.exe", "x.csv .exe"),
        ("evil\x1b[31m\r\n.csv", "evil [31m .csv"),
        ("invoice‮vsc.exe", "invoice vsc.exe"),
        ("..", "The file"),
        ("", "The file"),
        ("/", "The file"),
        ("  .hidden.csv", "hidden.csv"),
        ("\udcff.csv", "?.csv"),
        ("<b>x</b>.csv", "b>.csv"),
        ("a" * 5000 + ".csv", "a" * 95 + "….csv"),
    ],
)
def test_tricks_in_a_file_s_name(name, shown):
    assert safe_name(name) == shown
    data = f"measure,area,period,value\nrereferrals,{NORTH},2019,23.9\n".encode()
    assert read(data, file_name=name).file_name == (shown if name else "The file")


@given(st.text(max_size=300))
def test_a_file_s_name_is_one_short_line_without_folders(name):
    shown = safe_name(name)
    assert 0 < len(shown) <= 100 and not set(shown) & set("/\\")
    assert not shown.startswith(".") and {unicodedata.category(c) for c in shown}.isdisjoint(
        {"Cc", "Cf", "Zl", "Zp", "Cs"}
    )
    assert safe_name(shown) == shown


HTML = "<script>alert(1)</script>"
RISKY = ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd", " =1"]


@pytest.mark.parametrize("column", ["measure", "area", "period", "status", "note", "breakdown", "group", "year_type"])
@pytest.mark.parametrize("cell", RISKY)
def test_a_formula_in_a_text_cell_is_refused_and_shown_as_text(column, cell):
    header = ["measure", "area", "period", "value", "status", "note", "breakdown", "group", "year_type"]
    good = ["rereferrals", NORTH, "2019", "23.9", "", "", "agency", "Schools", ""]
    bad = [cell if name == column else value for name, value in zip(header, good, strict=True)]
    batch = read_rows(header, good, bad)
    assert batch.size == 1
    assert {v[:1] for v in batch.refused["value"] if v} == {"'"}


def test_html_in_a_text_cell_stays_text():
    batch = read_rows(OWN, ["rereferrals", NORTH, "2019", "23.9", HTML], ["rereferrals", HTML, "2019", "23.9", ""])
    assert batch.figures["note"].to_list() == [HTML]
    assert batch.refused["value"].to_list() == [HTML]


def test_unseen_characters_of_a_file_reach_no_terminal(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text(
        f"measure,ar\x1bea,area,period,value\nrereferrals,x,\x1b[2J‮{NORTH},20\x1b[1m,23.9\n", encoding="utf-8"
    )
    result = CliRunner().invoke(main, ["check", str(path)])
    assert result.exit_code == 1 and "1 row refused" in result.output
    assert [c for c in result.output if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"] == []


def test_markdown_in_a_name_is_shown_as_it_stands():
    text = "![x](http://example.org/p.png) :red[y] $z$ <b>*_`~|#\\"
    assert re.sub(r"\\(.)", r"\1", literal(text)) == text
    assert not re.search(r"(?<!\\)[\[\]()<>!:$*_`~|#]", literal(text))


def test_the_load_page_shows_a_name_with_markdown_in_it_as_text(look):
    from .test_pages import open_page, upload

    at = upload(open_page("load_data"), b"", "![x](http:p.png).csv")
    assert at.error[0].value == r"\!\[x\]\(http\:p.png\).csv is empty."
