"""The built book, served, and Debian's Chromium to open it with."""

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync")  # fmt: skip


@dataclass
class Site:
    """The served book: its address, its folder, and what was asked of the server so far."""

    url: str
    folder: Path
    asked: list[str] = field(default_factory=list)

    @property
    def pages(self) -> list[str]:
        """Every page of the book, as its path below the address; not the one that only leads to the first."""
        found = (path.relative_to(self.folder) for path in self.folder.rglob("*.html"))
        return sorted(p.as_posix() for p in found if p.parts[0] != "_static" and p.as_posix() != "index.html")

    def __truediv__(self, page: str) -> str:
        """Address of a page: ``site / "chapters/index.html"``."""
        return f"{self.url}/{page}"


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """The published book on 127.0.0.1; ``FXYD3_SITE`` names a built book (a folder of HTML) to serve instead."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed; .ci/run installs it")
    built = os.environ.get("FXYD3_SITE")
    folder = Path(built) if built else request.getfixturevalue("published") / "book" / "_build" / "html"

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            super().do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    site = Site(f"http://127.0.0.1:{server.server_port}", folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield site
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; closed after each module, since its event loop would stand in the way of tests that run kernels."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed; .ci/run installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def troubles() -> list[str]:
    """What went wrong in the browser so far: errors on the console, failed scripts, requests to another host."""
    return []


@pytest.fixture
def page(browser: Browser, troubles: list[str]) -> Iterator[Page]:
    """A fresh tab, 1400 px wide. A test that leaves ``troubles`` behind fails, whatever it looked at."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(15_000)
    watch(page, troubles)
    yield page
    context.close()
    assert not troubles


def watch(page: Page, troubles: list[str]) -> None:
    """Write down what goes wrong in a tab."""
    page.on("pageerror", lambda error: troubles.append(f"{page.url}: {error}"))
    page.on("console", lambda said: said.type == "error" and troubles.append(f"{page.url}: {said.text}"))
    page.on(
        "request",
        lambda sent: foreign(sent.url) and troubles.append(f"{page.url}: asked another host: {sent.url}"),
    )


def foreign(url: str) -> bool:
    """Whether an address leaves this machine."""
    parts = urlsplit(url)
    return parts.scheme not in {"data", "blob", "file", "about"} and parts.hostname != "127.0.0.1"
