"""How well questions are answered: sentences, refusals, confidence, disagreement, time.

    python benchmarks/answers.py --sets FOLDER [--sample N]

Prints one table. "Cross-fitted": each question is answered with weights that were fitted without
its fold (``training.evidence``). "Shipped weights": with ``qa/weights.json``, which was fitted on
many of these questions. The verdict is on the first, except of time. What was chosen by hand,
such as the confidence below which an answer is refused, has seen all questions in both.

``qa.measures`` says what each figure is. What is asked, and how:

- Lines that end in "as shipped" are what ``qa eval`` prints: all questions, refusals included.
- Sentence choice and what else is said of seeds, xquad, rijks and ramdocs: answerable questions,
  with nothing refused. An answer's first citation is right, or not.
- A question with a scope is asked of its documents; for sentence choice those of squad2 and
  clapnq are asked of all. xquad has each text in two languages and is searched in the one that
  was not asked in.
- Two sentences: the answer is the text of the two best ones as they were weighed.
- Refusal and calibration: all questions of the set, answerable or not, each within its scope.
- Brier, below the constant's: by which part of the score of always saying how many questions
  are answerable.
- Follow-ups: questions with a history whose documents are known. No weight has a say.
- Time: the processor's, in ``Assistant.ask``, each question having been asked once before. What
  the process then remembers of words and sentences is part of what is measured.

Needs scipy, of the extra ``training``, to fit.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np

from index import Library
from qa import Assistant, evidence
from qa.evaluate import CORPUS, QUESTIONS, predict, sampled
from qa.judge import EvalQuestion, Prediction
from qa.measures import Rate, Report, score
from qa.question_set import load_questions, load_texts
from training.evidence import OTHER, Weights, collect, fit, fold_of, folds

if TYPE_CHECKING:
    from index.snapshot import Snapshot
    from index.types import Hit
    from qa.question import Question

SAMPLED = "squad2"  # 3,093 questions, all of one kind
TIMED = ("seeds", "rijks")

Ask = Callable[[Assistant, Sequence[EvalQuestion]], list[Prediction]]
AskWith = Callable[[Ask, Assistant, Sequence[EvalQuestion]], list[Prediction]]


def main() -> None:
    """Measure and print."""
    options = _options()
    _say("fitting")
    fitted = [fit(kept) for kept, _ in folds(list(collect(options.sets)))]
    cross_fitted, shipped = Column(), Column()
    for name in dict.fromkeys(asking.set_name for asking in ASKINGS.values()):
        _say(name)
        with _opened(options.sets / name, options.sample) as opened:
            cross_fitted.reports.update(_reports(name, opened, partial(_cross_fitted, fitted)))
            shipped.reports.update(_reports(name, opened, _shipped))
            if name in TIMED:
                shipped.times_ms[name] = _times_ms(opened)
    _print_table(cross_fitted, shipped)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure answers.")
    parser.add_argument("--sets", type=Path, required=True, help="the development sets")
    parser.add_argument("--sample", type=int, default=1_000, help=f"questions of {SAMPLED}")
    return parser.parse_args()


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


# The sets


@dataclass(frozen=True, slots=True)
class Opened:
    """A set whose documents are indexed."""

    assistant: Assistant
    questions: Sequence[EvalQuestion]
    texts: Mapping[str, str]
    languages: Mapping[str, str]


@contextmanager
def _opened(folder: Path, sample: int) -> Iterator[Opened]:
    questions = load_questions(folder / QUESTIONS)
    if folder.name == SAMPLED:
        questions = sampled(questions, sample)
    with tempfile.TemporaryDirectory() as store, closing(Library.open(store)) as library:
        library.build([folder / CORPUS])
        yield Opened(Assistant(library), questions, *load_texts(folder / CORPUS))


# Ways to ask


@dataclass(frozen=True, slots=True)
class Asking:
    """Which questions of a set are asked, and how."""

    set_name: str
    ask: Ask
    asks: Callable[[EvalQuestion], bool] = lambda _: True


def _in_the_other_language(
    assistant: Assistant, questions: Sequence[EvalQuestion]
) -> list[Prediction]:
    return [
        Prediction(q.id, assistant.ask(q.question, languages=OTHER[q.lang], refuse=False))
        for q in questions
    ]


def _two_sentences(assistant: Assistant, questions: Sequence[EvalQuestion]) -> list[Prediction]:
    """Answers whose text is the two best sentences of all that were weighed for them."""
    weigh = evidence.weigh
    weighed: list[evidence.Findings] = []

    def listen(question: Question, snapshot: Snapshot, hits: Sequence[Hit]) -> evidence.Findings:
        weighed.append(weigh(question, snapshot, hits))
        return weighed[-1]

    with patch.object(evidence, "weigh", listen):
        answers = [assistant.ask(q.question, history=q.history, refuse=False) for q in questions]
    return [
        Prediction(q.id, replace(answer, text=" ".join(e.text for e in findings.evidence[:2])))
        for q, answer, findings in zip(questions, answers, weighed, strict=True)
    ]


def _is_answerable(question: EvalQuestion) -> bool:
    return question.answerable


def _is_follow_up(question: EvalQuestion) -> bool:
    return bool(question.history and question.gold)


_answer = partial(predict, refuse=False)
_answer_from_all = partial(predict, refuse=False, all_documents=True)
ASKINGS = {
    "seeds": Asking("seeds", _answer, _is_answerable),
    "seeds as shipped": Asking("seeds", predict),
    "xquad": Asking("xquad", _in_the_other_language, _is_answerable),
    "xquad_nl": Asking("xquad_nl", _answer, _is_answerable),
    "xquad_nl two sentences": Asking("xquad_nl", _two_sentences, _is_answerable),
    "squad2": Asking("squad2", _answer_from_all, _is_answerable),
    "squad2 as shipped": Asking("squad2", predict),
    "clapnq": Asking("clapnq", _answer_from_all, _is_answerable),
    "clapnq as shipped": Asking("clapnq", predict),
    "ramdocs": Asking("ramdocs", _answer, _is_answerable),
    "ramdocs as shipped": Asking("ramdocs", predict),
    "rijks": Asking("rijks", _answer, _is_answerable),
    "mtrag_un": Asking("mtrag_un", _answer_from_all, _is_follow_up),
}


def _reports(name: str, opened: Opened, ask_with: AskWith) -> dict[str, Report]:
    """Of each way in which the set of that name is asked."""
    reports = {}
    for key, asking in ASKINGS.items():
        if asking.set_name == name:
            questions = [question for question in opened.questions if asking.asks(question)]
            predictions = ask_with(asking.ask, opened.assistant, questions)
            reports[key] = score(questions, predictions, opened.texts, opened.languages)
    return reports


def _shipped(ask: Ask, assistant: Assistant, questions: Sequence[EvalQuestion]) -> list[Prediction]:
    return ask(assistant, questions)


def _cross_fitted(
    fitted: Sequence[Weights], ask: Ask, assistant: Assistant, questions: Sequence[EvalQuestion]
) -> list[Prediction]:
    """``fitted``: of each fold, the weights that were fitted without it."""
    predictions = []
    for fold, weights in enumerate(fitted):
        with patch.object(evidence, "shipped_weights", return_value=weights):
            predictions += ask(assistant, [q for q in questions if fold_of(q) == fold])
    return predictions


def _times_ms(opened: Opened) -> list[float]:
    """Of each question of the set, asked for the second time."""
    asked = [partial(opened.assistant.ask, q.question, history=q.history) for q in opened.questions]
    for ask in asked:
        ask()
    times = []
    for ask in asked:
        start = time.process_time()
        ask()
        times.append(1000 * (time.process_time() - start))
    return times


# The table


@dataclass(frozen=True, slots=True)
class Column:
    """All that one column of the table is made of."""

    reports: dict[str, Report] = field(default_factory=dict)  # by the name in ASKINGS
    times_ms: dict[str, list[float]] = field(default_factory=dict)  # by set


@dataclass(frozen=True, slots=True)
class Row:
    """A measure, and what it must reach, if anything."""

    measure: str
    value: Callable[[Column], float | None]  # None: not measured
    least: float | None = None
    most: float | None = None

    @property
    def must(self) -> str:
        """What it must reach, in short."""
        if self.least is not None:
            return f"≥ {_bound(self.least)}"
        return "" if self.most is None else f"≤ {_bound(self.most)}"

    def verdict(self, value: float | None) -> str:
        """Of what was measured; none where nothing must be reached."""
        if value is None or not self.must:
            return ""
        reached = value >= self.least if self.least is not None else value <= (self.most or 0.0)
        return "reached" if reached else "missed"


def _bound(value: float) -> str:
    return f"{value:.2f}" if value <= 1 else f"{value:g}"


def _of(asking: str, name: str, column: Column) -> float | None:
    """A figure of ``Measures``."""
    if asking not in column.reports:
        return None
    value = getattr(column.reports[asking].total, name)
    return value.value if isinstance(value, Rate) else value


def _verbatim(column: Column) -> float | None:
    """In the worst way of asking."""
    rates = [_of(asking, "verbatim_rate", column) for asking in column.reports]
    return min((rate for rate in rates if rate is not None), default=None)


SENTENCE_CHOICE = ("seeds", "xquad", "xquad_nl", "squad2", "clapnq", "ramdocs")


def _sentence_choice(column: Column) -> float | None:
    rates = [_of(name, "first_right", column) for name in SENTENCE_CHOICE]
    known = [rate for rate in rates if rate is not None]
    return float(np.mean(known)) if len(known) == len(rates) else None


def _brier_gain(asking: str, column: Column) -> float | None:
    brier, constant = (_of(asking, name, column) for name in ("brier", "brier_constant"))
    return None if brier is None or not constant else 1 - brier / constant


def _time(name: str, percentile: float, column: Column) -> float | None:
    times = column.times_ms.get(name)
    return float(np.percentile(times, percentile)) if times else None


def _figure(asking: str, name: str) -> Callable[[Column], float | None]:
    return partial(_of, asking, name)


ROWS = (
    Row("verbatim citations, worst set", _verbatim, least=1),
    Row("sentence choice, mean of six sets", _sentence_choice, least=0.72),
    Row("  seeds", _figure("seeds", "first_right")),
    Row("  xquad, other language", _figure("xquad", "first_right"), least=0.72),
    Row("  xquad_nl", _figure("xquad_nl", "first_right")),
    Row("  squad2", _figure("squad2", "first_right")),
    Row("  clapnq", _figure("clapnq", "first_right")),
    Row("  ramdocs", _figure("ramdocs", "first_right")),
    Row("seeds (25): answer hit", _figure("seeds", "answer_hit"), least=0.70),
    Row("seeds (25): citation precision", _figure("seeds", "citation_precision"), least=0.58),
    Row("seeds: answer hit, as shipped", _figure("seeds as shipped", "answer_hit")),
    Row("seeds: citation precision, as shipped", _figure("seeds as shipped", "citation_precision")),
    Row(
        "xquad_nl: answer hit, two sentences",
        _figure("xquad_nl two sentences", "answer_hit"),
        least=0.74,
    ),
    Row("rijks (15 by hand): answer hit", _figure("rijks", "answer_hit"), least=0.52),
    Row("rijks (192): first citation right", _figure("rijks", "first_right")),
    Row("clapnq: refusal AUROC", _figure("clapnq as shipped", "refusal_auroc"), least=0.86),
    Row("squad2: refusal AUROC", _figure("squad2 as shipped", "refusal_auroc"), least=0.60),
    Row(
        "clapnq: over-refusal, as shipped",
        _figure("clapnq as shipped", "over_abstention"),
        most=0.15,
    ),
    Row(
        "clapnq: hallucination, as shipped",
        _figure("clapnq as shipped", "hallucination_rate"),
        most=0.35,
    ),
    Row("clapnq: calibration error", _figure("clapnq as shipped", "confidence_ece"), most=0.10),
    Row("squad2: calibration error", _figure("squad2 as shipped", "confidence_ece"), most=0.10),
    Row(
        "clapnq: Brier, below the constant's",
        partial(_brier_gain, "clapnq as shipped"),
        least=0.10,
    ),
    Row("squad2: Brier, below the constant's", partial(_brier_gain, "squad2 as shipped")),
    Row(
        "ramdocs: every value shown and cited",
        _figure("ramdocs", "disagreement_recall_cited"),
        least=0.48,
    ),
    Row("ramdocs: citation precision", _figure("ramdocs", "citation_precision"), least=0.70),
    Row(
        "ramdocs: every value, as shipped",
        _figure("ramdocs as shipped", "disagreement_recall_cited"),
    ),
    Row(
        "ramdocs: citation precision, as shipped",
        _figure("ramdocs as shipped", "citation_precision"),
    ),
    Row("mtrag_un follow-ups: retrieval R@5", _figure("mtrag_un", "recall_at_5"), least=0.90),
    Row("seeds: ms a question, median", partial(_time, "seeds", 50), most=15),
    Row("seeds: ms a question, 95th percentile", partial(_time, "seeds", 95)),
    Row("rijks (4,528 sentences): ms, median", partial(_time, "rijks", 50), most=25),
    Row("rijks (4,528 sentences): ms, 95th p.", partial(_time, "rijks", 95)),
)


def _print_table(cross_fitted: Column, shipped: Column) -> None:
    width = max(len(row.measure) for row in ROWS)
    print(
        f"{'measure':{width}}  {'must':>7}  {'cross-fitted':>12}  {'shipped weights':>15}  verdict"
    )
    for row in ROWS:
        honest, seen = row.value(cross_fitted), row.value(shipped)
        verdict = row.verdict(seen if honest is None else honest)
        line = f"{row.measure:{width}}  {row.must:>7}  {_shown(honest):>12}  {_shown(seen):>15}"
        print(f"{line}  {verdict}".rstrip())


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}" if value <= 1 else f"{value:.1f}"


if __name__ == "__main__":
    main()
