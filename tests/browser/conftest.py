"""A real server and a real sign-in provider on loopback, and a real browser that looks at them."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Route, expect, sync_playwright

from dashboard.demo import prepare_demo
from dashboard.identity import sample_address
from tests.integration.conftest import free_port
from tests.sign_in import GROUP_OF, GROUPS

expect.set_options(timeout=20_000)  # milliseconds; a busy machine is slow and not wrong
SIZES = {"desktop": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# A browser under test asks nothing of its maker, and draws without a graphics card.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--enable-unsafe-swiftshader",  # maps are drawn by the processor
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


# Until what was just laid out is drawn.
A_FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"

LOGS: dict[str, Path] = {}  # address of a dashboard → what its server wrote
COOKIE_SECRET = secrets.token_urlsafe(32)

# Who can sign in at the provider: subject → groups. `nobody` is in none that the dashboard knows.
PEOPLE: dict[str, list[str]] = {role.replace(" ", "-"): [group] for role, group in GROUP_OF.items()}
PEOPLE |= {
    "auditor-two": ["eh-auditors"],
    "nobody": ["some-other-group"],
    "many": [*(f"{n:08x}-0000-4000-8000-{n:012x}" for n in range(150)), "eh-data"],
}


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an OpenID Connect provider on this machine, in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
    for person, groups in PEOPLE.items():
        address = sample_address(person.replace("-", " "))
        about = {"sub": person, "name": f"The {person}", "groups": groups, "email": address}
        command += ["--user-claims", json.dumps(about)]
    address = f"http://127.0.0.1:{port}"
    log = tmp_path_factory.mktemp("provider") / "provider.log"
    with running(command, f"{address}/.well-known/openid-configuration", log, {}):
        yield address


@contextmanager
def running(command: list, ready: str, log: Path, environment: dict[str, str]) -> Iterator[None]:
    """A process that answers at `ready`, ended at the end."""
    with log.open("ab") as out:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=out, stderr=out)
        try:
            _wait(ready, process, log)
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)


@contextmanager
def serving(
    database: Path,
    provider: str,
    *,
    name: str = "127.0.0.1",
    port: int | None = None,
    minutes: float = 480,
    cookie_secret: str = COOKIE_SECRET,
) -> Iterator[str]:
    """The dashboard as `early-help serve` runs it, on a free port of this machine; gives the address visitors use.

    Under the `name` "localhost" it is another site than the provider, as in use.
    """
    port = port or free_port()
    groups = "\n".join(
        f'{group} = {{ role = "{grant.role}", agency = "{grant.agency}", forum_area = "{grant.forum_area}" }}'
        for group, grant in GROUPS.items()
    )
    settings, log = database.with_suffix(".toml"), database.with_suffix(".log")
    settings.write_text(
        f'address = "http://{name}:{port}"\nmetadata_url = "{provider}/.well-known/openid-configuration"\n'
        f'client_id = "early-help"\nsession_minutes = {minutes}\n[roles]\n{groups}\n'
    )
    environment = {
        "EARLY_HELP_DATABASE_URL": f"sqlite:///{database}",
        "EARLY_HELP_SIGN_IN": str(settings),
        "EARLY_HELP_CLIENT_SECRET": "of the tests alone",
        "EARLY_HELP_COOKIE_SECRET": cookie_secret,
    }
    command = [Path(sys.executable).with_name("early-help"), "serve", "--port", str(port)]
    address = f"http://{name}:{port}"
    LOGS[address] = log
    with running(command, f"http://127.0.0.1:{port}/healthz", log, environment):
        yield address
    failed = [line for line in log.read_text().splitlines() if "Page failed" in line]
    assert failed == [], log.read_text()  # also where nobody waited for the end of the page


def _wait(ready: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        if server.poll() is not None:
            pytest.fail(f"The server ended at once:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(ready, timeout=5):
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
    """Debian's Chromium; without what belongs to a desktop it takes half of the time for the same page."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.fail("Chromium is not installed: the tests need Debian's package `chromium-headless-shell`.")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shown(provider: str, sample_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard on the sample data, for tests that only look."""
    copy = tmp_path_factory.mktemp("shown") / "shown.db"
    with serving(Path(shutil.copy(sample_database, copy)), provider) as address:
        yield address


@pytest.fixture(scope="session")
def recorded(provider: str, sample_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard on the sample data and the records of a small invented county."""
    copy = Path(shutil.copy(sample_database, tmp_path_factory.mktemp("recorded") / "recorded.db"))
    prepare_demo(copy, records=0.1)
    with serving(copy, provider) as address:
        yield address


@pytest.fixture(scope="session")
def changing(provider: str, sample_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard on the sample data that tests write to."""
    copy = tmp_path_factory.mktemp("changing") / "changing.db"
    with serving(Path(shutil.copy(sample_database, copy)), provider) as address:
        yield address


@pytest.fixture(scope="session")
def empty(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard on an empty database."""
    with serving(tmp_path_factory.mktemp("empty") / "empty.db", provider) as address:
        yield address


class Watched:
    """A page, with all it complained of and all it asked of other machines."""

    def __init__(self, page: Page, cookies: Callable[[str], list] | None = None):
        self.page = page
        self.cookies = cookies
        self.site = ""
        self.complaints: list[str] = []
        self.outside: list[str] = []
        self.holding, self.held = False, list[Route]()
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
        """Go there, signed in, and wait until the script has run to its end."""
        site = "/".join(address.split("/")[:3])
        if self.cookies and site != self.site:
            self.page.context.add_cookies(self.cookies(site))
        self.site = site
        self.page.goto(address)
        return self.settled()

    def settled(self) -> Page:
        """Wait until the page is whole, but for what is held back."""
        return whole(self.page, missing=self.holding)

    def hold_back(self, *kinds: str) -> None:
        """Let the code of these kinds of control not arrive before `let_through`."""
        self.holding = True
        for kind in kinds:
            self.page.route(f"**/static/js/{kind}*", lambda route: self.held.append(route))

    def let_through(self) -> None:
        self.holding = False
        while self.held:
            self.held.pop(0).continue_()

    def faults(self) -> list[str]:
        """All that no page may have, at any of `SIZES`: violations, scrolling sideways, complaints, anything asked of
        other machines."""
        over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        found = []
        for size, screen in SIZES.items():
            self.page.set_viewport_size(screen)
            self.page.evaluate(A_FRAME)
            self.settled()
            found += [f"{size}: {what}" for what in self.violations()]
            if self.page.evaluate(over) > 0:
                found.append(f"{size}: the page scrolls sideways")
        return [*found, *self.complaints, *(f"asked of another machine: {url}" for url in self.outside)]

    def violations(self) -> list[str]:
        """What axe-core finds, best practice included, without what `KNOWN` lists."""
        found = Axe().run(self.page, options={"resultTypes": ["violations"]}).response["violations"]
        return [
            f"{rule['id']}: {rule['help']}: {node['html'][:200]}"
            for rule in found
            for node in rule["nodes"]
            if KNOWN.get(rule["id"], "nothing") not in node["html"]
        ]


def whole(page: Page, *, missing: bool = False) -> Page:
    """Wait until the script has run to its end and all it wrote is there: Streamlit fetches the code of each kind of
    control when it is first needed, and holds its place meanwhile. `missing`: some of that code will not come."""
    unfinished = '[data-stale="true"]' + ("" if missing else ', [data-testid="stSkeleton"]')
    page.locator("h1").first.wait_for(timeout=30_000)
    page.wait_for_function(
        "unfinished => document.querySelector('.stApp')?.dataset.testScriptState === 'notRunning'"
        " && !document.querySelector(unfinished)",
        arg=unfinished,
        timeout=30_000,
    )
    return page


def unfold(page: Page, name: str | re.Pattern[str]) -> Locator:
    """Open what is folded away on a whole page, unless it is open; gives the fold, to look inside it."""
    whole(page)
    fold = page.locator("details").filter(has=page.locator("summary", has_text=name)).first
    if fold.get_attribute("open") is None:
        fold.locator("summary").first.click()
    expect(fold).to_have_attribute("open", "")
    return fold


def sign_in(page: Page, person: str) -> None:
    """From the dashboard's door through the provider's."""
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name=person, exact=True).click()


@pytest.fixture(scope="session")
def signed_in(browser: Browser) -> Callable[[str, str], list]:
    """The cookies of somebody of a role at a dashboard's address, where they sign in once for the whole run."""

    @cache
    def cookies(role: str, site: str) -> list:
        with browser.new_context() as context:
            page = context.new_page()
            page.goto(site)
            sign_in(page, role.replace(" ", "-"))
            page.get_by_role("button", name="Sign out").wait_for()
            return context.cookies()

    return cookies


@pytest.fixture
def visit(browser: Browser, signed_in: Callable[[str, str], list]) -> Iterator[Callable[..., Watched]]:
    """Opens a window of its own: `visit("phone")`, `visit(role="data officer")`, `visit(role="")` for nobody."""
    windows: list[Watched] = []

    def window(size: str = "desktop", *, role: str = "subgroup member") -> Watched:
        context = browser.new_context(viewport=SIZES[size], locale="en-GB")
        context.set_default_timeout(20_000)
        windows.append(Watched(context.new_page(), partial(signed_in, role) if role else None))
        return windows[-1]

    yield window
    failed = [it for it in windows if it.page.get_by_text("Something went wrong").count()]
    why = [f"{it.page.url}\n{LOGS[it.site].read_text()}" for it in failed]
    for it in windows:
        it.page.context.close()
    if why:  # no page ever ends in an error, also where a test looks at something else
        pytest.fail("Something went wrong on " + "\n".join(why))
