"""A language model's answer by the command, and the same answer by every route."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import ui
from index import Library
from index.library import SEEDS
from qa import Answer, Assistant
from qa.llamaindex import AssistantQueryEngine
from qa.llm import LanguageModel
from qa.render import citations_of, statements_of
from qa.settings import Settings
from tests.answers import check_answer, untimed
from tests.conftest import Serve
from tests.llm_server import Good, LLMServer, Status
from tests.replies import citing
from tests.test_cli import GAB, MONGOLIA, NL_003, Run, assert_one_sentence, batch, run

__all__ = ["run"]  # the fixture

GAB_QUOTE = "Gab krijgt er naar eigen opgave nu elke dag 600.000 nieuwe gebruikers bij."
GROWS = "Gab says that it gains 600,000 new users a day."
WRONG = "Gab gains 700,000 new users a day."
REPLY = citing(f"{GROWS} [{{600.000}}] {WRONG} [{{600.000}}]")
LEFT_OUT = "Sentences left out because the sources do not hold them: 1."
PARLER = "How many active users does Parler have?"
TEN = "Parler has 10 million active users."
FOUR = (
    "Parler werd in 2018 opgericht als alternatief voor Twitter en heeft vier miljoen actieve "
    "leden."
)
SET = ("QA_LLM", "QA_LLM_MODEL")


@pytest.fixture
def server(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> LLMServer:
    """The server that the environment names."""
    started = serve(Good(REPLY))
    monkeypatch.setenv("QA_LLM", started.url)
    monkeypatch.setenv("QA_LLM_MODEL", "any")
    return started


def words(text: str) -> str:
    """The text on one line."""
    return " ".join(text.split())


# qa ask


def test_the_command_prints_the_answer_and_who_wrote_it(
    server: LLMServer, seed_store: Path, run: Run
) -> None:
    result = run("ask", "--store", seed_store, GAB)
    assert (result.code, result.err) == (0, "")
    assert words(result.out) == words(
        f"{LEFT_OUT} {GROWS} [1]\n\n"
        "Written by any; each sentence was compared with the source it cites.\n\n"
        "[1] Amazon sluit Parler af en kiest partij in het debat over de macht van Big Tech, nl, "
        f"2021-01\n    “{GAB_QUOTE}”\n    {SEEDS / NL_003.removeprefix('seeds/')}\n"
    )
    assert result.out.count("\n\n") == 2
    assert "700,000" not in result.out


def test_what_was_withheld_is_printed_for_who_asks(
    server: LLMServer, seed_store: Path, run: Run
) -> None:
    plain = run("ask", "--store", seed_store, GAB).out
    result = run("ask", "--store", seed_store, "--withheld", GAB)
    assert result.out.startswith(plain)
    assert words(result.out.removeprefix(plain)) == f"✗ {WRONG} (not in the source: 700,000)"


def test_the_command_gives_json(
    server: LLMServer, seed_store: Path, run: Run, library: Library
) -> None:
    answer = run("ask", "--store", seed_store, "--json", GAB).json()
    check_answer(answer, library.document)
    assert (answer["text"], answer["mode"], answer["model"]) == (f"{GROWS} [1]", "llm", "any")
    (left_out,) = answer["withheld"]
    assert left_out["text"] == WRONG
    assert left_out["support"]["state"] == "unsupported"
    assert answer["statements"][0]["support"]["state"] == "supported"


def test_the_command_gives_markdown(server: LLMServer, seed_store: Path, run: Run) -> None:
    out = run("ask", "--store", seed_store, "--format", "markdown", GAB).out
    question, notice, text, model, note = out.strip().split("\n\n")
    assert question == f"**{GAB}**"
    assert notice == f"*{LEFT_OUT}*"
    assert text == f"{GROWS}[^1]"
    assert model.startswith("*Written by any; each sentence was compared")
    assert note.startswith(f"[^1]: “{GAB_QUOTE}” — Amazon sluit")
    assert [c.quote for c in citations_of(out)] == [GAB_QUOTE]
    assert [(s.text, s.citations, s.is_shown) for s in statements_of(out)] == [(GROWS, (1,), True)]


def test_exact_sentences_are_given_to_who_wants_them(
    server: LLMServer, seed_store: Path, run: Run, assistant: Assistant
) -> None:
    answer = run("ask", "--store", seed_store, "--json", "--extractive", GAB).json()
    assert untimed(answer) == untimed(assistant.ask(GAB))
    assert server.asked == []


def test_a_batch_is_written_by_the_model(
    server: LLMServer, seed_store: Path, run: Run, tmp_path: Path, library: Library
) -> None:
    asked = batch(
        tmp_path / "asked.jsonl",
        {"id": 1, "question": GAB},
        {"id": 2, "question": MONGOLIA},
        {"id": 3, "question": GAB, "scope": []},
    )
    result = run("ask", "--store", seed_store, "--batch", asked)
    assert (result.code, result.err) == (0, "")
    answers = [json.loads(line) for line in result.out.splitlines()]
    assert [answer.pop("id") for answer in answers] == [1, 2, 3]
    for answer in answers:
        check_answer(answer, library.document)
    assert [answer["mode"] for answer in answers] == ["llm", "extractive", "extractive"]
    assert [answer["refused"] for answer in answers] == [False, True, True]
    assert len(server.asked) == 1
    result = run("ask", "--store", seed_store, "--batch", asked, "--extractive")
    assert json.loads(result.out.splitlines()[0])["mode"] == "extractive"
    assert len(server.asked) == 1


def test_a_refusal_of_the_model_can_be_a_failure(
    server: LLMServer, seed_store: Path, run: Run
) -> None:
    server.play = Good("NOT_IN_SOURCES")
    result = run("ask", "--store", seed_store, "--fail-on-refusal", GAB)
    assert result.code == 3
    assert result.out.startswith("The documents do not answer this.\n\nWritten by any;")
    assert f"“{GAB_QUOTE}”" in result.out


# What is set wrong, or away


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "QA_LLM_MODEL",
            "",
            "QA_LLM is set without a model; set QA_LLM_MODEL to the name of one there",
        ),
        (
            "QA_LLM",
            "",
            "QA_LLM_MODEL is set, but no language model; set QA_LLM to the address of a server",
        ),
        (
            "QA_LLM",
            "nonsense",
            "QA_LLM cannot be used: 'nonsense' is not the address of a server; give one such as "
            "http://localhost:11434/v1",
        ),
        ("QA_LLM_KEY", "two words", "QA_LLM cannot be used: The key for "),
        ("QA_LLM_DEADLINE_S", "0", "QA_LLM_DEADLINE_S is 0.0; set it to a number of seconds above"),
    ],
)
@pytest.mark.parametrize("command", [("ask", GAB), ("check",)])
def test_a_setting_that_cannot_be_is_said_in_one_sentence(
    command: tuple[str, ...],
    name: str,
    value: str,
    sentence: str,
    server: LLMServer,
    seed_store: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(name, value)
    result = run(command[0], "--store", seed_store, *command[1:])
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"qa: {sentence}")
    assert_one_sentence(result)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address at which nobody answers, as the environment names it."""
    with LLMServer(Good("gone")) as started:
        url = started.url
    monkeypatch.setenv("QA_LLM", url)
    monkeypatch.setenv("QA_LLM_MODEL", "any")
    return url


def test_a_server_that_is_down_costs_no_answer(
    nobody: str, seed_store: Path, run: Run, assistant: Assistant
) -> None:
    result = run("ask", "--store", seed_store, "--json", GAB)
    plain = assistant.ask(GAB)
    answer = result.json()
    assert (answer["text"], answer["mode"]) == (plain.text, "extractive")
    assert answer["citations"] == [asdict(citation) for citation in plain.citations]
    assert answer["notice"] == (
        "any gave no answer (its server cannot be reached); these are exact sentences of the "
        "sources:"
    )
    assert words(run("ask", "--store", seed_store, GAB).out).startswith(
        f"{answer['notice']} {plain.text}"
    )


def test_a_check_says_that_a_server_is_down(nobody: str, seed_store: Path, run: Run) -> None:
    result = run("check", "--store", seed_store)
    assert (result.code, result.out) == (1, f"{seed_store} is sound\n")
    assert result.err == (
        f"qa: The server of the language model 'any' at {nobody} cannot be reached; start it, or "
        "check its address\n"
    )


def test_a_check_says_that_a_server_does_not_have_the_model(
    server: LLMServer, seed_store: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QA_LLM_MODEL", "other")
    result = run("check", "--store", seed_store)
    assert (result.code, result.out) == (1, f"{seed_store} is sound\n")
    assert result.err == (
        f"qa: The server of the language model 'other' at {server.url} does not list that model; "
        "take one of those that it lists: any\n"
    )


def test_a_check_finds_a_sound_store_and_a_model_that_is_there(
    server: LLMServer, seed_store: Path, run: Run
) -> None:
    result = run("check", "--store", seed_store)
    assert (result.code, result.out) == (0, f"{seed_store} is sound\n")
    assert server.asked == []  # nothing that costs


def test_a_damaged_store_is_told_though_the_server_is_down_too(
    nobody: str, store: Path, run: Run
) -> None:
    (store / "gen-000001" / "truth.sqlite").unlink()
    result = run("check", "--store", store)
    assert result.code == 1
    assert "is damaged; mend it with: qa index --rebuild" in result.err


def test_the_other_commands_do_not_ask_for_the_model(
    nobody: str, seed_store: Path, run: Run
) -> None:
    assert run("sources", "--store", seed_store).code == 0


# qa verify


STYLES = [("--json",), ("--format", "markdown")]
SOUND = f"[1] supported: {GROWS}"


@pytest.fixture
def saved(server: LLMServer, store: Path, run: Run, tmp_path: Path) -> Callable[..., Path]:
    """``saved("--json")``: a file with the model's answer over ``store``."""

    def save(*style: str, question: str = GAB) -> Path:
        path = tmp_path / "saved"
        path.write_text(run("ask", "--store", store, *style, question).out, "utf-8")
        return path

    return save


@pytest.mark.parametrize("style", STYLES)
def test_a_saved_answer_of_a_model_is_found_supported(
    style: tuple[str, ...], saved: Callable[..., Path], store: Path, run: Run
) -> None:
    result = run("verify", "--store", store, saved(*style))
    assert result.code == 0
    cited, supported = result.out.splitlines()
    assert cited.startswith(f"[1] holds: {NL_003} ")
    assert supported == SOUND


@pytest.mark.parametrize("style", STYLES)
def test_each_statement_of_a_saved_answer_is_checked(
    style: tuple[str, ...], saved: Callable[..., Path], server: LLMServer, store: Path, run: Run
) -> None:
    server.play = Good(citing(f"{TEN} [{{10 miljoen}}]"))
    path = saved(*style, question=PARLER)
    result = run("verify", "--store", store, path)
    assert result.code == 0
    assert result.out.splitlines()[2:] == [f"[1] supported: {TEN}", f"[2] supported: {FOUR}"]
    edited = path.read_text("utf-8").replace("vier miljoen actieve leden. [2]", "acht [2]")
    edited = edited.replace("vier miljoen actieve leden.[^2]", "acht miljoen leden.[^2]")
    path.write_text(edited, "utf-8")
    result = run("verify", "--store", store, path)
    assert result.code == 1
    assert "[1] supported" in result.out
    assert "[2] supported" not in result.out


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("600,000", "900,000"),
        ("that it gains", "that Ostrenvik gains"),
        ("it gains", "it does not gain"),
    ],
)
def test_an_edited_statement_is_found(
    style: tuple[str, ...],
    before: str,
    after: str,
    saved: Callable[..., Path],
    store: Path,
    run: Run,
) -> None:
    path = saved(*style)
    text = path.read_text("utf-8")
    # What is seen alone, then what a program reads, too.
    for edited in (text.replace(before, after, 1), text.replace(before, after)):
        path.write_text(edited, "utf-8")
        result = run("verify", "--store", store, path)
        assert result.code == 1
        assert result.out.startswith("[1] holds: ")
        assert "supported: Gab says that it gains 600,000" not in result.out.replace("un", "")
        assert "[1] unsupported: " in result.out or "[1] edited: " in result.out


@pytest.mark.parametrize("style", STYLES)
def test_a_statement_whose_source_has_changed_is_found(
    style: tuple[str, ...], saved: Callable[..., Path], run: Run, tmp_path: Path
) -> None:
    path = saved(*style)
    docs, changed = tmp_path / "seeds", tmp_path / "changed"
    docs.mkdir()
    text = (SEEDS / NL_003.removeprefix("seeds/")).read_text("utf-8")
    (docs / "003-nl-amazon-sluit-parler-af.md").write_text(text.replace("600.000", "60.000"))
    assert run("index", "--store", changed, docs).code == 0
    result = run("verify", "--store", changed, path)
    assert result.code == 1
    assert result.out.startswith(f"[1] changed: {NL_003} ")


def test_a_statement_that_cites_what_is_not_saved_is_unsupported(
    saved: Callable[..., Path], store: Path, run: Run
) -> None:
    path = saved("--json")
    answer = json.loads(path.read_text("utf-8"))
    answer["statements"][0]["citations"] = [1, 7]
    path.write_text(json.dumps(answer), "utf-8")
    result = run("verify", "--store", store, path)
    assert result.code == 1
    assert result.out.splitlines()[1] == f"[1][7] unsupported: {GROWS}"


def test_a_verdict_in_json_stands_with_what_a_statement_cites(
    saved: Callable[..., Path], store: Path, run: Run
) -> None:
    (cited,) = run("verify", "--store", store, "--json", saved("--json")).json()
    assert (cited["number"], cited["state"]) == (1, "holds")
    assert cited["statements"] == [{"text": GROWS, "state": "supported"}]


# Every route


def shown(answer: Answer | dict[str, Any]) -> tuple[object, ...]:
    """What a person sees: the text, and what its numbers stand for."""
    fields = json.loads(json.dumps(untimed(answer)))
    cited = [(c["number"], c["doc_id"], c["start"], c["quote"]) for c in fields["citations"]]
    return fields["text"], cited, fields["notice"], fields["model"], fields["disagreement"]


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        (GAB, f"{GROWS} [{{600.000}}] {WRONG} [{{600.000}}]"),
        (PARLER, f"{TEN} [{{10 miljoen}}]"),
        (GAB, f"{WRONG} [{{600.000}}]"),
        (GAB, "NOT_IN_SOURCES"),
        (GAB, None),
    ],
)
def test_the_answer_is_the_same_by_every_route(
    question: str,
    reply: str | None,
    server: LLMServer,
    seed_store: Path,
    library: Library,
    run: Run,
    tmp_path: Path,
) -> None:
    server.play = Status(503) if reply is None else Good(citing(reply))
    assistant = Assistant(library, LanguageModel.at(server.url, "any"))
    answer = assistant.ask(question)
    check_answer(answer, library.document)
    expected = shown(answer)

    of_settings = Assistant.from_settings(Settings.from_env(), seed_store)
    assert shown(of_settings.ask(question)) == expected
    assert shown(run("ask", "--store", seed_store, "--json", question).json()) == expected
    lines = batch(tmp_path / "asked.jsonl", {"question": question})
    assert shown(json.loads(run("ask", "--store", seed_store, "--batch", lines).out)) == expected
    response = AssistantQueryEngine(of_settings).query(question)
    assert shown(response.metadata["answer"]) == expected  # type: ignore[index]
    *_, (_, _, exchanges, _) = ui.Desk(of_settings).ask(question, (), "en", [], [])
    assert shown(exchanges[-1].answer) == expected
    of_settings.library.close()

    said = [answer.text[s.start : s.end] for s in answer.statements]
    text = words(run("ask", "--store", seed_store, question).out)
    markdown = run("ask", "--store", seed_store, "--format", "markdown", question).out
    assert all(sentence in text for sentence in said)
    assert all(sentence in markdown for sentence in said)
    cited = answer.citations or answer.nearest
    assert [(c.number, c.quote) for c in citations_of(markdown)] == [
        (c.number, c.quote) for c in cited
    ]
