"""Working days: against England's bank holidays as GOV.UK publishes them, and counted by hand."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from metrics.working_days import bank_holidays, deadline, overdue_from, working_days

# gov.uk/bank-holidays, England and Wales
GOV_UK = {
    2022: ["01-03", "04-15", "04-18", "05-02", "06-02", "06-03", "08-29", "09-19", "12-26", "12-27"],
    2023: ["01-02", "04-07", "04-10", "05-01", "05-08", "05-29", "08-28", "12-25", "12-26"],
    2024: ["01-01", "03-29", "04-01", "05-06", "05-27", "08-26", "12-25", "12-26"],
    2025: ["01-01", "04-18", "04-21", "05-05", "05-26", "08-25", "12-25", "12-26"],
    2026: ["01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28"],
}


@pytest.mark.parametrize("year", GOV_UK)
def test_bank_holidays_on_weekdays_are_those_of_gov_uk(year):
    found = [f"{d:%m-%d}" for d in bank_holidays() if d.year == year and d.weekday() < 5]
    assert found == GOV_UK[year]


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2024-04-12", "2024-04-15", 1),  # Friday to Monday
        ("2024-04-12", "2024-04-12", 0),
        ("2024-05-03", "2024-05-07", 1),  # the Monday between is a holiday
        ("2024-03-28", "2024-04-02", 1),  # Good Friday and Easter Monday between
        ("2024-04-13", "2024-04-15", 1),  # a Saturday counts from the Friday
        ("2024-12-23", "2025-01-02", 5),  # 24, 27, 30, 31 December, 2 January
        ("2024-04-15", "2024-04-12", -1),
    ],
)
def test_days_worked_by_hand(start, end, days):
    frame = pl.DataFrame({"a": [date.fromisoformat(start)], "b": [date.fromisoformat(end)]})
    assert frame.select(working_days("a", "b")).item() == days


def test_a_missing_date_or_one_far_away_gives_nothing():
    frame = pl.DataFrame({"a": [None, date(1900, 1, 1)], "b": [date(2024, 1, 1)] * 2}, schema_overrides={"a": pl.Date})
    assert frame.select(working_days("a", "b")).to_series().to_list() == [None, None]


def test_it_agrees_with_numpy_over_four_years():
    days = [date(2023, 1, 1) + timedelta(days=n) for n in range(0, 1400, 3)]
    frame = pl.DataFrame({"a": days, "b": days[::-1]})
    holidays = [f"{year}-{day}" for year, some in GOV_UK.items() for day in some]
    # numpy counts from the first day up to, not with, the last: both a day later is after the first up to and with it
    later = [np.array([d + timedelta(days=1) for d in column], dtype="datetime64[D]") for column in (days, days[::-1])]
    sooner, after = np.minimum(*later), np.maximum(*later)
    theirs = np.where(later[0] <= later[1], 1, -1) * np.busday_count(sooner, after, holidays=holidays)
    assert frame.select(working_days("a", "b")).to_series().to_list() == theirs.tolist()


def test_deadline_and_first_late_day():
    # 15 working days after Friday 12 April 2024: Friday 3 May; then come a weekend and a holiday
    assert deadline(date(2024, 4, 12), 15) == date(2024, 5, 3)
    late = overdue_from(15).filter(start=(date(2024, 4, 12) - date(1970, 1, 1)).days)["overdue"].item()
    assert date(1970, 1, 1) + timedelta(days=late) == date(2024, 5, 7)
    with pytest.raises(ValueError, match="Working days are known from"):
        deadline(date(1900, 1, 1), 15)
    with pytest.raises(ValueError, match="1 or more"):
        deadline(date(2024, 1, 1), 0)
