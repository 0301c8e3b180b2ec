"""A language model, asked within limits: one behind an address, or any of LlamaIndex's.

It knows nothing of documents, prompts or citations. LlamaIndex is imported when a model is made,
not before.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import traceback
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from contextlib import ExitStack, aclosing, closing, contextmanager, suppress
from copy import copy
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Literal, Protocol

from qa.errors import Fault, ModelError, StoppedError

if TYPE_CHECKING:
    from types import TracebackType

    from llama_index.core.base.llms.types import ChatMessage, ChatResponse
    from llama_index.core.llms import LLM as LLM  # for who takes one, without a door of its own

_LOG = logging.getLogger(__name__)
_PROBLEM_S = 3.0  # how long somebody waits who only wants to know whether it works
_TICK_S = 0.1  # how soon it is seen that somebody wants no answer any more
_LISTED = 5  # models that are named to somebody who asked for another one
_ADVICE: dict[Fault, str] = {
    "unreachable": "start it, or check its address",
    "slow": "ask again, or take a smaller model",
    "too_long": "ask again, or take another model",
    "busy": "ask again in a while",
    "refused": "check the key, the name of the model and the address",
    "redirected": "give the address that it points to",
    "garbled": "check that an OpenAI-compatible server is at that address, which often ends in /v1",
    "failed": "ask again, and if that does not help see what it has logged",
}


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a model."""

    role: Literal["system", "user"]
    text: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What one question may take, and when a model is left alone."""

    deadline_s: float = 60.0  # seconds from asking to the last word
    max_chars: int = 20_000  # characters of an answer, in code points
    max_bytes: int = 4_000_000  # bytes that a server may send for it
    faults: int = 3  # after so many in a row it is not asked
    rest_s: float = 30.0  # for so many seconds; then one question is let through


class LanguageModel:
    """Any LlamaIndex LLM, asked within limits. Safe to use from several threads.

    Whatever the model or its server does, an answer or a ``ModelError`` is there when the time is
    up. A server that nobody waits for is hung up on, so that it need not write on.
    """

    def __init__(
        self, llm: LLM | _Server, *, name: str | None = None, limits: Limits = Limits()
    ) -> None:
        """A model that a program made itself; ``name`` is what people see, else its own.

        It is asked through ``stream_chat``, or where it has none ``astream_chat``, in a thread.
        One that is silent cannot be stopped from outside: its thread goes on until it gives up.
        """
        self._source: _Source = llm if isinstance(llm, _Server) else _Given(llm)
        self.name = name or self._source.name
        self.limits = limits
        self._breaker = _Breaker(limits)
        self._stop: threading.Event | None = None

    def stoppable(self, stop: threading.Event) -> LanguageModel:
        """The same model, which is hung up on as soon as ``stop`` is set, from whichever thread."""
        one = copy(self)
        one._stop = stop
        return one

    @classmethod
    def at(cls, url: str, model: str, key: str = "", limits: Limits = Limits()) -> LanguageModel:
        """The model of that name at an OpenAI-compatible server: Ollama, llama.cpp, vLLM ….

        Args:
            url: The address below which ``/chat/completions`` is, such as
                http://localhost:11434/v1.
            model: The name that the server has for it.
            key: Sent to that server alone, and never shown; empty if it wants none.
            limits: What one question may take.

        Raises:
            ModelError: the packages for it are not installed; its code is ``missing``.
            ValueError: the address or the key cannot be one, or no model is named.
        """
        try:
            # Now, so that the first question does not wait for the seconds that they take.
            import llama_index.llms.openai_like  # noqa: F401
            import openai.resources.chat  # noqa: F401
        except ImportError as error:
            raise ModelError(
                f"The language model {model!r} needs packages that are not installed; "
                "run: pip install '.[llm]'",
                "missing",
            ) from error
        from index.endpoint import address

        if not model.strip():
            raise ValueError(f"No model is named for the server at {url}; name one that it has")
        return cls(_Server(address(url, key), model, key), limits=limits)

    def deadline(self) -> float:
        """The ``time.monotonic()`` until which a question may take that is asked now."""
        return time.monotonic() + self.limits.deadline_s

    def stream(
        self, messages: Sequence[Message], *, until: float | None = None
    ) -> Generator[str, None, None]:
        """The answer in pieces as they come, none of them empty.

        Close the generator to stop the model early; where that is ``stoppable``, it then ends by
        itself. ``until`` is a ``deadline`` that began before.

        Raises:
            ModelError: there is no answer, or the pieces so far are not all of it.
            StoppedError: it was stopped.
        """
        if self._stop and self._stop.is_set():
            raise self._stopped()
        began = time.monotonic()
        until = self.deadline() if until is None else until
        if until <= began:
            raise self._source.fault(_Broken("slow", "was not asked, for no time is left"))
        left_s, turn = self._breaker.enter()
        if left_s > 0:
            raise self._resting(left_s)
        question = _Question(messages, self.limits, until)
        request = _Request(lambda to: self._source.answer(to, question))
        n_words, end = 0, None
        try:
            while isinstance(came := request.came(until, self._stop), str):
                n_words += len(came.split())
                yield came
            end = came
        finally:
            request.stop()
            if end is None:
                self._breaker.leave(turn)
        if end is None:  # which is nobody's fault
            raise self._stopped()
        error = end.error
        if isinstance(error, _Late):
            error = _Broken("slow", f"was not done after {time.monotonic() - began:.3g} s")
        elif error is None and not n_words:
            error = _Broken("garbled", "answered without a word")
        if error is None:
            self._breaker.success()
            return
        self._breaker.fault()
        fault = self._source.fault(error)
        _LOG.warning("%s", fault)
        raise fault from self._source.cause(error)

    def complete(self, messages: Sequence[Message], *, until: float | None = None) -> str:
        """The whole answer.

        Raises:
            ModelError: there is none.
        """
        return "".join(self.stream(messages, until=until))

    def problem(self) -> str | None:
        """One sentence on why it cannot work now, or None; takes three seconds at most.

        Only a server can be asked; of a model that a program made itself nothing is known.
        """
        return self._source.problem()

    def _stopped(self) -> StoppedError:
        return StoppedError(f"{self._source.subject} was stopped")

    def _resting(self, left_s: float) -> ModelError:
        return ModelError(
            f"{self._source.subject} is left alone for another {left_s:.0f} s, after "
            f"{self.limits.faults} faults in a row; ask again then",
            "resting",
        )


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, within what limits, and until when."""

    messages: Sequence[Message]
    limits: Limits
    until: float

    def chat(self) -> list[ChatMessage]:
        """The messages as LlamaIndex has them."""
        from llama_index.core.base.llms.types import ChatMessage, MessageRole

        return [ChatMessage(role=MessageRole(m.role), content=m.text) for m in self.messages]


class _Source(Protocol):
    """Where answers come from."""

    @property
    def name(self) -> str:
        """What people know it by."""

    @property
    def subject(self) -> str:
        """The first words of a sentence about it."""

    def answer(self, to: _Request, question: _Question) -> None:
        """Hand over the pieces of an answer; raises whatever goes wrong."""

    def fault(self, error: BaseException) -> ModelError:
        """What went wrong, in one sentence."""

    def cause(self, error: BaseException) -> BaseException | None:
        """The error itself, if a program's log may show it."""

    def problem(self) -> str | None:
        """One sentence on why it cannot answer now."""


@dataclass(frozen=True, slots=True)
class _Server:
    """A model behind an address. Each question has a connection of its own."""

    url: str
    name: str
    key: str = field(repr=False)

    @property
    def subject(self) -> str:
        return f"The server of the language model {self.name!r} at {self.url}"

    def answer(self, to: _Request, question: _Question) -> None:
        to.run(self._answer(to, question))

    async def _answer(self, to: _Request, question: _Question) -> None:
        from llama_index.llms.openai_like import OpenAILike

        from index.endpoint import async_client

        # Longer than is waited for, so that it is always the deadline which ends the question.
        timeout_s = max(0.0, question.until - time.monotonic()) + 1
        # A client belongs to the event loop that it first was used in.
        max_bytes = question.limits.max_bytes
        async with async_client(timeout_s=timeout_s, max_bytes=max_bytes) as client:
            # Its types do not tell what it takes beside its fields.
            make: Callable[..., LLM] = OpenAILike
            llm = make(
                model=self.name,
                api_base=self.url,
                # Without any, it would take the one that the environment has for OpenAI.
                api_key=self.key or "none",
                is_chat_model=True,
                temperature=0.0,
                max_retries=0,
                timeout=timeout_s,
                async_http_client=client,
            )
            await _astream(llm, to, question)

    def fault(self, error: BaseException) -> ModelError:
        code, what = self._words(error)
        return ModelError(f"{self.subject} {what}; {_ADVICE[code]}", code)

    def _words(self, error: BaseException) -> tuple[Fault, str]:
        from index.endpoint import kind, why

        if isinstance(error, _Broken):
            return error.code, error.words
        code = kind(error)
        if code is None and getattr(error, "body", None) is not None:  # openai's APIError
            return "failed", "broke down in the middle of its answer"
        return code or "garbled", why(error)

    def cause(self, error: BaseException) -> BaseException | None:
        return _cause(error, self.key)

    def problem(self) -> str | None:
        request = _Request(lambda to: to.run(self._list(to)))
        came = request.came(time.monotonic() + _PROBLEM_S)
        request.stop()
        if isinstance(came, str):
            return f"{self.subject} {came}" if came else None
        assert came is not None
        assert came.error is not None, "it says something or raises"
        if isinstance(came.error, _Late):
            return str(self.fault(_Broken("slow", f"was silent for {_PROBLEM_S:g} s")))
        return str(self.fault(came.error))

    async def _list(self, to: _Request) -> None:
        """Hand over what is wrong with the server's list of models; nothing if nothing is."""
        from index.endpoint import async_models

        listed = await async_models(self.url, self.key, timeout_s=_PROBLEM_S + 1)
        # Ollama lists its models with a tag, of which this one goes without saying.
        if not listed or self.name in listed or f"{self.name}:latest" in listed:
            to.put("")
            return
        some = ", ".join(listed[:_LISTED]) + (" …" if len(listed) > _LISTED else "")
        to.put(f"does not list that model; take one of those that it lists: {some}")


class _Given:
    """A model that a program made itself."""

    def __init__(self, llm: LLM) -> None:
        self._llm = llm

    @property
    def name(self) -> str:
        name = self._llm.metadata.model_name
        return name if name != "unknown" else self._llm.class_name()

    @property
    def subject(self) -> str:
        return f"The language model {self.name!r}"

    def answer(self, to: _Request, question: _Question) -> None:
        # Not astream_chat: the clients of most keep a connection, which belongs to the event loop
        # of the first question and breaks the second one; and the async methods of many block.
        pieces = _Pieces(to, question.limits.max_chars)
        try:
            with closing(self._llm.stream_chat(question.chat())) as responses:
                for response in responses:
                    if to.stopped:
                        return
                    pieces.add(response)
        except NotImplementedError:
            if pieces.n_chars:
                raise
            to.run(_astream(self._llm, to, question))

    def fault(self, error: BaseException) -> ModelError:
        from index.endpoint import kind, why

        if isinstance(error, _Broken):
            code, what = error.code, error.words
        elif found := kind(error):
            code, what = found, why(error)
        else:
            code, what = "failed", f"raised {type(error).__name__}"
        return ModelError(f"{self.subject} {what}; ask again, or take another model", code)

    def cause(self, error: BaseException) -> BaseException | None:
        return _cause(error, getattr(self._llm, "api_key", None))

    def problem(self) -> str | None:
        return None


def _cause(error: BaseException, key: str | None) -> BaseException | None:
    """The error for a log, unless it tells the key: a server that refuses one may repeat it."""
    told = key and key in "".join(traceback.format_exception(error))
    return None if told or isinstance(error, _Broken) else error


async def _astream(llm: LLM, to: _Request, question: _Question) -> None:
    pieces = _Pieces(to, question.limits.max_chars)
    async with aclosing(await llm.astream_chat(question.chat())) as responses:
        async for response in responses:
            if to.stopped:  # one that never waits for anything is not cancelled either
                return
            pieces.add(response)


class _Pieces:
    """Hands over the pieces of an answer, as long as they are few."""

    def __init__(self, to: _Request, max_chars: int) -> None:
        self._to = to
        self._max_chars = max_chars
        self.n_chars = 0

    def add(self, response: ChatResponse) -> None:
        """Hand over what is new in ``response``."""
        piece = response.delta
        if piece is None:  # some give all that was said so far, and that alone
            piece = (response.message.content or "")[self.n_chars :]
        self.n_chars += len(piece)
        if self.n_chars > self._max_chars:
            raise _Broken("too_long", f"wrote more than {self._max_chars:,} characters")
        if piece:
            # JSON can hold half a character, which no file and no page can.
            self._to.put(piece.encode("utf-8", "replace").decode("utf-8"))


class _Broken(Exception):
    """A limit was passed."""

    def __init__(self, code: Fault, words: str) -> None:
        super().__init__(words)
        self.code: Fault = code
        self.words = words


class _Late(Exception):
    """Nothing came in time."""


@dataclass(frozen=True, slots=True)
class _End:
    """Nothing more comes."""

    error: BaseException | None = None


class _Request:
    """Work in a daemon thread of its own, which is waited for so long and no longer."""

    def __init__(self, work: Callable[[_Request], None]) -> None:
        self.stopped = False  # nobody waits for it any more
        self._came: SimpleQueue[str | _End] = SimpleQueue()
        self._lock = threading.Lock()
        self._cancel: Callable[[], object] | None = None
        threading.Thread(target=self._run, args=[work], name="qa-llm", daemon=True).start()

    def came(self, until: float, stop: threading.Event | None = None) -> str | _End | None:
        """The next piece, or how it ended: with ``_Late`` if nothing came in time.

        None as soon as ``stop`` is set.
        """
        while not (stop and stop.is_set()):
            left_s = until - time.monotonic()
            if left_s <= 0:
                return _End(_Late())
            with suppress(Empty):
                return self._came.get(timeout=min(left_s, _TICK_S) if stop else left_s)
        return None

    def stop(self) -> None:
        """Have the work end, without waiting for it: it may be stuck."""
        with self._lock:
            self.stopped = True
            if self._cancel is not None:
                self._cancel()

    def put(self, piece: str) -> None:
        """For the work: hand over a piece."""
        self._came.put(piece)

    def run(self, work: Coroutine[object, object, None]) -> None:
        """For the work: do this in an event loop, until it is done or nobody waits for it."""
        asyncio.run(self._cancellable(work))

    async def _cancellable(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        with self._cancelled_by(lambda: loop.call_soon_threadsafe(task.cancel)):
            await task

    @contextmanager
    def _cancelled_by(self, cancel: Callable[[], object]) -> Iterator[None]:
        with self._lock:
            self._cancel = cancel
            if self.stopped:
                cancel()
        try:
            yield
        finally:
            with self._lock:
                self._cancel = None

    def _run(self, work: Callable[[_Request], None]) -> None:
        with ExitStack() as stack:
            stack.push(self._ended)
            work(self)

    def _ended(
        self,
        kind: type[BaseException] | None,  # noqa: ARG002 -- as the caller has it
        error: BaseException | None,
        traceback: TracebackType | None,  # noqa: ARG002
    ) -> bool:
        """Hand over how it ended; an error is raised where somebody waits for the answer."""
        self._came.put(_End(error))
        return True


class _Breaker:
    """Leaves a model alone that fails again and again: the circuit breaker of Nygard, Release It!.

    After ``faults`` in a row nothing is let through for ``rest_s``, then one question in each such
    time, until an answer comes.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._rests_until = 0.0

    def enter(self) -> tuple[float, float]:
        """Seconds that it rests on, or 0 to be let through; and a turn, for ``leave``."""
        with self._lock:
            now = time.monotonic()
            if self._in_a_row < self._limits.faults:
                return 0.0, -1.0
            if now < self._rests_until:
                return self._rests_until - now, -1.0
            self._rests_until = now + self._limits.rest_s
            return 0.0, self._rests_until

    def leave(self, turn: float) -> None:
        """Nobody waits for the answer. If it was the one let through, the next may be."""
        with self._lock:
            if turn == self._rests_until:
                self._rests_until = 0.0

    def fault(self) -> None:
        """Count one."""
        with self._lock:
            self._in_a_row += 1
            self._rests_until = time.monotonic() + self._limits.rest_s

    def success(self) -> None:
        """Forget them."""
        with self._lock:
            self._in_a_row = 0
