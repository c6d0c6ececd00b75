"""A file that holds what could name a person is refused, by the column, known by its header or its values."""

import logging

import polars as pl
import pytest
from click.testing import CliRunner

from dashboard.cli import main
from dashboard.intake import IntakeError, personal, read

from .intake_files import NORTH, WEST
from .invented import OWN, VALUES, nhs_numbers, own_file


def test_the_numbers_of_this_test_are_valid_by_hand():
    # 9·10 + 9·9 + 9·8 + 0 + … + 1·2 = 245 = 22·11 + 3, so the last digit is 11 − 3 = 8
    assert "9990000018" in nhs_numbers(20)


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
