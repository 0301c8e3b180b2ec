"""The ``qa`` command: what it prints, where, and its exit codes."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from index import Library
from index.generation import FORMAT
from index.library import SEEDS
from qa import Assistant
from qa.__main__ import main
from qa.render import citations_of
from tests.answers import check_answer, untimed
from tests.documents import make_docx, make_pdf

ROOT = Path(__file__).parent.parent
EN_004 = "seeds/004-en-amazon-cuts-off-parler.md"
NL_003 = "seeds/003-nl-amazon-sluit-parler-af.md"
GAB = "How many new users does Gab report each day?"
MONGOLIA = "What is the capital of Mongolia?"
COMMANDS = ("index", "ask", "sources", "verify", "check", "eval", "serve")


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    def json(self) -> Any:  # noqa: ANN401 - whatever JSON there is
        assert self.code == 0, self.err
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, quick_verify: None
) -> Run:
    """``run("ask", "Why?")`` runs the command in this process; fast, and enough for most."""
    monkeypatch.delenv("QA_STORE", raising=False)

    def run_main(*arguments: str | Path) -> Result:
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stopped:  # argparse
            code = stopped.code if isinstance(stopped.code, int) else 1
        printed = capsys.readouterr()
        return Result(code, printed.out, printed.err)

    return run_main


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "QA_STORE"}
    return {**kept, **changes}


def qa_process(
    *arguments: str | Path, stdout: int | IO[str] = subprocess.PIPE, terminal: int | None = None
) -> subprocess.Popen[str]:
    """The command in a process of its own; ``terminal`` is all three of its streams."""
    return subprocess.Popen(
        [sys.executable, "-m", "qa", *map(str, arguments)],
        stdin=terminal,
        stdout=stdout if terminal is None else terminal,
        stderr=subprocess.PIPE if terminal is None else terminal,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        env=environment(),
    )


def result_of(process: subprocess.Popen[str]) -> Result:
    out, err = process.communicate(timeout=60)
    return Result(process.returncode, out, err)


def assert_one_sentence(result: Result) -> None:
    """What went wrong is one line on stderr, in words."""
    assert result.err.startswith("qa: ")
    assert result.err.count("\n") == 1, result.err
    assert "Traceback" not in result.err


# Help and wrong use


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_takes_a_store(command: str, run: Run) -> None:
    result = run(command, "--help")
    assert result.code == 0
    assert result.err == ""
    assert result.out.startswith(f"usage: qa {command} ")
    assert "--store DIR" in result.out
    assert "QA_STORE" in result.out


def test_help_lists_the_commands(run: Run) -> None:
    result = run("--help")
    assert result.code == 0
    for command in COMMANDS:
        assert f"\n    {command} " in result.out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("ask", "--nonsense", "Why?"),
        ("ask", "Why?", "Amazon?"),
        ("ask", "--format", "html", "Why?"),
        ("serve", "--port", "seven"),
        ("verify",),
        ("sources", "list", "x"),
        ("sources", "show"),
        ("sources", "remove"),
        ("sources", "forget", "x"),
    ],
)
def test_wrong_use_is_said_with_the_usage(arguments: Sequence[str], run: Run) -> None:
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("usage: qa")
    assert ": error: " in result.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ask"], "Ask one QUESTION, or name a --batch of them"),
        (["ask", "Why?", "--batch", "x.jsonl"], "Ask one QUESTION, or name a --batch of them"),
        (["ask", ""], "There is no question; ask something in words"),
        (["ask", "?! …"], "There is no question; ask something in words"),
        (["ask", "\x00\u202e"], "There is no question; ask something in words"),
        (
            ["ask", "why " * 250_000],
            "The question has 1,000,000 characters, more than 8,000; ask it shorter",
        ),
        (
            ["ask", "--source", "nope", GAB],
            "No document has the id 'nope'; qa sources lists those there are",
        ),
        (["ask", "--language", "fr", GAB], "'fr' is not one of the languages nl, de, en"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else None,
)
def test_a_question_or_a_name_that_cannot_be_is_wrong_use(
    arguments: list[str], sentence: str, seed_store: Path, run: Run
) -> None:
    result = run(*arguments, "--store", seed_store)
    assert (result.code, result.out, result.err) == (2, "", f"qa: {sentence}\n")


def test_control_characters_in_a_question_do_no_harm(seed_store: Path, run: Run) -> None:
    result = run("ask", "--store", seed_store, f"\x1b[2J{GAB}\u202e\x07")
    assert result.code == 0
    assert "600.000" in result.out
    assert not {"\x1b", "\u202e", "\x07"} & set(result.out)


# ask


def test_an_answer_is_printed_with_its_sources(seed_store: Path, run: Run) -> None:
    result = run("ask", "--store", seed_store, GAB)
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "Gab krijgt er naar eigen opgave nu elke dag 600.000 nieuwe gebruikers bij. [1]\n"
        "\n"
        "[1] Amazon sluit Parler af en kiest partij in het debat over de macht van Big Tech, nl, "
        "2021-01\n"
        "    “Gab krijgt er naar eigen opgave nu elke dag 600.000 nieuwe gebruikers bij.”\n"
        f"    {SEEDS / NL_003.removeprefix('seeds/')}\n"
    )


@pytest.mark.parametrize("question", [GAB, MONGOLIA, "and why?", "How many users has Parler?"])
def test_the_json_of_an_answer_is_that_of_the_contract(
    question: str, seed_store: Path, run: Run, assistant: Assistant
) -> None:
    answer = run("ask", "--store", seed_store, "--json", question).json()
    check_answer(answer, assistant.library.document)
    assert untimed(answer) == untimed(assistant.ask(question))


def test_markdown_of_an_answer_can_be_verified(
    seed_store: Path, run: Run, tmp_path: Path, assistant: Assistant
) -> None:
    question = "How many users does Parler have?"
    result = run("ask", "--store", seed_store, "--format", "markdown", question)
    assert result.code == 0
    assert result.out.startswith("**How many users does Parler have?**\n\n*The sources disagree.*")
    expected = assistant.ask(question).citations
    assert [(c.number, c.doc_id, c.start, c.quote) for c in citations_of(result.out)] == [
        (c.number, c.doc_id, c.start, c.quote) for c in expected
    ]


def test_sources_and_languages_restrict_an_answer(seed_store: Path, run: Run) -> None:
    ask = ("ask", "--store", seed_store, "--json", "--no-refusal", "When did Parler go offline?")
    assert run(*ask, "--source", EN_004).json()["retrieved"] == [EN_004]
    both = run(*ask, "--source", EN_004, "--source", NL_003).json()
    assert set(both["retrieved"]) == {EN_004, NL_003}
    assert {c["language"] for c in run(*ask, "--language", "de").json()["citations"]} == {"de"}


def test_a_refusal_is_no_failure_unless_that_is_asked_for(seed_store: Path, run: Run) -> None:
    plain = run("ask", "--store", seed_store, MONGOLIA)
    assert plain.code == 0
    assert plain.out.startswith(
        "The documents do not answer this. The texts found do not mention Mongolia.\n\n"
        "What comes closest:\n\n[1] "
    )
    assert run("ask", "--store", seed_store, "--fail-on-refusal", MONGOLIA).code == 3
    assert run("ask", "--store", seed_store, "--fail-on-refusal", "and why?").code == 3
    assert run("ask", "--store", seed_store, "--fail-on-refusal", GAB).code == 0
    answered = run("ask", "--store", seed_store, "--fail-on-refusal", "--no-refusal", MONGOLIA)
    assert answered.code == 0
    assert "The documents do not answer" not in answered.out


@pytest.mark.parametrize(
    ("question", "notice"),
    [
        ("When was the ferry painted green?", "Not sure; the closest the documents say is:"),
        ("Wann wurde die Fähre grün gestrichen?", "Nicht sicher; am nächsten kommt in den Dok"),
        ("Wanneer werd de veerboot groen geverfd?", "Niet zeker; dit komt er in de documenten"),
    ],
)
def test_an_answer_that_is_not_sure_says_so_first_and_can_be_verified(
    question: str, notice: str, run: Run, write: Callable[[str, str], Path], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    write("docs/a.md", "The ferry of Ostrenvik was painted green by Mila Torvand.")
    assert run("index", "--store", store, tmp_path / "docs").code == 0
    ask = ("ask", "--store", store, question)
    printed = run(*ask)
    assert (printed.code, printed.err) == (0, "")
    assert printed.out.startswith(notice)
    assert ": The ferry of Ostrenvik" in " ".join(printed.out.split("\n\n")[0].split())
    answer = run(*ask, "--json").json()
    assert (answer["refused"], answer["coverage"]) == (False, "partial")
    saved = write("saved.md", run(*ask, "--format", "markdown").out)
    assert saved.read_text("utf-8").splitlines()[2].startswith(f"*{notice}")
    assert run("verify", "--store", store, saved).out == "[1] holds: docs/a.md 0-57\n"


def test_two_sentences_cited_as_one_can_be_verified(
    run: Run, write: Callable[[str, str], Path], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    quote = "Mila Torvand is the captain of Ostrenvik.\nShe was born in Drovel in 1931."
    write("docs/a.md", f"A ferry.\n\n{quote}\n")
    assert run("index", "--store", store, tmp_path / "docs").code == 0
    for style in ("--json", "--format=markdown"):
        saved = write("saved", run("ask", "--store", store, style, "Where was Mila born?").out)
        (cited,) = citations_of(saved.read_text("utf-8"))
        assert cited.quote == quote
        assert run("verify", "--store", store, saved).out == "[1] holds: docs/a.md 10-83\n"


# ask --batch


def batch(path: Path, *lines: object) -> Path:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text(text + "\n", "utf-8")
    return path


def test_a_batch_is_answered_line_by_line(
    seed_store: Path, run: Run, tmp_path: Path, assistant: Assistant
) -> None:
    asked = batch(
        tmp_path / "asked.jsonl",
        {"id": "a", "question": GAB},
        {"id": 2, "question": MONGOLIA},
        "",
        {
            "id": "c",
            "question": "How many new users does it get each day?",
            "history": [{"role": "user", "text": "What is Gab?"}],
        },
        {"id": "d", "question": "When did Parler go offline?", "scope": [NL_003]},
        {"question": "and why?"},
    )
    output = tmp_path / "answers.jsonl"
    result = run("ask", "--store", seed_store, "--batch", asked, "--output", output)
    assert (result.code, result.out, result.err) == (0, "", "")
    answers = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    assert [answer.pop("id") for answer in answers] == ["a", 2, "c", "d", None]
    for answer in answers:
        check_answer(answer, assistant.library.document)
    assert untimed(answers[0]) == untimed(assistant.ask(GAB))
    assert answers[1]["refused"]
    assert "600.000" in answers[2]["text"]
    assert answers[3]["retrieved"] == [NL_003]
    assert answers[4]["clarify"]


BAD_LINES = {
    "no JSON": "{nonsense",
    "no question": '{"id": 7}',
    "not an object": '"a"',
    "a list": "[1, 2]",
    "null": "null",
    "empty": '{"id": 7, "question": ""}',
    "a number": '{"id": 7, "question": 7}',
    "long": json.dumps({"question": "why " * 250_000}),
    "unknown source": '{"question": "What is Gab?", "scope": ["nope"]}',
    "a scope that is none": '{"question": "What is Gab?", "scope": 7}',
    "an unknown source beside a known one": json.dumps(
        {"question": "What is Gab?", "scope": [NL_003, "nope"]}
    ),
    "an empty scope and no question": '{"question": "?!", "scope": []}',
    "a history that is none": '{"question": "What is Gab?", "history": 7}',
    "a turn that is none": '{"question": "What is Gab?", "history": ["x"]}',
    "a turn without text": '{"question": "and why?", "history": [{"role": "user"}]}',
    "a text that is none": '{"question": "why?", "history": [{"role": "user", "text": 7}]}',
    "nested": "[" * 100_000,
    "a huge number": '{"id": 1' + "0" * 5_000 + ', "question": 7}',
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_in_a_batch_stops_no_other(
    name: str, seed_store: Path, run: Run, tmp_path: Path
) -> None:
    good = {"id": "good", "question": GAB}
    asked = batch(tmp_path / "asked.jsonl", good, BAD_LINES[name], {**good, "id": "too"})
    result = run("ask", "--store", seed_store, "--batch", asked)
    assert result.code == 1
    assert result.err == "qa: 1 of 3 questions could not be answered\n"
    first, bad, last = map(json.loads, result.out.splitlines())
    assert (first["id"], last["id"]) == ("good", "too")
    assert first["text"] == last["text"] != ""
    assert set(bad) == {"id", "error"}
    assert bad["error"].startswith("line 2: ")
    assert "\n" not in bad["error"]
    if "unknown source" in name:
        assert "the id 'nope'" in bad["error"]


@pytest.mark.parametrize("options", [(), ("--no-refusal",), ("--source", NL_003)])
def test_a_line_of_a_batch_that_may_use_nothing_is_refused(
    options: tuple[str, ...], seed_store: Path, run: Run, tmp_path: Path, assistant: Assistant
) -> None:
    asked = batch(
        tmp_path / "asked.jsonl",
        {"id": "none", "question": "Hoeveel gebruikers heeft Gab?", "scope": []},
        {"id": "all", "question": "Hoeveel gebruikers heeft Gab?", "scope": None},
    )
    result = run("ask", "--store", seed_store, "--batch", asked, *options)
    assert (result.code, result.err) == (0, "")
    nothing, something = map(json.loads, result.out.splitlines())
    assert (nothing.pop("id"), something.pop("id")) == ("none", "all")
    check_answer(nothing, assistant.library.document)
    assert nothing["text"] == "De documenten geven hierop geen antwoord."
    assert (nothing["refused"], nothing["confidence"]) == (True, 0.0)
    assert nothing["nearest"] == nothing["retrieved"] == []
    assert nothing["index"] == something["index"]
    assert something["retrieved"]


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "half \\ud800", "question": "What is Gab?"}',
        '{"id": "half", "question": "What is \\ud800 Gab?"}',
        '{"id": "line", "question": "What is\u2028Gab?"}',
        '\ufeff{"id": "mark", "question": "What is Gab?"}',
        '{"id": "Windows", "question": "What is Gab?"}\r',
    ],
    ids=["half an id", "half a question", "line separator", "byte order mark", "carriage return"],
)
def test_an_odd_line_in_a_batch_is_answered(
    line: str, seed_store: Path, run: Run, tmp_path: Path
) -> None:
    asked, output = tmp_path / "asked.jsonl", tmp_path / "answers.jsonl"
    asked.write_bytes(f"{line}\n".encode())
    result = run("ask", "--store", seed_store, "--batch", asked, "--output", output)
    assert (result.code, result.err) == (0, "")
    (answer,) = map(json.loads, output.read_bytes().split(b"\n")[:-1])
    assert answer["id"] == json.loads(line.strip("\ufeff"))["id"]
    assert "Gab" in answer["text"]


@pytest.mark.parametrize(
    "content", [None, b"caf\xe9\n", b"\xff\xfe{\x00"], ids=["missing", "latin", "utf-16"]
)
def test_a_batch_that_is_no_file_of_text_is_said_in_one_sentence(
    content: bytes | None, seed_store: Path, run: Run, tmp_path: Path
) -> None:
    asked = tmp_path / "asked.jsonl"
    if content is not None:
        asked.write_bytes(content)
    result = run("ask", "--store", seed_store, "--batch", asked)
    assert result.code in {1, 2}
    assert "asked.jsonl" in result.err
    assert_one_sentence(result)


# The store


def test_a_store_that_was_named_must_be_there(run: Run, tmp_path: Path) -> None:
    store = tmp_path / "none"
    saved = batch(tmp_path / "answer.json", {"citations": []})
    for command in (
        ["ask", GAB],
        ["sources"],
        ["sources", "show", EN_004],
        ["sources", "remove", EN_004],
        ["verify", str(saved)],
        ["check"],
    ):
        result = run(*command, "--store", store)
        assert (result.code, result.out) == (1, ""), command
        assert result.err == f"qa: There is no index in {store} yet; run: qa index\n"
        assert not (store / "CURRENT").exists()


def test_the_environment_names_the_store_and_the_command_line_overrides_it(
    seed_store: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QA_STORE", str(seed_store))
    assert "600.000" in run("ask", GAB).out
    assert len(run("sources", "--json").json()["documents"]) == 5
    assert run("check").out == f"{seed_store} is sound\n"
    assert run("ask", "--store", tmp_path / "none", GAB).code == 1
    assert list(tmp_path.iterdir()) == []


def test_without_a_store_the_articles_are_indexed_first(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("ask", "").code == 2
    assert list(tmp_path.iterdir()) == []  # not for a question that is none
    result = run("ask", GAB)
    assert (result.code, result.err) == (0, "")
    assert "600.000" in result.out
    assert (tmp_path / ".qa" / "CURRENT").read_text() == "gen-000001\n"


def lose(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def turn(path: Path) -> None:
    """Garble a file, or the largest in a folder."""
    files = [f for f in path.rglob("*") if f.is_file()] if path.is_dir() else [path]
    largest = max(files, key=lambda f: f.stat().st_size)
    largest.write_bytes(bytes(255 - byte for byte in largest.read_bytes()))


@pytest.mark.parametrize(
    ("part", "answers", "mended"),
    [
        ("CURRENT", True, ""),
        ("gen-000001/words", True, "mended words, which was damaged\n"),
        ("gen-000001/vectors", True, "mended vectors, which was damaged\n"),
        ("gen-000001/truth.sqlite", False, ""),
        ("gen-000001/manifest.json", False, ""),
    ],
)
@pytest.mark.parametrize("damage", [lose, turn])
def test_what_a_check_advises_for_a_damaged_store_mends_it(
    part: str,
    answers: bool,
    mended: str,
    damage: Callable[[Path], None],
    run: Run,
    write: Callable[[str, str], Path],
    tmp_path: Path,
) -> None:
    store = tmp_path / "store"
    docs = write("docs/a.md", "The ferry of Ostrenvik was painted green by Mila Torvand.").parent
    assert run("index", "--store", store, docs).code == 0
    damage(store / part)
    checked = run("check", "--store", store)
    assert (checked.code, checked.out) == (1, "")
    faults = checked.err.splitlines()
    assert all(line.startswith("qa: ") for line in faults)
    asked = run("ask", "--store", store, "Who painted the ferry of Ostrenvik?")
    assert asked.code == (0 if answers else 1)
    assert ("Mila Torvand" in asked.out) == answers
    if not answers:
        assert_one_sentence(asked)
        plain = run("index", "--store", store)
        assert (plain.code, plain.out) == (1, "")
        assert_one_sentence(plain)
        assert "qa index --rebuild" in plain.err
    _, _, advised = faults[-1].rpartition(": qa ")
    command = advised.replace("PATH…", str(docs)).split()
    result = run(*command, "--store", store)
    assert result.code == 0, result.err
    assert mended in result.out
    assert run("check", "--store", store).out == f"{store} is sound\n"
    again = run("ask", "--store", store, "Who painted the ferry of Ostrenvik?")
    assert "Mila Torvand" in again.out
    assert "damaged" not in again.out


def test_a_store_of_a_newer_version_says_so_and_is_not_to_be_mended(store: Path, run: Run) -> None:
    path = store / "gen-000001" / "manifest.json"
    newer = json.loads(path.read_text("utf-8")) | {"format": FORMAT + 1}
    path.write_text(json.dumps(newer), "utf-8")
    result = run("check", "--store", store)
    assert result.code == 1
    assert "install a newer version" in result.err
    assert "rebuild" not in result.err


def test_a_store_that_is_a_file_is_said_in_one_sentence(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    for command in (["ask", GAB], ["index", str(SEEDS)], ["check"]):
        result = run(*command, "--store", file)
        assert result.code == 1
        assert "file" in result.err
        assert_one_sentence(result)
    assert file.read_text() == "x"


# index


def test_indexing_says_what_changed(
    run: Run, tmp_path: Path, write: Callable[[str, str], Path]
) -> None:
    store, docs = tmp_path / "store", write("docs/a.md", "Gab grows.").parent
    gone = write("docs/b.md", "Gab falls.")
    first = run("index", "--store", store, docs)
    assert (first.code, first.err) == (0, "")
    assert first.out == (
        "added docs/a.md\n"
        "added docs/b.md\n"
        "2 documents (2 added, 0 changed, 0 removed, 0 unchanged), 0 refused, "
        "0 hidden or linked left out; 2 chunks in gen-000001\n"
    )
    write("docs/a.md", "Gab grows a lot.")
    write("docs/c.md", "Gab stays.")
    gone.unlink()
    second = run("index", "--store", store)
    assert second.out == (
        "added docs/c.md\n"
        "changed docs/a.md\n"
        "removed docs/b.md\n"
        "2 documents (1 added, 1 changed, 1 removed, 0 unchanged), 0 refused, "
        "0 hidden or linked left out; 2 chunks in gen-000002\n"
    )
    assert run("index", "--store", store, "--json").json() == {
        "generation": "gen-000002",
        "added": [],
        "changed": [],
        "removed": [],
        "unchanged": ["docs/a.md", "docs/c.md"],
        "refused": [],
        "left_out": 0,
        "n_chunks": 2,
        "mended": [],
    }
    rebuilt = run("index", "--store", store, "--rebuild", "--json").json()
    assert (rebuilt["generation"], rebuilt["unchanged"]) == (
        "gen-000003",
        ["docs/a.md", "docs/c.md"],
    )
    other = write("other/d.md", "Parler falls.").parent
    only = run("index", "--store", store, "--only", other, "--json").json()
    assert (only["added"], only["removed"]) == (["other/d.md"], ["docs/a.md", "docs/c.md"])


def test_each_format_is_indexed_and_cited(run: Run, tmp_path: Path) -> None:
    docs, store = tmp_path / "docs", tmp_path / "store"
    docs.mkdir()
    make_pdf(
        docs / "a.pdf", [["The red bridge opened in 1987."], ["The blue bridge fell in 1990."]]
    )
    make_docx(docs / "b.docx", ["The green bridge burned in 1991."])
    (docs / "c.html").write_text("<p>The white bridge sank in 1992.</p>", "utf-8")
    (docs / "d.jsonl").write_text('{"id": "black", "text": "The black bridge rose in 1993."}\n')
    assert run("index", "--store", store, docs).code == 0
    for colour, doc_id, year, page in (
        ("red", "docs/a.pdf", "1987", 1),
        ("blue", "docs/a.pdf", "1990", 2),
        ("green", "docs/b.docx", "1991", None),
        ("white", "docs/c.html", "1992", None),
        ("black", "black", "1993", None),
    ):
        answer = run("ask", "--store", store, "--json", f"What about the {colour} bridge?").json()
        first = answer["citations"][0]
        assert (first["doc_id"], first["page"]) == (doc_id, page)
        assert year in first["quote"]


def refused_file(folder: Path, kind: str) -> Path:
    path = folder / {"broken": "broken.pdf", "no PDF": "noise.pdf"}.get(kind, "noise.txt")
    content = {"broken": b"%PDF-1.4\nbroken", "empty": b""}.get(kind)
    path.write_bytes(bytes(range(256)) * 9 if content is None else content)
    return path


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("empty", "is empty"),
        ("broken", "is cut off"),
        ("no PDF", "is not a PDF, whatever its name says"),
        ("binary", "looks like a binary file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_name(
    kind: str, why: str, run: Run, tmp_path: Path
) -> None:
    folder, store = tmp_path / "docs", tmp_path / "store"
    folder.mkdir()
    file = refused_file(folder, kind)
    alone = run("index", "--store", store, file)
    assert (alone.code, alone.out) == (1, "")
    assert f"{file} {why}" in alone.err
    assert_one_sentence(alone)
    assert not (store / "CURRENT").exists()
    (folder / "good.md").write_text("Gab grows.", "utf-8")
    among = run("index", "--store", store, folder)  # the rest goes on
    assert (among.code, among.err) == (0, "")
    assert "added docs/good.md\n" in among.out
    assert f"refused {file}: {why}" in among.out
    named = run("index", "--store", store, folder, file)  # but a file that was named is missed
    assert named.code == 1
    assert f"refused {file}: {why}" in named.out


def test_a_path_that_is_not_there_or_holds_nothing_is_said(run: Run, tmp_path: Path) -> None:
    store, empty = tmp_path / "store", tmp_path / "empty"
    empty.mkdir()
    for path, why in ((tmp_path / "missing", "does not exist"), (empty, "holds no documents")):
        result = run("index", "--store", store, path)
        assert (result.code, result.out) == (1, "")
        assert result.err == f"qa: There is nothing to index: {path} {why}\n"
    assert not (store / "CURRENT").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "secret.txt"
    file.write_text("Gab grows.")
    file.chmod(0)
    result = run("index", "--store", tmp_path / "store", file)
    assert result.code == 1
    assert "secret.txt" in result.err
    assert_one_sentence(result)


def test_two_documents_with_one_id_are_refused_and_both_named(
    run: Run, write: Callable[[str, str], Path], tmp_path: Path
) -> None:
    one, two = write("one/docs/a.md", "Gab grows."), write("two/docs/a.md", "Gab falls.")
    write("one/docs/b.md", "Gab stays.")
    result = run("index", "--store", tmp_path / "store", one.parent, two.parent)
    assert result.code == 0
    assert "added docs/b.md\n" in result.out
    assert f"refused {one}: has the same document id 'docs/a.md' as {two}" in result.out
    assert f"refused {two}: has the same document id 'docs/a.md' as {one}" in result.out


def test_a_file_name_cannot_write_a_line_of_its_own(
    run: Run, write: Callable[[str, str], Path], tmp_path: Path
) -> None:
    docs = write("docs/good.md", "Gab grows.").parent
    try:
        write("docs/a\nadded docs/forged.md\n\x1b[2J.txt", "x")
    except OSError:
        pytest.skip("this file system takes no such names")
    result = run("index", "--store", tmp_path / "store", docs)
    assert "\x1b" not in result.out
    assert len(result.out.splitlines()) == 3  # added, refused, how many
    assert "added docs/forged.md" not in result.out.splitlines()


# sources


def test_sources_are_listed(seed_store: Path, run: Run) -> None:
    lines = run("sources", "--store", seed_store).out.splitlines()
    assert lines[4] == (
        f"{EN_004}  en  2021-01     "
        "Amazon cuts off Parler, leaving the far-right without its favourite network"
    )
    assert lines[5] == f"5 documents from {SEEDS}"
    assert run("sources", "list", "--store", seed_store).out.splitlines() == lines
    listed = run("sources", "--store", seed_store, "--json").json()
    assert set(listed) == {"roots", "documents"}
    assert listed["roots"] == [str(SEEDS)]
    assert set(listed["documents"][0]) == {
        "id",
        "title",
        "language",
        "date",
        "source",
        "size_chars",
        "sha256",
    }


def test_a_source_is_shown_to_the_letter(
    seed_store: Path, run: Run, library: Library, write: Callable[[str, str], Path], tmp_path: Path
) -> None:
    document = library.document(EN_004)
    assert run("sources", "show", EN_004, "--store", seed_store).out == document.text
    shown = run("sources", "show", EN_004, "--store", seed_store, "--json").json()
    assert (shown["text"], shown["sha256"], shown["id"]) == (document.text, document.sha256, EN_004)
    odd, store = write("odd.txt", "Two\u2028lines \u202eand\u202c\tno end"), tmp_path / "store"
    assert run("index", "--store", store, odd).code == 0
    text = "Two\u2028lines \u202eand\u202c\tno end\n"  # a line end for the terminal
    assert run("sources", "show", "odd.txt", "--store", store).out == text


def test_options_may_stand_before_or_after_the_names(seed_store: Path, run: Run) -> None:
    after = run("sources", "show", EN_004, "--store", seed_store)
    assert run("sources", "--store", seed_store, "show", EN_004) == after
    assert run("sources", "show", "--store", seed_store, EN_004) == after


@pytest.mark.parametrize("action", ["show", "remove"])
def test_an_unknown_source_is_wrong_use_and_changes_nothing(
    action: str, store: Path, run: Run
) -> None:
    result = run("sources", action, EN_004, "nope", "--store", store)
    assert result.code == 2
    assert "'nope'" in result.err
    assert_one_sentence(result)
    assert len(run("sources", "--store", store, "--json").json()["documents"]) == 5


def test_sources_are_removed_by_id_and_by_root(store: Path, run: Run) -> None:
    result = run("sources", "remove", EN_004, "--store", store)
    assert result.code == 0
    assert result.out.startswith(f"removed {EN_004}\n")
    assert "\n4 documents (0 added, 0 changed, 1 removed, 4 unchanged)" in result.out
    assert (
        "Cambridge"
        not in run("ask", "--store", store, "--no-refusal", "Where did Henry Goodwin study?").out
    )
    report = run("sources", "remove", SEEDS, "--store", store, "--json").json()
    assert len(report["removed"]) == 4
    assert run("sources", "--store", store, "--json").json() == {"roots": [], "documents": []}
    assert run("ask", "--store", store, "--fail-on-refusal", GAB).code == 3


# verify and check


@pytest.mark.parametrize("style", [("--json",), ("--format", "markdown")])
def test_what_became_of_a_saved_answer_is_told(
    style: tuple[str, ...], run: Run, write: Callable[[str, str], Path], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    sentences = {
        name: f"The {name} --> bridge of Oldtown | opened." for name in ("a", "b", "c", "d")
    }
    for name, text in sentences.items():
        write(f"docs/{name}.md", text)
    docs = tmp_path / "docs"
    assert run("index", "--store", store, docs).code == 0
    saved = tmp_path / "saved"
    each = [f"--source=docs/{name}.md" for name in sentences]
    ask = ("ask", "--store", store, "--no-refusal", *style, *each)
    saved.write_text(run(*ask, "Which bridge of Oldtown opened?").out, "utf-8")
    kept = citations_of(saved.read_text("utf-8"))
    assert {citation.doc_id for citation in kept} == {f"docs/{name}.md" for name in sentences}
    sound = run("verify", "--store", store, saved)
    assert sound.code == 0
    assert sound.out.splitlines() == [
        f"[{c.number}] holds: {c.doc_id} {c.start}-{c.end}" for c in kept
    ]
    write("docs/b.md", f"Read this first. {sentences['b']}")
    write("docs/c.md", sentences["c"].replace("opened", "closed"))
    (docs / "d.md").unlink()
    assert run("index", "--store", store).code == 0
    stale = run("verify", "--store", store, saved)
    assert (stale.code, stale.err) == (1, "")
    states = {line.split()[2]: line.split()[1].rstrip(":") for line in stale.out.splitlines()}
    assert states == {
        "docs/a.md": "holds",
        "docs/b.md": "moved",
        "docs/c.md": "changed",
        "docs/d.md": "gone",
    }
    as_json = run("verify", "--store", store, saved, "--json")
    assert as_json.code == 1
    assert {c["doc_id"]: c["state"] for c in json.loads(as_json.out)} == states


def test_a_changed_digit_in_a_saved_answer_is_found(
    seed_store: Path, run: Run, tmp_path: Path
) -> None:
    saved = tmp_path / "answer.json"
    answer = run("ask", "--store", seed_store, "--json", GAB).out
    saved.write_text(answer.replace("600.000", "900.000"), "utf-8")
    result = run("verify", "--store", seed_store, saved)
    assert result.code == 1
    assert result.out.startswith(f"[1] changed: {NL_003} ")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "answer.json"),
        (b"", "It is neither an answer in JSON nor one in Markdown"),
        (b"# A note", "It is neither an answer in JSON nor one in Markdown"),
        (b"[]", "it has no list of citations"),
        (b'{"citations": [{}]}', "A citation has no 'number'"),
        (b"<!-- cite {not json} -->", ""),
        (b"[" * 100_000, ""),
        (b"caf\xe9", ""),
        (b"\x00\xff" * 99, ""),
    ],
    ids=["missing", "empty", "note", "list", "no number", "comment", "nested", "latin", "noise"],
)
def test_what_is_no_saved_answer_is_said_in_one_sentence(
    content: bytes | None, why: str, seed_store: Path, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "answer.json"
    if content is not None:
        file.write_bytes(content)
    result = run("verify", "--store", seed_store, file)
    assert result.out == ""
    assert result.code in {1, 2}
    assert why in result.err
    assert_one_sentence(result)


@pytest.mark.parametrize("command", [["verify"], ["ask", "--batch"]])
def test_a_missing_file_is_named_in_words(
    command: list[str], seed_store: Path, run: Run, tmp_path: Path
) -> None:
    result = run(*command, tmp_path / "missing", "--store", seed_store)
    assert str(tmp_path / "missing") in result.err
    assert "Errno" not in result.err


def test_an_answer_saved_with_a_byte_order_mark_is_read(
    seed_store: Path, run: Run, tmp_path: Path
) -> None:
    saved = tmp_path / "answer.json"
    saved.write_text(run("ask", "--store", seed_store, "--json", GAB).out, "utf-8-sig")
    assert run("verify", "--store", seed_store, saved).code == 0


# In processes of their own: exit codes, signals, pipes and terminals


def test_the_exit_codes_are_those_of_the_process(seed_store: Path) -> None:
    children = {
        0: qa_process("ask", "--store", seed_store, GAB),
        1: qa_process("ask", "--store", seed_store / "none", GAB),
        2: qa_process("ask", "--store", seed_store, ""),
        3: qa_process("ask", "--store", seed_store, "--fail-on-refusal", MONGOLIA),
    }
    results = {expected: result_of(child) for expected, child in children.items()}
    assert {expected: result.code for expected, result in results.items()} == {
        expected: expected for expected in children
    }
    assert results[0].err == results[3].err == ""
    assert results[1].out == results[2].out == ""
    assert_one_sentence(results[1])
    assert_one_sentence(results[2])


def test_an_interrupted_build_leaves_the_index_as_it_was(tmp_path: Path, store: Path) -> None:
    corpus = tmp_path / "corpus.jsonl"
    with corpus.open("w", encoding="utf-8") as stream:
        for n in range(3_000):
            text = f"Town {n} has {n} bridges and a mayor. " * 20
            stream.write(json.dumps({"id": f"d{n}", "text": text}) + "\n")
    child = qa_process("index", "--store", store, corpus)
    deadline = time.monotonic() + 30
    while not list(store.glob("building-*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    assert child.poll() is None
    child.send_signal(signal.SIGINT)
    stopped = result_of(child)
    assert stopped.code == 130
    assert stopped.out == ""
    assert stopped.err == "qa: Interrupted; the index is as it was\n"
    assert (store / "CURRENT").read_text() == "gen-000001\n"
    assert not list(store.glob("building-*"))
    library = Library.open(store)
    assert len(library.documents()) == 5
    library.close()


def test_a_reader_that_has_enough_is_no_fault(seed_store: Path) -> None:
    for arguments in (
        ["ask", "--store", str(seed_store), "--json", GAB],
        ["sources", "--store", str(seed_store)],
    ):
        reading, writing = os.pipe()
        os.close(reading)
        child = qa_process(*arguments, stdout=writing)
        os.close(writing)
        _, err = child.communicate(timeout=60)
        assert err == ""
    head = subprocess.run(
        f"'{sys.executable}' -m qa sources show {EN_004} --store '{seed_store}' | head -1",
        shell=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        check=False,
    )
    assert head.returncode == 0
    assert head.stdout.startswith("Parler, the so-called 'free speech' app")
    assert (head.stdout.count("\n"), head.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_said_in_one_sentence(seed_store: Path) -> None:
    with Path("/dev/full").open("w") as full:
        child = qa_process("ask", "--store", seed_store, GAB, stdout=full)
        _, err = child.communicate(timeout=60)
    assert child.returncode == 1
    assert err.count("\n") == 1
    assert "No space left" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_knows_few_characters_still_gets_an_answer(
    encoding: str, seed_store: Path
) -> None:
    child = subprocess.run(
        [sys.executable, "-m", "qa", "ask", "--store", str(seed_store), GAB],
        capture_output=True,
        cwd=ROOT,
        env=environment(PYTHONIOENCODING=encoding),
        check=False,
    )
    assert child.stderr == b""
    assert child.returncode == 0
    assert b"600.000 nieuwe gebruikers" in child.stdout


def in_terminal(*arguments: str | Path) -> tuple[int, bytes]:
    """The exit code, and all that a terminal would be sent."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    child = qa_process(*arguments, terminal=theirs)
    os.close(theirs)
    sent = b""
    with suppress(OSError):  # Linux: the other side is closed
        while read := os.read(ours, 65_536):
            sent += read
    os.close(ours)
    return child.wait(timeout=60), sent


def test_a_document_cannot_steer_the_terminal_it_is_shown_in(run: Run, tmp_path: Path) -> None:
    steering = "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m\x08"
    corpus, store = tmp_path / "corpus.jsonl", tmp_path / "store"
    line = {
        "id": f"odd{steering}",
        "title": f"Title {steering}",
        "text": f"The bridge of Oldtown {steering} opened in 1987. " + "It is old. " * 50,
        "url": f"http://a.example/{steering}",
    }
    corpus.write_text(json.dumps(line), "utf-8")
    assert run("index", "--store", store, corpus).code == 0
    for arguments in (
        ["ask", "--store", str(store), "When did the bridge of Oldtown open?"],
        ["sources", "--store", str(store)],
        ["sources", "show", str(line["id"]), "--store", str(store)],
    ):
        code, sent = in_terminal(*arguments)
        assert code == 0
        assert b"Oldtown" in sent or b"odd" in sent
        for steered in ("\x1b", "\x07", "\u202e", "\x9b", "\x08"):
            assert steered.encode() not in sent, (arguments[:2], steered)


def test_a_build_in_a_terminal_shows_its_progress(tmp_path: Path) -> None:
    code, sent = in_terminal("index", "--store", tmp_path / "store", SEEDS)
    assert code == 0
    assert b"5 documents (5 added, 0 changed, 0 removed, 0 unchanged), 0 refused" in sent
    for stage in (b"read", b"embed", b"store", b"verify"):
        assert stage in sent
