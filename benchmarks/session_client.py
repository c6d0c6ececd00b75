"""A visitor without a browser: opens a page over the server's websocket and asks for it again and again."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

LARGEST = 64 * 1024 * 1024  # bytes of one message
TOKEN = "_streamlit_xsrf"  # name of the cookie that only our own pages can read


class PageFailed(RuntimeError):
    """The page ended with an error instead of its content."""


@dataclass
class Session:
    """One open page. `elements` and `size` (bytes) describe what its last run sent."""

    socket: ClientConnection
    page: str = ""
    query: str = ""
    page_hash: str = ""
    elements: int = 0
    size: int = 0
    failures: list[str] = field(default_factory=list)

    async def rerun(self) -> float:
        """Ask for the page and wait until it is finished; milliseconds. Raises `PageFailed`."""
        ask = BackMsg()
        ask.rerun_script.query_string = self.query
        ask.rerun_script.page_script_hash = self.page_hash
        if not self.page_hash:
            ask.rerun_script.page_name = self.page
        return await self.send(ask)

    async def send(self, ask: BackMsg) -> float:
        """Send what a browser would send and wait until it is done; milliseconds. Raises `PageFailed`."""
        self.elements = self.size = 0
        start = time.perf_counter()
        await self.socket.send(ask.SerializeToString())
        while True:
            data = await self.socket.recv()
            self.size += len(data)
            said = ForwardMsg()
            said.ParseFromString(data)
            if self.finished(said):
                return (time.perf_counter() - start) * 1000

    def finished(self, said: ForwardMsg) -> bool:
        """Take in one message of the server: whether it was the last. Raises `PageFailed`."""
        kind = said.WhichOneof("type")
        if kind == "new_session":
            self.page_hash = said.new_session.page_script_hash
        elif kind == "navigation":
            # which page it is, is known only once the entry script has made its table of pages
            self.page_hash = said.navigation.page_script_hash
        elif kind == "page_not_found":
            raise PageFailed(f"{self.page}: there is no such page")
        elif kind == "delta":
            self.elements += 1
            element = said.delta.new_element
            if element.WhichOneof("type") == "exception":
                raise PageFailed(f"{self.page}: {element.exception.message}")
            if element.WhichOneof("type") == "alert" and "Something went wrong" in element.alert.body:
                raise PageFailed(f"{self.page}: {element.alert.body}")
        elif kind == "script_finished":
            # an early stop for a newer request is not the end of this one
            return said.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
        return False


async def open_session(address: str, *, page: str = "", query: str = "", cookies: str = "") -> Session:
    """A visitor on `page` of the server at `address` (`http://127.0.0.1:8501`), with the page run once.

    `cookies` as `sign_in` gives them.
    """
    session = Session(await connected(address, cookies), page, query)
    await session.rerun()
    return session


async def connected(address: str, cookies: str = "") -> ClientConnection:
    """A line to the server at `address`, of nobody or of whom the cookies sign in."""
    # Without the token beside it, as our own pages send it, the cookie of a sign-in counts for nothing.
    token = dict(pair.partition("=")[::2] for pair in cookies.split("; ")).get(TOKEN)
    return await connect(
        address.replace("http", "ws", 1) + "/_stcore/stream",
        origin=address,
        additional_headers={"Cookie": cookies} if cookies else None,
        subprotocols=["streamlit", token] if token else ["streamlit"],
        max_size=LARGEST,
        compression=None,
        close_timeout=0.5,  # seconds; the server does not take leave
    )


async def sign_in(address: str, *, button: str = "Go on as a subgroup member") -> str:
    """Press a button on the door of ready users, and go where it leads: the cookies of somebody signed in."""
    socket = await connected(address)
    try:
        ask = BackMsg()
        ask.rerun_script.query_string = ""
        await socket.send(ask.SerializeToString())
        while True:
            said = ForwardMsg()
            said.ParseFromString(await asyncio.wait_for(socket.recv(), 60))
            if said.WhichOneof("type") == "auth_redirect":
                return await asyncio.to_thread(_cookies, address, said.auth_redirect.url)
            element = said.delta.new_element if said.WhichOneof("type") == "delta" else None
            if element is not None and element.button.label == button:
                press = BackMsg()
                press.rerun_script.query_string = ""
                press.rerun_script.widget_states.widgets.add(id=element.button.id, trigger_value=True)
                await socket.send(press.SerializeToString())
    finally:
        await socket.close()


def _cookies(address: str, way: str) -> str:
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    for path in (way, "/_stcore/health"):  # a browser asks for the second before it opens the page: it brings the token
        with opener.open(address + path, timeout=60):
            pass
    found = "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)
    if f"{TOKEN}=" not in found or "_streamlit_user" not in found:
        raise PageFailed("nobody was signed in")
    return found


async def drive(
    address: str, *, page: str, query: str = "", visitors: int, seconds: float, cookies: str = ""
) -> tuple[list[float], float]:
    """Milliseconds of every rerun, and reruns per second, of so many visitors asking without pause for so long."""
    sessions = [await open_session(address, page=page, query=query, cookies=cookies) for _ in range(visitors)]
    try:
        start = time.perf_counter()

        async def ask(session: Session) -> list[float]:
            taken = []
            while time.perf_counter() - start < seconds or not taken:
                taken.append(await session.rerun())
            return taken

        every = [ms for taken in await asyncio.gather(*map(ask, sessions)) for ms in taken]
        return every, len(every) / (time.perf_counter() - start)
    finally:
        for session in sessions:
            await session.socket.close()
