"""A real server on this machine, and a catalogue of what it holds, to test downloads with."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml


@dataclass
class Answer:
    """What the server says: a body, a status, and the length it claims (the true one if not given)."""

    body: bytes = b""
    status: int = 200
    claims: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Shelf:
    """The server's files, by name: a list of answers, given in turn; the last one stays."""

    url: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, name: str, *answers: Answer | bytes) -> str:
        """Put a file on the shelf; returns its address."""
        self.answers[name] = [a if isinstance(a, Answer) else Answer(a) for a in answers]
        return f"{self.url}/{name}"


@contextmanager
def serving() -> Iterator[Shelf]:
    """Serve a shelf on 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            shelf.asked.append(name)
            waiting = shelf.answers.get(name, [Answer(status=404)])
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body) if answer.claims is None else answer.claims))
            for header in answer.headers.items():
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shelf = Shelf(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield shelf
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def use_catalogue(folder: Path, monkeypatch: pytest.MonkeyPatch, **files: object) -> Path:
    """Make ``folder`` hold a catalogue with one entry for each keyword (its files) and the cache; returns the cache."""
    content: dict[str, Any] = {
        name: {"title": name, "stands_for": "a test", "accession": "none", "checked": ["C"], "files": listed}
        for name, listed in files.items()
    }
    path = folder / f"catalogue-{len(list(folder.glob('catalogue-*')))}.yml"
    path.write_text(yaml.safe_dump(content))
    monkeypatch.setenv("FXYD3_CATALOGUE", str(path))
    monkeypatch.setenv("FXYD3_CACHE", str(folder / "cache"))
    return folder / "cache"
