"""Spells in which reviews were held and the level of need stayed as it was."""

from __future__ import annotations

from collections.abc import Mapping

import narwhals as nw

from metrics.activity.engine import day, held


def idle_spells(
    tables: Mapping[str, nw.LazyFrame], known: nw.LazyFrame, reviews: int, keys: tuple[str, ...]
) -> nw.LazyFrame:
    """Rows `enter`, `exit` (days) and groups: from the review that was the `reviews`-th in turn
    without a change of level until the level changed, the episode ended or had been open for a year.

    The level is that of the episode's start, of its reviews and of its steps up or down; a review or step that names
    none changes none. After the year the episode counts as drifting for that alone (`year` of the episodes).
    """
    told = tables["review"].filter(~nw.col("held_date").is_null())
    # Order within a day: the start, then reviews, then steps; a change comes right after what brought it.
    told = told.select("episode_id", at=day(told, "held_date") * 10 + 4, level="level_after")
    enough = told.group_by("episode_id").agg(nw.len().alias("many")).filter(nw.col("many") >= reviews)
    told = held(told.join(enough.select("episode_id"), on="episode_id"))
    begun = tables["episode"].select(
        "episode_id", at=day(tables["episode"], "start_date") * 10 + 2, level="level_at_start"
    )
    levels = [begun.join(enough.select("episode_id"), on="episode_id"), told]
    if "step_event" in tables:
        steps = tables["step_event"].select(
            "episode_id", at=day(tables["step_event"], "date") * 10 + 6, level="to_level"
        )
        levels.append(steps.join(enough.select("episode_id"), on="episode_id"))
    every = nw.concat([frame.with_columns(level=nw.col("level").cast(nw.Float64)) for frame in levels])
    every = every.filter(~nw.col("level").is_null()).with_columns(
        before=nw.col("level").shift(1).over("episode_id", order_by="at")
    )
    changes = held(every.filter(nw.col("level") != nw.col("before")).select("episode_id", "at"))
    rows = nw.concat(
        [
            told.select("episode_id", "at", review=nw.lit(1), change=nw.lit(0)),
            changes.select("episode_id", at=nw.col("at") + 1, review=nw.lit(0), change=nw.lit(1)),
        ]
    )
    rows = rows.with_columns(spell=nw.col("change").cum_sum().over("episode_id", order_by="at").cast(nw.Int64))
    rows = held(rows)
    rows = rows.with_columns(turn=nw.col("review").cum_sum().over("episode_id", "spell", order_by="at").cast(nw.Int64))
    begin = rows.filter(nw.col("review") == 1, nw.col("turn") == reviews)
    begin = begin.select("episode_id", enter=nw.col("at") // 10, spell=nw.col("spell") + 1)
    end = rows.filter(nw.col("change") == 1).select("episode_id", "spell", change=nw.col("at") // 10)
    spells = begin.join(end, on=["episode_id", "spell"], how="left")
    spells = spells.join(known.select("episode_id", "end", "year", *keys), on="episode_id")
    spells = spells.filter(nw.col("enter") < nw.col("year"))
    # pandas takes a missing number along in a minimum, the others leave it out: so each is compared by hand
    spells = spells.with_columns(exit=nw.when(nw.col("change") < nw.col("year")).then("change").otherwise("year"))
    spells = spells.with_columns(exit=nw.when(nw.col("end") < nw.col("exit")).then("end").otherwise("exit"))
    spells = spells.filter(nw.col("exit") > nw.col("enter"))
    return spells.select("enter", "exit", *keys)
