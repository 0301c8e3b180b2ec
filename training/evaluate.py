"""What choices are made by: translations, passages and words of the development split.

Three measures, each the share of questions whose right answer comes first, in percent:

* ``translation``: a sentence among the sentences of another language;
* ``passages``: a question made of a sentence by dropping most of its words, among passages of
  three units in another language; passages that were trained on stand among them;
* ``words``: a held-out dictionary entry among those of another language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np
import numpy.typing as npt

from training.data import LANGUAGES, Corpus, Unit
from training.vocabulary import words

Vectors = npt.NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]

_UNITS_A_PASSAGE = 3
_KEPT = 0.35  # of a sentence's words, in a question made of it
_N_QUESTIONS = 3  # made of each sentence
_NEWS_AND_WIKI = ("ntrex", "flores")


def evaluate(encode: Encode, corpus: Corpus) -> dict[str, float]:
    """Each measure by pair of languages, e.g. ``passages nl-en``, and its mean."""
    figures: dict[str, float] = {}
    for name, measure in (
        ("translation", _translation),
        ("passages", _passages),
        ("words", _words),
    ):
        pairs = {f"{a}-{b}": measure(encode, corpus, a, b) for a, b in permutations(LANGUAGES, 2)}
        figures |= {f"{name} {pair}": value for pair, value in pairs.items()}
        figures[name] = float(np.mean(list(pairs.values())))
    figures["passages same"] = float(
        np.mean([_passages(encode, corpus, language, language) for language in LANGUAGES])
    )
    return figures


def first(scores: Vectors, gold: npt.NDArray[np.int64]) -> float:
    """The share of rows, in percent, whose gold column scores best; ties count as misses."""
    right = scores[np.arange(len(gold)), gold]
    others = scores.copy()
    others[np.arange(len(gold)), gold] = -np.inf
    return float(100 * np.mean(right > others.max(axis=1)))


def _translation(encode: Encode, corpus: Corpus, a: str, b: str) -> float:
    units = _running_text(corpus.dev_units)
    scores = encode([u.texts[a] for u in units]) @ encode([u.texts[b] for u in units]).T
    return first(scores, np.arange(len(units)))


def _passages(encode: Encode, corpus: Corpus, a: str, b: str) -> float:
    units = corpus.dev_units
    passages = [*_joined(units, b), *_joined(_running_text(corpus.units), b)]
    rng = np.random.default_rng(1)
    asked: list[tuple[str, int]] = []
    for i, unit in enumerate(units):
        own = words(unit.texts[a])
        if unit.source in _NEWS_AND_WIKI and len(own) > 7:
            for _ in range(_N_QUESTIONS):
                kept = rng.random(len(own)) < _KEPT
                question = " ".join(w for w, k in zip(own, kept, strict=True) if k)
                asked.append((question, i // _UNITS_A_PASSAGE))
    scores = encode([question for question, _ in asked]) @ encode(passages).T
    return first(scores, np.array([gold for _, gold in asked]))


def _words(encode: Encode, corpus: Corpus, a: str, b: str) -> float:
    pairs = {g[a][0]: g[b][0] for g in corpus.dev_groups if g.get(a) and g.get(b)}
    scores = encode(list(pairs)) @ encode(list(pairs.values())).T
    same = np.array(list(pairs.values()))
    # The same word may stand for several: any of them is right.
    scores[same[:, None] == same[None, :]] -= 1e-4
    scores[np.arange(len(pairs)), np.arange(len(pairs))] += 1e-4
    return first(scores, np.arange(len(pairs)))


def _joined(units: Sequence[Unit], language: str) -> list[str]:
    """The units in passages, one behind the other."""
    starts = range(0, len(units), _UNITS_A_PASSAGE)
    return [" ".join(u.texts[language] for u in units[i : i + _UNITS_A_PASSAGE]) for i in starts]


def _running_text(units: Sequence[Unit]) -> list[Unit]:
    return [unit for unit in units if unit.source in _NEWS_AND_WIKI]
