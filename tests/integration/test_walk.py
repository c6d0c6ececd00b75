"""The product walked as every role over every page of its table, in two worlds that differ in what is hidden alone.

Everything that a page sends and every file that it offers must be the same in both: then nothing that is hidden, nor
anything made of it, can be in them. What a file holds is besides put to the audit. A page that is added to the table is
walked as it opens; its further views are named in `VIEWS`.
"""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Element

from dashboard.access import AGENCY, CASES, FORUM_AREA, ROLES, may, may_open
from dashboard.answers import area_store, own_indicators, published, use_store
from dashboard.components import files
from dashboard.entry.app import TABLE
from dashboard.store import Store, open_store
from metrics.disclosure import Rule, audit, total
from metrics.estimates import FIGURES, SUPPRESSED, conform
from sample_data import places as shipped
from sample_data.invented import invent
from tests.integration.test_pages import ENTRY
from tests.sign_in import GROUP_OF, claims, scope

COUNTY, NORTH, WEST = "E10000021", "E06000061", "E06000062"
YEAR, END = "2025/26", date(2026, 3, 31)
PAGES = [page for _, page, _ in TABLE]
# Views beside the one that a page opens with: those that show the figures below.
VIEWS: dict[str, list[dict[str, str]]] = {
    "scorecard": [{"area": NORTH, "against": "neighbours"}, {"area": WEST}],
    "turn_the_curve": [
        {"indicator": "S1", "area": NORTH},
        {"indicator": "S1", "area": WEST, "against": "neighbours"},
        {"indicator": "S1", "area": COUNTY},
    ],
    "area_map": [
        {"measure": "held:local:visits", "level": "forum", "year": YEAR},
        {"measure": "held:rereferrals", "level": "council", "year": YEAR},
    ],
}

# (feed, area, count, of how many): the same sums in both worlds, other parts. Every part is 1 to 5, or goes with one.
ONE = [
    ("lait:ReReferral", NORTH, 3, 400), ("lait:ReReferral", WEST, 60, 500),
    ("ees:cla_immunisations", NORTH, 197, 200), ("ees:cla_immunisations", WEST, 150, 300),
    ("lait:LACnum", NORTH, 4, None), ("lait:LACnum", WEST, 500, None),
    ("local:visits", "EHF01", 2, 40), ("local:visits", "EHF02", 12, 50), ("local:visits", "EHF03", 31, 90),
]  # fmt: skip
OTHER = [
    ("lait:ReReferral", NORTH, 5, 400), ("lait:ReReferral", WEST, 58, 500),
    ("ees:cla_immunisations", NORTH, 196, 200), ("ees:cla_immunisations", WEST, 151, 300),
    ("lait:LACnum", NORTH, 2, None), ("lait:LACnum", WEST, 502, None),
    ("local:visits", "EHF01", 5, 40), ("local:visits", "EHF02", 12, 50), ("local:visits", "EHF03", 31, 90),
]  # fmt: skip


def figures(cells: list[tuple]) -> pl.DataFrame:
    made = [
        {
            "measure": feed, "breakdown": "area", "group": area, "period": YEAR, "period_end": END, "status": "ok",
            "numerator": float(up), "denominator": down and float(down),
            "value": 100 * up / down if down else float(up),
        }
        for feed, area, up, down in cells
    ]  # fmt: skip
    return conform(pl.DataFrame(made), FIGURES)


@contextmanager
def world(database: Path, path: Path, cells: list[tuple]) -> Iterator[Store]:
    with open_store(shutil.copy(database, path)) as store, pytest.MonkeyPatch.context() as patch:
        # What is reckoned behind the pages is waited for: else one world might have it already, and the other not.
        patch.setattr(own_indicators, "PATIENCE", 300.0)
        store.load(figures(cells), None, kind="own", file_name="mine.csv", sha256="0" * 64)
        store.load_cases(invent(scale=0.02), None, kind="cases", file_name="cases.csv", sha256="1" * 64)
        use_store(store)
        yield store
        use_store(None)


# --- what a visitor is sent ------------------------------------------------------------------------------------------


class Visit:
    """One page opened by somebody of a role: whatever it sends, and the files that it offers, made."""

    def __init__(self, page: str, user: dict, address: dict[str, str]):
        self.files: dict[str, bytes] = {}
        makers, made = [], files.guarded_maker

        def remember(make, *, name):
            makers.append((name, made(make, name=name)))
            return makers[-1][1]

        at = AppTest.from_file(ENTRY, default_timeout=120)
        at.user = user
        for key, value in address.items():
            at.query_params[key] = value
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "guarded_maker", remember)
            at.switch_page(f"../pages/{page}.py").run()
        assert not at.exception, (page, address, at.exception)
        self.title = at.title[0].value
        self.sent = [text for element in elements(at._tree) for text in [said(element)] if text]
        # Every button for a file must go through the one component: its files are opened here, and recorded in use.
        assert len(at.get("download_button")) == len(makers), page
        for name, make in makers:
            content = make()
            self.files[name] = content if isinstance(content, bytes) else content.encode()

    def everything(self) -> list[str]:
        return [*self.sent, *(f"{name}: {text}" for name, data in self.files.items() for text in texts(name, data))]


def elements(node: Block | Element) -> Iterator[Element]:
    if isinstance(node, Element):
        yield node
    else:
        for child in node.children.values():
            yield from elements(child)


def said(element: Element) -> str:
    """An element as it is sent, without what is drawn by lot for each visit."""
    text = f"{element.type} {element.proto}"
    return re.sub(
        r'^\s*(id|url|deferred_file_id|form_id|element_id|upload_id|key): ".*"$', "", text, flags=re.MULTILINE
    )


def texts(name: str, data: bytes) -> list[str]:
    """What stands in a file; of a workbook every part but the one that says when it was made."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return [data.decode("utf-8-sig")]
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return [book.read(part).decode() for part in book.namelist() if part != "docProps/core.xml"]


RECORD = re.compile(r"INV-[FP]-\d+")  # a family or a person of the invented county


Walked = dict[tuple[str, str, int], Visit]


def walk(users: dict[str, dict], pages: list[str]) -> Walked:
    return {
        (role, page, number): Visit(page, users[role], address)
        for role in ROLES
        for page in pages
        for number, address in enumerate([{}, *(VIEWS.get(page, []) if may_open(scope(role), page) else [])])
    }


@pytest.fixture(scope="module")
def users() -> dict[str, dict]:
    return {role: claims(GROUP_OF[role]) for role in ROLES}


@pytest.fixture(scope="module")
def both(sample_database: Path, tmp_path_factory: pytest.TempPathFactory, users) -> tuple[Walked, Walked]:
    """Every page in every role, in the one world and in the other."""
    from dashboard.identity import use_sign_in
    from tests.sign_in import SIGN_IN

    use_sign_in(SIGN_IN)
    folder = tmp_path_factory.mktemp("worlds")
    walked = []
    for name, cells in (("one", ONE), ("other", OTHER)):
        with world(sample_database, folder / f"{name}.db", cells):
            walked.append(walk(users, PAGES))
    return walked[0], walked[1]


def test_the_walk_goes_everywhere(both):
    assert {(role, page) for role, page, _ in both[0]} == {(role, page) for role in ROLES for page in PAGES}
    assert set(VIEWS) <= set(PAGES)
    opened = {(role, page) for (role, page, _), v in both[0].items() if v.title != "This page is not open to you"}
    assert opened == {(role, page) for role in ROLES for page in PAGES if page in ROLES[role].pages}


def test_a_closed_page_sends_nothing_of_its_own(both):
    closed = {(role, page): v for (role, page, _), v in both[0].items() if page not in ROLES[role].pages}
    assert len(closed) > 20
    for where, visit in closed.items():
        kinds = {text.split(" ", 1)[0] for text in visit.sent}
        assert kinds <= {"html", "title", "heading", "caption", "markdown", "button", "empty"}, where
        assert not visit.files, where


def test_nothing_that_is_hidden_makes_any_difference(both):
    one, other = both
    for where, visit in one.items():
        assert visit.everything() == other[where].everything(), where


def test_single_records_reach_nobody_but_those_whose_cases_they_are(both):
    """Case records stand in the database; of a role held to an area or to agencies, only theirs may be sent."""
    cases = invent(scale=0.02)
    where = dict(shipped.lookup(2021).select("lsoa", "forum").iter_rows())
    lies_in = {family: where.get(lsoa) for family, lsoa in cases["family"].select("family_id", "lsoa").iter_rows()}
    lies_in |= {p: lies_in.get(f) for p, f in cases["person"].select("person_id", "family_id").iter_rows()}
    assert len(lies_in) > 1000
    schools = cases["agency"].filter(agency_type="school")["agency_id"].implode()
    assert scope("agency lead").agencies == {"school"}
    led = pl.concat(
        [
            cases["episode"].filter(pl.col("lead_agency_id").is_in(schools))["family_id"],
            cases["assessment"].filter(pl.col("agency_id").is_in(schools))["family_id"],
        ]
    )
    assert 0 < led.n_unique() < cases["family"].height
    theirs = {*led, *cases["person"].filter(pl.col("family_id").is_in(led.implode()))["person_id"]}
    for (role, page, number), visit in both[0].items():
        sent = set(RECORD.findall(" ".join(visit.everything())))
        rule = ROLES[role]
        if rule.level != CASES:
            assert not sent, (role, page, number)
        elif rule.held_to == AGENCY:
            assert sent <= theirs, (role, page, number)
        elif rule.held_to == FORUM_AREA:
            assert {lies_in[record] for record in sent} <= scope(role).forum_areas, (role, page, number)


def test_files_are_offered_to_those_who_may_take_them_and_to_nobody_else(both):
    for (role, page, _), visit in both[0].items():
        if not may(scope(role), "take figures away"):
            assert not visit.files, (role, page)
    taking = {page for (_, page, _), visit in both[0].items() if visit.files}
    assert {"turn_the_curve", "area_map", "need_and_funding"} <= taking


def test_hidden_figures_are_marked_where_they_are_shown_and_in_the_files(both):
    one, _ = both
    assert any("[c]" in text for text in one["commissioner", "area_map", 1].sent)
    assert any("hidden because the count is small" in text for text in one["commissioner", "scorecard", 1].sent)
    for role in ("commissioner", "agency lead"):
        files_ = one[role, "turn_the_curve", 1].files
        assert any("[c]" in text for name, data in files_.items() if name.endswith("csv") for text in texts(name, data))


def test_every_table_of_estimates_in_a_file_passes_the_audit(both):
    """What somebody could work out of everything that a role may take away together."""
    own = {(m, g) for m, g, *_ in ((s, a) for s in ("rereferrals", "looked_after_immunised", "looked_after_number")
                                   for a in (COUNTY, NORTH, WEST))}  # fmt: skip
    audited = 0
    for role in ROLES:
        tables = [
            table
            for (who, _, _), visit in both[0].items()
            if who == role
            for name, data in visit.files.items()
            if name.endswith(".csv") and (table := estimates(data)) is not None
        ]
        if not tables:
            continue
        every = pl.concat(tables).unique(maintain_order=True)
        mine = pl.struct("measure", "group").map_elements(
            lambda row: (row["measure"], row["group"]) in own, return_dtype=pl.Boolean
        )
        every = every.with_columns(
            pl.when(mine & (pl.col("period") == YEAR))
            .then(pl.lit("local"))
            .otherwise(pl.lit("published"))
            .alias("standing")
        )
        found = audit(
            every,
            totals=total("area", COUNTY, [NORTH, WEST]),
            rules=[Rule(standing="published", exempt=True)],
            exact=True,
        )
        hidden = found.filter(pl.col("period") == YEAR)
        assert hidden.height, role
        assert hidden.filter(~pl.col("safe")).is_empty(), (role, hidden)
        audited += 1
    assert audited >= 5


def estimates(data: bytes) -> pl.DataFrame | None:
    """An exported table of estimates as a frame again; None for a file of another form."""
    text = data.decode("utf-8-sig")
    if not text.startswith('"Measure"'):
        return None
    table = pl.read_csv(text.encode(), infer_schema=False).filter(pl.col("Area code").is_not_null())
    table = table.filter(
        ~pl.col("Method").fill_null("").str.starts_with("mean of")
    )  # of neighbours: counts of councils
    numbers = {
        c: pl.col(c.title() if c != "n" else "n").cast(pl.Float64) for c in ("numerator", "denominator", "value", "n")
    }
    return table.select(
        pl.col("Measure").alias("measure"), pl.lit("area").alias("breakdown"), pl.col("Area code").alias("group"),
        pl.col("Period").alias("period"), **numbers,
        status=pl.when(pl.col("Status").str.starts_with("[c]")).then(pl.lit(SUPPRESSED)).otherwise(pl.lit("ok")),
    )  # fmt: skip


# --- that the walk would notice --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "view", "room", "name"),
    [
        ("scorecard", 0, published, "hide"),
        ("turn_the_curve", 0, published, "hide"),
        ("area_map", 0, area_store, "hide"),
        ("area_map", 1, published, "hide"),
    ],
)
def test_with_the_protection_taken_out_the_walk_finds_it(
    sample_database, tmp_path, users, monkeypatch, page, view, room, name
):
    monkeypatch.setattr(room, name, lambda frame, **_: frame)
    told = []
    for place, cells in (("one", ONE), ("other", OTHER)):
        with world(sample_database, tmp_path / f"{place}.db", cells):
            told.append(Visit(page, users["commissioner"], VIEWS[page][view]).everything())
    assert told[0] != told[1]


def test_a_file_that_goes_round_the_one_component_is_noticed(sample_database, tmp_path, users, monkeypatch):
    import streamlit as st

    def own_way(label, make, *, file_name, mime, key):
        st.download_button(label, b"figures", file_name=file_name, key=key)

    monkeypatch.setattr("dashboard.components.figures.download", own_way)
    with (
        world(sample_database, tmp_path / "one.db", ONE),
        pytest.raises(AssertionError, match="turn_the_curve"),
    ):
        Visit("turn_the_curve", users["commissioner"], {"indicator": "S1"})
