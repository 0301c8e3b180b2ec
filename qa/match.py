"""How well the words of sentences match those of a question, whatever their languages.

Late interaction: each term of the question looks for its best match among a sentence's words
(MaxSim; Khattab and Zaharia, "ColBERT", SIGIR 2020), here with static vectors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from index.embed import Vectors, shipped
from index.lexical import stem
from qa.question import Question
from qa.words import content_words

Mask = npt.NDArray[np.bool_]

# A cosine of two unrelated words reaches this by chance.
_NOISE = 0.3
# And those of a word and another for it usually these, in one language and in two: with one figure
# for both, a passage in another language seems to lack words that it has.
_SYNONYM, _TRANSLATION = 0.7, 0.6
# From here on a word counts as found.
_FOUND = 0.9
# What a term is worth that every candidate sentence holds, against one that few hold.
_COMMON = 0.3
# How rare a word is of which no part is known: as a name is.
_UNKNOWN = np.float32(1.5)
# White space between two sentences of which none was left out, blank lines included.
_APART = 20
# A word of a sentence is new if none of the question's comes nearer than this cosine.
_NEW = 0.62
# German writes every noun with a capital; a name is rare besides.
_RARE_NOUN = 1.2


@dataclass(frozen=True, slots=True)
class Sentence:
    """A candidate: a sentence of a document that was found."""

    doc_id: str
    start: int
    end: int
    text: str
    language: str
    title: str
    hit_score: float  # of the chunk it is in


@dataclass(frozen=True, slots=True)
class Matches:
    """What a question's terms have in common with sentences.

    The three (n_terms, n_sentences) arrays hold 0..1: 1 for the same word, stem or number,
    else the cosine of the best word, with what chance gives taken off.
    """

    here: Vectors  # in the sentence
    around: Vectors  # in it, in those right before and after it, or in the document's title
    document: Vectors  # in any candidate sentence of its document, or in the title
    # (n_terms,), sum 1: rare words of the language count more, words that most of these
    # sentences hold less.
    weights: Vectors
    rarity: Vectors  # (n_terms,): how rare each term is, whatever the sentences hold
    names: Mask  # (n_terms,)
    # (n_sentences,) 0..1: how near a new word comes to the first term, as in "which company"
    topical: Vectors


def match(question: Question, sentences: Sequence[Sentence]) -> Matches:
    """Match every term of the question with every sentence, these being in reading order."""
    terms = [term.word.lower() for term in question.terms]
    vectors, rarity = shipped().words(terms)
    rarity = np.where(rarity > 0.0, rarity, _UNKNOWN)
    rarity = rarity * np.array([term.weight for term in question.terms], np.float32)
    held = [_words(s.text, s.language) for s in sentences]
    columns = _Columns(held)
    cosines = _cosines(terms, vectors, columns.place)
    own = [s.language == question.language for s in sentences]
    here = _scaled(columns.reduce(np.maximum, cosines), own)
    _match_stems(here, terms, sentences, held)
    firsts = _first_of_documents(sentences)
    titles = _titles(question, vectors, sentences, firsts)
    weights = rarity * (1.0 - (1.0 - _COMMON) * (here > _FOUND).mean(axis=1))
    nearest = np.clip(cosines.max(axis=0, initial=0.0), 0.0, 1.0)
    return Matches(
        here=here,
        around=np.maximum(_around(here, beside(sentences)), titles),
        document=np.maximum(_by_document(here, firsts), titles),
        weights=weights / max(float(weights.sum()), 1e-6),
        rarity=rarity,
        names=_names(question, rarity),
        topical=_topical(cosines, nearest, columns),
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a text that carry meaning, in lower case, and their stems."""

    forms: tuple[str, ...]
    stems: frozenset[str]


@lru_cache(maxsize=50_000)
def _words(text: str, language: str) -> _Words:
    forms = tuple(dict.fromkeys(word.lower() for word in content_words(text, language)))
    return _Words(forms, frozenset(stem(word, language) for word in forms) - {""})


class _Columns:
    """Which columns of an array over all forms belong to each text."""

    def __init__(self, held: Sequence[_Words]) -> None:
        place: dict[str, int] = {}
        for words in held:
            for form in words.forms:
                place.setdefault(form, len(place))
        self.place = place
        sizes = np.array([len(words.forms) for words in held], np.intp)
        self._columns = np.array([place[f] for words in held for f in words.forms], np.intp)
        self._starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
        self._empty = sizes == 0

    def reduce(self, ufunc: np.ufunc, over_forms: Vectors) -> Vectors:
        """(…, n_forms) → (…, n_texts), each text's forms taken together; 0 where it has none."""
        # One more column, so that a text without forms at the end has a place to begin.
        end = np.zeros((*over_forms.shape[:-1], 1), np.float32)
        wide = np.concatenate([over_forms[..., self._columns], end], axis=-1)
        reduced: Vectors = ufunc.reduceat(wide, self._starts, axis=-1)
        reduced[..., self._empty] = 0.0
        return reduced


def _cosines(terms: Sequence[str], vectors: Vectors, place: Mapping[str, int]) -> Vectors:
    """(n_terms, n_forms) array of cosines; 1 for the same word, 0 for another number.

    ``place``: the column of each form.
    """
    rows, _ = shipped().words(list(place))
    cosines: Vectors = vectors @ rows.T
    # Vectors know nothing of numbers: only the same one counts.
    cosines[:, [form[0].isdigit() for form in place]] = 0.0
    cosines[[term[0].isdigit() for term in terms], :] = 0.0
    for t, term in enumerate(terms):
        if term in place:
            cosines[t, place[term]] = 1.0
    return cosines


def _scaled(cosines: Vectors, own: Sequence[bool]) -> Vectors:
    """(n_terms, n_texts) matches; ``own``: which of the texts are in the question's language."""
    found = np.where(own, np.float32(_SYNONYM), np.float32(_TRANSLATION))
    scaled: Vectors = np.clip((cosines - _NOISE) / (found - _NOISE), 0.0, 1.0)
    return scaled


def _match_stems(
    here: Vectors, terms: Sequence[str], sentences: Sequence[Sentence], held: Sequence[_Words]
) -> None:
    languages = {s.language for s in sentences}
    stems = {language: [stem(term, language) for term in terms] for language in languages}
    for n, (sentence, words) in enumerate(zip(sentences, held, strict=True)):
        for t, stemmed in enumerate(stems[sentence.language]):
            if stemmed in words.stems:
                here[t, n] = 1.0


def _first_of_documents(sentences: Sequence[Sentence]) -> Mask:
    """(n_sentences,) mask: whether a sentence is the first of its document among these."""
    ids = [s.doc_id for s in sentences]
    return np.array([n == 0 or ids[n - 1] != doc_id for n, doc_id in enumerate(ids)], bool)


def beside(sentences: Sequence[Sentence]) -> Mask:
    """(n_sentences - 1,) mask: whether each but the last has the next one right behind it."""
    return np.array(
        [
            one.doc_id == other.doc_id and 0 <= other.start - one.end <= _APART
            for one, other in pairwise(sentences)
        ],
        bool,
    )


def _around(here: Vectors, next_follows: Mask) -> Vectors:
    """The matches of each sentence together with those right before and after it."""
    wide = here.copy()
    np.maximum(wide[:, 1:], here[:, :-1] * next_follows, out=wide[:, 1:])
    np.maximum(wide[:, :-1], here[:, 1:] * next_follows, out=wide[:, :-1])
    return wide


def _by_document(here: Vectors, firsts: Mask) -> Vectors:
    """The matches of all sentences of a document together, at each of them."""
    best: Vectors = np.maximum.reduceat(here, np.flatnonzero(firsts), axis=1)
    return best[:, np.cumsum(firsts) - 1]


def _titles(
    question: Question,
    vectors: Vectors,
    sentences: Sequence[Sentence],
    firsts: Mask,
) -> Vectors:
    """(n_terms, n_sentences) array: how well the title of each one's document matches."""
    documents = [s for s, first in zip(sentences, firsts, strict=True) if first]
    held = [_words(s.title, s.language) for s in documents]
    columns = _Columns(held)
    terms = [term.word.lower() for term in question.terms]
    cosines = _cosines(terms, vectors, columns.place)
    own = [s.language == question.language for s in documents]
    best = _scaled(columns.reduce(np.maximum, cosines), own)
    _match_stems(best, terms, documents, held)
    return best[:, np.cumsum(firsts) - 1]


def _names(question: Question, rarity: Vectors) -> Mask:
    """Which terms are names, to go by their capitals; the question's first word has one anyway."""
    if question.text.isupper():
        return np.zeros(len(question.terms), bool)
    return np.array(
        [
            term.word[0].isupper()
            and not question.text.startswith(term.word)
            and (rare > _RARE_NOUN or may_be_name(term.word, question.language))
            for term, rare in zip(question.terms, rarity, strict=True)
        ],
        bool,
    )


def may_be_name(word: str, language: str) -> bool:
    """Whether a capital tells a name: in German every noun has one, so only of unknown words."""
    return language != "de" or not shipped().knows(word)


def _topical(cosines: Vectors, nearest: Vectors, columns: _Columns) -> Vectors:
    new = np.where(nearest < _NEW, np.clip(cosines[:1], 0.0, 1.0), 0.0)
    topical: Vectors = columns.reduce(np.maximum, new).max(axis=0, initial=0.0)
    return topical
