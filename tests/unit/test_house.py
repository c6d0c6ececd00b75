"""The house: which room may import what. Fails when an arrow runs back up."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Libraries that a room may use beside the standard library, and the rooms it may call. A room may always call itself.
# `metrics.*` is split where the difference matters: the definitions may be read anywhere, the reckoning may not.
FRAMES = {"polars", "narwhals", "numpy"}
DEFINITIONS = {"metrics.cases", "metrics.catalogue", "metrics.estimates", "metrics.periods"}
LOWER = {"dashboard.access", "dashboard.identity", "dashboard.store", "dashboard.intake"}
ROOMS: dict[str, tuple[set[str], set[str]]] = {
    "metrics": (FRAMES | {"scipy", "statsmodels", "holidays"}, set()),
    "dashboard.intake": (
        FRAMES | {"dataframely", "fastexcel"},
        {"metrics", "sample_data.places", "sample_data.shapes"},  # the shipped geography that files are held against
    ),
    "dashboard.store": ({"polars", "sqlalchemy", "alembic", "psycopg"}, DEFINITIONS),
    "dashboard.access": (set(), set()),
    "dashboard.identity": (set(), {"dashboard.access"}),  # how people sign in, and who they then are
    "dashboard.words": (set(), {"metrics"}),  # how figures are written: for all who show or say them
    "dashboard.answers": ({"polars"}, LOWER | {"metrics", "dashboard.words", "sample_data.places"}),
    "dashboard.charts": ({"polars", "plotly", "afcharts", "jinja2", "markupsafe"}, {"metrics", "dashboard.words"}),
    "dashboard.maps": ({"polars", "pydeck"}, {"metrics", "dashboard.charts", "dashboard.words"}),
    "dashboard.components": (
        {"polars", "streamlit", "jinja2", "markupsafe", "xlsxwriter", "plotly"},
        {"metrics", "dashboard.charts", "dashboard.maps", "dashboard.access", "dashboard.words"},
    ),
    # The door between the floors: it alone reads who is signed in, and asks the answers who that is.
    "dashboard.components.guard": (
        {"streamlit"},
        {"dashboard.access", "dashboard.identity", "dashboard.answers.people", "dashboard.components"},
    ),
    "dashboard.pages": ({"streamlit"}, {"dashboard.access", "dashboard.answers", "dashboard.components"}),
    "dashboard.entry": (
        {"streamlit", "uvicorn", "starlette", "anyio", "joserfc", "pandas"},
        {"dashboard.access", "dashboard.answers", "dashboard.components", "dashboard.identity", "dashboard.store"},
    ),
    "dashboard.pack": ({"polars", "xlsxwriter"}, {"dashboard.answers", "dashboard.charts", "dashboard.maps"}),
    "dashboard.annex": (set(), {"dashboard.access", "dashboard.store", "metrics"}),
    "dashboard.demo": (
        {"polars"},
        {
            "dashboard.demo_plan",
            "dashboard.demo_audits",
            "dashboard.demo_questionnaire",
            "dashboard.intake",
            "dashboard.store",
            "sample_data",
        },
    ),
    "dashboard.demo_plan": (set(), {"dashboard.intake", "dashboard.store"}),
    "dashboard.demo_audits": ({"polars"}, {"dashboard.store", "metrics", "sample_data"}),
    "dashboard.demo_questionnaire": (
        {"polars"},
        {"dashboard.identity", "dashboard.store", "metrics.questionnaire", "sample_data"},
    ),
    "dashboard.cli_database": ({"click"}, {"dashboard.store"}),
    "dashboard.cli_invent": ({"click"}, {"sample_data"}),
    "dashboard.cli": (
        {"click", "polars"},
        {
            "dashboard.access",
            "dashboard.cli_database",
            "dashboard.cli_invent",
            "dashboard.demo",
            "dashboard.entry",
            "dashboard.identity",
            "dashboard.intake",
            "dashboard.store",
            "dashboard.pack",
        },
    ),
    # a workbook as councils send it; audit rounds are drawn and graded as real ones are
    "sample_data": (
        FRAMES | {"xlsxwriter"},
        DEFINITIONS | {"dashboard.intake", "metrics.audit", "metrics.questionnaire"},
    ),
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str | None:
    return max((r for r in ROOMS if within(module, r)), key=len, default=None)


def within(module: str, room: str) -> bool:
    return module == room or module.startswith(room + ".")


def imports(source: str, module: str, is_package: bool) -> list[tuple[int, str]]:
    """Every module named by an import statement anywhere in the file, also inside functions."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".") if is_package else module.split(".")[:-1]
            prefix = ".".join(base[: len(base) - node.level + 1]) if node.level else ""
            target = ".".join(p for p in (prefix, node.module or "") if p)
            found += [(node.lineno, f"{target}.{alias.name}") for alias in node.names]
    return found


def trespasses(source: str, module: str, is_package: bool = False) -> list[str]:
    room = room_of(module)
    libraries, rooms = ROOMS[room]
    wrong = []
    for line, target in imports(source, module, is_package):
        top = target.split(".")[0]
        if top in {"metrics", "dashboard", "sample_data"}:
            allowed = any(within(target, r) or r.startswith(target + ".") for r in {room, *rooms})
        else:
            allowed = top in libraries or top in sys.stdlib_module_names
        if not allowed:
            wrong.append(f"line {line}: {room} must not import {target}")
    return wrong


FILES = sorted(p for top in ("metrics", "dashboard", "sample_data") for p in (ROOT / top).rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_room_keeps_to_its_own_floor(path):
    module = module_name(path)
    if module == "dashboard" or "migrations" in path.parts:
        return
    assert room_of(module), f"{path} stands in no room of the house"
    assert trespasses(path.read_text(), module, path.name == "__init__.py") == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("metrics.trends", "import streamlit"),
        ("metrics.trends", "def f():\n    from sqlalchemy import select"),
        ("metrics.trends", "from dashboard.store import open_store"),
        ("dashboard.store.loads", "import streamlit as st"),
        ("dashboard.store.loads", "from metrics.trends import xmr"),
        ("dashboard.charts.history", "from dashboard.store import open_store"),
        ("dashboard.pages.scorecard", "import polars as pl"),
        ("dashboard.pages.scorecard", "from dashboard.store import open_store"),
        ("dashboard.pages.scorecard", "from ..store import open_store"),
        ("dashboard.intake.lait", "import sqlalchemy"),
        ("dashboard.answers.scorecard", "from dashboard.charts import palette"),
    ],
)
def test_a_trespass_is_noticed(module, source):
    assert trespasses(source, module)


def test_the_entry_script_does_not_stand_beside_the_pages():
    """Streamlit serves `/page` without running an entry script beside `pages/`: sign-in would be skipped."""
    assert not list((ROOT / "dashboard").glob("app*.py"))
    assert (ROOT / "dashboard" / "entry" / "app.py").is_file()


@pytest.mark.parametrize("path", sorted((ROOT / "dashboard" / "pages").glob("*.py")), ids=lambda p: p.name)
def test_a_page_begins_with_its_guard_and_does_no_arithmetic(path):
    tree = ast.parse(path.read_text())
    statements = [n for n in tree.body if not isinstance(n, ast.Import | ast.ImportFrom | ast.Expr | ast.FunctionDef)]
    assert "guard(" in ast.unparse(statements[0]), f"{path.name} must begin with its guard"
    sums = [n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub | ast.Mult | ast.Div)]
    assert not sums, f"{path.name} reckons at line {sums[0].lineno}: that belongs in metrics or answers"
