"""``python -m training.evidence --sets DIR`` fits the weights of the answer layer.

Two models of few features, fitted on question sets whose answers are known: which sentence
answers (a softmax over the candidates of a question) and whether any does (a logistic
regression). Every set counts as much as every other, however many questions it has.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from index import Library
from index.embed import Vectors
from index.snapshot import Snapshot
from qa.assistant import searched
from qa.evaluate import CORPUS, QUESTIONS
from qa.evidence import WEIGHTS, Features, features, weighted_sum
from qa.judge import EvalQuestion, supports
from qa.match import Sentence
from qa.measures import auroc, ece
from qa.question import understand
from qa.question_set import load_questions
from qa.types import Citation

Floats = npt.NDArray[np.float64]
Weights = dict[str, dict[str, float]]

N_FOLDS = 4
_SQUAD2_SAMPLE = 1_000  # of 3,093 questions, all of one kind
_PENALTY = 1e-3  # on the square of each weight, its feature being of variance 1
OTHER = {"en": ["de"], "de": ["en"]}
# Which sentence answers: asked of all documents, or of those a question is about.
_OPEN = ("seeds", "rijks", "xquad", "xquad_nl", "clapnq", "squad2")
_SCOPED = ("clapnq", "ramdocs")
# Whether one does, and what each set counts: few questions of the first two are unanswerable;
# those of clapnq are what people typed into a search engine, and that is what we will be asked.
_CONFIDENCE = {"seeds": 0.1, "rijks": 0.1, "clapnq": 1.5, "squad2": 1.0, "mtrag_un": 0.5}


@dataclass(frozen=True, slots=True)
class Example:
    """A question with the features of its candidate sentences."""

    name: str  # of the set and what was asked of it
    id: str
    fold: int  # questions on one article or in one conversation share it
    answerable: bool
    right: npt.NDArray[np.bool_]  # (n_sentences,): answers it
    features: Features


def main() -> None:
    """Fit, print how well the weights serve, and write them."""
    options = _options()
    examples = list(collect(options.sets))
    print(f"{len(examples):,} examples")
    _report(examples)
    options.out.write_text(json.dumps(fit(examples), indent=1) + "\n", "utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.evidence", description=__doc__)
    parser.add_argument("--sets", type=Path, required=True, help="the folder of question sets")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where to write the weights")
    return parser.parse_args()


# The examples


def collect(sets: Path) -> Iterator[Example]:
    """Every question of the sets as it is asked for fitting."""
    with tempfile.TemporaryDirectory() as stores:
        for name in dict.fromkeys([*_OPEN, *_SCOPED, *_CONFIDENCE]):
            library = Library.open(Path(stores) / name)
            library.build([sets / name / CORPUS])
            with library.snapshot() as snapshot:
                yield from _of_set(name, _questions(sets / name), snapshot)
            library.close()


def _questions(folder: Path) -> list[EvalQuestion]:
    questions = load_questions(folder / QUESTIONS)
    if folder.name == "squad2":
        return random.Random(1).sample(questions, _SQUAD2_SAMPLE)
    return questions


def _of_set(name: str, questions: Iterable[EvalQuestion], snapshot: Snapshot) -> Iterator[Example]:
    there = {entry.id for entry in snapshot.documents()}
    for question in questions:
        scope = None if question.scope is None else [d for d in question.scope if d in there]
        if name in _OPEN and question.answerable:
            # Where every document is there in two languages, only the other one is searched.
            languages = OTHER[question.lang] if name == "xquad" else None
            yield from _example(f"{name} open", question, snapshot, None, languages)
        if (name in _SCOPED or name in _CONFIDENCE) and scope != []:
            yield from _example(name, question, snapshot, scope, None)


def _example(
    name: str,
    question: EvalQuestion,
    snapshot: Snapshot,
    sources: Sequence[str] | None,
    languages: Sequence[str] | None,
) -> Iterator[Example]:
    asked = understand(question.question, question.history)
    meant, hits = searched(asked, snapshot, sources=sources, languages=languages)
    found = features(meant, snapshot, hits)
    if found is not None:
        right = np.array([_answers(sentence, question) for sentence in found.sentences], bool)
        yield Example(name, question.id, fold_of(question), question.answerable, right, found)


def _answers(sentence: Sentence, question: EvalQuestion) -> bool:
    citation = Citation(
        number=1,
        doc_id=sentence.doc_id,
        title="",
        source="",
        language=sentence.language,
        date=None,
        page=None,
        start=sentence.start,
        end=sentence.end,
        quote=sentence.text,
        sha256="",
    )
    return question.answerable and supports(citation, question.gold, question.accept)


_ARTICLE = re.compile(r"^(?:xq-(?:en|de)|sq2)-(.+)-\d+$")  # "xq-en-Normans-0": a paragraph of one


def fold_of(question: EvalQuestion) -> int:
    """The fold of a question, the same in every run."""
    documents = [gold.doc_id for gold in question.gold] or list(question.scope or ())
    about = question.history[0].text if question.history else (documents or [question.id])[0]
    if question.id.startswith("seed-"):  # five articles on one event, most in every answer
        about = "seeds"
    return zlib.crc32(_ARTICLE.sub(r"\1", about).encode()) % N_FOLDS


# Fitting


def fit(examples: Sequence[Example]) -> Weights:
    """The weights of both models."""
    sentence = _fit_sentence(examples)
    return {"sentence": sentence, "confidence": _fit_confidence(examples, sentence)}


def _fit_sentence(examples: Sequence[Example], without: str = "") -> dict[str, float]:
    """Weights of a softmax over each question's sentences, several of which may be right."""
    used = [e for e in examples if _is_choice(e) and e.right.any()]
    names = [name for name in used[0].features.of_sentences if name != without]
    rows = np.concatenate([_rows(e.features.of_sentences, names) for e in used])
    scale = rows.std(axis=0) + 1e-9
    rows = rows / scale
    right = np.concatenate([e.right for e in used]).astype(np.float64)
    counts = [len(e.right) for e in used]
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    of_question = np.repeat(np.arange(len(used)), counts)
    counted = _counted([(e.name, True) for e in used])

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = rows @ weights
        odds = np.exp(scores - np.maximum.reduceat(scores, starts)[of_question])
        total, good = np.add.reduceat(odds, starts), np.add.reduceat(odds * right, starts)
        slope = odds / total[of_question] - odds * right / good[of_question]
        value = counted @ np.log(total / good) + _PENALTY * weights @ weights
        return float(value), rows.T @ (slope * counted[of_question]) + 2 * _PENALTY * weights

    return _named(names, _minimum(loss, len(names)) / scale)


def _fit_confidence(
    examples: Sequence[Example], sentence: Mapping[str, float], without: str = ""
) -> dict[str, float]:
    """Weights of a logistic regression over the best sentences of answerable questions or not.

    ``sentence``: the weights that tell which is the best.
    """
    used = [e for e in examples if e.name in _CONFIDENCE]
    names = [name for name in used[0].features.of_answers if name != without]
    best = _best(used, sentence)
    rows = np.stack(
        [_rows(e.features.of_answers, names)[n] for e, n in zip(used, best, strict=True)]
    )
    scale = rows.std(axis=0) + 1e-9
    rows = np.column_stack([np.ones(len(rows)), rows / scale])
    answerable = np.array([e.answerable for e in used], np.float64)
    # As many of each kind: a confidence of .5 is even odds for one who knows nothing else.
    counted = _counted([(e.name, e.answerable) for e in used], _CONFIDENCE)
    penalty = np.array([0.0] + [_PENALTY] * len(names))

    def loss(weights: Floats) -> tuple[float, Floats]:
        logits = rows @ weights
        value = counted @ (np.logaddexp(0.0, logits) - answerable * logits)
        slope = rows.T @ (counted * (1 / (1 + np.exp(-logits)) - answerable))
        return float(value + penalty @ weights**2), slope + 2 * penalty * weights

    constant, *weights = _minimum(loss, len(names) + 1)
    return {"constant": round(float(constant), 3), **_named(names, np.array(weights) / scale)}


def _is_choice(example: Example) -> bool:
    return example.name.endswith(" open") or example.name in _SCOPED


def _rows(of: Mapping[str, Vectors], names: Sequence[str]) -> Floats:
    return np.stack([of[name] for name in names], axis=1).astype(np.float64)


def _counted(groups: Sequence[tuple[str, bool]], of: Mapping[str, float] | None = None) -> Floats:
    """What each example counts, so that every group of a set counts what ``of`` says; sum 1."""
    sizes = Counter(groups)
    weights = np.array([(of or {}).get(group[0], 1.0) / sizes[group] for group in groups])
    shares: Floats = weights / weights.sum()
    return shares


def _minimum(loss: object, n: int) -> Floats:
    found: Floats = minimize(loss, np.zeros(n), jac=True, method="L-BFGS-B").x
    return found


def _named(names: Sequence[str], weights: Floats) -> dict[str, float]:
    return {name: round(float(weight), 3) for name, weight in zip(names, weights, strict=True)}


def _best(examples: Sequence[Example], weights: Mapping[str, float]) -> list[int]:
    return [int(weighted_sum(e.features.of_sentences, weights).argmax()) for e in examples]


# How well they serve


def _report(examples: Sequence[Example]) -> None:
    print("\nright sentence first, each question by weights fitted without its fold")
    _print_first("all features", examples, "")
    for name in examples[0].features.of_sentences:
        _print_first(f"without {name}", examples, name)
    print("\nis it answered? AUROC, and expected calibration error")
    _print_confidence("all features", examples, "")
    for name in examples[0].features.of_answers:
        _print_confidence(f"without {name}", examples, name)


def _print_first(title: str, examples: Sequence[Example], without: str) -> None:
    hits: dict[str, list[bool]] = {}
    for kept, left_out in folds(examples):
        chosen = [e for e in left_out if _is_choice(e) and e.answerable]
        best = _best(chosen, _fit_sentence(kept, without))
        for example, n in zip(chosen, best, strict=True):
            hits.setdefault(example.name, []).append(bool(example.right[n]))
    means = {name: float(np.mean(values)) for name, values in hits.items()}
    _print_row(title, float(np.mean(list(means.values()))), means)


def _print_confidence(title: str, examples: Sequence[Example], without: str) -> None:
    told: dict[str, list[tuple[float, bool]]] = {}
    for kept, left_out in folds(examples):
        asked = [e for e in left_out if e.name in _CONFIDENCE]
        sentence = _fit_sentence(kept)
        weights = _fit_confidence(kept, sentence, without)
        for example, n in zip(asked, _best(asked, sentence), strict=True):
            logit = weighted_sum(example.features.of_answers, weights)[n]
            told.setdefault(example.name, []).append((1 / (1 + np.exp(-logit)), example.answerable))
    means = {}
    for name, pairs in told.items():
        confidence, answerable = (np.array(values) for values in zip(*pairs, strict=True))
        means[name] = auroc(confidence, answerable) or 0.0
        means[f"{name} ece"] = ece(confidence, answerable) or 0.0
    _print_row(title, float(np.mean([means[name] for name in told])), means)


def folds(examples: Sequence[Example]) -> Iterator[tuple[list[Example], list[Example]]]:
    """(what is fitted on, what is left out) for each fold."""
    for fold in range(N_FOLDS):
        yield (
            [e for e in examples if e.fold != fold],
            [e for e in examples if e.fold == fold],
        )


def _print_row(title: str, mean: float, values: Mapping[str, float]) -> None:
    print(f"{title:26} mean {mean:.3f}  " + "  ".join(f"{n} {v:.3f}" for n, v in values.items()))


if __name__ == "__main__":
    main()
