"""The built pages in a real browser: no script fails, and no page scrolls sideways on a phone."""

import functools
import http.server
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed; .ci/run installs it"),
]
PAGES = ("index", "01-background", "02-enrichment", "gallery/clonogenic", "03-cells", "04-tolerance",
         "gallery/persisters", "05-rescue", "gallery/doxorubicin",
         "06-scorecard", "rerun", "teach", "reference/twin", "reference/glossary",
         "reference/bibliography")  # fmt: skip
PHONE = """<!doctype html><title>waiting</title>
<iframe src="/book/chapters/{page}.html" width="390" height="800"></iframe>
<script>
const frame = document.querySelector("iframe");
frame.onload = () => setTimeout(() => {{
  const inside = frame.contentDocument, page = inside.documentElement;
  document.title = `wide ${{Math.max(page.scrollWidth, inside.body.scrollWidth)}} of ${{page.clientWidth}}`;
}}, 1500);
</script>"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that keeps silent."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "book").symlink_to(published / "book" / "_build" / "html")
    for page in PAGES:
        (folder / f"{page.replace('/', '-')}.html").write_text(PHONE.format(page=page))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def open_page(url: str, profile: Path) -> "subprocess.CompletedProcess[str]":
    options = ["--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
               "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}", "--enable-logging=stderr",
               "--virtual-time-budget=6000", "--dump-dom"]  # fmt: skip
    if os.geteuid() == 0:
        options.append("--no-sandbox")
    assert CHROMIUM
    return subprocess.run([CHROMIUM, *options, url], capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_without_a_failing_script(page: str, site: str, tmp_path: Path) -> None:
    done = open_page(f"{site}/book/chapters/{page}.html", tmp_path)
    assert "<h1" in done.stdout
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not [line for line in said if "Uncaught" in line or "SyntaxError" in line]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_not_scroll_sideways_on_a_phone(page: str, site: str, tmp_path: Path) -> None:
    done = open_page(f"{site}/{page.replace('/', '-')}.html", tmp_path)
    found = re.search(r"<title>wide (\d+) of (\d+)</title>", done.stdout)
    assert found, done.stdout[:500]
    assert int(found[1]) <= int(found[2])
