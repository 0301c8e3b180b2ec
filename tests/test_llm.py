from __future__ import annotations

import gc
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
)
from llama_index.core.llms import CustomLLM, MockLLM
from llama_index.llms.openai_like import OpenAILike

from qa import ModelError, QAError
from qa.errors import StoppedError
from qa.llm import LanguageModel, Limits, Message
from tests import llm_server
from tests.llm_server import FAULTS, Behaviour, Good, InTurn, LLMServer, Status

ASKED = [Message("system", "Answer."), Message("user", "When was the bridge opened?")]
REPLY = "De brug is in 1932 geopend [k7f2]. Zie ook 東京 🌉."
KEY = "sk-geheim-0123456789"
SHORT = Limits(deadline_s=1.0)
# What each fault is called. Whatever is not here is "garbled".
CODES = {
    "slow": "silent, silent half-way, dripping header, dripping bytes, dripping comments, "
    "dripping empty pieces, dripping words",
    "too_long": "endless words, endless empty pieces, 30 MB event, 30 MB error",
    "refused": "401, 403, 404 model, 404 address",
    "busy": "429, 503",
    "failed": "400, 500, error event, closed, cut half-way, cut in an event, endless header, "
    "no HTTP",
    "redirected": "redirect 302, redirect 307",
}
CODE_OF = {name: code for code, names in CODES.items() for name in names.split(", ")}


@pytest.fixture
def serve() -> Iterator[Callable[..., LLMServer]]:
    """``serve(behaviour)`` is a server that plays it until the test ends."""
    servers: list[LLMServer] = []

    def start(play: Behaviour, **options: Any) -> LLMServer:  # noqa: ANN401
        servers.append(LLMServer(play, **options))
        return servers[-1].__enter__()

    yield start
    for server in servers:
        server.__exit__()


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_left_open() -> Iterator[None]:
    yield
    gc.collect()  # it would warn now


def wait_for(found: Callable[[], object], seconds: float = 3.0) -> None:
    until = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


def fault_of(model: LanguageModel) -> ModelError:
    with pytest.raises(ModelError) as raised:
        model.complete(ASKED)
    return raised.value


# A server


def test_an_answer_comes_in_pieces_as_they_are_sent(serve: Callable[..., LLMServer]) -> None:
    server = serve(Good(REPLY, size_chars=1))
    model = LanguageModel.at(server.url, "any")
    assert list(model.stream(ASKED)) == list(REPLY)
    assert model.complete(ASKED) == REPLY
    assert model.name == "any"


def test_the_first_piece_is_there_before_the_last_is_written(
    serve: Callable[..., LLMServer],
) -> None:
    model = LanguageModel.at(serve(Good("a b c d ", size_chars=2, pause_s=0.3)).url, "any")
    with closing(model.stream(ASKED)) as pieces:
        began = time.monotonic()
        next(pieces)
        assert time.monotonic() - began < 0.9


def test_the_server_is_asked_what_was_said_coolly_and_with_the_key(
    serve: Callable[..., LLMServer],
) -> None:
    server = serve(Good(REPLY), key=KEY)
    assert LanguageModel.at(server.url + "/", "any", KEY).complete(ASKED) == REPLY
    (asked,) = server.asked
    assert asked.messages == [
        {"role": "system", "content": "Answer."},
        {"role": "user", "content": "When was the bridge opened?"},
    ]
    assert asked.body["temperature"] == 0
    assert asked.body["stream"] is True
    assert asked.body["model"] == "any"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["accept-encoding"] == "identity"


def test_a_key_for_openai_is_not_given_to_others(
    serve: Callable[..., LLMServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_BASE", "http://127.0.0.1:1/v1")
    server = serve(Good(REPLY))
    assert LanguageModel.at(server.url, "any").complete(ASKED) == REPLY
    assert KEY not in str(server.asked[0].headers)


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_ends_in_time_with_its_name(
    name: str, serve: Callable[..., LLMServer], caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(FAULTS[name])
    code = CODE_OF.get(name, "garbled")
    # So long for what ends by itself that a busy machine does not make it slow.
    limits = SHORT if code == "slow" else Limits(deadline_s=10, max_bytes=200_000)
    began = time.monotonic()
    fault = fault_of(LanguageModel.at(server.url, "any", limits=limits))
    assert time.monotonic() - began < limits.deadline_s + 2
    assert fault.code == code
    assert str(fault).startswith(f"The server of the language model 'any' at {server.url} ")
    assert "\n" not in str(fault)
    ours = [r for r in caplog.records if r.name == "qa.llm"]
    assert [(r.levelname, r.getMessage()) for r in ours] == [("WARNING", str(fault))]
    assert len(server.asked) == 1  # no fault is tried again, and no redirect followed
    wait_for(lambda: server.asked[0].ended)  # the server is left alone


def test_nobody_there_is_said_at_once() -> None:
    with LLMServer(Good(REPLY)) as server:
        gone = server.url
    began = time.monotonic()
    fault = fault_of(LanguageModel.at(gone, "any"))
    assert time.monotonic() - began < 2
    assert (fault.code, str(fault)) == (
        "unreachable",
        f"The server of the language model 'any' at {gone} cannot be reached; "
        "start it, or check its address",
    )


def test_a_redirect_to_another_server_is_not_followed(serve: Callable[..., LLMServer]) -> None:
    other = serve(Good(REPLY))
    server = serve(llm_server.Redirect(307, f"{other.url}/chat/completions"))
    assert fault_of(LanguageModel.at(server.url, "any", KEY)).code == "redirected"
    assert other.asked == []


def test_pieces_before_a_fault_are_given(serve: Callable[..., LLMServer]) -> None:
    model = LanguageModel.at(serve(FAULTS["cut half-way"]).url, "any")
    pieces = model.stream(ASKED)
    assert next(pieces) == "It was opened in "
    with pytest.raises(ModelError):
        next(pieces)


def test_no_more_characters_are_given_than_may_be(serve: Callable[..., LLMServer]) -> None:
    server = serve(FAULTS["endless words"])
    model = LanguageModel.at(server.url, "any", limits=Limits(max_chars=120))
    given: list[str] = []
    with pytest.raises(ModelError, match="wrote more than 120 characters"):
        given.extend(model.stream(ASKED))
    assert sum(map(len, given)) <= 120
    wait_for(lambda: server.asked[0].hung_up)


def test_an_earlier_deadline_holds_and_one_that_is_over_asks_nobody(
    serve: Callable[..., LLMServer],
) -> None:
    server = serve(llm_server.silent)
    model = LanguageModel.at(server.url, "any")
    began = time.monotonic()
    with pytest.raises(ModelError, match=r"was not done after 0\.3"):
        model.complete(ASKED, until=began + 0.3)
    assert time.monotonic() - began < 2
    with pytest.raises(ModelError, match="no time is left"):
        model.complete(ASKED, until=began)
    assert len(server.asked) == 1


def test_the_deadline_is_of_the_whole_question(serve: Callable[..., LLMServer]) -> None:
    model = LanguageModel.at("http://127.0.0.1:1/v1", "any", limits=Limits(deadline_s=7))
    assert model.deadline() - time.monotonic() == pytest.approx(7, abs=0.5)


@pytest.mark.parametrize("play", [llm_server.silent, llm_server.dripping_words])
def test_who_stops_reading_stops_the_server(
    play: Behaviour, serve: Callable[..., LLMServer]
) -> None:
    server = serve(llm_server.Begun(play))
    pieces = LanguageModel.at(server.url, "any").stream(ASKED)
    next(pieces)
    began = time.monotonic()
    pieces.close()
    assert time.monotonic() - began < 0.5  # nobody waits for it
    wait_for(lambda: server.asked[0].hung_up)


def test_a_dropped_generator_stops_the_server_too(serve: Callable[..., LLMServer]) -> None:
    server = serve(llm_server.dripping_words)
    for _ in LanguageModel.at(server.url, "any").stream(ASKED):
        break
    wait_for(lambda: server.asked[0].hung_up)


def test_no_thread_is_left_behind(serve: Callable[..., LLMServer]) -> None:
    for play in (Good(REPLY), llm_server.silent, FAULTS["500"], FAULTS["endless words"]):
        with suppress(ModelError):
            LanguageModel.at(serve(play).url, "any", limits=Limits(deadline_s=0.3)).complete(ASKED)
    wait_for(lambda: not [t for t in threading.enumerate() if t.name == "qa-llm"])


def test_many_are_answered_at_once(serve: Callable[..., LLMServer]) -> None:
    def echo(messages: llm_server.Messages) -> str:
        return f"{messages[-1]['content']} is the question"

    model = LanguageModel.at(serve(Good(echo, pause_s=0.05)).url, "any")
    asked = [[Message("user", f"{n} + {n}")] for n in range(16)]
    began = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(model.complete, asked))
    assert answers == [f"{n} + {n} is the question" for n in range(16)]
    assert time.monotonic() - began < 5  # in turn it would be more


def test_half_a_character_is_replaced(serve: Callable[..., LLMServer]) -> None:
    event = b'data: {"choices": [{"index": 0, "delta": {"content": "a\\ud83d"}}]}\n\n'
    model = LanguageModel.at(serve(llm_server.Body(event)).url, "any")
    assert model.complete(ASKED) == "a?"


def test_nothing_tells_the_key(
    serve: Callable[..., LLMServer], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    refusing = serve(Good(REPLY), key="another")
    model = LanguageModel.at(refusing.url, "any", KEY)
    fault = fault_of(model)
    assert fault.code == "refused"
    problem = model.problem()
    assert problem is not None
    assert "key" in problem
    for play in FAULTS.values():
        with pytest.raises(ModelError):
            LanguageModel.at(serve(play).url, "any", KEY, SHORT).complete(
                ASKED, until=time.monotonic() + 0.2
            )
    logged = "\n".join(logging.Formatter().format(record) for record in caplog.records)
    assert "Authorization" not in logged
    for text in (str(fault), problem, repr(fault.__cause__), repr(vars(model)), logged):
        assert KEY not in text


# Before a question


@pytest.mark.parametrize(
    ("url", "model", "key", "said"),
    [
        ("localhost:11434", "any", "", "is not the address of a server"),
        ("ftp://localhost/v1", "any", "", "is not the address of a server"),
        ("http://me:secret@localhost/v1", "any", "", "more than a host and a path"),
        ("http://localhost/v1", " ", "", "No model is named for the server at http://localhost/v1"),
        ("http://localhost/v1", "any", "sk one\n", "The key for http://localhost/v1 holds a space"),
    ],
)
def test_what_cannot_be_an_address_a_name_or_a_key_is_said(
    url: str, model: str, key: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said) as raised:
        LanguageModel.at(url, model, key)
    assert "secret" not in str(raised.value)
    assert "sk one" not in str(raised.value)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llama_index.llms.openai_like", None)
    with pytest.raises(ModelError, match=r"run: pip install '\.\[llm\]'") as raised:
        LanguageModel.at("http://localhost:11434/v1", "llama3")
    assert raised.value.code == "missing"
    assert isinstance(raised.value, QAError)


def test_importing_it_loads_neither_llamaindex_nor_http() -> None:
    code = "import sys, qa.llm; print([m for m in sys.modules if m in ('llama_index', 'httpx')])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_no_problem_is_no_problem(serve: Callable[..., LLMServer]) -> None:
    server = serve(Good(REPLY), models=("other", "any:latest"))
    assert LanguageModel.at(server.url, "any").problem() is None
    assert LanguageModel.at(server.url, "other").problem() is None


def test_a_server_without_a_list_may_have_any_model(serve: Callable[..., LLMServer]) -> None:
    for listing in (Status(404), Status(500), llm_server.Body(b"{}", "application/json")):
        server = serve(Good(REPLY))
        server.listing = listing
        assert LanguageModel.at(server.url, "any").problem() is None
    assert LanguageModel.at(serve(Good(REPLY), models=()).url, "any").problem() is None


def test_a_model_that_is_not_listed_is_a_problem(serve: Callable[..., LLMServer]) -> None:
    server = serve(Good(REPLY), models=("a", "b", "c", "d", "e", "f"))
    assert LanguageModel.at(server.url, "any").problem() == (
        f"The server of the language model 'any' at {server.url} does not list that model; "
        "take one of those that it lists: a, b, c, d, e …"
    )


def test_a_key_that_is_refused_is_a_problem(serve: Callable[..., LLMServer]) -> None:
    server = serve(Good(REPLY), key=KEY)
    assert LanguageModel.at(server.url, "any", KEY).problem() is None
    problem = LanguageModel.at(server.url, "any", "another").problem()
    assert problem is not None
    assert "answered 401 (the key is missing or refused)" in problem


@pytest.mark.parametrize("name", ["silent", "dripping header", "HTML", "gzip bomb", "closed"])
def test_a_problem_is_told_within_three_seconds(name: str, serve: Callable[..., LLMServer]) -> None:
    server = serve(Good(REPLY))
    server.listing = FAULTS[name]
    began = time.monotonic()
    assert LanguageModel.at(server.url, "any").problem() is not None
    assert time.monotonic() - began < 3.5


# Faults in a row


def test_after_three_faults_it_is_left_alone_until_it_has_rested(
    serve: Callable[..., LLMServer],
) -> None:
    server = serve(InTurn([FAULTS["500"]] * 4 + [Good(REPLY)]))
    model = LanguageModel.at(server.url, "any", limits=Limits(rest_s=0.6))
    assert [fault_of(model).code for _ in range(5)] == ["failed"] * 3 + ["resting"] * 2
    assert "left alone for another 1 s, after 3 faults in a row" in str(fault_of(model))
    time.sleep(0.7)
    assert [fault_of(model).code for _ in range(2)] == ["failed", "resting"]  # one was let through
    time.sleep(0.7)
    assert [model.complete(ASKED) for _ in range(3)] == [REPLY] * 3
    assert len(server.asked) == 7


def test_a_good_answer_makes_the_faults_before_it_forgotten(
    serve: Callable[..., LLMServer],
) -> None:
    two = [FAULTS["429"], FAULTS["closed"]]
    server = serve(InTurn([*two, Good(REPLY), *two, Good(REPLY)]))
    model = LanguageModel.at(server.url, "any")
    for _ in range(2):
        assert [fault_of(model).code for _ in range(2)] == ["busy", "failed"]
        assert model.complete(ASKED) == REPLY


def test_who_stops_reading_makes_no_fault_and_gives_up_the_turn(
    serve: Callable[..., LLMServer],
) -> None:
    server = serve(llm_server.dripping_words)
    model = LanguageModel.at(server.url, "any", limits=Limits(rest_s=0.3))
    for _ in range(5):
        with closing(model.stream(ASKED)) as pieces:
            assert next(pieces) == "word "
    server.play = FAULTS["500"]
    assert [fault_of(model).code for _ in range(4)] == ["failed"] * 3 + ["resting"]
    time.sleep(0.4)
    server.play = llm_server.dripping_words
    with closing(model.stream(ASKED)) as pieces:  # the one that is let through
        assert next(pieces) == "word "
        assert fault_of(model).code == "resting"
    server.play = Good(REPLY)
    assert model.complete(ASKED) == REPLY


def test_of_many_at_once_one_is_let_through(serve: Callable[..., LLMServer]) -> None:
    server = serve(FAULTS["500"])
    model = LanguageModel.at(server.url, "any", limits=Limits(rest_s=0.3))
    assert [fault_of(model).code for _ in range(4)] == ["failed"] * 3 + ["resting"]
    time.sleep(0.4)
    server.play = Good(REPLY, pause_s=0.02)

    def ask(_: int) -> str:
        try:
            return model.complete(ASKED)
        except ModelError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, range(8))) == sorted([REPLY] + ["resting"] * 7)


# Models of a program's own


class Custom(CustomLLM):
    """Plays ``say`` as its answer, as LlamaIndex's guide has one write a model."""

    say: Callable[[], Iterator[str]]
    by_delta: bool = True

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="custom")

    def complete(self, prompt: str, formatted: bool = False, **_: object) -> CompletionResponse:
        return CompletionResponse(text="".join(self.say()))

    def stream_complete(
        self, prompt: str, formatted: bool = False, **_: object
    ) -> CompletionResponseGen:
        def responses() -> CompletionResponseGen:
            text = ""
            for piece in self.say():
                text += piece
                yield CompletionResponse(text=text, delta=piece if self.by_delta else None)

        return responses()


def test_a_model_of_llamaindex_answers() -> None:
    model = LanguageModel(MockLLM(max_tokens=3))
    assert model.complete(ASKED) == "text text text"
    assert (model.name, model.problem()) == ("MockLLM", None)
    assert LanguageModel(MockLLM(), name="a mock").name == "a mock"


@pytest.mark.parametrize("by_delta", [True, False])
def test_a_model_may_give_pieces_or_all_so_far(by_delta: bool) -> None:
    model = LanguageModel(Custom(say=lambda: iter(["De ", "", "brug."]), by_delta=by_delta))
    assert list(model.stream(ASKED)) == ["De ", "brug."]
    assert model.name == "custom"


def _endless() -> Iterator[str]:
    while True:
        yield "word "


def _endless_nothing() -> Iterator[str]:
    while True:
        yield ""


def _failing() -> Iterator[str]:
    yield "It "
    raise RuntimeError("no more memory")


def _exiting() -> Iterator[str]:
    yield "It "
    sys.exit("enough")


def _late() -> Iterator[str]:
    time.sleep(1.3)
    yield "It "


@pytest.mark.parametrize(
    ("say", "code", "words"),
    [
        (lambda: iter([]), "garbled", "answered without a word"),
        (lambda: iter([" ", "\n"]), "garbled", "answered without a word"),
        (_endless, "too_long", "wrote more than 20,000 characters"),
        (_endless_nothing, "slow", "was not done after 1"),
        (_failing, "failed", "raised RuntimeError"),
        (_exiting, "failed", "raised SystemExit"),
        (_late, "slow", "was not done after 1"),
    ],
)
def test_whatever_a_model_does_is_told_in_time(
    say: Callable[[], Iterator[str]], code: str, words: str
) -> None:
    began = time.monotonic()
    fault = fault_of(LanguageModel(Custom(say=say), limits=SHORT))
    assert time.monotonic() - began < SHORT.deadline_s + 1
    assert fault.code == code
    assert str(fault).startswith(f"The language model 'custom' {words}")


def test_an_error_of_a_model_is_the_cause() -> None:
    fault = fault_of(LanguageModel(Custom(say=_failing)))
    assert isinstance(fault.__cause__, RuntimeError)
    assert "memory" not in str(fault)


def test_a_model_is_stopped_when_nobody_reads_on() -> None:
    ended = threading.Event()

    def slowly() -> Iterator[str]:
        try:
            while True:
                time.sleep(0.02)
                yield "word "
        finally:
            ended.set()

    with closing(LanguageModel(Custom(say=slowly)).stream(ASKED)) as pieces:
        next(pieces)
    assert ended.wait(1)


def test_a_model_that_blocks_does_not_keep_anybody(serve: Callable[..., LLMServer]) -> None:
    free = threading.Event()

    def blocking() -> Iterator[str]:
        yield "It "
        free.wait(20)

    model = LanguageModel(Custom(say=blocking), limits=SHORT)
    with ThreadPoolExecutor(4) as pool:
        began = time.monotonic()
        faults = list(pool.map(lambda _: fault_of(model), range(4)))
        assert time.monotonic() - began < SHORT.deadline_s + 1
    free.set()
    assert {fault.code for fault in faults} == {"slow"}


@pytest.mark.parametrize("reply", [Good(REPLY), llm_server.Body(llm_server.stream_of(REPLY))])
def test_a_client_that_keeps_its_connection_is_asked_twice(
    reply: Behaviour, serve: Callable[..., LLMServer]
) -> None:
    llm = OpenAILike(
        model="any", api_base=serve(reply).url, api_key=KEY, is_chat_model=True, max_retries=0
    )
    model = LanguageModel(llm)
    assert [model.complete(ASKED) for _ in range(3)] == [REPLY] * 3
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: model.complete(ASKED), range(4))) == [REPLY] * 4
    llm._get_client().close()


def test_a_key_in_a_given_model_is_not_told(serve: Callable[..., LLMServer]) -> None:
    server = serve(Good(REPLY), key="another")
    llm = OpenAILike(
        model="any", api_base=server.url, api_key=KEY, is_chat_model=True, max_retries=0
    )
    fault = fault_of(LanguageModel(llm))
    llm._get_client().close()
    assert (fault.code, fault.__cause__) == ("refused", None)
    assert "answered 401" in str(fault)


class AsyncOnly(Custom):
    """Has no other methods than asynchronous ones that work."""

    def stream_chat(self, messages: Sequence[ChatMessage], **_: object) -> ChatResponseGen:
        raise NotImplementedError("Use the asynchronous one")

    async def astream_chat(
        self, messages: Sequence[ChatMessage], **_: object
    ) -> ChatResponseAsyncGen:
        async def responses() -> ChatResponseAsyncGen:
            for piece in self.say():
                yield ChatResponse(message=ChatMessage(role="assistant"), delta=piece)

        return responses()


def test_a_model_may_have_asynchronous_methods_alone() -> None:
    assert (
        LanguageModel(AsyncOnly(say=lambda: iter(["De ", "brug."]))).complete(ASKED) == "De brug."
    )
    assert fault_of(LanguageModel(AsyncOnly(say=_endless_nothing), limits=SHORT)).code == "slow"


def test_a_model_is_hung_up_on_once_nobody_waits_and_is_asked_nothing_more() -> None:
    with LLMServer(Good("word " * 500, pause_s=0.05)) as server:
        stopped = threading.Event()
        model = LanguageModel.at(server.url, "any", limits=Limits(30)).stoppable(stopped)
        with closing(model.stream([Message("user", "?")])) as pieces:
            assert next(pieces)
            stopped.set()
            with pytest.raises(StoppedError):
                list(pieces)
        with pytest.raises(StoppedError):
            model.complete([Message("user", "?")])
        (asked,) = server.asked
        assert (model.name, model.limits) == ("any", Limits(30))
        until = time.monotonic() + 5
        while asked.hung_up is None and time.monotonic() < until:
            time.sleep(0.02)
        assert asked.hung_up


def test_a_silent_model_is_hung_up_on_at_once_when_it_is_stopped() -> None:
    with LLMServer(FAULTS["silent"]) as server:
        stop = threading.Event()
        model = LanguageModel.at(server.url, "any", limits=Limits(30)).stoppable(stop)
        threading.Timer(0.3, stop.set).start()
        began = time.monotonic()
        with pytest.raises(StoppedError, match="was stopped"):
            model.complete([Message("user", "?")])
        assert time.monotonic() - began < 2
