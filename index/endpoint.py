"""What is said to OpenAI-compatible servers, within limits. httpx's only door.

It knows addresses, keys, sizes and times, and says in a few words what went wrong; what is asked
of a server is the business of whoever asks. Nobody imports it before a server is to be asked.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from http import HTTPStatus
from typing import Any, Literal, TypeVar

import httpx

#: What a request raises that fails, beside the errors of the openai package: say ``why``.
FAULTS = (httpx.HTTPError, httpx.InvalidURL)
#: What the openai package raises over an answer of another shape, at which it does not look.
MISSHAPEN = (AttributeError, RecursionError, TypeError, ValueError)

Kind = Literal[
    "unreachable", "slow", "too_long", "busy", "refused", "redirected", "garbled", "failed"
]

_LIST_BYTES = 4_000_000  # the longest list of models that is read; OpenAI's has 10,000
_NO_SUCH_LIST = {404, 405, 500, 501}
_BUSY = {429, 502, 503, 504}

_T = TypeVar("_T")


class RefusedError(httpx.TransportError):
    """A response that is not read on; its words go on from "the server"."""


class TooLargeError(RefusedError):
    """A response is longer than it may be."""


def address(url: str, key: str = "") -> str:
    """The address without the slash at its end, once it and the key can be used.

    >>> address("http://localhost:11434/v1/")
    'http://localhost:11434/v1'

    Raises:
        ValueError: one of them cannot, in one sentence that does not hold the key.
    """
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        parts = httpx.URL()
    if parts.userinfo or parts.query or parts.fragment:
        raise ValueError(
            f"The address of the server at {parts.host or 'no host'} holds more than a host and a "
            "path; leave out the user, the password and what follows ? or #"
        )
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise ValueError(
            f"{url!r} is not the address of a server; give one such as http://localhost:11434/v1"
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ValueError(
            f"The key for {url} holds a space, a line end or a letter that no key has; "
            "copy it once more"
        )
    return url.rstrip("/")


def client(*, timeout_s: float, max_bytes: int) -> httpx.Client:
    """A client that follows no redirect and reads no more than it should.

    Args:
        timeout_s: Seconds for connecting, for each wait, and for the whole of a response once
            it has begun.
        max_bytes: The longest response that is read; beyond it reading raises ``TooLargeError``.

    A response that is compressed, which may unpack to any size, or neither JSON nor a stream
    of it raises ``RefusedError``.
    """

    # A hook and not a transport: where the environment names a proxy, httpx takes another one.
    def limit(response: httpx.Response) -> None:
        _check(response)
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _Limited(response.stream, _Limit(response, timeout_s, max_bytes))

    return httpx.Client(event_hooks={"response": [limit]}, **_guarded(timeout_s))


def async_client(*, timeout_s: float, max_bytes: int) -> httpx.AsyncClient:
    """``client``, for programs that wait for several things at once."""

    async def limit(response: httpx.Response) -> None:
        _check(response)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _AsyncLimited(response.stream, _Limit(response, timeout_s, max_bytes))

    return httpx.AsyncClient(event_hooks={"response": [limit]}, **_guarded(timeout_s))


def _guarded(timeout_s: float) -> dict[str, Any]:
    """What every client is made with, beside the limits of a response."""
    return {
        "timeout": timeout_s,
        "verify": _trusted(),
        "follow_redirects": False,
        "headers": {"Accept-Encoding": "identity"},
    }


def models(url: str, key: str = "", *, timeout_s: float = 10.0) -> tuple[str, ...] | None:
    """The ids that the server at ``url`` lists, in its order; None where it has no such list.

    Raises:
        FAULTS: it cannot be reached, refuses the key, or answers with something else.
    """
    with client(timeout_s=timeout_s, max_bytes=_LIST_BYTES) as asking:
        return _listed(asking.get(_list_at(url), headers=_bearing(key)))


async def async_models(
    url: str, key: str = "", *, timeout_s: float = 10.0
) -> tuple[str, ...] | None:
    """``models``, for whoever may want to break off: a server can be slow without an end."""
    async with async_client(timeout_s=timeout_s, max_bytes=_LIST_BYTES) as asking:
        return _listed(await asking.get(_list_at(url), headers=_bearing(key)))


def why(error: BaseException) -> str:
    """What went wrong, as words that go on from "the server"; never the key, nor its own words.

    >>> why(httpx.ConnectError("[Errno 111] Connection refused"))
    'cannot be reached'
    """
    said = _first_told(error, _why)
    return "answered with something unexpected" if said is None else said


def kind(error: BaseException) -> Kind | None:
    """What ``why`` says, as a word for programs; None for what is no fault of a request.

    >>> kind(httpx.ConnectError("[Errno 111] Connection refused"))
    'unreachable'
    """
    return _first_told(error, _kind)


def knows_no_such_model(error: BaseException) -> bool:
    """Whether the server said that it does not have the model."""
    response = _response_of(error)
    return response is not None and _is_about_the_model(response)


def may_pass(error: BaseException) -> bool:
    """Whether the server is only busy, so that it is worth asking again later."""
    response = _response_of(error)
    return response is not None and response.status_code in _BUSY


def _first_told(error: BaseException, tell: Callable[[BaseException], _T | None]) -> _T | None:
    """What ``tell`` says of the error, or of the first of its causes of which it says anything."""
    found: BaseException | None = error
    while found is not None:  # openai's errors have httpx's as their cause
        if (told := tell(found)) is not None:
            return told
        found = found.__cause__
    return None


def _response_of(error: BaseException) -> httpx.Response | None:
    """The response that an error of httpx or openai is about, if it is about one."""
    response = getattr(error, "response", None)
    return response if isinstance(response, httpx.Response) else None


def _why(error: BaseException) -> str | None:
    if (response := _response_of(error)) is not None:
        return _why_status(response)
    match error:
        case RefusedError():
            return str(error)
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.ProxyError():
            return "cannot be reached"
        case httpx.TimeoutException():
            return _took_too_long(error)
        case httpx.HTTPError():
            return "broke off before it had answered"
        case httpx.InvalidURL():
            return "has an address that cannot be used"
        case json.JSONDecodeError():
            return "answered with something else than JSON"
        case _:
            return None


def _why_status(response: httpx.Response) -> str:
    status = response.status_code
    if 300 <= status < 400:
        return "redirects, which is not followed"
    if _is_about_the_model(response):
        return "does not know the model"
    if status in {401, 403}:
        return f"answered {status} (the key is missing or refused)"
    try:
        phrase = HTTPStatus(status).phrase.lower()
    except ValueError:
        return f"answered {status}"
    return f"answered {status} ({phrase})"


def _kind(error: BaseException) -> Kind | None:
    if (response := _response_of(error)) is not None:
        return _kind_of_status(response.status_code)
    match error:
        case TooLargeError():
            return "too_long"
        case RefusedError() | json.JSONDecodeError():
            return "garbled"
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.ProxyError():
            return "unreachable"
        case httpx.TimeoutException():
            return "slow"
        case httpx.HTTPError() | httpx.InvalidURL():
            return "failed"
        case _:
            return None


def _kind_of_status(status: int) -> Kind:
    if 300 <= status < 400:
        return "redirected"
    if status in {429, 503}:  # 503 is what engines say that load a model or have a full queue
        return "busy"
    return "refused" if status in {401, 403, 404} else "failed"


def _is_about_the_model(response: httpx.Response) -> bool:
    """Whether a "not found" is of the model and not of the address."""
    if response.status_code != HTTPStatus.NOT_FOUND:
        return False
    try:
        return "model" in response.text.lower()
    except httpx.ResponseNotRead:
        return False


def _took_too_long(error: httpx.TimeoutException) -> str:
    try:
        seconds = error.request.extensions["timeout"]["read"]
    except (RuntimeError, KeyError):  # it knows no request, or one without a limit
        return "took too long"
    return f"took longer than {seconds:g} s"


@cache
def _trusted() -> ssl.SSLContext:
    """Whom to trust; reading the certificates takes longer than all else of making a client."""
    return httpx.create_ssl_context()


def _list_at(url: str) -> str:
    return f"{url.rstrip('/')}/models"


def _bearing(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


def _listed(response: httpx.Response) -> tuple[str, ...] | None:
    if response.status_code in _NO_SUCH_LIST:
        return None
    response.raise_for_status()
    return _ids(response)


def _ids(response: httpx.Response) -> tuple[str, ...] | None:
    try:
        listed = response.json()
    except (ValueError, RecursionError) as error:
        raise RefusedError("answered with something else than JSON") from error
    models = listed.get("data") if isinstance(listed, dict) else None
    if not isinstance(models, list):
        return None
    ids = [model.get("id") for model in models if isinstance(model, dict)]
    return tuple(id_ for id_ in ids if isinstance(id_, str))


def _check(response: httpx.Response) -> None:
    """Refuse a response that could swell, or is a page for people."""
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding.strip().lower() not in {"", "identity"}:
        raise RefusedError("answered in compressed form, which is not unpacked")
    kind = response.headers.get("Content-Type", "json").lower()
    if response.is_success and "json" not in kind and "text/event-stream" not in kind:
        raise RefusedError("answered with something else than JSON")


class _Limit:
    """How much more of a response may come, and until when."""

    def __init__(self, response: httpx.Response, timeout_s: float, max_bytes: int) -> None:
        self._request = response.request
        self._max_bytes = max_bytes
        self._bytes_left = max_bytes
        self._until = time.monotonic() + timeout_s

    def take(self, piece: bytes) -> bytes:
        """The piece, if it is within the limits."""
        self._bytes_left -= len(piece)
        if self._bytes_left < 0:
            raise TooLargeError(f"sent more than {self._max_bytes / 1e6:g} MB")
        # A byte every now and then passes every limit on a single wait.
        if time.monotonic() > self._until:
            raise httpx.ReadTimeout("The response has not ended", request=self._request)
        return piece


class _Limited(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, limit: _Limit) -> None:
        self._stream, self._limit = stream, limit

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            yield self._limit.take(piece)

    def close(self) -> None:
        self._stream.close()


class _AsyncLimited(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, limit: _Limit) -> None:
        self._stream, self._limit = stream, limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            yield self._limit.take(piece)

    async def aclose(self) -> None:
        await self._stream.aclose()
