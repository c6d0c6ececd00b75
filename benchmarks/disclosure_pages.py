"""What disclosure control costs a page: the same figures once as the partnership's own, once as a publisher's.

Two servers run one after the other on the same sample data and the same added figures. In the one these are invented
records, so they are suppressed; in the other they count as published, so nothing is. Suppression happens when figures
are loaded or first asked for, so a rerun should cost the same; the first answer after a load is given beside it.

    python -m benchmarks disclosure_pages
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl

from benchmarks.session_client import drive, sign_in
from benchmarks.sessions import our_server
from dashboard.access import PUBLISHED
from dashboard.answers import use_store
from dashboard.answers.area_store import held_figures
from dashboard.answers.published import published
from dashboard.demo import prepare_demo
from dashboard.store import open_store
from metrics.estimates import FIGURES, conform

NORTH, WEST = "E06000061", "E06000062"
PERIOD = ("2025/26", date(2026, 3, 31))
FORUM_AREAS = tuple(f"EHF{i:02}" for i in range(1, 11))
PAGES: Mapping[str, str] = {
    "scorecard": f"area={NORTH}",
    "turn_the_curve": f"indicator=S1&area={NORTH}",
    "area_map": f"measure=held%3Alocal%3Avisits&level=forum&year={PERIOD[0]}",
}
ROLE = "Commissioner"
SECONDS, TURNS = 2.0, 3
MOST = 1.2  # times the rerun without


def small_figures() -> pl.DataFrame:
    """Figures of councils and forum areas with small counts among them; the sum of the councils is large.

    Each numerator and denominator is a number that is met nowhere else in the sample data.
    """
    cells = [
        ("lait:ReReferral", NORTH, 3, 7919), ("lait:ReReferral", WEST, 4423, 9973),
        ("ees:cla_immunisations", NORTH, 8117, 8119), ("ees:cla_immunisations", WEST, 6337, 9001),
        ("lait:LACnum", NORTH, 4, None), ("lait:LACnum", WEST, 7129, None),
        ("ees:cla_missing", NORTH, 2, 7103), ("ees:cla_missing", WEST, 3181, 9103),
        *(("local:visits", area, 2 if place == 0 else 1009 + 38 * place, 5303 + place)
          for place, area in enumerate(FORUM_AREAS)),
    ]  # fmt: skip
    rows = [
        {
            "measure": feed, "breakdown": "area", "group": area, "period": PERIOD[0], "period_end": PERIOD[1],
            "numerator": float(up), "denominator": None if down is None else float(down), "status": "ok",
            "value": float(up) if down is None else 100 * up / down,
        }
        for feed, area, up, down in cells
    ]  # fmt: skip
    return conform(pl.DataFrame(rows), FIGURES)


def database(path: Path, standing: str, *, records: float = 0) -> str:
    """The sample data with so large an invented county, and `small_figures` with a standing; gives the address."""
    url = prepare_demo(path, records=records)
    with open_store(url) as store:
        store.load(
            small_figures(),
            None,
            kind="own",
            file_name="added.csv",
            sha256="0" * 64,
            standing=standing,
            loaded_by="benchmark",
        )
    return url


def first_answer(url: str) -> float:
    """Seconds until what all pages draw from stands after a load."""
    with open_store(url) as store:
        use_store(store)
        start = time.perf_counter()
        published(PUBLISHED)
        held_figures(PUBLISHED, "held:local:visits", level="forum", period=PERIOD[0])
        taken = time.perf_counter() - start
        use_store(None)
    return taken


def reruns(url: str) -> dict[str, float]:
    """Median milliseconds of a page's rerun for a lone visitor."""
    with our_server(url) as address:
        who = asyncio.run(sign_in(address, button=ROLE))
        taken = {}
        for page, query in PAGES.items():
            at = "" if page == "scorecard" else page
            ms, _ = asyncio.run(drive(address, page=at, query=query, visitors=1, seconds=SECONDS, cookies=who))
            taken[page] = statistics.median(ms)
        return taken


def run() -> list[tuple[str, float, float, float]]:
    """A row a page, and one for the first answer: name, with, without (ms), ratio. The best of `TURNS` turns counts,
    the two servers taking turns, so that what else the machine does weighs on both."""
    rows: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        with_, without = (database(Path(name) / f"{s}.db", s) for s in ("invented", "published"))
        rows["first answer after a load"] = [(first_answer(with_) * 1000, first_answer(without) * 1000)]
        for _ in range(TURNS):
            one, other = reruns(with_), reruns(without)
            for page in PAGES:
                rows.setdefault(page, []).append((one[page], other[page]))
    best = {name: (min(a for a, _ in pairs), min(b for _, b in pairs)) for name, pairs in rows.items()}
    return [(name, a, b, a / b) for name, (a, b) in best.items()]


def main() -> int:
    os.environ.pop("EARLY_HELP_DATABASE_URL", None)
    rows = run()
    print(f"{'':30}{'with':>10}{'without':>10}{'ratio':>8}  must be")
    failed = False
    for name, a, b, ratio in rows:
        bound = name in PAGES
        failed |= bound and ratio > MOST
        said = f"at most {MOST}{'  FAILED' if ratio > MOST else ''}" if bound else ""
        print(f"{name:30}{a:10.1f}{b:10.1f}{ratio:8.2f}  {said}")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
