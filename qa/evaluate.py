"""A set of questions asked and measured: what ``qa eval`` does.

A set is a folder with ``corpus.jsonl``, which the index reads as any other file of documents, and
``questions.jsonl``, of which ``load_questions`` says the form.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from qa.assistant import Assistant
from qa.errors import QuestionError
from qa.judge import EvalQuestion, Prediction
from qa.measures import Rate, score
from qa.question_set import load_questions, load_texts
from qa.render import escaped, one_line
from qa.settings import Settings, open_library
from qa.types import Citation

if TYPE_CHECKING:
    from index import Library
    from index.gather import Progress
    from index.types import BuildReport
    from qa.judge import Judged
    from qa.measures import Measures, Report

CORPUS, QUESTIONS = "corpus.jsonl", "questions.jsonl"
_SEED = 7
_EXPECTED = 3  # gold answers that a miss shows
_COLUMNS = {
    "hit": "answer_hit",
    "first": "first_right",
    "cited": "citation_recall",
    "refused": "refusal_rate",
    "found@1": "hit_at_1",
    "found@10": "recall_at_10",
}


def evaluate(
    folder: Path,
    *,
    store: Path | None = None,
    refuse: bool = True,
    all_documents: bool = False,
    sample: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Index the corpus in ``folder``, ask its questions, and measure the answers.

    The embedding is the one that the environment names.

    Args:
        folder: Holds ``corpus.jsonl`` and ``questions.jsonl``.
        store: Keeps the index for the next run; without it, it is made in a temporary folder.
        refuse: As ``Assistant.ask`` has it.
        all_documents: Answer from the whole corpus, whatever a question's scope.
        sample: Ask this many of the questions only, the same in every run.
        progress: Is told how far it is.

    Raises:
        QuestionError: a question cannot be read, or ``store`` holds other documents.
        SettingsError: the environment sets what cannot be.
        LibraryError: the corpus cannot be indexed.
        OSError: a file cannot be read.
    """
    corpus = folder / CORPUS
    texts, languages = load_texts(corpus)
    questions = load_questions(folder / QUESTIONS)
    _check_gold(questions, texts)
    if sample is not None:
        questions = sampled(questions, sample)
    with _indexed(corpus, store, progress) as (library, built):
        entries = library.documents()
        predictions = predict(
            Assistant(library),
            questions,
            refuse=refuse,
            all_documents=all_documents,
            progress=progress,
        )
    found = {entry.id: entry.language for entry in entries}
    report = score(questions, predictions, texts, found | languages)
    return replace(report, n_documents=len(entries), n_refused_documents=len(built.refused))


def sampled(questions: Sequence[EvalQuestion], n: int) -> list[EvalQuestion]:
    """``n`` of the questions, the same in every run and in their order; all if there are fewer."""
    drawn = set(random.Random(_SEED).sample(range(len(questions)), min(n, len(questions))))
    return [question for at, question in enumerate(questions) if at in drawn]


@contextmanager
def _indexed(
    corpus: Path, store: Path | None, progress: Progress | None
) -> Iterator[tuple[Library, BuildReport]]:
    made = TemporaryDirectory(prefix="qa-eval-") if store is None else nullcontext(str(store))
    with made as folder:
        library = open_library(Settings.from_env(), Path(folder))
        # As the library names its roots.
        root = os.path.abspath(corpus)  # noqa: PTH100
        if library.exists() and set(library.roots()) != {root}:
            raise QuestionError(
                f"The index in {folder} holds other documents than {corpus}; name a new folder"
            )
        try:
            yield library, library.build([corpus], progress=progress)
        finally:
            library.close()


def predict(
    assistant: Assistant,
    questions: Sequence[EvalQuestion],
    *,
    refuse: bool = True,
    all_documents: bool = False,
    progress: Progress | None = None,
) -> list[Prediction]:
    """The answer to each question, from the documents of its scope or from all of them.

    Documents of a scope that are not in the library are left out of it. Where none is left,
    nothing may be used: that counts as a refusal with confidence 0.

    Raises:
        QuestionError: a question cannot be asked.
        LibraryError: the index cannot be read.
    """
    known = {entry.id for entry in assistant.library.documents()}
    predictions = []
    for done, question in enumerate(questions):
        if progress:
            progress("ask", done, len(questions))
        whole = replace(question, scope=None) if all_documents else question
        predictions.append(_predict(assistant, whole, known, refuse))
    return predictions


def _predict(
    assistant: Assistant, question: EvalQuestion, known: set[str], refuse: bool
) -> Prediction:
    sources: list[str] | None = None
    left_out: tuple[str, ...] = ()
    if question.scope is not None:
        sources = [doc_id for doc_id in question.scope if doc_id in known]
        left_out = tuple(doc_id for doc_id in question.scope if doc_id not in known)
        if not sources:
            refusal = assistant.decline(question.question, history=question.history)
            return Prediction(question.id, refusal, False, left_out)
    answer = assistant.ask(
        question.question, history=question.history, sources=sources, refuse=refuse
    )
    return Prediction(question.id, answer, True, left_out)


def _check_gold(questions: Iterable[EvalQuestion], texts: Mapping[str, str]) -> None:
    for question in questions:
        for gold in question.gold:
            if gold.doc_id not in texts:
                raise QuestionError(
                    f"The question {question.id!r} is answered by {gold.doc_id!r}, which is not "
                    f"in {CORPUS}; add it there or take it out"
                )


# For people


def table(report: Report) -> str:
    """The figures as aligned lines of plain text; what could not be measured is left out."""
    lines = [_head(report), "", f"{'measure':26} {'value':>6}  {'95 %':^13} {'of':>6}"]
    for field in fields(report.total):
        value = getattr(report.total, field.name)
        if isinstance(value, Rate) and value.n:
            lines.append(f"{_label(field.name)} {_rate(value)}  {_interval(value)} {value.n:6}")
        elif isinstance(value, float):
            lines.append(f"{_label(field.name)} {value:6.3f}")
    for name in ("language", "pair", "type", "kind"):
        if groups := getattr(report, f"by_{name}"):
            lines += ["", *_group(name, groups)]
    return "\n".join(lines)


def _head(report: Report) -> str:
    total = report.total
    head = (
        f"{total.n} questions, {total.n_answerable} of them answerable, "
        f"over {report.n_documents} documents"
    )
    counts = {
        "documents could not be indexed": report.n_refused_documents,
        "documents were left out of a scope": report.n_left_out,
        "questions had none of their documents, and count as refused": report.n_not_asked,
        "questions have no answer at all": report.n_missing,
        "answers are too long to count": total.n_too_long,
    }
    return "\n".join([head, *(f"{count} {what}" for what, count in counts.items() if count)])


def _label(name: str) -> str:
    return f"{name.replace('_', ' '):26}"


def _rate(rate: Rate) -> str:
    return f"{'-':>6}" if rate.value is None else f"{rate.value:6.3f}"


def _interval(rate: Rate) -> str:
    return f"{rate.interval[0]:.3f} – {rate.interval[1]:.3f}" if rate.interval else " " * 13


def _group(name: str, groups: Mapping[str, Measures]) -> list[str]:
    width = max(26, *(len(one_line(key)) for key in groups))
    heads = " ".join(f"{column:>8}" for column in _COLUMNS)
    lines = [f"{name:{width}} {'n':>6} {heads}"]
    for key, measures in groups.items():
        rates = " ".join(f"{_rate(getattr(measures, of)):>8}" for of in _COLUMNS.values())
        lines.append(f"{one_line(key):{width}} {measures.n:6} {rates}")
    return lines


def misses(report: Report) -> str:
    """Every answer that is wrong in some way, as Markdown, by what is wrong with it."""
    found = {reason: [j for j in report.judged if is_so(j)] for reason, is_so in _REASONS.items()}
    missed = {j.question.id for group in found.values() for j in group}
    lines = [f"# {len(missed)} of {len(report.judged)} questions are missed", ""]
    for reason, group in found.items():
        if group:
            lines += [f"## {reason} ({len(group)})", ""]
            lines += [line for j in group for line in _miss(j)]
    return "\n".join(lines)


def _miss(judged: Judged) -> list[str]:
    question, answer = judged.question, judged.answer
    lines = [
        f"### {_plain(question.question)}",
        "",
        f"- {_plain(question.id)}: {_plain(question.lang)}, type {_plain(question.type)}, "
        f"kind {_plain(judged.kind)}",
        *(f"- {turn.role} before: {_plain(turn.text)}" for turn in question.history),
        *(f"- expected: {expected}" for expected in _expected(question)),
    ]
    if answer is None:
        return [*lines, "- no answer", ""]
    said = "refused" if answer.refused else f"answered: {_plain(answer.text)}"
    lines.append(f"- {said} (confidence {answer.confidence:.2f})")
    if judged.prediction and not judged.prediction.asked:
        lines.append("- none of its documents is in the index")
    lines += [
        f"- {'right' if ok else 'wrong'} {_cited(citation)}"
        for ok, citation in zip(judged.right, answer.citations, strict=False)
    ]
    lines += [f"- nearest {_cited(citation)}" for citation in answer.nearest[:1]]
    return [*lines, ""]


def _expected(question: EvalQuestion) -> list[str]:
    if not question.answerable:
        return ["a refusal"]
    if question.type == "disagree" and question.values:
        return [f"{_plain(v.value)} ({_plain(', '.join(v.docs))})" for v in question.values]
    shown = [
        f"“{_plain(gold.answer)}” ({_plain(gold.doc_id)})" if gold.answer else _plain(gold.doc_id)
        for gold in question.gold[:_EXPECTED]
    ]
    more = len(question.gold) - len(shown)
    return [*shown, f"or {more} more"] if more > 0 else shown


def _cited(citation: Citation) -> str:
    place = f"{_plain(citation.doc_id)} {citation.start}–{citation.end}"
    return f"\\[{citation.number}\\] {place}: “{_plain(citation.quote)}”"


def _plain(text: str) -> str:
    """One line in which no character acts as Markdown or HTML."""
    return escaped(one_line(text))


def _is_answered(judged: Judged) -> bool:
    return judged.graded and not judged.refused


_REASONS: dict[str, Callable[[Judged], bool]] = {
    "Refused though answerable": lambda j: j.question.answerable and j.refused,
    "Answered though unanswerable": lambda j: not j.question.answerable and not j.refused,
    "The first citation is wrong": lambda j: _is_answered(j) and not j.first_right,
    "A value is not shown": lambda j: _is_answered(j) and not all(j.shown),
    "The answer is not in the text": lambda j: (
        _is_answered(j) and j.hit is False and j.first_right and all(j.shown)
    ),
}
