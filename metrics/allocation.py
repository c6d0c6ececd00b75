"""A budget shared out over areas by people × need, exact to the penny. Public name: `metrics.funding.allocate`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from itertools import cycle

import numpy as np
import polars as pl

UNBOUNDED = np.iinfo(np.int64).max // 4  # pence; no limit upwards


class AllocationError(ValueError):
    """The budget cannot be shared out under these rules; the message is one sentence for the person who chose them."""


def allocate(
    budget: int | float | Decimal,
    need: pl.DataFrame,
    *,
    area: str,
    population: str,
    base: float | str = 0,
    floor: float | str | None = None,
    previous: str | None = None,
    limit: float | None = None,
) -> pl.DataFrame:
    """Shares `budget` (pounds) out over the rows of `need`: base + k × people × need, within floor and limit.

    `need`: a row an area with its code (`area`), `need` (0 or more, as `needs_index` gives it) and `population`.
    `base`: pounds that every area has before need counts; `floor`: pounds that none falls below; both a number or a
    column. `previous`: the column of last year's pounds; `limit` .1 keeps each area within ±10% of it (an area with
    none is not held). k is the same for all areas that neither floor nor limit holds, so money that these move falls
    on all others in proportion.

    Gives the frame with `pence` (whole, summing to the budget exactly), `amount` (pounds), `share` (0–1 of the
    budget), `held` ("", `floor`, `limit below`, `limit above`) and, with `previous`, `difference` (pounds) and
    `change` (of the previous, 0.1 is 10% more). Pence left over go to the largest remainders; among equal ones to the
    greater weight, then the first code, so the order of the rows changes nothing. An area with more weight under the
    same rules never has less; a larger budget never lowers an area by more than a penny.

    Raises AllocationError when the budget is too small for base, floor and limit together, or too large for the limit.
    """
    total = _pence(budget)
    weight = _column(need, population, area) * _column(need, "need", area)
    base_pence = _rule(need, base, area, "base")
    low = base_pence.copy()
    floor_pence = _rule(need, floor, area, "floor") if floor is not None else np.zeros(need.height, np.int64)
    low = np.maximum(low, floor_pence)
    high = np.full(need.height, UNBOUNDED)
    before = np.round(need[previous].cast(pl.Float64).fill_null(float("nan")).to_numpy() * 100) if previous else None
    limit_low = np.zeros(need.height, np.int64)
    if limit is not None:
        if before is None or limit < 0:
            raise AllocationError("A year-on-year limit needs last year's amounts and a share of 0 or more.")
        held = ~np.isnan(before)
        # a hair of slack, so that 5% of £100.00 is £5.00 and not £4.99
        limit_low[held] = np.ceil(before[held] * (1 - limit) - 1e-6).clip(0)
        high[held] = np.floor(before[held] * (1 + limit) + 1e-6)
        low = np.maximum(low, limit_low)
    names = need[area].cast(pl.String).to_list()
    if (low > high).any():
        first = int(np.argmax(low > high))
        raise AllocationError(
            f"Base or floor asks for at least {_pounds(low[first])} for {names[first]}, "
            f"and the limit lets it rise to {_pounds(high[first])} only."
        )
    pence = _fill(total, weight, base_pence, low, high, names)
    kinds = np.select(
        [
            (pence == low) & (low == floor_pence) & (floor_pence > base_pence),
            (pence == low) & (low == limit_low) & (limit_low > base_pence),
            pence == high,
        ],
        ["floor", "limit below", "limit above"],
        "",
    )
    made = need.with_columns(
        pl.Series("pence", pence, dtype=pl.Int64),
        pl.Series("amount", pence / 100, dtype=pl.Float64),
        pl.Series("share", pence / total if total else np.zeros(need.height), dtype=pl.Float64),
        pl.Series("held", kinds.tolist(), dtype=pl.String),
    )
    if before is None:
        return made
    difference = (pl.Series(pence - before) / 100).fill_nan(None)
    then = pl.Series(before / 100).fill_nan(None)
    change = pl.select(pl.when(then > 0).then(difference / then)).to_series()
    return made.with_columns(difference.alias("difference"), change.alias("change"))


def _fill(
    total: int, weight: np.ndarray, base: np.ndarray, low: np.ndarray, high: np.ndarray, names: list[str]
) -> np.ndarray:
    """Whole pence clip(base + k·weight, low, high) that sum to `total`."""
    least = int(low.sum())
    if total < least:
        raise AllocationError(
            f"The budget of {_pounds(total)} is less than the {_pounds(least)} that base, floor and limit promise."
        )
    moves = weight > 0
    most = sum(high[moves].tolist()) + int(low[~moves].sum())  # Python's integers: they do not overflow
    if total > most:
        if not moves.any():
            raise AllocationError("No area has both people and need, so what is left cannot be shared out by need.")
        raise AllocationError(
            f"The budget of {_pounds(total)} is more than the {_pounds(most)} to which the limit lets the areas rise."
        )

    def at(k: float) -> np.ndarray:
        return np.clip(base + k * weight, low, high)

    # Between two neighbouring points at which some area starts or stops moving, the sum is a straight line in k.
    safe = np.where(moves, weight, 1.0)
    starts = np.where(moves, (low - base) / safe, np.inf)
    stops = np.where(moves & (high < UNBOUNDED), (high - base) / safe, np.inf)
    points = np.unique(np.concatenate([[0.0], starts, stops]))
    points = points[np.isfinite(points)]
    left, right = 0, len(points) - 1  # the last point whose sum is not above the total
    while left < right:
        middle = (left + right + 1) // 2
        left, right = (middle, right) if at(points[middle]).sum() <= total else (left, middle - 1)
    k = points[left]
    active = moves & (starts <= k) & (stops > k)
    amounts = at(k)
    if active.any():
        rest = total - amounts[~active].sum() - base[active].sum()
        amounts[active] = np.clip(
            base[active] + rest * (weight[active] / weight[active].sum()), low[active], high[active]
        )
    pence = np.where(active, np.floor(amounts), np.round(amounts)).astype(np.int64)
    over = total - int(pence.sum())
    remainder = (amounts - pence).round(6)
    order = sorted(
        np.flatnonzero(active if active.any() else moves), key=lambda i: (-remainder[i], -weight[i], names[i])
    )
    step = 1 if over > 0 else -1
    for i in cycle(order if step > 0 else sorted(order, key=lambda i: not active[i])):
        if over == 0:
            break
        if low[i] <= pence[i] + step <= high[i]:
            pence[i] += step
            over -= step
    return pence


def _pence(budget: int | float | Decimal) -> int:
    try:
        pence = Decimal(str(budget)) * 100
        whole = int(pence)
    except (InvalidOperation, ValueError, OverflowError):
        raise AllocationError(f"The budget {budget!r} is not an amount of money.") from None
    if pence < 0 or pence != whole:
        raise AllocationError(f"The budget of {budget} pounds is below 0 or has parts of a penny.")
    return whole


def _column(frame: pl.DataFrame, name: str, area: str) -> np.ndarray:
    values = frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    wrong = ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        where = frame[area][int(np.argmax(wrong))]
        raise AllocationError(f"The {name} of {where} is missing or below 0, so it cannot be given a share.")
    return values


def _rule(frame: pl.DataFrame, rule: float | str, area: str, name: str) -> np.ndarray:
    """Pounds of a number or column as whole pence, upwards."""
    pounds = _column(frame, rule, area) if isinstance(rule, str) else np.full(frame.height, float(rule))
    if not (np.isfinite(pounds) & (pounds >= 0)).all():
        raise AllocationError(f"The {name} is an amount of 0 pounds or more.")
    return np.ceil((pounds * 100).round(6)).astype(np.int64)


def _pounds(pence: int) -> str:
    return f"£{int(pence) / 100:,.2f}"
