"""Files of case records for the intake's tests, as councils send them: our own set, Annex A workbooks, the standard
dataset. Every child, family and agency in them is invented."""

import io
import zipfile
from datetime import date

import polars as pl
import xlsxwriter

from dashboard.intake import read

AS_AT = date(2026, 9, 30)
LISTS = {
    "contact": "List 1",
    "assessment": "List 2",
    "referral": "List 3",
}
# Our column → the header that Ofsted's Annex A gives it.
ABOUT = {
    "person_id": "Child Unique ID",
    "sex": "Gender",
    "ethnicity": "Ethnicity",
    "birth_date": "Date of Birth",
    "age": "Age of Child (Years)",
}
HEADERS = {
    "contact": {**ABOUT, "date": "Date of Contact", "source": "Contact Source"},
    "assessment": {
        **ABOUT,
        "start_date": "Assessment start date",
        "complete_date": "Assessment completion date",
        "agency_id": "Organisation completing assessment",
    },
    "referral": {
        **ABOUT,
        "date": "Date of referral",
        "source": "Referral Source",
        "no_further_action": "Referral NFA?",
        "number": "Number of Referrals in Last 12 Months",
        "team": "Allocated Team",
        "worker": "Allocated Worker",
    },
}
SSD = {  # table of ours → file of the standard dataset, and its columns
    "person": ("ssd_person", {"person_id": "pers_person_id", "sex": "pers_sex", "birth_date": "pers_dob"}),
    "family": ("ssd_family", {"family_id": "fami_family_id", "person_id": "fami_person_id"}),
    "episode": (
        "ssd_early_help_episodes",
        {
            "episode_id": "earl_episode_id",
            "person_id": "earl_person_id",
            "start_date": "earl_episode_start_date",
            "end_date": "earl_episode_end_date",
            "end_reason": "earl_episode_end_reason",
            "lead_agency_id": "earl_episode_organisation",
            "lead_worker_id": "earl_episode_worker_id",
        },
    ),
}


def csv_of(rows):
    """Rows as dictionaries → CSV; a column that a row lacks is empty in it."""
    columns = list(dict.fromkeys(c for row in rows for c in row))
    cells = [{c: row.get(c) for c in columns} for row in rows]
    return pl.DataFrame(cells, schema=dict.fromkeys(columns, pl.String)).write_csv().encode()


def zip_of(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def own_set(**tables):
    """Our own set as a ZIP with one CSV a table; a table alone as a CSV."""
    return zip_of({f"{name}.csv": csv_of(rows) for name, rows in tables.items()})


def annex_a(titles=False, **lists):
    """An Annex A workbook: `contact`, `assessment`, `referral` as rows of dictionaries, under our names or its own.

    A value that is a tuple is a formula and what it comes to. `titles`: two merged lines stand above each header.
    """
    data = io.BytesIO()
    book = xlsxwriter.Workbook(data, {"default_date_format": "dd/mm/yyyy"})
    for name, rows in lists.items():
        sheet = book.add_worksheet(LISTS[name])
        known = HEADERS[name]
        columns = list(dict.fromkeys([known.get(c, c) for row in rows for c in row]))
        top = 0
        if titles:
            sheet.merge_range(0, 0, 0, len(columns) - 1, f"Annex A – {LISTS[name]}")
            sheet.merge_range(1, 0, 1, len(columns) - 1, "OFFICIAL – SENSITIVE")
            top = 3
        sheet.write_row(top, 0, columns)
        for number, row in enumerate(rows, top + 1):
            for column, value in row.items():
                place = columns.index(known.get(column, column))
                if isinstance(value, tuple):
                    sheet.write_formula(number, place, value[0], None, value[1])
                elif isinstance(value, date):
                    sheet.write_datetime(number, place, value)
                elif value is not None:
                    sheet.write(number, place, value)
    book.close()
    return data.getvalue()


def ssd(**tables):
    """The standard dataset as a ZIP, from rows under our names or the dataset's own."""
    files = {}
    for name, rows in tables.items():
        file, columns = SSD[name]
        files[f"{file}.csv"] = csv_of([{columns.get(c, c): v for c, v in row.items()} for row in rows])
    return zip_of(files)


def taken(data, *, file_name="cases.zip", kind=None, as_at=AS_AT, agencies=None):
    """Read, and check the account that every file must give: rows in = used + refused + left out."""
    batch = read(data, file_name=file_name, kind=kind, as_at=as_at, agencies=agencies)
    assert batch.rows == batch.rows_used + batch.rows_refused + batch.rows_left_out
    where = pl.col("column").str.split(": ").list.first() if batch.tables else pl.lit("")
    assert batch.rows_refused == batch.refused.select("line", where.alias("where")).n_unique()
    assert batch.listed.height == batch.refused.height + batch.repaired.height
    assert batch.listed["repaired"].sum() == batch.repaired.height
    return batch


def said(listed):
    """Line and column → reason."""
    return {(line, column): reason for line, column, _, reason in listed.rows()}
