"""One question to the case records: on which day, by which periods, split how.

Rows are counted in two ways: what happened in a period (`happened`), and what stood at its end (`stood`).
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import narwhals as nw
import polars as pl

from metrics.activity.definitions import Rules, measure_definitions
from metrics.activity.engine import added
from metrics.activity.facts import Facts
from metrics.activity.placing import BY
from metrics.counting import ALL, CROSS, NOT_RECORDED
from metrics.estimates import OK, PROVISIONAL

PERIODS = ("month", "quarter", "year")
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Question:
    facts: Facts
    as_at: date
    period: str
    by: tuple[str, ...]
    rules: Rules
    wanted: frozenset[str]  # ids of measures

    def asks(self, *ids: str) -> bool:
        """Whether one of these measures is wanted, can be split so, and has its tables."""
        known = measure_definitions()
        return any(i in self.wanted and set(self.by) <= set(known[i].splits) for i in ids)

    @property
    def today(self) -> int:
        """The day that figures are taken on, as days since 1970-01-01."""
        return (self.as_at - _EPOCH).days

    @property
    def earliest(self) -> int:
        """The first day of the earliest period: what is older is left out."""
        return (date(self.as_at.year - self.rules.years, 4, 1) - _EPOCH).days

    @property
    def first(self) -> int:
        return self.number(month_number(date(self.as_at.year - self.rules.years, 4, 1)))

    @property
    def last(self) -> int:
        return self.number(month_number(self.as_at))

    def number(self, month: int) -> int:
        """The number of the period that a month lies in."""
        return month if self.period == "month" else month // 3 if self.period == "quarter" else (month - 3) // 12

    def within(self, month: str) -> nw.Expr:
        """The same of a column of months."""
        number = nw.col(month)
        return number if self.period == "month" else number // 3 if self.period == "quarter" else (number - 3) // 12

    def last_month(self, number: int) -> int:
        """The last month of a period."""
        return number if self.period == "month" else number * 3 + 2 if self.period == "quarter" else number * 12 + 14

    def calendar(self, numbers: pl.Series) -> pl.DataFrame:
        """`p` → `period`, `period_end` and `status`: provisional while the period is not over."""
        rows = []
        for number in numbers.unique().sort():
            month = self.last_month(int(number))
            year, within = month // 12, month % 12 + 1
            end = date(year, within, calendar.monthrange(year, within)[1])
            financial = year if within > 3 else year - 1
            label = f"{financial}/{(financial + 1) % 100:02d}"
            if self.period == "month":
                label = f"{end:%Y-%m}"
            elif self.period == "quarter":
                label = f"{label} Q{(within // 3 + 2) % 4 + 1}"
            rows.append((int(number), label, end, OK if end <= self.as_at else PROVISIONAL))
        names = {"p": pl.Int64, "period": pl.String, "period_end": pl.Date, "status": pl.String}
        return pl.DataFrame(rows, schema=names, orient="row")

    def grouped(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`g` in place of the group columns: their values joined, `not recorded` where one is missing."""
        if not self.by:
            return frame.with_columns(pl.lit(ALL).alias("g"))
        names = [pl.col(c).cast(pl.String).fill_null(NOT_RECORDED) for c in self.by]
        return frame.with_columns(pl.concat_str(names, separator=CROSS).alias("g")).drop(self.by)

    def happened(
        self,
        name: str,
        when: str,
        parts: Mapping[str, nw.Expr],
        *,
        where: nw.Expr | None = None,
        also: tuple[str, ...] = (),
    ) -> pl.DataFrame:
        """`g`, `p`, the columns `also`, and each part added up over the rows of a fact whose day `when` has come."""
        frame = self.facts[name].filter(nw.col(when) <= self.today, nw.col(when) >= self.earliest)
        if where is not None:
            frame = frame.filter(where)
        keys = ["p", *(c for c in self.by if c not in also), *also]
        rows = frame.select(*keys[1:], p=self.within(f"{when}_m"), **parts)
        sums = added(rows, keys)
        return self.grouped(sums.with_columns(pl.col("p").cast(pl.Int64)))

    def stood(self, name: str) -> pl.DataFrame:
        """`g`, `p`, `n` and marks: rows of a flow (`metrics.activity.engine.flow`) that had entered and not left at the
        end of each period, for every group and period. Of the period that is not over, as they stood today.
        """
        rows = self.facts[name].filter(nw.col("day") <= self.today)
        marks = [c for c in rows.collect_schema().names() if c not in (*BY, "day", "day_m")]
        rows = rows.select(*self.by, *marks, p=self.within("day_m"))
        return self.cumulated(self.grouped(added(rows, [*self.by, "p"])))

    def moves(self, rows: nw.LazyFrame) -> pl.DataFrame:
        """Counts `n` by group, `enter` and `exit` (periods; `exit` may be missing) of rows that stand at some end, and
        the sums of their other columns."""
        stay = rows.filter(nw.col("exit").is_null() | (nw.col("exit") > nw.col("enter")))
        return added(stay, [*self.by, "enter", "exit"], count="n")

    def standing(self, moves: pl.DataFrame) -> pl.DataFrame:
        """`g`, `p` and `n` that stood at the end of each period, from arrivals and departures."""
        moves = self.grouped(moves)
        into = moves.select("g", "n", p="enter")
        out = moves.filter(pl.col("exit").is_not_null()).select("g", -pl.col("n"), p="exit")
        return self.cumulated(pl.concat([into, out]))

    def cumulated(self, changes: pl.DataFrame) -> pl.DataFrame:
        """Changes by `g` and `p` added up from the first period on; what lies before it counts as of then."""
        counted = [c for c in changes.columns if c not in ("g", "p")]
        changes = changes.with_columns(pl.col("p").cast(pl.Int64).clip(lower_bound=self.first))
        sums = changes.group_by("g", "p").agg(pl.col(counted).sum()).filter(pl.any_horizontal(pl.col(counted) != 0))
        return self.every(sums).with_columns(pl.col(counted).cum_sum().over("g", order_by="p"))

    def every(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with a row for every group and period from the first to today's; zeros where there was none."""
        if frame.is_empty():
            return frame
        periods = pl.DataFrame({"p": range(int(frame["p"].min()), self.last + 1)}, schema={"p": pl.Int64})
        grid = frame.select("g").unique(maintain_order=True).join(periods, how="cross")
        return (
            grid.join(frame, on=["g", "p"], how="left").with_columns(pl.exclude("g", "p").fill_null(0)).sort("g", "p")
        )


def month_number(day: date) -> int:
    return day.year * 12 + day.month - 1
