"""An OpenAI-compatible embedding server of the tests' own, which can fail in every way."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DIM = 64
# What is the same in another language counts as the same word, so that nothing but vectors can
# find the one by the other.
SAME = {"kat": "cat", "brug": "bridge", "regen": "rain", "brood": "bread", "gesloten": "closed"}


def vector(text: str) -> list[float]:
    """Counts of the text's words, each at the place that its hash names."""
    counts = [0.0] * DIM
    for word in re.findall(r"\w+", text.lower()):
        digest = hashlib.sha256(SAME.get(word, word).encode()).digest()
        counts[digest[0] % DIM] += 1.0
    return counts


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class EmbeddingServer:
    """Serves ``/v1/embeddings`` and ``/v1/models`` on this machine until it is closed."""

    def __init__(self, models: Sequence[str] | None = ("words", "others")) -> None:
        self.models = models
        self.requests: list[Request] = []
        #: How many requests fail, and how; -1: all of them.
        self.failures = 0
        self.fail: Callable[[Handler], None] = silent
        self.rows: Callable[[list[str]], list[Any]] = lambda texts: [vector(t) for t in texts]
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.ours = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def texts(self) -> list[str]:
        """All texts that were to be embedded, in order."""
        return [text for request in self.requests for text in request.body.get("input", ())]

    def fails(self, how: Callable[[Handler], None], times: int = -1) -> None:
        """The next requests fail."""
        self.fail, self.failures = how, times

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *request: object) -> None:
        """Say nothing of those who have had enough."""


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"

    @property
    def ours(self) -> EmbeddingServer:
        found: EmbeddingServer = self.server.ours  # type: ignore[attr-defined]
        return found

    def do_GET(self) -> None:
        self._take({})
        if self._failed():
            return
        if self.ours.models is None or not self.path.endswith("/v1/models"):
            self.send(404, b'{"detail": "Not Found"}')
        else:
            listed = [{"id": name, "object": "model"} for name in self.ours.models]
            self.send(200, json.dumps({"object": "list", "data": listed}).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._take(body)
        if self._failed():
            return
        if not self.path.endswith("/v1/embeddings"):
            self.send(404, b"404 page not found", "text/plain")
        elif body["model"] not in (self.ours.models or (body["model"],)):
            said = {"error": {"message": f"model {body['model']!r} not found, try pulling it"}}
            self.send(404, json.dumps(said).encode())
        else:
            rows = self.ours.rows(body["input"])
            data = [{"object": "embedding", "index": i, "embedding": r} for i, r in enumerate(rows)]
            self.send(200, json.dumps({"object": "list", "data": data}).encode())

    def send(
        self, status: int, body: bytes, kind: str = "application/json", **headers: str
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _take(self, body: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.ours.requests.append(Request(self.path, headers, body))

    def _failed(self) -> bool:
        if not self.ours.failures:
            return False
        self.ours.failures -= 1
        try:
            self.ours.fail(self)
        except OSError:  # whoever asked has had enough
            self.close_connection = True
        return True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


# Ways to fail


def status(code: int) -> Callable[[Handler], None]:
    return lambda handler: handler.send(code, b'{"error": {"message": "no"}}')


def redirect(handler: Handler) -> None:
    handler.send(302, b"", Location=f"{handler.ours.url}/elsewhere")


def page(handler: Handler) -> None:
    handler.send(200, b"<html>Log in</html>", "text/html; charset=utf-8")


def sends(body: bytes) -> Callable[[Handler], None]:
    return lambda handler: handler.send(200, body)


def huge(handler: Handler) -> None:
    """30 MB, of which the length is not said beforehand."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Connection", "close")
    handler.end_headers()
    for _ in range(30):
        handler.wfile.write(b" " * 1_000_000)


def compressed(handler: Handler) -> None:
    """30 KB that would be 30 MB."""
    handler.send(200, gzip.compress(b" " * 30_000_000), Content_Encoding="gzip")


def cut(handler: Handler) -> None:
    """The connection ends in the middle."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"data": [')
    handler.close_connection = True


def silent(handler: Handler) -> None:
    """Nothing comes."""
    handler.ours.closing.wait(30)


def dripping(handler: Handler) -> None:
    """A byte every tenth of a second, and no end."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Connection", "close")
    handler.end_headers()
    while not handler.ours.closing.wait(0.1):
        handler.wfile.write(b" ")
        handler.wfile.flush()
