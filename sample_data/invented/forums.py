"""Forum areas: their monthly meetings, the families they talk about, and what each agency spends."""

from __future__ import annotations

import numpy as np
import polars as pl

from .county import County
from .draw import NONE, chance, days_column, first_day, id_column, known, month_of, rates, text_column
from .episodes import FORUM, Spells
from .people import Families

YEARLY_SPEND = 8_200_000  # pounds a year, per unit of scale: assumed, about £2,000 a family
SPENDERS = {"early_help": 2.2, "school": 0.7, "health": 0.9, "voluntary": 1.2}  # against their share of the work


def meetings(county: County) -> list[np.ndarray]:
    """The days on which each forum area met or will meet next: once a month, not in August, now and then cancelled."""
    rng = county.stream(0, "forum meetings")
    months = np.arange(month_of(county.first), month_of(county.until) + 3)
    days = first_day(months[months.astype(int) % 12 != 7])
    every = []
    for forum in range(len(county.forums)):
        second_week = days + 7 + (forum % 5 - (days + 3) % 7) % 7
        on = second_week[~chance(rng, 0.04, len(days)) | (second_week > county.until)]
        every.append(on[on >= county.first])
    return every


def table(county: County, meetings: list[np.ndarray]) -> pl.DataFrame:
    """Meetings held by the last day. Their numbers are those of `_numbers`."""
    forum, day = _flat(county, meetings)
    return pl.DataFrame(
        {
            "forum_id": id_column("M", np.arange(len(day))),
            "forum_area": text_column(county.forums, forum),
            "date": days_column(day),
        }
    )


def _flat(county: County, meetings: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    held = [days[days <= county.until] for days in meetings]
    return np.repeat(np.arange(len(held)), [len(days) for days in held]), np.concatenate(held)


def items(county: County, part: int, people: Families, spells: Spells, meetings: list[np.ndarray]) -> pl.DataFrame:
    """Families talked about, each with an action for one agency until the next meeting."""
    rng, likely = county.stream(part, "forum items"), rates()["forum"]
    held = [days[days <= county.until] for days in meetings]
    wanted = likely["items"] * sum(map(len, held))
    share = np.where(spells.ended("STEP_UP"), 2.0, 1.0) * np.where(spells.level >= 3, 1.3, 0.7)
    share *= (wanted - (spells.route == FORUM).sum()) / share.sum()
    talked = np.flatnonzero((spells.route == FORUM) | chance(rng, share, len(spells)))
    forum = county.forum_of[people.home[spells.family[talked]]]
    length = np.minimum(120, spells.end - spells.start)[talked]
    wished = spells.start[talked] + (length * rng.random(len(talked))).astype(np.int32)
    offset = np.cumsum([0, *map(len, held[:-1])])
    number, due = np.full(len(talked), NONE, dtype=np.int64), np.full(len(talked), NONE, dtype=np.int64)
    for position, days in enumerate(meetings):
        here = np.flatnonzero(forum == position)
        place = np.searchsorted(days, wished[here])
        # A forum that sends the family to early help met before the episode began.
        before = np.searchsorted(days, spells.start[talked[here]]) - 1
        place = np.where(spells.route[talked[here]] == FORUM, before, place)
        fits = (place >= 0) & (place < len(held[position]))
        number[here] = np.where(fits, offset[position] + place, NONE)
        due[here] = days[np.minimum(place + 1, len(days) - 1)]
    kept = np.flatnonzero(number != NONE)
    kept = kept[np.lexsort((talked[kept], number[kept]))]
    spell, number, due, count = talked[kept], number[kept], due[kept], len(kept)
    by_then = chance(rng, likely["done"], count)
    done = np.where(by_then, due - rng.integers(0, 21, count), due + rng.integers(1, 60, count))
    done = np.where(by_then | chance(rng, likely["done_late"], count), done, NONE)
    helper = np.where(chance(rng, 0.6, count), spells.agency[spell], rng.integers(0, county.agencies.height, count))
    return pl.DataFrame(
        {
            "item_id": id_column("I", np.arange(count), part),
            "forum_id": id_column("M", number),
            "family_id": id_column("F", spells.family[spell], part),
            "owner_agency_id": text_column(county.agencies["agency_id"], helper),
            "due_date": days_column(due),
            "done_date": days_column(known(done, county.until)),
        }
    )


def spend(county: County, scale: float) -> pl.DataFrame:
    """What each agency spent on early help in each quarter, in pounds, to the last whole quarter."""
    rng = county.stream(0, "spend")
    months = np.arange(month_of(county.first), month_of(county.until) + 1)
    ends = first_day(months[months.astype(int) % 3 == 2] + 1) - 1
    ends = ends[(ends <= county.until) & (ends - county.first > 88)]
    share = county.mix.mean(axis=0) * np.array([SPENDERS.get(kind, 0.4) for kind in county.kinds])
    share /= share.sum()
    prices = 1.04 ** county.years(ends)
    noise = np.exp(rng.normal(0, 0.08, (len(ends), len(share))))
    pounds = np.round(scale * YEARLY_SPEND / 4 * prices[:, None] * share * noise, 2)
    return pl.DataFrame(
        {
            "spend_id": id_column("X", np.arange(pounds.size)),
            "agency_id": text_column(county.agencies["agency_id"], np.tile(np.arange(len(share)), len(ends))),
            "date": days_column(np.repeat(ends, len(share))),
            "pounds": pl.Series(pounds.ravel()),
        }
    )
