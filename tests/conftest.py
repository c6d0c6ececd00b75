"""What several kinds of tests share: the sample data in a database, made once."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from streamlit.components.v2 import manifest_scanner

from dashboard.answers import use_store
from dashboard.demo import prepare_demo
from dashboard.identity import use_sign_in
from dashboard.store import Store, open_store
from tests.sign_in import SIGN_IN

ROOT = Path(__file__).resolve().parents[1]
IN_MEMORY, ENOUGH = Path("/dev/shm"), 4 << 30  # bytes

# The same examples every time, and no clock: a busy machine fails no property.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


def pytest_configure() -> None:
    """Temporary files are held in memory where there is room for them.

    Hundreds of databases are made and thrown away; on a disk that is half of the time of the tests on PostgreSQL.
    """
    if "TMPDIR" not in os.environ and IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ENOUGH:
        os.environ["TMPDIR"] = tempfile.tempdir = str(IN_MEMORY)


@pytest.fixture(scope="session", autouse=True)
def pages_run_as_on_a_server() -> Iterator[None]:
    """What a server does once, and `AppTest` with every page that it runs: half of a page's time.

    Streamlit looks through all installed packages for components, and after every page cleans the whole of memory.
    """
    gc.collect()
    gc.freeze()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def sign_in_is_set_up() -> Iterator[None]:
    """Pages are run with the sign-in of `tests.sign_in`; who is signed in, each test says."""
    use_sign_in(SIGN_IN)
    yield
    use_sign_in(None)


@pytest.fixture(scope="session")
def sample_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all the sample data; copy it before changing it."""
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    prepare_demo(path, records=0)  # a county of records would be copied for every test
    return path


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file that holds our tables and nothing else; copied, it is quicker than made."""
    path = tmp_path_factory.mktemp("tables") / "tables.db"
    with open_store(path):
        pass
    return path


@pytest.fixture(scope="session")
def sample_answers(sample_database: Path) -> Iterator[Store]:
    """The sample data for tests that only look: answers stay reckoned from one test to the next."""
    with open_store(sample_database) as store:
        yield store
        use_store(None)


@pytest.fixture
def look(sample_answers: Store) -> Store:
    """All answers come from the sample data; nothing is written."""
    use_store(sample_answers)
    return sample_answers


@pytest.fixture
def sample_store(sample_database: Path, tmp_path: Path) -> Iterator[Store]:
    """A store of one's own with the sample data, which all answers come from."""
    with open_store(shutil.copy(sample_database, tmp_path / "sample.db")) as store:
        use_store(store)
        yield store
        use_store(None)


@pytest.fixture
def empty_store(sqlite_tables: Path, tmp_path: Path) -> Iterator[Store]:
    """A store without a single load, which all answers come from."""
    with open_store(shutil.copy(sqlite_tables, tmp_path / "empty.db")) as store:
        use_store(store)
        yield store
        use_store(None)
