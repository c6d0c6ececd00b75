"""Who audits which assessment, twice by lot, and what a moderator looks at again. Nobody audits their own agency."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.optimize import linear_sum_assignment

from metrics.audit.frames import SamplingError
from metrics.audit.grading import GRADES

ALWAYS_MODERATED = (1, 4)  # inadequate and outstanding
AUDITORS = pl.Schema({"auditor": pl.String, "agency_id": pl.String, "most": pl.Int64})
_NEVER = 1e9


class AllocationError(SamplingError):
    """Auditors and audits that do not fit; the message is one sentence."""


def allocate(drawn: pl.DataFrame, auditors: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """`drawn` with `auditor`: as evenly as can be, none above their most, none of the audited agency.

    drawn: `assessment_id`, `agency_id`; replacements (`replacement`) get no auditor. auditors: `auditor`, `agency_id`
    (their own; null for none), `most` (audits that they take; null for any number). The same seed gives the same
    auditors. Raises `AllocationError` where the audits cannot all be given out so.
    """
    spare = drawn["replacement"].to_numpy() if "replacement" in drawn.columns else np.zeros(drawn.height, dtype=bool)
    wanted = drawn.filter(pl.Series(~spare, dtype=pl.Boolean))
    chosen = iter(_assigned(wanted, auditors, seed, [None] * wanted.height))
    names = [None if extra else next(chosen) for extra in spare.tolist()]
    return drawn.with_columns(pl.Series("auditor", names, dtype=pl.String))


def second_auditors(allocated: pl.DataFrame, auditors: pl.DataFrame, *, share: float, seed: int) -> pl.DataFrame:
    """Audits to be done twice, blind of each other: a random `share` (0–1) with another auditor each.

    allocated: as `allocate` gives it. Gives `assessment_id`, `auditor`. `most` here counts second audits only.
    """
    _check_share(share)
    first = allocated.drop_nulls("auditor").sort("assessment_id")
    rng = np.random.default_rng(seed)
    twice = first[np.sort(rng.permutation(first.height)[: round(share * first.height)])]
    names = _assigned(twice, auditors, seed, twice["auditor"].to_list())
    return twice.select("assessment_id").with_columns(pl.Series("auditor", names, dtype=pl.String))


def check_allocation(allocated: pl.DataFrame, auditors: pl.DataFrame) -> None:
    """Raises `AllocationError` where an auditor, set by hand, is not known or works for the audited agency."""
    own = dict(auditors.select("auditor", "agency_id").iter_rows())
    for assessment, agency, auditor in allocated.select("assessment_id", "agency_id", "auditor").iter_rows():
        if auditor is not None and auditor not in own:
            raise AllocationError(f"{auditor} is not among the auditors.")
        if auditor is not None and own[auditor] == agency:
            raise AllocationError(
                f"{auditor} works for the agency that made assessment {assessment}: somebody of another agency "
                "audits it."
            )


def to_moderate(audits: pl.DataFrame, *, share: float, seed: int) -> pl.DataFrame:
    """What a moderator looks at again: `audit_id`, `why` (`inadequate`, `outstanding`, `drawn by lot`).

    audits: `audit_id`, `auditor_grade`. All inadequate and outstanding ones, and of the rest a random `share` (0–1).
    The lot of an audit hangs on the seed and its id alone: what is graded later changes nothing decided before.
    """
    _check_share(share)
    graded = audits.drop_nulls("auditor_grade")
    lots = pl.Series("lot", [lot(seed, id) < share for id in graded["audit_id"]], dtype=pl.Boolean)
    always = pl.col("auditor_grade").is_in(list(ALWAYS_MODERATED))
    named = pl.col("auditor_grade").replace_strict(GRADES, default=None, return_dtype=pl.String)
    why = pl.when(always).then(named).when(lots).then(pl.lit("drawn by lot"))
    return graded.select(pl.col("audit_id"), why.alias("why")).drop_nulls("why")


def lot(seed: int, id: object) -> float:
    """An audit's lot, 0 up to 1: even over audits, and the same on every machine."""
    drawn = hashlib.blake2b(f"{seed}:{id}".encode(), digest_size=8).digest()
    return int.from_bytes(drawn, "big") / 2**64


def calibration_set(frame: pl.DataFrame, auditors: pl.DataFrame, *, size: int, seed: int) -> pl.DataFrame:
    """`size` assessments that every auditor grades, of agencies that none works for: `assessment_id`, `auditor`.

    Raises `AllocationError` where there are too few.
    """
    own = auditors["agency_id"].drop_nulls().unique().to_list()
    pool = frame.filter(~pl.col("agency_id").is_in(own)).sort("assessment_id")
    if pool.height < size or size < 1:
        raise AllocationError(
            f"{pool.height:,} assessments are of agencies that no auditor works for, and {size:,} are wanted for "
            "the set."
        )
    rows = pool[np.sort(np.random.default_rng(seed).permutation(pool.height)[:size])]
    return rows.select("assessment_id").join(auditors.select("auditor"), how="cross")


def _assigned(wanted: pl.DataFrame, auditors: pl.DataFrame, seed: int, not_to: Sequence[str | None]) -> list[str]:
    """An auditor for each row: the assignment in which the loads are most even, ties by lot."""
    names, agencies = auditors["auditor"].to_list(), auditors["agency_id"].to_list()
    if len(set(names)) < len(names):
        raise AllocationError("The same auditor is listed twice.")
    count = wanted.height
    if not count:
        return []
    most = [min(count, count if m is None else int(m)) for m in auditors["most"]]
    if sum(most) < count:
        raise AllocationError(f"The auditors take {sum(most):,} audits between them, and {count:,} are to be done.")
    own = np.array([[a is not None and a == b for a in agencies] for b in wanted["agency_id"]])
    other = np.array([[name == taken for name in names] for taken in not_to])
    room = -(-count // len(names)) + 2  # places that are tried of each auditor: all of them, only where that is too few
    while True:
        tried = [min(m, room) for m in most]
        # The second place of an auditor costs more than the first, so loads come out even.
        owner = np.repeat(np.arange(len(names)), tried)
        place = np.concatenate([np.arange(m) for m in tried])
        rng = np.random.default_rng(seed)
        cost = np.where((own | other)[:, owner], _NEVER, place + rng.random((count, len(owner))) / (count + 1))
        rows, columns = linear_sum_assignment(cost) if len(owner) >= count else ([], [])
        worst = cost[rows, columns].max() if len(owner) >= count else _NEVER
        if worst < _NEVER:
            return [names[owner[c]] for c in columns]
        if tried == most:
            bad = wanted["assessment_id"][int(np.argmax(cost[rows, columns]))]
            raise AllocationError(
                f"Nobody is free to audit assessment {bad}: those with room work for its agency or have audited it "
                "already."
            )
        room *= 4


def _check_share(share: float) -> None:
    if not 0 <= share <= 1:
        raise AllocationError(f"A share lies between 0 and 1, not {share:g}.")
