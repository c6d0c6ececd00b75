"""Case records as they may be stored: hashes, months of birth, small areas; no original value is left."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.intake import IntakeError, privacy
from sample_data import places

from .invented import KEY, VALUES, nhs_numbers

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
