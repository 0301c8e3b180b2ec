"""Sentences of the hits, scored against the question, and whether they answer it.

Both are logistic models of a few features each, whose weights ``python -m training.evidence``
fits: ``qa/weights.json``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from index.embed import Vectors, shipped
from index.types import Hit
from qa.expected import fits, is_statement
from qa.kinds import Kind
from qa.match import Mask, Sentence, beside, match, may_be_name
from qa.question import Question

if TYPE_CHECKING:
    from index.snapshot import Snapshot

Floats = npt.NDArray[np.float64]

WEIGHTS = Path(__file__).parent / "weights.json"
# Among sentences that answer about equally well the reader's own language comes first. Not
# fitted: where every text is there in each language, a fit would never leave the reader's own.
_SAME_LANGUAGE = 0.2
# A question that goes on from an answer wants something new, and often of the same passage. Too
# few such questions are among the development sets to fit these: what a fit would not undo.
_TOLD, _BESIDE = 2.0, 0.5
_SENTENCE_CHARS = 20  # a shorter one may be in an answer by chance
# A name matched less than this is not in a text, not even in another language: names of cities
# come to .4 of each other, "Wien" and "Vienna" to 1.
_MENTIONED = 0.9
# Of the other kinds ``fits`` knows what to look for; what comes near their first word is no answer.
_WITHOUT_TOPIC: frozenset[Kind] = frozenset({"how_many", "how_much", "when", "why"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of a document and how well it answers; scores compare within a question."""

    doc_id: str
    start: int
    end: int
    text: str
    language: str
    score: float  # log odds against the question's other sentences
    names: float  # 0..1: how far it, with what stands around it, is about the names asked after
    fits: float  # 0..1: holds something new of the kind that was asked for
    is_statement: bool  # neither headline nor question


@dataclass(frozen=True, slots=True)
class Findings:
    """All that the hits say to a question."""

    evidence: tuple[Evidence, ...]  # best first; ties by document and place
    confidence: float  # 0..1: how likely the documents answer the question
    fitting: bool  # the best holds a number, a time or a reason, if one was asked for
    unmentioned: tuple[str, ...]  # names and numbers of the question that nothing found holds


@dataclass(frozen=True, slots=True)
class Features:
    """What the two models see of a question and its candidate sentences."""

    sentences: tuple[Sentence, ...]  # in reading order
    of_sentences: Mapping[str, Vectors]  # each (n_sentences,)
    of_answers: Mapping[str, Vectors]  # each (n_sentences,): what tells of a sentence whether ...
    unmentioned: tuple[str, ...]


def weigh(question: Question, snapshot: Snapshot, hits: Sequence[Hit]) -> Findings:
    """Score every sentence of the hits, and of the chunks beside them."""
    found = features(question, snapshot, hits)
    if found is None:
        return Findings((), 0.0, fitting=False, unmentioned=())
    scores = weighted_sum(found.of_sentences, shipped_weights()["sentence"])
    scores += _SAME_LANGUAGE * np.array([s.language == question.language for s in found.sentences])
    if question.said:
        scores += _after(question.said, found)
    evidence = [
        Evidence(
            doc_id=s.doc_id,
            start=s.start,
            end=s.end,
            text=s.text,
            language=s.language,
            score=round(float(scores[n]), 6),
            names=float(found.of_sentences["names_around"][n]),
            fits=float(found.of_sentences["fits"][n]),
            is_statement=bool(found.of_sentences["statement"][n]),
        )
        for n, s in enumerate(found.sentences)
    ]
    evidence.sort(key=lambda e: (-e.score, e.doc_id, e.start))
    logits = weighted_sum(found.of_answers, shipped_weights()["confidence"])
    logit = logits[int(scores.argmax())]
    return Findings(
        tuple(evidence),
        confidence=round(1.0 / (1.0 + math.exp(-logit)), 4),
        fitting=bool(evidence[0].fits) or question.kind not in _WITHOUT_TOPIC,
        unmentioned=found.unmentioned,
    )


def features(question: Question, snapshot: Snapshot, hits: Sequence[Hit]) -> Features | None:
    """The candidate sentences of the hits with their features; None if there is no sentence."""
    sentences = _sentences(snapshot, hits)
    if not sentences:
        return None
    matches = match(question, sentences)
    model = shipped()
    rows = model.sentences([s.text for s in sentences])
    asked = model.query(question.standalone)
    meaning = _with_neighbours(rows, beside(sentences)) @ asked
    statement = np.array([is_statement(s.text) for s in sentences], np.float32)
    found_fits = np.array([fits(question, s.text, s.language) for s in sentences], np.float32)
    of_sentences = {
        "words": matches.weights @ matches.here,
        "words_around": matches.weights @ matches.around,
        "names_around": _mean(matches.around[matches.names]),
        "meaning_around": meaning,
        "document": _best_hits(sentences),
        "fits": found_fits,
        "topical": matches.topical * (question.kind not in _WITHOUT_TOPIC),
        "statement": statement,
    }
    lacking = 1.0 - matches.document
    numbers = np.array([term.word[0].isdigit() for term in question.terms], bool)
    of_answers = {
        "missing": (matches.rarity[:, None] * lacking).max(axis=0, initial=0.0),
        "number_missing": _mean(lacking[numbers]),
        "meaning_around": meaning,
        "statement": statement,
    }
    absent = (matches.names | numbers) & (matches.document.max(axis=1) < _MENTIONED)
    unmentioned = [t for t, missing in zip(question.terms, absent, strict=True) if missing]
    return Features(
        tuple(sentences),
        of_sentences,
        of_answers,
        tuple(
            t.word
            for t in unmentioned
            if t.weight == 1.0 and (t.word[0].isdigit() or may_be_name(t.word, question.language))
        ),
    )


def _sentences(snapshot: Snapshot, hits: Sequence[Hit]) -> list[Sentence]:
    """The sentences of the hits and of the chunks beside them, in reading order."""
    scores = {hit.chunk: hit.score for hit in hits}
    lowest = min(scores.values(), default=0.0)
    chunks = {**dict.fromkeys(snapshot.neighbours(scores), lowest), **scores}
    sentences = []
    for chunk in sorted(chunks, key=lambda c: (c.doc_id, c.start)):
        document = snapshot.document(chunk.doc_id)
        sentences += [
            Sentence(
                doc_id=chunk.doc_id,
                start=start,
                end=end,
                text=document.text[start:end],
                language=document.language,
                title=document.title,
                hit_score=chunks[chunk],
            )
            for start, end in chunk.sentences
        ]
    return sentences


def _after(said: str, found: Features) -> Vectors:
    """What sentences lose for having been said in the answer before, and those beside them win.

    One that holds what is asked for now loses nothing.
    """
    texts = [" ".join(s.text.split()) for s in found.sentences]
    told = np.array([len(t) >= _SENTENCE_CHARS and t in said for t in texts], np.float32)
    follows = beside(found.sentences)
    near = np.zeros(len(texts), np.float32)
    near[1:] += told[:-1] * follows
    near[:-1] += told[1:] * follows
    lost = _TOLD * told * (1.0 - found.of_sentences["fits"])
    return np.asarray(_BESIDE * np.minimum(near, 1.0) - lost, np.float32)


def _best_hits(sentences: Sequence[Sentence]) -> Vectors:
    """For each sentence the score of its document's best hit, that of the best of all being 1."""
    best: dict[str, float] = {}
    for s in sentences:
        best[s.doc_id] = max(s.hit_score, best.get(s.doc_id, s.hit_score))
    scores = np.array([best[s.doc_id] for s in sentences], np.float32)
    return scores / max(float(scores.max()), 1e-6)


def _with_neighbours(rows: Vectors, follows: Mask) -> Vectors:
    """Unit rows of each sentence together with those right before and after it."""
    wide = rows.copy()
    wide[1:] += rows[:-1] * follows[:, None]
    wide[:-1] += rows[1:] * follows[:, None]
    wide /= np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), np.float32(1e-9))
    return wide


def _mean(matches: Vectors) -> Vectors:
    """The mean over terms, (n_terms, n_sentences) → (n_sentences,); 0 without a term."""
    mean: Vectors = matches.sum(axis=0) / np.float32(max(len(matches), 1))
    return mean


def weighted_sum(of: Mapping[str, Vectors], weights: Mapping[str, float]) -> Floats:
    """(n_sentences,) sums of features times weights; "constant" is added to each."""
    constant = weights.get("constant", 0.0)
    terms = [w * of[name].astype(np.float64) for name, w in weights.items() if name != "constant"]
    total: Floats = np.sum(terms, axis=0) + constant
    return total


@cache
def shipped_weights() -> dict[str, dict[str, float]]:
    """What ``python -m training.evidence`` wrote: of the two models each feature's weight."""
    weights: dict[str, dict[str, float]] = json.loads(WEIGHTS.read_text("utf-8"))
    return weights
