"""A set of questions asked and measured, over a small corpus of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from index import Library
from index.errors import BuildError
from qa import Assistant
from qa.__main__ import main
from qa.errors import QuestionError
from qa.evaluate import evaluate, misses, predict, table
from qa.judge import EvalQuestion, Prediction, Value
from qa.measures import Report, score
from tests.predictions import (
    DE_YEAR,
    LANGUAGES,
    NL_GRAIN,
    NL_YEAR,
    TEXTS,
    answered,
    cite,
    gold,
    question,
    refused,
)

# Of one sentence each, so that what is measured here is not how good an answer is.
BRIDGE = "The engineer Ada Vennik designed the Larnholt bridge."
BROT = "Die Bäckerei Quendel backt jeden Tag 900 Brote."
DOCUMENTS: list[dict[str, Any]] = [
    {
        "id": "bridge",
        "title": "The Larnholt bridge",
        "text": BRIDGE,
        "lang": "en",
    },
    {
        "id": "brot",
        "title": "Die Bäckerei Quendel",
        "text": BROT,
        "lang": "de",
    },
    {"id": "broken", "text": "A document with \x00 in it.", "lang": "en"},
]
ASKED: list[dict[str, Any]] = [
    {
        "id": "who",
        "lang": "en",
        "question": "Who designed the Larnholt bridge?",
        "answerable": True,
        "gold": [{"doc_id": "bridge", "answer": BRIDGE, "start": 0}],
        "accept": ["Vennik"],
        "type": "who",
    },
    {
        "id": "elsewhere",
        "lang": "en",
        "question": "Who designed the Larnholt bridge?",
        "answerable": False,
        "gold": [],
        "scope": ["broken", "gone"],
    },
    {
        "id": "brote",
        "lang": "de",
        "question": "Wie viele Brote backt die Bäckerei Quendel jeden Tag?",
        "answerable": True,
        "gold": [{"doc_id": "brot", "answer": "900 Brote", "start": 37}],
        "scope": ["brot", "broken"],
        "history": [{"role": "agent", "text": "Guten Tag!"}],
        "type": "howmany",
    },
    {
        "id": "unknown",
        "lang": "en",
        "question": "What is the capital of Mongolia?",
        "answerable": False,
        "gold": [],
    },
]

Write = Callable[[Sequence[object], Sequence[object]], Path]


@pytest.fixture
def write_set(tmp_path: Path) -> Write:
    """``write_set(documents, questions)`` makes the folder of a set."""

    def write(documents: Sequence[object], questions: Sequence[object]) -> Path:
        folder = tmp_path / "set"
        folder.mkdir(exist_ok=True)
        for name, rows in (("corpus", documents), ("questions", questions)):
            text = "\n".join(json.dumps(row) for row in rows)
            (folder / f"{name}.jsonl").write_text(text, "utf-8")
        return folder

    return write


@pytest.fixture
def folder(write_set: Write, quick_verify: None) -> Path:
    assert BROT.index("900 Brote") == 37
    return write_set(DOCUMENTS, ASKED)


@pytest.fixture
def over_bridge(assistant_over: Callable[[dict[str, str]], Assistant]) -> Assistant:
    return assistant_over({"bridge.txt": BRIDGE, "brot.txt": BROT})


# Asking


WHO = EvalQuestion("who", "en", "Who designed the Larnholt bridge?", True)


def test_each_question_is_asked_from_its_scope(over_bridge: Assistant) -> None:
    (bridge, brot) = ("docs/bridge.txt", "docs/brot.txt")
    questions = [WHO, replace(WHO, id="brot", scope=(brot, "gone")), replace(WHO, scope=(bridge,))]
    free, wrong, right = predict(over_bridge, questions, refuse=False)
    assert free.answer.citations[0].doc_id == bridge
    assert set(wrong.answer.retrieved) <= {brot}
    assert (wrong.asked, wrong.left_out) == (True, ("gone",))
    assert right.answer.citations == free.answer.citations
    assert set(right.answer.retrieved) == {bridge}


@pytest.mark.parametrize("scope", [(), ("gone",), ("gone", "too")])
def test_where_nothing_may_be_used_it_counts_as_refused(
    scope: tuple[str, ...], over_bridge: Assistant
) -> None:
    (found,) = predict(over_bridge, [replace(WHO, scope=scope)], refuse=False)
    assert (found.id, found.asked, found.left_out) == ("who", False, scope)
    assert (found.answer.refused, found.answer.confidence) == (True, 0.0)
    (everywhere,) = predict(over_bridge, [replace(WHO, scope=scope)], all_documents=True)
    assert everywhere.asked
    assert "Vennik" in everywhere.answer.text


def test_refusal_can_be_turned_off(over_bridge: Assistant) -> None:
    asked = [replace(WHO, question="What is the capital of Mongolia?")]
    (refused,), (said,) = (predict(over_bridge, asked, refuse=on) for on in (True, False))
    assert (refused.answer.refused, said.answer.refused) == (True, False)


def test_progress_is_told(over_bridge: Assistant) -> None:
    seen: list[tuple[str, int, int]] = []
    predict(over_bridge, [WHO, WHO], progress=lambda *told: seen.append(told))
    assert seen == [("ask", 0, 2), ("ask", 1, 2)]


# The whole of it


def test_a_set_is_indexed_asked_and_measured(folder: Path) -> None:
    report = evaluate(folder)
    assert (report.n_documents, report.n_refused_documents) == (2, 1)
    assert (report.n_not_asked, report.n_left_out, report.n_missing) == (1, 3, 0)
    total = report.total
    assert (total.n, total.n_answerable) == (4, 2)
    assert (total.answer_hit.value, total.first_right.value, total.mrr_at_10.value) == (1, 1, 1)
    assert (total.hallucination_rate.value, total.over_abstention.value) == (0, 0)
    assert (total.verbatim_rate.value, total.refusal_auroc) == (1, 1)
    assert list(report.by_pair) == ["de->de", "en->en"]
    assert list(report.by_kind) == ["how_many", "other", "who"]


def test_the_index_is_kept_where_a_store_is_named(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    first = evaluate(folder, store=store)
    generation = Library.open(store).snapshot
    with generation() as snapshot:
        before = snapshot.name
    again = evaluate(folder, store=store)
    assert again.to_dict() == first.to_dict()
    with generation() as snapshot:
        assert snapshot.name == before


def test_an_index_of_other_documents_is_left_alone(folder: Path, store: Path) -> None:
    before = Library.open(store).documents()
    with pytest.raises(QuestionError, match="holds other documents"):
        evaluate(folder, store=store)
    assert Library.open(store).documents() == before


def test_a_sample_is_the_same_each_time_and_in_order(write_set: Write, quick_verify: None) -> None:
    questions = [ASKED[0] | {"id": f"q{n:02}"} for n in range(20)]
    folder = write_set(DOCUMENTS, questions)
    ids = [[j.question.id for j in evaluate(folder, sample=6).judged] for _ in range(2)]
    assert ids[0] == ids[1] == sorted(ids[0])
    assert len(set(ids[0])) == 6
    assert ids[0] != [f"q{n:02}" for n in range(6)]


def test_a_sample_larger_than_the_set_is_the_set(folder: Path) -> None:
    assert evaluate(folder, sample=99).total.n == len(ASKED)


def test_gold_in_a_document_that_is_not_there_is_said(write_set: Write) -> None:
    folder = write_set(DOCUMENTS[1:], ASKED)
    with pytest.raises(QuestionError, match="'who' is answered by 'bridge', which is not in"):
        evaluate(folder)


def test_a_corpus_of_which_nothing_can_be_read_is_a_failure(
    write_set: Write, quick_verify: None
) -> None:
    with pytest.raises(BuildError):
        evaluate(write_set(["nothing"], ASKED[1:2]))


def test_a_language_that_the_corpus_does_not_name_is_the_index_s(
    write_set: Write, quick_verify: None
) -> None:
    unnamed = {name: DOCUMENTS[0][name] for name in ("id", "text")}
    assert list(evaluate(write_set([unnamed], ASKED[:1])).by_pair) == ["en->en"]


# The command


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run_main(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main(["eval", *map(str, arguments)])
        except SystemExit as stopped:  # argparse
            code = stopped.code if isinstance(stopped.code, int) else 1
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run_main


Run = Callable[..., tuple[int, str, str]]


def test_the_command_prints_a_table_and_writes_what_it_is_asked_to(
    folder: Path, tmp_path: Path, run: Run
) -> None:
    wrong, said = tmp_path / "misses.md", tmp_path / "said.jsonl"
    code, out, err = run(folder, "--misses", wrong, "--predictions", said)
    assert (code, err) == (0, "")
    assert out.startswith("4 questions, 2 of them answerable, over 2 documents\n")
    assert "\n1 documents could not be indexed\n" in out
    assert "\nanswer hit                  1.000  1.000 – 1.000      2\n" in out
    assert wrong.read_text("utf-8") == "# 0 of 4 questions are missed\n"
    answers = [json.loads(line) for line in said.read_text("utf-8").splitlines()]
    assert [answer["id"] for answer in answers] == [asked["id"] for asked in ASKED]
    assert [answer["refused"] for answer in answers] == [False, True, False, True]
    assert answers[0]["citations"][0]["quote"] == BRIDGE


def test_the_command_prints_the_same_figures_as_json(folder: Path, run: Run) -> None:
    code, out, _ = run(folder, "--json")
    assert code == 0
    assert json.loads(out) == json.loads(json.dumps(evaluate(folder).to_dict()))


def test_the_temporary_index_is_gone_afterwards(
    folder: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    assert run(folder)[0] == 0
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        ("--sample", "0"),
        ("--sample", "many"),
        ("--misses", "nowhere/misses.md"),
        ("--predictions", "."),
        ("--predictions", "set/questions.jsonl"),
        ("--misses", "set/corpus.jsonl"),
    ],
)
def test_wrong_use_is_said_before_anything_is_done(
    options: tuple[str, str],
    folder: Path,
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    code, out, err = run(folder, *options)
    assert (code, out) == (2, "")
    assert options[1] in err
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_bad_line_and_a_missing_file_are_said_in_one_sentence(
    write_set: Write, tmp_path: Path, run: Run
) -> None:
    folder = write_set(DOCUMENTS, [ASKED[0], {"id": "x"}])
    code, out, err = run(folder)
    assert (code, out) == (2, "")
    assert err.startswith("qa: ")
    assert 'questions.jsonl, line 2: "lang" is missing; make it text\n' in err
    code, out, err = run(tmp_path / "nowhere")
    assert (code, out) == (1, "")
    assert err == f"qa: {tmp_path / 'nowhere' / 'corpus.jsonl'}: No such file or directory\n"


# To read


def made(questions: Sequence[EvalQuestion], predictions: Sequence[Prediction]) -> Report:
    return score(questions, predictions, TEXTS, LANGUAGES)


def test_misses_are_grouped_by_what_is_wrong() -> None:
    nl_year = gold("nl", NL_YEAR)
    years = (Value("1782", ("1782",), ("nl",)), Value("1791", ("1791",), ("de",)))
    split = question("value", nl_year, gold("de", DE_YEAR), type_="disagree")
    report = made(
        [
            question("right", nl_year),
            question("first", nl_year),
            question("refused", nl_year),
            question("answered"),
            replace(split, values=years),
            replace(question("text", nl_year), accept=("1783",)),
        ],
        [
            answered("right", cite("nl", NL_YEAR)),
            answered("first", cite("nl", NL_GRAIN), cite("nl", NL_YEAR, number=2)),
            refused("refused", confidence=0.31),
            answered("answered", cite("nl", NL_GRAIN)),
            answered("value", cite("nl", NL_YEAR)),
            answered("text", cite("nl", NL_YEAR)),
        ],
    )
    heads = [line for line in misses(report).splitlines() if line.startswith("#")]
    assert heads[0] == "# 5 of 6 questions are missed"
    assert [head for head in heads if head.startswith("## ")] == [
        "## Refused though answerable (1)",
        "## Answered though unanswerable (1)",
        "## The first citation is wrong (1)",
        "## A value is not shown (1)",
        "## The answer is not in the text (1)",
    ]


def test_a_miss_says_what_was_expected_and_what_was_said() -> None:
    asked = replace(question("q_1", gold("nl", NL_YEAR)), question="When <b>did</b>\n# it open?")
    text = misses(made([asked], [answered("q_1", cite("nl", NL_GRAIN), confidence=0.5)]))
    assert text == (
        "# 1 of 1 questions are missed\n"
        "\n"
        "## The first citation is wrong (1)\n"
        "\n"
        "### When \\<b\\>did\\</b\\> \\# it open?\n"
        "\n"
        "- q\\_1: en, type when, kind when\n"
        f"- expected: “{NL_YEAR}” (nl)\n"
        f"- answered: {NL_GRAIN} (confidence 0.50)\n"
        f"- wrong \\[1\\] nl 43–68: “{NL_GRAIN}”\n"
    )


def test_a_table_shows_what_could_be_measured_and_nothing_else() -> None:
    shown = table(made([question("a")], [answered("a", cite("nl", NL_YEAR), confidence=0.25)]))
    assert "\nhallucination rate          1.000                     1\n" in shown
    assert "answer hit" not in shown
    assert "refusal auroc" not in shown
    assert "brier constant              0.000" in shown
    assert "\nen                              1        -        -        -    0.000  " in shown
    assert "pair" not in shown


def test_no_name_in_a_set_can_write_a_line_of_its_own() -> None:
    odd = replace(question("a", type_="x\ny\x1b[31m"), lang="e\nn")
    shown = table(made([odd], [refused("a")]))
    assert "\nx y[31m " in shown
    assert "\ne n " in shown
    assert "\x1b" not in shown
