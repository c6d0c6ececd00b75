"""UKHSA's COVER figures: the long extract, and the publisher's own workbook."""

import io
from datetime import date

import pytest
import xlsxwriter

from dashboard.intake import IntakeError, read

from .intake_files import COUNTY, ENGLAND, NORTH, WEST, balanced, read_rows, reasons

COVER = ["period", "area", "item", "value"]


def test_cover_extract_works_the_count_back():
    batch = read_rows(
        COVER,
        ["2024/25 Q4", "North Northamptonshire", "24m_denominator", "912.0"],
        ["2024/25 Q4", "North Northamptonshire", "MMR1_24m", "93.2"],
        ["2024/25 Q4", "North Northamptonshire", "DTaP_IPV_Hib_primary_24m", "96.1"],
        ["2024/25 Q4", "England", "MMR2_5y", "84.0"],
        ["2024/25 Q4", "England", "MMR1_5y", ""],
        ["2024/25 Q4", "England", "Flu_65", "70"],
    )
    assert batch.kind == "cover"
    # 912 × 0.932 = 849.98 → 850; 912 × 0.961 = 876.4 → 876
    assert batch.figures.select(
        "measure", "group", "period_end", "numerator", "denominator", "value", "status"
    ).rows() == [
        ("cover:MMR1_24m", NORTH, date(2025, 3, 31), 850, 912, 93.2, "ok"),
        ("cover:DTaP_24m", NORTH, date(2025, 3, 31), 876, 912, 96.1, "ok"),
        ("cover:MMR2_5y", ENGLAND, date(2025, 3, 31), None, None, 84.0, "ok"),
        ("cover:MMR1_5y", ENGLAND, date(2025, 3, 31), None, None, None, "x"),
    ]
    assert batch.figures["note"][0] == "count worked back from the published percentage"
    assert reasons(batch) == {(7, "item"): "not an item of these figures, such as MMR1_24m or 24m_denominator"}


def test_cover_under_west_that_counts_the_whole_county():
    batch = read_rows(
        COVER,
        ["2021/22 Q1", "West Northamptonshire", "MMR1_24m", "92.1"],
        ["2021/22 Q3", "West Northamptonshire", "MMR1_24m", "93"],
    )
    assert batch.figures.select("group", "period").rows() == [(COUNTY, "2021/22 Q1"), (WEST, "2021/22 Q3")]


def cover_workbook(title):
    buffer = io.BytesIO()
    sheets = {
        "Contents": [["COVER tables"], [title]],
        "12m_UTLA_GOR": [
            ["Coverage by upper tier local authority"],
            [],
            ["ONS Code", "UTLA name", "12m Denominator", "12m DTaP/IPV/Hib/HepB %", "12m Rota %"],
            [ENGLAND, "England", 140000, 91.5, 89.0],
            [NORTH, "North Northamptonshire", 900, 94.7, 90.0],
            [None, None, None, None, None],
            ["Source: UKHSA", None, None, None, None],
        ],
        "24m_UTLA_GOR": [
            ["ONS Code", "UTLA name", "24m Denominator", "24m MMR1%"],
            [WEST, "West Northamptonshire", 1000, "[x]"],
            ["E06999999", "Nowhere", 1, 2],
        ],
        "Table_5": [
            [
                "Upper Tier Local Authority",
                "Number of children who reached 5 years in reporting quarter",
                "Coverage at 5 years MMR2 booster (%)",
            ],
            ["England", 160000, 84.0],
        ],
    }
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for i, row in enumerate(rows):
                for j, value in enumerate(row):
                    if value is not None:
                        sheet.write(i, j, value)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("title", "file_name"),
    [
        ("Quarter 4 of 2024 to 2025: January to March 2025", "cover.xlsx"),
        ("January to March 2025", "cover.xlsx"),
        ("Vaccine coverage", "cover-2024-to-2025-quarter-4.xlsx"),
        ("Vaccine coverage", "cover_q4_2024-25.xlsx"),
    ],
)
def test_cover_s_own_workbook(title, file_name):
    batch = balanced(read(cover_workbook(title), file_name=file_name))
    assert batch.kind == "cover"
    # 140,000 × 0.915 = 128,100; 900 × 0.947 = 852.3 → 852; 160,000 × 0.84 = 134,400
    assert batch.figures.select("measure", "group", "period", "numerator", "denominator", "value", "status").rows() == [
        ("cover:DTaP_12m", ENGLAND, "2024/25 Q4", 128100, 140000, 91.5, "ok"),
        ("cover:DTaP_12m", NORTH, "2024/25 Q4", 852, 900, 94.7, "ok"),
        ("cover:MMR1_24m", WEST, "2024/25 Q4", None, None, None, "x"),
        ("cover:MMR2_5y", ENGLAND, "2024/25 Q4", 134400, 160000, 84.0, "ok"),
    ]
    assert [(line, column) for line, column in reasons(batch)] == [(3, "UTLA name")]
    assert any("12m Rota %" in remark for remark in batch.remarks)


def test_a_cover_workbook_that_names_no_quarter_asks_for_one():
    with pytest.raises(IntakeError, match="does not say which quarter it is about"):
        read(cover_workbook("Vaccine coverage"), file_name="cover.xlsx")


def test_percentages_written_as_fractions_are_read_so_and_it_is_said():
    batch = read_rows(
        COVER, ["2024/25 Q4", "England", "24m_denominator", "1000"], ["2024/25 Q4", "England", "MMR1_24m", "0.932"]
    )
    assert batch.figures.select("value", "numerator").rows() == [(93.2, 932)]
    assert any("fractions" in remark for remark in batch.remarks)
