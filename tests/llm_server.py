"""An OpenAI-compatible server on the loopback address, which answers as it is told to.

    with LLMServer(Good("It was opened in 1932 [a].")) as server:
        LanguageModel.at(server.url, "any")

What it does is a ``Behaviour``: ``Good`` answers, all others do what servers do when something is
wrong (``FAULTS`` names them). Whatever the client does, an exchange ends after ``_LONGEST_S``
seconds or ``_MOST_BYTES`` bytes, and all end when the server is left.

python -m tests.llm_server REPLY: serves that reply until its input ends, and prints its address.
"""

from __future__ import annotations

import gzip
import itertools
import json
import random
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Messages = Sequence[Mapping[str, Any]]
Behaviour = Callable[["Exchange"], None]

_LONGEST_S = 60.0
_MOST_BYTES = 100_000_000
_MOST_ASKED = 10_000_000  # bytes of a request's body
_DRIP_S = 0.2
_TICK_S = 0.02
_SSE = "text/event-stream; charset=utf-8"
_JSON = "application/json"


@dataclass(slots=True)
class Asked:
    """A request, and what became of it."""

    path: str
    headers: dict[str, str]  # names in small letters
    body: dict[str, Any]
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None  # when the server had done with it
    hung_up: float | None = None  # when the client was found gone before that

    @property
    def messages(self) -> Messages:
        """What was asked, as ``[{"role": …, "content": …}]``."""
        found: Messages = self.body.get("messages", [])
        return found


class Gone(Exception):
    """The client hung up, the server is left, or a limit is reached: there is no more to do."""


class Exchange:
    """One request being answered, byte by byte."""

    def __init__(self, asked: Asked, connection: socket.socket, left: threading.Event) -> None:
        self.asked = asked
        self.streams = bool(asked.body.get("stream"))
        self._connection = connection
        self._left = left  # set when the server is left
        self._until = asked.began + _LONGEST_S
        self._bytes_left = _MOST_BYTES

    def send(self, data: bytes) -> None:
        """Send it all, however slowly it is read.

        Raises:
            Gone: nobody reads on.
        """
        rest = memoryview(data)
        while rest:
            self._wait(0)
            _, ready, _ = select.select([], [self._connection], [], _TICK_S)
            if not ready:
                continue
            try:
                sent = self._connection.send(rest[:65_536])
            except OSError as error:
                self._hung_up()
                raise Gone from error
            rest = rest[sent:]
            self._bytes_left -= sent
            if self._bytes_left < 0:
                raise Gone

    def pause(self, seconds: float) -> None:
        """Say nothing for so long.

        Raises:
            Gone: nobody waits on.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._wait(min(_TICK_S, max(0.0, until - time.monotonic())))

    def head(
        self, status: int = 200, kind: str = _SSE, *more: str, size: int | None = None
    ) -> None:
        """Send the status line and headers; without a size, a body of ``chunk``s follows."""
        length = "Transfer-Encoding: chunked" if size is None else f"Content-Length: {size}"
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {kind}", length, *more, "", ""]
        self.send("\r\n".join(lines).encode())

    def chunk(self, data: bytes) -> None:
        """Send a part of the body; an empty one ends it."""
        self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def event(self, data: object) -> None:
        """Send one event of a stream, in JSON unless it is text."""
        text = data if isinstance(data, str) else json.dumps(data)
        self.chunk(f"data: {text}\n\n".encode())

    def delta(self, text: str | None, finish: str | None = None) -> None:
        """Send a piece of an answer; ``finish`` says why it ends there."""
        self.event(_piece({"content": text} if text is not None else {}, finish))

    def whole(self, status: int, body: bytes, kind: str = _JSON, *more: str) -> None:
        """Send a whole response."""
        self.head(status, kind, *more, size=len(body))
        self.send(body)

    def _wait(self, seconds: float) -> None:
        """Wait, and see whether the client is gone: it says nothing more until it is answered."""
        readable, _, _ = select.select([self._connection], [], [], seconds)
        if readable:
            self._hung_up()
            raise Gone
        if self._left.is_set() or time.monotonic() > self._until:
            raise Gone

    def _hung_up(self) -> None:
        if self.asked.hung_up is None:
            self.asked.hung_up = time.monotonic()


def _piece(delta: Mapping[str, object], finish: str | None) -> dict[str, object]:
    choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "test",
            "choices": [choice]}  # fmt: skip


def _completion(text: str) -> dict[str, object]:
    message = {"role": "assistant", "content": text}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "test",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}  # fmt: skip


# What it does


@dataclass(frozen=True, slots=True)
class Good:
    """Answers with a text, or with what a function makes of the messages."""

    reply: str | Callable[[Messages], str]
    size_chars: int = 7  # of each piece: small ones cut markers and words in two
    pause_s: float = 0.0  # before each piece

    def __call__(self, to: Exchange) -> None:
        text = self.reply if isinstance(self.reply, str) else self.reply(to.asked.messages)
        if not to.streams:
            to.pause(self.pause_s)
            to.whole(200, json.dumps(_completion(text)).encode())
            return
        to.head()
        for piece in self.pieces(text):
            to.pause(self.pause_s)
            to.delta(piece)
        to.delta(None, "stop")
        to.event("[DONE]")
        to.chunk(b"")

    def pieces(self, text: str) -> Iterator[str]:
        """The text in pieces of ``size_chars``."""
        for start in range(0, len(text), self.size_chars):
            yield text[start : start + self.size_chars]


@dataclass(frozen=True, slots=True)
class InTurn:
    """Plays one behaviour a request, the last one for all that follow."""

    behaviours: Sequence[Behaviour]
    _turns: Iterator[int] = field(default_factory=itertools.count)

    def __call__(self, to: Exchange) -> None:
        self.behaviours[min(next(self._turns), len(self.behaviours) - 1)](to)


@dataclass(frozen=True, slots=True)
class Status:
    """Answers with an error, as OpenAI's servers word it."""

    status: int
    message: str = "Something is wrong"

    def __call__(self, to: Exchange) -> None:
        to.whole(self.status, json.dumps({"error": {"message": self.message}}).encode())


@dataclass(frozen=True, slots=True)
class Redirect:
    """Sends the client elsewhere: to ``location``, or to the same address for ever."""

    status: int = 302
    location: str | None = None

    def __call__(self, to: Exchange) -> None:
        to.whole(self.status, b"", _JSON, f"Location: {self.location or to.asked.path}")


@dataclass(frozen=True, slots=True)
class Body:
    """Answers with these bytes."""

    body: bytes
    kind: str = _SSE
    status: int = 200
    headers: tuple[str, ...] = ()

    def __call__(self, to: Exchange) -> None:
        to.whole(self.status, self.body, self.kind, *self.headers)


@dataclass(frozen=True, slots=True)
class Begun:
    """Begins to answer, and then does something else."""

    then: Behaviour
    text: str = "It was opened in "

    def __call__(self, to: Exchange) -> None:
        to.head()
        to.delta(self.text)
        self.then(to)


def silent(to: Exchange) -> None:
    """Takes the question and says nothing."""
    to.pause(_LONGEST_S)


def closed(to: Exchange) -> None:
    """Hangs up without a word, or in the middle of one."""
    raise Gone


def error_event(to: Exchange) -> None:
    """Says in the stream that something is wrong."""
    to.event({"error": {"message": "CUDA out of memory", "code": 500}})
    to.chunk(b"")


def dripping_header(to: Exchange) -> None:
    """Sends a header that never ends, a byte now and then."""
    to.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Header: ")
    _for_ever(to, lambda: to.send(b"x"))


def dripping_bytes(to: Exchange) -> None:
    """Sends an event that never ends, a byte now and then."""
    to.head()
    to.chunk(b'data: {"choices": "')
    _for_ever(to, lambda: to.chunk(b"x"))


def dripping_comments(to: Exchange) -> None:
    """Sends what keeps a connection open, and nothing else."""
    to.head()
    _for_ever(to, lambda: to.chunk(b": keep-alive\n\n"))


def dripping_empty(to: Exchange) -> None:
    """Sends pieces without a letter, now and then."""
    to.head()
    _for_ever(to, lambda: to.delta(""))


def dripping_words(to: Exchange) -> None:
    """Sends an answer that never ends, a word now and then."""
    to.head()
    _for_ever(to, lambda: to.delta("word "))


def endless_words(to: Exchange) -> None:
    """Sends an answer that never ends, as fast as it is read."""
    to.head()
    _for_ever(to, lambda: to.delta("word " * 10), pause_s=0)


def endless_empty(to: Exchange) -> None:
    """Sends pieces without a letter, as fast as they are read."""
    to.head()
    _for_ever(to, lambda: to.delta(""), pause_s=0)


def endless_header(to: Exchange) -> None:
    """Sends a header that never ends, as fast as it is read."""
    to.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Header: ")
    _for_ever(to, lambda: to.send(b"x" * 65_536), pause_s=0)


def huge_event(to: Exchange) -> None:
    """Sends 30 MB as one piece."""
    to.head()
    to.delta("word " * 6_000_000, "stop")
    to.chunk(b"")


def huge_error(to: Exchange) -> None:
    """Says in 30 MB that something is wrong."""
    to.whole(500, b'{"error": {"message": "' + b"x" * 30_000_000 + b'"}}')


def gzip_bomb(to: Exchange) -> None:
    """Sends 30 kB that unpack to 30 MB."""
    to.whole(200, gzip.compress(b" " * 30_000_000), _SSE, "Content-Encoding: gzip")


def finish_only(to: Exchange) -> None:
    """Ends the answer without having begun it."""
    to.head()
    to.delta(None, "stop")
    to.event("[DONE]")
    to.chunk(b"")


def cut_short(to: Exchange) -> None:
    """Sends half of the bytes that it said would come."""
    to.head(size=100_000)
    to.send(b"data: {")
    closed(to)


def no_http(to: Exchange) -> None:
    """Greets as a server of another kind does, and hangs up."""
    to.send(b"220 mail.example ESMTP\r\n")
    closed(to)


def _for_ever(to: Exchange, send: Callable[[], None], pause_s: float = _DRIP_S) -> None:
    while True:
        send()
        to.pause(pause_s)


def _events(*events: str) -> bytes:
    return "".join(f"data: {event}\n\n" for event in events).encode()


def stream_of(text: str) -> bytes:
    """A whole stream that says it in one piece."""
    return _events(json.dumps(_piece({"content": text}, "stop")), "[DONE]")


_PAGE = (
    b"<!doctype html>\n<html><body>\n\nPlease log in: the network is\n\nnot free</body></html>\n"
)

#: Whatever can be wrong with an answer, by name.
FAULTS: dict[str, Behaviour] = {
    "silent": silent,
    "silent half-way": Begun(silent),
    "dripping header": dripping_header,
    "dripping bytes": dripping_bytes,
    "dripping comments": dripping_comments,
    "dripping empty pieces": dripping_empty,
    "dripping words": dripping_words,
    "endless words": endless_words,
    "endless empty pieces": endless_empty,
    "endless header": endless_header,
    "30 MB event": huge_event,
    "30 MB error": huge_error,
    "gzip bomb": gzip_bomb,
    "closed": closed,
    "cut half-way": Begun(closed),
    "cut in an event": cut_short,
    "400": Status(400),
    "401": Status(401),
    "403": Status(403),
    "404 model": Status(404, "The model 'any' does not exist"),
    "404 address": Body(b"Not found", "text/plain", 404),
    "429": Status(429),
    "500": Status(500),
    "503": Status(503),
    "error event": Begun(error_event),
    "redirect 302": Redirect(302),
    "redirect 307": Redirect(307),
    "HTML": Body(_PAGE, "text/html"),
    "HTML as a stream": Body(_PAGE),
    "wrong content type": Body(stream_of("fine"), "image/png"),
    "not streamed": Body(json.dumps(_completion("fine")).encode(), _JSON),
    "random bytes": Body(random.Random(7).randbytes(50_000)),
    "no JSON": Body(_events("{", "[1, 2", "what?")),
    "other JSON": Body(_events("42", '"text"', '{"choices": "none"}')),
    "deep JSON": Body(_events("[" * 100_000)),
    "bad UTF-8": Body(b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n'),
    "no HTTP": no_http,
    "empty body": Body(b""),
    "empty answer": Good(""),
    "only spaces": Good("  \n  "),
    "finish without content": finish_only,
}  # fmt: skip


# The server


class LLMServer:
    """The server, from entering it to leaving it, on a port of its own.

    ``play`` is what it does with questions, ``listing`` with what asks for its models; both can
    be set at any time. With a ``key`` it refuses whoever does not give it.
    """

    def __init__(
        self, play: Behaviour, *, models: Sequence[str] = ("any",), key: str | None = None
    ) -> None:
        self.play = play
        listed = {"object": "list", "data": [{"id": id_, "object": "model"} for id_ in models]}
        self.listing: Behaviour = Body(json.dumps(listed).encode(), _JSON)
        self.key = key
        self.asked: list[Asked] = []  # the questions, in order
        self._left = threading.Event()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_TICK_S,))

    @property
    def url(self) -> str:
        """Its address, as ``LanguageModel.at`` takes it."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> LLMServer:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._left.set()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    def answer(self, asked: Asked, connection: socket.socket) -> None:
        """Play what is to be played.

        Raises:
            Gone: the connection is of no more use.
        """
        play = self.listing
        if asked.path.endswith("/chat/completions"):
            self.asked.append(asked)
            play = self.play
        elif not asked.path.endswith("/models"):
            play = Body(b"Not found", "text/plain", 404)
        if self.key is not None and asked.headers.get("authorization") != f"Bearer {self.key}":
            # As OpenAI's does, it says which key that was.
            play = Status(401, f"Incorrect API key provided: {asked.headers.get('authorization')}")
        try:
            play(Exchange(asked, connection, self._left))
        finally:
            asked.ended = time.monotonic()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close waits for them
    request_queue_size = 128

    def __init__(self, of: LLMServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.of = of
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        with self._lock:
            self._open.add(connection)
        return connection, address

    def close_request(self, request: socket.socket) -> None:  # type: ignore[override]
        with self._lock:
            self._open.discard(request)
        super().close_request(request)

    def hang_up(self) -> None:
        """Close what is open, so that no thread waits for a client."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):  # the client was the first
                    connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10.0
    server: _Server

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:  # it hung up between two questions
            self.close_connection = True

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        size = min(int(self.headers.get("Content-Length", 0)), _MOST_ASKED)
        self._answer(json.loads(self.rfile.read(size)))

    def _answer(self, body: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            self.server.of.answer(Asked(self.path, headers, body), self.connection)
        except Gone:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve one reply."""
    with LLMServer(Good(sys.argv[1])) as server:
        print(server.url, flush=True)  # noqa: T201 -- what it is for
        sys.stdin.read()


if __name__ == "__main__":
    main()
