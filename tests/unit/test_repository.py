"""The repository itself: one lock, no machine's traces, every command documented, code in one style."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRACKED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.split("\n")
FILES = [ROOT / name for name in TRACKED if name and (ROOT / name).is_file()]
TEXTS = [
    p
    for p in FILES
    if p.suffix in {".py", ".md", ".toml", ".csv", ".html", ".css", ".lock", ".ini", ".yml", ".mako", ""}
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    lines = [line.split(";")[0].strip() for line in (ROOT / "requirements.lock").read_text().splitlines()]
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_the_lock_pins_every_dependency_exactly_and_names_no_host():
    wanted = PROJECT["dependencies"] + [d for group in PROJECT["optional-dependencies"].values() for d in group]
    locked = {normal(name) for name in pins()}
    assert {normal(re.split(r"[\[<>=!~ ]", d)[0]) for d in wanted} <= locked
    assert "://" not in (ROOT / "requirements.lock").read_text()


@pytest.mark.parametrize("library", ["streamlit", "plotly", "pandas", "polars", "sqlalchemy", "pydeck", "pytest"])
def test_the_owner_s_libraries_are_dependencies(library):
    named = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]
    assert any(normal(d).startswith(library) for d in named)


def test_no_file_carries_a_machine_path_a_package_host_or_a_secret():
    traces = re.compile(
        r"(/" + r"work/|/" + r"root/|/home/\w|index" + r"-url|files\.pythonhosted|BEGIN [A-Z ]*PRIVATE KEY)"
    )
    found = [
        f"{p.relative_to(ROOT)}: {m.group()}" for p in TEXTS if (m := traces.search(p.read_text(errors="replace")))
    ]
    assert found == []


def test_no_database_or_secret_is_tracked():
    assert [p.name for p in FILES if p.suffix in {".db", ".sqlite", ".sqlite3", ".pkl", ".pem", ".key"}] == []
    assert [p.name for p in FILES if p.name == "secrets.toml"] == []


def test_the_code_keeps_one_style():
    for arguments in (["check"], ["format", "--check"]):
        run = subprocess.run([sys.executable, "-m", "ruff", *arguments, "."], cwd=ROOT, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout + run.stderr


def test_the_readme_names_every_command_and_setting():
    readme = (ROOT / "README.md").read_text()
    listed = subprocess.run(
        [Path(sys.executable).with_name("early-help"), "--help"], capture_output=True, text=True, check=True
    )
    commands = re.findall(r"^  (\w+)  ", listed.stdout, re.MULTILINE)
    assert {"demo", "serve", "load", "check", "loads", "undo"} <= set(commands)
    assert [c for c in commands if f"early-help {c}" not in readme] == []
    assert "EARLY_HELP_DATABASE_URL" in readme


def test_every_choice_of_the_settings_is_explained():
    """Each setting in `.streamlit/config.toml` has a comment on its own line or on the line above it."""
    lines = (ROOT / ".streamlit" / "config.toml").read_text().splitlines()
    settings = [i for i, line in enumerate(lines) if re.match(r"\w+\s*=", line)]
    assert settings
    assert [lines[i] for i in settings if "#" not in lines[i] and not lines[i - 1].startswith("#")] == []
