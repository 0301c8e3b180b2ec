"""Servers are asked within limits, and what goes wrong is said in a few words."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from index.endpoint import (
    FAULTS,
    RefusedError,
    TooLargeError,
    address,
    async_client,
    async_models,
    client,
    knows_no_such_model,
    may_pass,
    models,
    why,
)
from tests.embedding_server import (
    EmbeddingServer,
    Handler,
    compressed,
    cut,
    dripping,
    huge,
    page,
    redirect,
    sends,
    silent,
    status,
)

SECRET = "sk-very-secret"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    opened = EmbeddingServer()
    yield opened
    opened.close()


def get(url: str, *, timeout_s: float = 5, max_bytes: int = 1_000_000) -> httpx.Response:
    with client(timeout_s=timeout_s, max_bytes=max_bytes) as asking:
        return asking.get(f"{url}/models").raise_for_status()


def async_get(url: str, *, timeout_s: float = 5, max_bytes: int = 1_000_000) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with async_client(timeout_s=timeout_s, max_bytes=max_bytes) as asking:
            return (await asking.get(f"{url}/models")).raise_for_status()

    return asyncio.run(ask())


BOTH = pytest.mark.parametrize("ask", [get, async_get], ids=["sync", "async"])


@BOTH
def test_what_is_within_the_limits_comes_as_it_is(
    server: EmbeddingServer, ask: Callable[..., httpx.Response]
) -> None:
    response = ask(server.url)
    assert [model["id"] for model in response.json()["data"]] == ["words", "others"]
    assert server.requests[0].headers["accept-encoding"] == "identity"


@BOTH
@pytest.mark.parametrize(
    ("how", "said"),
    [
        (status(400), "answered 400 (bad request)"),
        (status(401), "answered 401 (the key is missing or refused)"),
        (status(403), "answered 403 (the key is missing or refused)"),
        (status(404), "answered 404 (not found)"),
        (status(429), "answered 429 (too many requests)"),
        (status(500), "answered 500 (internal server error)"),
        (status(599), "answered 599"),
        (redirect, "redirects, which is not followed"),
        (page, "answered with something else than JSON"),
        (compressed, "answered in compressed form, which is not unpacked"),
        (huge, "sent more than 1 MB"),
        (cut, "broke off before it had answered"),
        (
            lambda h: h.send(404, b'{"error": "The model `x` does not exist"}'),
            "does not know the model",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_way_to_fail_has_its_words(
    server: EmbeddingServer,
    ask: Callable[..., httpx.Response],
    how: Callable[[Handler], None],
    said: str,
) -> None:
    server.fails(how)
    with pytest.raises(FAULTS) as caught:
        ask(server.url)
    assert why(caught.value) == said
    assert len(server.requests) == 1  # a redirect was not followed


@BOTH
@pytest.mark.parametrize("how", [silent, dripping])
def test_a_server_that_does_not_end_is_left(
    server: EmbeddingServer, ask: Callable[..., httpx.Response], how: Callable[[Handler], None]
) -> None:
    server.fails(how)
    start = time.monotonic()
    with pytest.raises(FAULTS) as caught:
        ask(server.url, timeout_s=0.5)
    assert why(caught.value) == "took longer than 0.5 s"
    assert time.monotonic() - start < 5


@BOTH
def test_a_server_that_is_not_there_cannot_be_reached(ask: Callable[..., httpx.Response]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(FAULTS) as caught:
        ask(f"http://127.0.0.1:{port}/v1")
    assert why(caught.value) == "cannot be reached"


@pytest.mark.parametrize(
    ("n_bytes", "max_bytes", "fits"), [(5000, 5000, True), (5000, 4999, False)]
)
def test_the_limit_is_met_to_the_byte(
    server: EmbeddingServer, n_bytes: int, max_bytes: int, fits: bool
) -> None:
    server.fails(sends(b" " * n_bytes))
    if fits:
        assert len(get(server.url, max_bytes=max_bytes).content) == n_bytes
    else:
        with pytest.raises(TooLargeError):
            get(server.url, max_bytes=max_bytes)


@BOTH
@pytest.mark.parametrize(("how", "said"), [(compressed, "compressed"), (huge, "more than 1 MB")])
def test_the_limits_hold_behind_a_proxy(
    server: EmbeddingServer,
    ask: Callable[..., httpx.Response],
    how: Callable[[Handler], None],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/v1"))
    server.fails(how)
    with pytest.raises(RefusedError, match=said):
        ask("http://models.example/v1")
    assert server.requests[0].path == "http://models.example/v1/models"


@pytest.mark.parametrize(
    ("url", "key", "said"),
    [
        ("", "", "'' is not the address of a server"),
        ("localhost:11434/v1", "", "is not the address of a server"),
        ("ftp://host/v1", "", "is not the address of a server"),
        ("http://", "", "is not the address of a server"),
        ("http:///v1", "", "is not the address of a server"),
        ("http://host:port/v1", "", "is not the address of a server"),
        ("http://ho st/v1\n", "", "is not the address of a server"),
        (f"https://user:{SECRET}@host/v1", "", "at host holds more than a host and a path"),
        (f"https://host/v1?key={SECRET}", "", "at host holds more than a host and a path"),
        ("https://host/v1#there", "", "at host holds more than a host and a path"),
        ("https://host/v1", f"{SECRET}\n", "a space, a line end or a letter"),
        ("https://host/v1", f"{SECRET} {SECRET}", "a space, a line end or a letter"),
        ("https://host/v1", f"{SECRET}ü", "a space, a line end or a letter"),
    ],
)
def test_an_address_or_key_that_cannot_be_used_is_said_without_the_key(
    url: str, key: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        address(url, key)
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("http://localhost:11434/v1", "http://localhost:11434/v1"),
        ("https://models.example/v1//", "https://models.example/v1"),
        ("HTTP://[::1]:8000/v1/", "HTTP://[::1]:8000/v1"),
        ("http://models.example", "http://models.example"),
    ],
)
def test_an_address_is_used_without_its_last_slash(url: str, used: str) -> None:
    assert address(url, SECRET) == used


def async_listed(url: str, key: str = "", *, timeout_s: float = 10.0) -> tuple[str, ...] | None:
    return asyncio.run(async_models(url, key, timeout_s=timeout_s))


LISTS = pytest.mark.parametrize("ask", [models, async_listed], ids=["sync", "async"])
Ask = Callable[..., tuple[str, ...] | None]


@LISTS
def test_the_models_of_a_server_are_listed(server: EmbeddingServer, ask: Ask) -> None:
    assert ask(server.url, SECRET) == ("words", "others")
    assert ask(f"{server.url}/") == ("words", "others")
    with_key, without = server.requests
    assert with_key.headers["authorization"] == f"Bearer {SECRET}"
    assert "authorization" not in without.headers
    assert with_key.path == without.path == "/v1/models"


@LISTS
@pytest.mark.parametrize("code", [404, 405, 500, 501])
def test_a_server_may_have_no_list(server: EmbeddingServer, ask: Ask, code: int) -> None:
    server.fails(status(code))
    assert ask(server.url) is None


@LISTS
@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b'{"data": 3}'])
def test_a_list_of_another_form_is_none(server: EmbeddingServer, ask: Ask, body: bytes) -> None:
    server.fails(sends(body))
    assert ask(server.url) is None


def test_what_is_no_model_in_a_list_is_left_out(server: EmbeddingServer) -> None:
    server.fails(sends(b'{"data": [{"id": "a"}, {"id": 3}, {}, null, "b", {"id": "c"}]}'))
    assert models(server.url) == ("a", "c")


@LISTS
@pytest.mark.parametrize(
    ("how", "said"),
    [
        (status(401), "answered 401 (the key is missing or refused)"),
        (status(429), "answered 429 (too many requests)"),
        (redirect, "redirects, which is not followed"),
        (page, "answered with something else than JSON"),
        (sends(b"{"), "answered with something else than JSON"),
        (sends(b"[" * 100_000), "answered with something else than JSON"),
        (huge, "sent more than 4 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_list_that_fails_is_no_empty_list(
    server: EmbeddingServer, ask: Ask, how: Callable[[Handler], None], said: str
) -> None:
    server.fails(how)
    with pytest.raises(FAULTS) as caught:
        ask(server.url, SECRET)
    assert why(caught.value) == said


def test_why_finds_the_cause_and_never_repeats_foreign_words() -> None:
    outer = RuntimeError(f"Connection error with {SECRET}")
    outer.__cause__ = httpx.ConnectError(f"refused {SECRET}")
    assert why(outer) == "cannot be reached"
    assert why(RuntimeError(SECRET)) == "answered with something unexpected"
    assert why(httpx.LocalProtocolError(f"Illegal header value b'Bearer {SECRET}'")) == (
        "broke off before it had answered"
    )


@pytest.mark.parametrize(
    ("code", "body", "unknown", "busy"),
    [
        (404, '{"error": {"message": "model \'x\' not found"}}', True, False),
        (404, '{"detail": "Not Found"}', False, False),
        (400, '{"error": "no model"}', False, False),
        (429, "", False, True),
        (502, "", False, True),
        (503, "", False, True),
        (504, "", False, True),
        (500, "", False, False),
    ],
)
def test_a_model_that_is_not_there_and_a_busy_server_are_told_apart(
    code: int, body: str, unknown: bool, busy: bool
) -> None:
    request = httpx.Request("POST", "http://host/v1/embeddings")
    response = httpx.Response(code, text=body, request=request)
    error = httpx.HTTPStatusError("no", request=request, response=response)
    assert (knows_no_such_model(error), may_pass(error)) == (unknown, busy)
