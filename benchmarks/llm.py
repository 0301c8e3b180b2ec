"""What a language model costs and how its faults end, and one engine that is really asked.

    python benchmarks/llm.py faults      # each of tests/llm_server.py 20 times, 3 s a question
    python benchmarks/llm.py answers     # the same, and what a person who asks gets
    python benchmarks/llm.py overhead    # what the limits cost beside the bare request
    python benchmarks/llm.py engine      # a tiny model in Hugging Face's server

The first three need ``pip install -e '.[test]'``; the last one a place of its own:

    python3.11 -m venv /tmp/engine
    /tmp/engine/bin/pip install -c constraints.txt -e '.[llm]' torch==2.13.0 'transformers[serving]'
    /tmp/engine/bin/python benchmarks/llm.py engine

Its model is made on the spot and knows nothing: what it says has no sense, and is not looked at.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

from index.library import SEEDS, Library
from qa import Assistant, ModelError
from qa.llm import LanguageModel, Limits, Message
from tests.llm_server import FAULTS, Good, LLMServer

ASKED = [
    Message("system", "Answer in one sentence."),
    Message("user", "How many new users does Gab report each day?"),
]
RUNS, AT_ONCE = 20, 5
DEADLINE_S, GRACE_S = 3.0, 2.0
HUNG_S = 15.0  # what is not there then never comes
ANSWERS = 100
ENGINE_STARTS_S = 180.0

Ask = Callable[[LanguageModel], str]
"""A way to ask a model something: how it ended, if it raises no ``ModelError``."""


def main() -> None:
    """Measure and print."""
    commands: dict[str, Callable[[], None]] = {
        "faults": faults, "answers": answers, "overhead": overhead, "engine": engine
    }  # fmt: skip
    parser = argparse.ArgumentParser(description="Ask language models, good ones and bad ones.")
    parser.add_argument("what", choices=commands)
    commands[parser.parse_args().what]()


# Faults


@dataclass(frozen=True, slots=True)
class Ended:
    """How one question ended."""

    seconds: float
    code: str


def faults() -> None:
    """Ask a server that does each thing that a server should not."""
    print(f"| fault | within {DEADLINE_S + GRACE_S:g} s | hung | longest s | server left | code |")
    print("|---|---|---|---|---|---|")
    for name, play in FAULTS.items():
        with LLMServer(play) as server:
            ended = asked_often(server.url, _complete)
            time.sleep(0.2)
            left = sum(asked.ended is not None for asked in server.asked)
            print(_row(name, ended, f"{left} of {len(server.asked)}"), flush=True)
    with LLMServer(Good("gone")) as server:
        url = server.url
    print(_row("nobody there", asked_often(url, _complete), "-"))


def answers() -> None:
    """Ask a question of the shipped articles while the server does each of those things."""
    bound_s = DEADLINE_S + GRACE_S
    print(f"| fault | within {bound_s:g} s | hung | extractive with a notice | longest s |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        library = Library.open(Path(folder) / "store")
        library.build([SEEDS])
        plain = Assistant(library).ask(ASKED[1].text)

        def ask(model: LanguageModel) -> str:
            answer = Assistant(library, model).ask(ASKED[1].text)
            is_plain = (answer.text, answer.citations) == (plain.text, plain.citations)
            is_told = (answer.notice or "").startswith(f"{model.name} gave no answer (")
            return "extractive" if is_plain and is_told else "otherwise"

        for name, play in FAULTS.items():
            with LLMServer(play) as server:
                print(_answer_row(name, asked_often(server.url, ask)), flush=True)
        with LLMServer(Good("gone")) as server:
            url = server.url
        print(_answer_row("nobody there", asked_often(url, ask)))
        library.close()


def _answer_row(name: str, ended: Sequence[Ended]) -> str:
    in_time = sum(each.seconds <= DEADLINE_S + GRACE_S for each in ended)
    right = sum(each.code == "extractive" for each in ended)
    longest = max((each.seconds for each in ended), default=float("nan"))
    hung = RUNS - len(ended)
    return f"| {name} | {in_time} of {RUNS} | {hung} | {right} of {RUNS} | {longest:.2f} |"


def _complete(model: LanguageModel) -> str:
    model.complete(ASKED)
    return "answered"


def asked_often(url: str, ask: Ask) -> list[Ended]:
    """How ``RUNS`` questions ended, ``AT_ONCE`` at a time; those that hung are missing.

    Each has a model of its own, which no fault before has put to rest.
    """
    ended: list[Ended] = []
    for _ in range(RUNS // AT_ONCE):
        threads = [
            threading.Thread(target=_ask_once, args=(url, ask, ended), daemon=True)
            for _ in range(AT_ONCE)
        ]
        for thread in threads:
            thread.start()
        until = time.monotonic() + HUNG_S
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
    return ended


def _ask_once(url: str, ask: Ask, ended: list[Ended]) -> None:
    model = LanguageModel.at(url, "any", limits=Limits(deadline_s=DEADLINE_S))
    began = time.monotonic()
    try:
        code = ask(model)
    except ModelError as error:
        code = error.code
    ended.append(Ended(time.monotonic() - began, code))


def _row(name: str, ended: Sequence[Ended], left: str) -> str:
    in_time = sum(each.seconds <= DEADLINE_S + GRACE_S for each in ended)
    longest = max((each.seconds for each in ended), default=float("nan"))
    codes = ", ".join(sorted({each.code for each in ended}))
    hung = RUNS - len(ended)
    return f"| {name} | {in_time} of {RUNS} | {hung} | {longest:.2f} | {left} | {codes} |"


# What it costs


def overhead() -> None:
    """Ask a server that answers at once, with and without what stands between."""
    reply = "Gab krijgt er elke dag 600.000 nieuwe gebruikers bij [k7f2]. "
    with LLMServer(Good(reply)) as server:
        model = LanguageModel.at(server.url, "any")
        ways: dict[str, Callable[[], object]] = {
            "a bare request": lambda: _bare(server.url),
            "first piece": lambda: next(model.stream(ASKED)),
            "whole answer": lambda: model.complete(ASKED),
        }
        for ask in ways.values():
            ask()
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ANSWERS):  # in turn, so that a slow minute hits all of them
            for name, ask in ways.items():
                began = time.perf_counter()
                ask()
                times[name].append(1000 * (time.perf_counter() - began))
    for name, each in times.items():
        worst = sorted(each)[int(0.95 * len(each))]
        print(f"{name:16}{statistics.median(each):8.1f} ms, 95 % below {worst:.1f} ms")


def _bare(url: str) -> None:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=10)
    messages = [{"role": message.role, "content": message.text} for message in ASKED]
    connection.request("POST", f"/{path}/chat/completions",
                       json.dumps({"messages": messages, "stream": True}))  # fmt: skip
    connection.getresponse().read()
    connection.close()


# An engine


def engine() -> None:
    """Make a model, serve it, ask it, and stop."""
    with tempfile.TemporaryDirectory() as folder:
        tiny = Path(folder) / "tiny"
        began = time.perf_counter()
        make_tiny(tiny)
        print(f"made in {time.perf_counter() - began:.1f} s")
        began = time.perf_counter()
        with serving(tiny, Path(folder) / "hub-home") as url:
            print(f"serves after {time.perf_counter() - began:.1f} s at {url}")
            _ask_engine(LanguageModel.at(url, str(tiny)))
            _ask_assistant(LanguageModel.at(url, str(tiny)), Path(folder) / "store")
        stopped = LanguageModel.at(url, str(tiny)).problem()
        print(f"stopped: {stopped}")


def _ask_engine(model: LanguageModel) -> None:
    print(f"problem: {model.problem()}")
    for limits in (model.limits, Limits(deadline_s=2.0), Limits(max_chars=200)):
        model.limits = limits
        began, first, pieces = time.perf_counter(), float("nan"), list[str]()
        how = "answered"
        try:
            for piece in model.stream(ASKED):
                first = first if pieces else time.perf_counter() - began
                pieces.append(piece)
        except ModelError as error:
            how = f"{error.code}: {error}"
        took = time.perf_counter() - began
        said = "".join(pieces)
        print(
            f"{limits}\n  {len(pieces)} pieces, {len(said)} characters, the first after "
            f"{first:.2f} s, the last after {took:.2f} s, {how}\n  {said[:100]!r}"
        )


def _ask_assistant(model: LanguageModel, store: Path) -> None:
    """What a person gets of the babble: exact sentences, and a notice that names the model."""
    library = Library.open(store)
    library.build([SEEDS])
    assistant = Assistant(library, model)
    exact = assistant.ask(ASKED[1].text, mode="extractive")
    answer = assistant.ask(ASKED[1].text)
    library.close()
    same = (answer.text, answer.citations) == (exact.text, exact.citations)
    print(
        f"assistant: {answer.mode}, the exact sentences: {same}, {len(answer.withheld)} sentences "
        f"withheld, {answer.elapsed_ms.get('model', 0) / 1000:.1f} s\n  {answer.notice}"
    )


def make_tiny(folder: Path) -> None:
    """Save a Llama of 140,000 random weights that knows the words of the shipped articles."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = Tokenizer(models.BPE(unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1_000, special_tokens=["<unk>", "<s>", "</s>", "<|system|>", "<|user|>"]
    )
    words.train([str(path) for path in sorted(SEEDS.glob("*.md"))], trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )
    tokenizer.chat_template = (
        "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}</s>{% endfor %}<s>"
    )
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=48, intermediate_size=96, num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=2_048, bos_token_id=1, eos_token_id=2,
        pad_token_id=2,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    print(f"{model.num_parameters():,} weights")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@contextmanager
def serving(model: Path, home: Path) -> Iterator[str]:
    """The address at which Hugging Face's server answers for a model."""
    (home / "hub").mkdir(parents=True)  # its list of models fails without
    port = _free_port()
    command = [
        str(Path(sys.executable).parent / "transformers"), "serve", str(model),
        "--host", "127.0.0.1", "--port", str(port), "--device", "cpu",
    ]  # fmt: skip
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(home)}
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_for_health(f"http://127.0.0.1:{port}/health", server, home / "log")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for_health(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + ENGINE_STARTS_S
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise SystemExit(f"The server did not start:\n{log.read_text('utf-8', 'replace')[-2_000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
