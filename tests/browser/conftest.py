"""A real server on loopback and a real browser that looks at it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.integration.conftest import free_port

SIZES = {"desktop": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}
# A browser under test asks nothing of its maker, and draws without a graphics card.
FLAGS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# axe's rule → what its HTML holds. Each with its reason.
KNOWN = {
    # Streamlit's own file uploader: a drop zone that says "presentation" and can still be reached by keyboard.
    # A best practice, not a WCAG criterion; the button inside it does the same and is named.
    "presentation-role-conflict": "stFileUploaderDropzone",
}

# What the console may say. Each with its reason.
HARMLESS = (
    # The map's library brings a decoder of 3-D models in WebAssembly, which our policy (no `eval` of any kind) does not
    # let it compile when it is loaded. Nothing here uses it.
    "WebAssembly.instantiate(): Compiling or instantiating WebAssembly module violates",
    # The software that stands in for a graphics card in these tests, not the page.
    "GPU stall due to ReadPixels",
)


@contextmanager
def serving(database: Path) -> Iterator[str]:
    """The dashboard as `early-help serve` runs it, on a free port of this machine; gives its address."""
    port = free_port()
    command = [Path(sys.executable).with_name("early-help"), "serve", "--port", str(port)]
    environment = {**os.environ, "EARLY_HELP_DATABASE_URL": f"sqlite:///{database}"}
    log = database.with_suffix(".log")
    with log.open("wb") as out:
        server = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
        try:
            _wait(f"http://127.0.0.1:{port}", server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


def _wait(address: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        if server.poll() is not None:
            pytest.fail(f"The server ended at once:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            server_is_up_soon(server)
    pytest.fail(f"The server did not answer:\n{log.read_text()}")


def server_is_up_soon(server: subprocess.Popen) -> None:
    """Wait a tenth of a second for the server to end, which it should not."""
    try:
        server.wait(timeout=0.1)
    except subprocess.TimeoutExpired:
        return


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.fail("Chromium is not installed: the tests need Debian's package `chromium` (apt-get install chromium).")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shown(sample_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard on the sample data, for tests that only look."""
    copy = tmp_path_factory.mktemp("shown") / "shown.db"
    with serving(Path(shutil.copy(sample_database, copy))) as address:
        yield address


@pytest.fixture(scope="session")
def changing(sample_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard on the sample data that tests write to."""
    copy = tmp_path_factory.mktemp("changing") / "changing.db"
    with serving(Path(shutil.copy(sample_database, copy))) as address:
        yield address


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard on an empty database."""
    with serving(tmp_path_factory.mktemp("empty") / "empty.db") as address:
        yield address


class Watched:
    """A page, with all it complained of and all it asked of other machines."""

    def __init__(self, page: Page):
        self.page = page
        self.complaints: list[str] = []
        self.outside: list[str] = []
        page.on("console", lambda m: self._hear(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self._hear(str(error)))
        page.on("request", self._note)

    def _hear(self, text: str) -> None:
        if not any(said in text for said in HARMLESS):
            self.complaints.append(text)

    def _note(self, request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            self.outside.append(request.url)

    def open(self, address: str) -> Page:
        """Go there and wait until the script has run to its end."""
        self.page.goto(address)
        return self.settled()

    def settled(self) -> Page:
        self.page.locator("h1").first.wait_for(timeout=30_000)
        self.page.wait_for_function(
            "() => document.querySelector('.stApp')?.dataset.testScriptState === 'notRunning'"
            " && !document.querySelector('[data-stale=\"true\"]')",
            timeout=30_000,
        )
        return self.page

    def violations(self) -> list[str]:
        """What axe-core finds, best practice included, without what `KNOWN` lists."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{rule['id']}: {rule['help']}: {node['html'][:200]}"
            for rule in found
            for node in rule["nodes"]
            if KNOWN.get(rule["id"], "nothing") not in node["html"]
        ]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Opens a window of its own, with its own cookies: `visit("phone")`."""
    contexts = []

    def window(size: str = "desktop") -> Watched:
        context = browser.new_context(viewport=SIZES[size], locale="en-GB")
        context.set_default_timeout(20_000)
        contexts.append(context)
        return Watched(context.new_page())

    yield window
    for context in contexts:
        context.close()
