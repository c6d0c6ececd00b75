"""Files of the funding page: what is read, what is refused in one sentence, what comes back as it went out."""

import json
import tomllib
from dataclasses import replace

import polars as pl
import pytest

from dashboard.access import PUBLISHED
from dashboard.answers import funding_files as files
from dashboard.answers import scenarios
from dashboard.answers.scenarios import Settings
from dashboard.intake import IntakeError
from dashboard.intake.funding import read_funding_file, read_scenario
from metrics.definition_files import DEFINITIONS
from metrics.funding import example_model
from sample_data.places import lookup

SHIPPED = (DEFINITIONS / "funding_example.toml").read_bytes()
MODEL = (
    b"domain,domain_weight,indicator,column,direction,weight,unit,source\n"
    b"Early years,60,Free meals,Free meals,higher,2,%,Census of schools\n"
    b"Early years,60,Crime,crime_rank,lower,1,rank,MHCLG\n"
    b"Adults,40,Skills,adult_skills_rank,lower,1,rank,MHCLG\n"
)
SPLIT = lookup(2021).filter(change="S")["lsoa"].to_list()


def values(column="Free meals", codes=None):
    codes = lookup(2011)["lsoa"].to_list() if codes is None else codes
    rows = "\n".join(f"{code},{i % 40}.5" for i, code in enumerate(codes))
    return f"LSOA,{column}\n{rows}\n".encode()


def check(*given):
    return files.check(PUBLISHED, given, scenarios.example())


def test_the_shipped_model_is_read_from_its_own_file():
    assert read_funding_file(SHIPPED, file_name="model.toml").model == example_model()


def test_a_model_as_a_table_and_its_values_make_a_scenario(look):
    made = check(("ours.csv", MODEL), ("values.csv", values()))
    assert made.problem == ""
    assert [(d.name, d.weight) for d in made.model.domains] == [("Early years", 0.6), ("Adults", 0.4)]
    meals = made.model.domains[0].indicators[0]
    assert (meals.column, meals.direction, meals.weight, meals.source) == (
        "free_meals",
        "higher",
        2,
        "Census of schools",
    )
    assert not made.model.illustrative
    assert made.values.shape == (422, 2)
    assert "3 indicators in 2 domains. 1 of them read columns of yours, which name 422 of 422" in made.sentence


def test_values_may_be_missing_and_are_counted(look):
    codes = lookup(2011)["lsoa"].to_list()[:400]
    data = values(codes=codes).replace(b",0.5\n", b",x\n")  # ten of the forty-step cycle's first rows
    made = check(("ours.csv", MODEL), ("values.csv", data))
    assert "400 of 422 small areas" in made.sentence
    assert "32 values are missing" in made.sentence  # 22 areas that are not named, 10 cells that say x


def test_values_alone_go_with_the_model_that_is_open(look):
    held = replace(scenarios.example(), values=pl.DataFrame({"lsoa": ["E01026949"], "old": [1.0]}))
    made = files.check(PUBLISHED, [("values.csv", values("crime_rank"))], held)
    assert made.problem == ""
    assert made.model == example_model()
    assert set(made.values.columns) == {"lsoa", "old", "crime_rank"}


def test_a_model_comes_back_from_its_toml_and_a_scenario_from_its_json(look):
    chosen = Settings(weights=(400, 100, 100, 100, 100, 100, 100), limit=5.0, today="typed", before=(("EHF01", 7.25),))
    held = replace(scenarios.example(), values=pl.DataFrame({"lsoa": ["E01026949"], "own": [1.5]}))
    back = read_funding_file(files.as_toml(held, chosen), file_name="model.toml").model
    assert [d.weight for d in back.domains] == [0.4, *[0.1] * 6]
    assert [d.indicators for d in back.domains] == [d.indicators for d in example_model().domains]
    whole = read_scenario(files.as_scenario(held, chosen).decode())
    assert whole.model == held.model
    assert whole.values.equals(held.values)
    assert scenarios.settings_of(whole.choices, whole.model) == chosen


def test_toml_that_is_written_is_toml_whatever_stands_in_it():
    odd = {"id": 'a"\\\n\t\x7f£', "domain": [{"id": "x", "weight": 0.5, "indicator": [{"name": "é", "weight": 1}]}]}
    assert tomllib.loads(files.to_toml(odd)) == odd


def changed(**fields):
    """The shipped model as JSON with fields of its first domain's first indicator changed."""
    table = scenarios.model_table(example_model())
    table["domain"][0]["indicator"][0] |= fields
    return json.dumps(table, default=list).encode()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.csv", b"", "is empty"),
        ("letter.csv", b"Dear all,\nhello\n", "none of the files that this page reads"),
        ("model.toml", b"id =\n", "not TOML that can be read: look at line 1"),
        ("model.json", b"{", "not JSON that can be read"),
        ("model.json", b'{"id": NaN}', "not JSON that can be read"),
        ("model.json", b"[" * 100_000, "not JSON that can be read"),
        ("model.toml", b'id = "x"', "holds no model"),
        ("model.json", b'{"model": {}, "kind": "other"}', "not a scenario of this page"),
        ("bytes.toml", b"\xff\xfe\x00", "not TOML that can be read"),
        ("model.toml", SHIPPED.replace(b"weight = 0.16", b"weight = 0.26"), "sum to 1.1, not to 1"),
        ("model.toml", SHIPPED.replace(b"weight = 0.16", b"weight = -0.16"), "deprivation: its weight is missing"),
        ("model.toml", SHIPPED.replace(b"weight = 0.16", b"weight = nan"), "deprivation: its weight is missing"),
        ("model.toml", SHIPPED.replace(b'direction = "lower"', b'direction = "up"'), "neither higher nor lower"),
        ("model.toml", SHIPPED.replace(b"illustrative = true\n", b""), "illustrative is missing"),
        ("model.toml", SHIPPED.replace(b'id = "deprivation"', b'id = "a b"'), "more than letters, digits"),
        ("model.toml", SHIPPED.replace(b'"Adults"', b'"Adults"\ncolour = "red"'), "does not know: “colour”"),
        ("model.json", changed(name=5), "name is missing or is not text"),
        ("model.json", changed(name="x" * 500), "longer than 400"),
        ("model.json", changed(weight=True), "its weight is missing"),
        ("ours.csv", MODEL.replace(b"60,Crime", b"50,Crime"), "line 3: the weight of Early years"),
        ("ours.csv", MODEL.replace(b",40,", b",abc,"), "line 4, column domain_weight: “abc” is not a number"),
        ("ours.csv", MODEL.replace(b"Adults,40", b"Adults,30"), "sum to 90"),
        ("ours.csv", MODEL.replace(b"direction,", b"indicator,", 1), "none of the files"),
        ("values.csv", b"lsoa,a\nE01026949,1\nE01026949,2\n", "E01026949 stands there twice"),
        ("values.csv", b"lsoa,a,a\nE01026949,1,2\n", "“a” stands there twice"),
        ("values.csv", b"lsoa,a\nE01026949,=1+1\n", "line 2, column a: “=1+1” is a formula"),
        ("values.csv", b"lsoa\nE01026949\n", "no column of values"),
        ("amounts.csv", b"area,amount\nCorby,\n", "line 2 has no area, or no amount"),
        ("amounts.csv", b"area,amount\nCorby,1\nCorby,2\n", "Corby stands there twice"),
        ("amounts.csv", b"area,amount\nCorby,-1\n", "no amount of 0 or more"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_gives_one_sentence(name, data, said):
    with pytest.raises(IntakeError) as caught:
        read_funding_file(data, file_name=name)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("values.csv", b"lsoa,Surname,a\nE01026949,,1\n", "names in column “Surname”: leave that column out"),
        (
            "values.csv",
            b"lsoa,name,a\nE01026949,Corby 005A,ann@example.org\n",
            "e-mail addresses in column “a” (line 2)",
        ),
        ("values.csv", b"lsoa,a\nE01026949,1,NN3 2SF\n", "postcodes in column “(whole row)” (line 2)"),
        ("amounts.csv", b"area,amount\n07700 900123,1\n", "telephone numbers in column “area” (line 2)"),
        (
            "ours.csv",
            MODEL.replace(b"Census of schools", b"ask ann@example.org"),
            "e-mail addresses in column “source”",
        ),
        ("model.toml", SHIPPED + b'\n[more]\nwho = "999 000 0018"\n', "NHS numbers in column “who”: take them out"),
        ("model.json", changed(note="ring 07700 900123"), "telephone numbers in column “note”: take them out of it"),
    ],
)
def test_what_could_name_a_person_is_refused_as_everywhere(name, data, said):
    with pytest.raises(IntakeError) as caught:
        read_funding_file(data, file_name=f"../../{name}")
    assert str(caught.value).startswith(f"{name} holds what looks like {said}")


def test_the_pattern_that_is_handed_out_comes_in_again(look):
    data = files.shipped_values(PUBLISHED).write_csv().encode()
    assert read_funding_file(data, file_name="columns.csv").values.height == 422


def test_no_folder_and_no_unseen_sign_of_a_file_s_name_is_said():
    with pytest.raises(IntakeError) as caught:
        read_funding_file(b"a,b\n1,2\n", file_name="../../etc/\u202epasswd.csv")
    assert str(caught.value).startswith("passwd.csv is none of the files")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([("ours.csv", MODEL)], "needs the column “free_meals”"),
        ([("a.csv", MODEL), ("b.csv", MODEL)], "a.csv and b.csv each bring a model"),
        ([("v.csv", values(codes=SPLIT))], "of 2021, and this page stands on"),
        ([("v.csv", b"lsoa,a\nE01000001,1\n")], "not in the county, E01000001 the first"),
        ([("v.csv", values("population"))], "“population” is the dashboard's own"),
        ([("m.toml", SHIPPED.replace(b"LSOA 2011", b"LSOA 2021"))], "The model is for “LSOA 2021”"),
        ([("ours.csv", MODEL), ("v.csv", values().replace(b".5\n", b"x\n"))], "line 2, column free_meals"),
        ([("ours.csv", MODEL), ("v.csv", b"lsoa,free meals\nE01026949,x\n")], "has no value in any area"),
        ([("t.csv", b"area,amount\nCorby,1\n")], "Today's amounts go in beside the budget"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_county_gives_one_sentence(look, given, said):
    made = check(*given)
    assert said in made.problem
    assert made.model is None


def test_a_workbook_is_read_like_a_csv(look, tmp_path):
    import xlsxwriter

    path = tmp_path / "ours.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for line, row in enumerate(MODEL.decode().splitlines()):
            sheet.write_row(line, 0, row.split(","))
    assert read_funding_file(path.read_bytes(), file_name="ours.xlsx").model.domains[1].name == "Adults"


def test_today_s_amounts_are_known_by_code_and_by_name(look):
    made, problem = files.amounts(PUBLISHED, "t.csv", b'Area,Amount\ncorby,"1,000.50"\nEHF04,2\n', level="forum")
    assert (made, problem) == ({"EHF01": 1000.5, "EHF04": 2.0}, "")
    assert (
        "none of the former districts"
        in files.amounts(PUBLISHED, "t.csv", b"area,amount\nEHF04,2\n", level="district")[1]
    )
    twice = files.amounts(PUBLISHED, "t.csv", b"area,amount\nEHF01,2\nCorby,2\n", level="forum")
    assert "by its code and by its name" in twice[1]


def test_the_pattern_names_every_column_that_a_model_may_read(look):
    pattern = files.shipped_values(PUBLISHED)
    wanted = {i.column for d in example_model().domains for i in d.indicators}
    assert wanted <= set(pattern.columns)
    assert pattern.height == 422
