"""Three years of audit rounds: frames, draws, what two people read in the same record, grades, actions. All invented.

Frames, samples, derived answers and suggested grades are reckoned by `metrics.audit`, as those of real rounds are. What
stands in a record is invented once; each reader sees it with an error of their own, so people disagree as people do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from metrics import audit
from metrics.audit.allocation import lot

from .audit_readings import Reader, actions, read, seen
from .county import County, build
from .draw import NONE, chance, days_column, first_day, known, month_of, rates, working

STRATA = ("agency_type", "state")
SAMPLE, THEMATIC, CALIBRATION, AGAIN = "quarterly", "thematic", "calibration", "re-audit"
AUDITORS = 14
FEW = 5  # assessments that every auditor grades


@dataclass(frozen=True, slots=True)
class Round:
    """One round as the store takes it in.

    about: title, kind, template, version, as_at, due_date, seed, margin, dual_share, standing, closed.
    sampled: the frozen frame with `stratum`. excluded: `assessment_id`, `family_id`, `reason`.
    chosen: what was drawn, with `draw_order`, `weight`, `moderate`, `replacement` and, of a re-audit, `parent`.
    audits: `audit`, `assessment_id`, `part` (2: audited a second time, blind), `auditor`, `due_date`, `submitted`.
    answers: `audit`, `question`, `answer`, `evidence`. grades: `audit`, `kind`, `grade`, `reason`.
    actions: `audit`, `question`, `text`, `owner_agency_id`, `severity`, `due_date`, `done_date`, `evidence`,
    `verified`.
    """

    key: str
    about: dict[str, Any]
    sampled: pl.DataFrame
    excluded: pl.DataFrame
    chosen: pl.DataFrame
    audits: pl.DataFrame
    answers: pl.DataFrame
    grades: pl.DataFrame
    actions: pl.DataFrame
    auditors: dict[str, tuple[str, str]]  # identity → name, agency


def invent_audits(tables: dict[str, pl.DataFrame], *, seed: int, until: date) -> list[Round]:
    """The audit rounds of the invented county whose case tables `invent(seed=…, until=…)` gave: the same audits.

    Quarterly rounds with their re-audits, a thematic one, and a calibration set, in order of time.
    """
    return rounds(build(seed, until), tables)


def rounds(county: County, tables: dict[str, pl.DataFrame]) -> list[Round]:
    """As `invent_audits`. tables: agency, episode, assessment, review, step_event, forum, forum_item, feedback."""
    ours = pl.col("assessment_id").str.len_chars() <= len("INV-S-000000")  # of the first part: six digits number it
    tables = tables | {"assessment": tables["assessment"].filter(ours)}
    tables["assessment"] = _placed(county, tables)
    maker = _Maker(county, tables)
    made: list[Round] = []
    quarters = _quarters(county, rates()["audit"]["years"])
    for number, (start, end) in enumerate(quarters):
        age = len(quarters) - number
        done = maker.quarterly(number, start, end, "1" if age > rates()["audit"]["second_version"] else "2")
        made += [done, *maker.again(done, end)]
        if age == 6:
            made += maker.thematic(start, end)
        if age == 4:
            made += maker.calibration(start, end)
    return made


class _Maker:
    """Makes rounds one after another; remembers what was audited, and numbers the audits."""

    def __init__(self, county: County, tables: dict[str, pl.DataFrame]) -> None:
        self.county, self.tables = county, tables
        self.rng = county.stream(0, "audits")
        self.number = 0
        self.audited = pl.DataFrame(schema={"family_id": pl.String, "completed_date": pl.Date})
        self.reader = Reader(self.rng, county, tables)
        names = county.agencies["agency_id"].to_list()
        homes = [names[i] for i in self.rng.permutation(len(names))[:AUDITORS]]
        self.auditors = {
            f"invented|auditor-{n:02d}": (f"Invented auditor {n}", home) for n, home in enumerate(homes, 1)
        }
        self.team = pl.DataFrame(
            [(who, home, None) for who, (_, home) in self.auditors.items()], schema=audit.AUDITORS, orient="row"
        )

    def quarterly(self, number: int, start: int, end: int, version: str) -> Round:
        likely, as_at, seed = rates()["audit"], _date(end), self.county.seed + number
        frame = audit.freeze(self.tables, as_at=as_at, begun=(_date(start), as_at))
        kept, gone = audit.exclude(frame, as_at=as_at, audited=self.audited)
        size = min(likely["a_round"], kept.height)
        drawn = audit.sampling_plan(kept, strata=STRATA, size=size, seed=seed, replacements=0.5)
        drawn = audit.allocate(drawn, self.team, seed=seed)
        second = audit.second_auditors(drawn, self.team, share=audit.rules().dual_share, seed=seed)
        stratum = pl.concat_str([pl.col(c) for c in STRATA], separator=" × ")
        about = self._about(f"Quarter to {_words(as_at)}", SAMPLE, version, as_at, seed)
        sheets = self._sheets(drawn.filter(~pl.col("replacement")), second, about["due_date"], end, 0.94)
        key = f"INV-ROUND-{month_of(end)}"
        return self._round(key, about, kept.with_columns(stratum.alias("stratum")), gone, drawn, sheets, end)

    def again(self, first: Round, end: int) -> list[Round]:
        """Re-audits of the inadequate ones, mostly within 90 days and mostly better; none, where there is none."""
        poor = first.grades.filter(pl.col("kind") == "final", pl.col("grade") == 1).select(
            pl.col("audit").alias("parent")
        )
        poor = poor.join(
            first.audits.filter(pl.col("part") == 1), left_on="parent", right_on="audit", maintain_order="left"
        )
        begun = poor["submitted"].to_physical().to_numpy().astype(np.int64)
        wait = self.rng.integers(35, 105, poor.height)
        taken = chance(self.rng, rates()["audit"]["re_audited"], poor.height)
        days = working(begun + wait)
        poor = poor.with_columns(days_column(days).alias("submitted"))
        poor = poor.filter(pl.Series(taken & (days <= self.county.until), dtype=pl.Boolean))
        if poor.is_empty():
            return []
        about = first.about | {"title": f"Re-audits, {first.about['title'][0].lower()}{first.about['title'][1:]}"}
        about |= {"kind": AGAIN, "dual_share": 0.0, "margin": None, "due_date": _date(end) + timedelta(days=132)}
        drawn = first.chosen.drop("parent").join(poor.select("assessment_id", "parent"), on="assessment_id")
        drawn = drawn.sort("assessment_id").with_columns(
            pl.lit(AGAIN).alias("stratum"), pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("order"),
            pl.lit(1.0).alias("weight"),
        )  # fmt: skip
        drawn = audit.allocate(drawn.drop("draw_order", "moderate"), self.team, seed=about["seed"])
        sheets = drawn.select("assessment_id", "auditor").join(
            poor.select("assessment_id", "submitted"), on="assessment_id", maintain_order="left"
        )
        sheets = sheets.with_columns(pl.lit(1).alias("part"), pl.lit(about["due_date"]).alias("due_date"))
        nobody = first.excluded.clear()
        return [self._round(f"{first.key}-again", about, drawn, nobody, drawn, sheets, end, better=1.2)]

    def thematic(self, start: int, end: int) -> list[Round]:
        """A theme looked at by itself: assessments made by schools."""
        as_at, seed = _date(end), self.county.seed + 100
        frame = audit.freeze(self.tables, as_at=as_at, begun=(_date(start), as_at))
        kept, gone = audit.exclude(frame, as_at=as_at, audited=self.audited)
        schools = kept.filter(pl.col("agency_type") == "school")["assessment_id"].to_list()
        if not schools:
            return []
        drawn = audit.chosen_sample(kept, seed=seed, assessments=schools, size=min(12, len(schools)))
        drawn = audit.allocate(drawn.with_columns(pl.lit(1.0).alias("weight")), self.team, seed=seed)
        about = self._about("The child's voice in schools", THEMATIC, "1", as_at, seed) | {"dual_share": 0.0}
        sheets = self._sheets(drawn, drawn.select("assessment_id", "auditor").clear(), about["due_date"], end, 1.0)
        return [self._round("INV-THEME-1", about | {"margin": None}, drawn, gone, drawn, sheets, end)]

    def calibration(self, start: int, end: int) -> list[Round]:
        """A few assessments that every auditor grades."""
        as_at, seed = _date(end), self.county.seed + 200
        frame = audit.freeze(self.tables, as_at=as_at, begun=(_date(start), as_at))
        own = self.team["agency_id"].to_list()
        free = frame.filter(~pl.col("agency_id").is_in(own))["assessment_id"].to_list()
        if not free:
            return []
        drawn = audit.chosen_sample(
            frame, seed=seed, purpose=audit.PURPOSES[3], assessments=free, size=min(FEW, len(free))
        )
        drawn = drawn.with_columns(pl.lit(1.0).alias("weight"))
        about = self._about("Calibration: one standard for all", CALIBRATION, "2", as_at, seed) | {"dual_share": 0.0}
        done = days_column(working(np.full(drawn.height * self.team.height, end + 28)))
        sheets = drawn.select("assessment_id").join(self.team.select("auditor"), how="cross")
        sheets = sheets.with_columns(
            pl.int_range(1, pl.len() + 1).over("assessment_id").alias("part"), done.alias("submitted"),
            pl.lit(about["due_date"]).alias("due_date"),
        )  # fmt: skip
        return [self._round("INV-CALIBRATION-1", about | {"margin": None}, drawn, frame.clear(), drawn, sheets, end)]

    def _about(self, title: str, kind: str, version: str, as_at: date, seed: int) -> dict[str, Any]:
        due = as_at + timedelta(days=42)
        return {
            "title": title, "kind": kind, "template": "eha", "version": version, "as_at": as_at, "due_date": due,
            "seed": seed, "margin": rates()["audit"]["margin"], "dual_share": audit.rules().dual_share,
            "standing": "invented", "closed": due + timedelta(days=60) <= _date(self.county.until),
        }  # fmt: skip

    def _sheets(self, drawn: pl.DataFrame, second: pl.DataFrame, due: date, end: int, share: float) -> pl.DataFrame:
        """A row an audit to be done, with the day on which it was; some are still to come."""
        rows = pl.concat([
            drawn.select("assessment_id", "auditor").with_columns(pl.lit(1).alias("part")),
            second.select("assessment_id", "auditor").with_columns(pl.lit(2).alias("part")),
        ])  # fmt: skip
        days = working(end + self.rng.integers(5, 43, rows.height))
        days = np.where(chance(self.rng, share, rows.height), days, NONE)
        return rows.with_columns(
            days_column(known(days, self.county.until)).alias("submitted"), pl.lit(due).alias("due_date")
        )

    def _round(
        self,
        key: str,
        about: dict[str, Any],
        sampled: pl.DataFrame,
        excluded: pl.DataFrame,
        drawn: pl.DataFrame,
        sheets: pl.DataFrame,
        end: int,
        better: float = 0.0,
    ) -> Round:
        ids = [f"INV-Q-{self.number + n:06d}" for n in range(sheets.height)]
        self.number += sheets.height
        sheets = sheets.with_columns(pl.Series("audit", ids, dtype=pl.String))
        first = sheets.filter(pl.col("part") == 1).select("assessment_id", "audit")
        by_lot = pl.Series(
            "moderate",
            [lot(about["seed"], i) < audit.rules().moderated_share for i in first["audit"]],
            dtype=pl.Boolean,
        )
        drawn = drawn.join(
            first.with_columns(by_lot).drop("audit"), on="assessment_id", how="left", maintain_order="left"
        )
        template = audit.templates()[f"eha/{about['version']}"]
        done = sheets.drop_nulls("submitted")
        facts = seen(self.reader, self.tables, drawn, template, about["as_at"], better)
        answers, grades = read(self.reader, done, facts, template, drawn)
        if about["kind"] == SAMPLE:
            parts = drawn.select("assessment_id", "family_id").join(
                done.filter(pl.col("part") == 1), on="assessment_id"
            )
            new = parts.select("family_id", pl.col("submitted").alias("completed_date"))
            self.audited = pl.concat([self.audited, new])
        parent = [] if "parent" in drawn.columns else [pl.lit(None, pl.String).alias("parent")]
        return Round(
            key=key,
            about=about,
            sampled=sampled.select("assessment_id", "stratum", "agency_id", "episode_id", "family_id"),
            excluded=excluded.select(
                "assessment_id", "family_id", *(["reason"] if "reason" in excluded.columns else [])
            ),
            chosen=drawn.rename({"order": "draw_order"}).with_columns(pl.col("moderate").fill_null(False), *parent),
            audits=sheets.select("audit", "assessment_id", "part", "auditor", "due_date", "submitted"),
            answers=answers,
            grades=grades,
            actions=actions(self.reader, done, answers, grades, drawn, template),
            auditors=self.auditors,
        )


def _placed(county: County, tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Assessments with what a frame needs: the family, the forum area and the type of agency."""
    areas = county.areas.select("lsoa", pl.col("forum").alias("forum_area"))
    types = tables["agency"].select("agency_id", "agency_type")
    rows = tables["assessment"].join(areas, on="lsoa", how="left", maintain_order="left")
    rows = rows.join(types, on="agency_id", how="left", maintain_order="left")
    return rows.with_columns(pl.coalesce("family_id", "person_id").alias("kin"))


def _quarters(county: County, years: int) -> list[tuple[int, int]]:
    """First and last day of the whole quarters of the last `years` years."""
    month = month_of(county.until + 1)
    edges = first_day(month - int(month.astype(int)) % 3 - 3 * np.arange(4 * years, -1, -1))
    return [(int(a), int(b) - 1) for a, b in pairwise(edges) if a >= county.first]


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=int(day))


def _words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
