"""The words and pieces that get a vector, and the tokenizer that finds them in a text.

The tokenizer is a unigram model (Kudo, "Subword Regularization", 2018) without a word-start
mark, so that a Dutch or German compound falls into words that are known on their own.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import wordfreq
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from training.data import LANGUAGES, Corpus

_WORD = re.compile(r"[^\W_]+")
_DIGITS_OR_NOT = re.compile(r"\d+|\D+")

# Pieces that words outside the vocabulary fall into.
_N_PIECES = 8_000
_MAX_PIECE_CHARS = 12
_MAX_WORD_CHARS = 24
# Frequent words of general language are taken whether the training text has them or not.
_N_FREQUENT = {"en": 50_000, "de": 60_000, "nl": 60_000}
# A token of probability p starts with the weight a / (a + p), this being a.
_SIF = 3e-4


@dataclass(frozen=True)
class Vocabulary:
    """Tokens: ``[UNK]``, the pieces, then whole words."""

    tokens: tuple[str, ...]
    scores: npt.NDArray[np.float64]  # log probability, what the segmentation maximises
    n_pieces: int  # tokens[1 : 1 + n_pieces]

    @property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """How often each token is met in general language."""
        return np.array([frequency(token) for token in self.tokens])

    def tokenizer(self) -> Tokenizer:
        """The vocabulary as a tokenizer that model2vec loads."""
        scores = [round(float(score), 2) for score in self.scores]
        pairs = list(zip(self.tokens, scores, strict=True))
        tokenizer = Tokenizer(models.Unigram(pairs, unk_id=0, byte_fallback=False))
        tokenizer.normalizer = normalizers.Sequence(
            [
                normalizers.NFKC(),
                normalizers.Lowercase(),
                normalizers.Replace(Regex(r"[^\p{L}\p{N}]+"), " "),
            ]
        )
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Digits(individual_digits=False)]
        )
        return tokenizer


def words(text: str) -> list[str]:
    """The words of a text as the tokenizer sees them.

    >>> words("Élan_vital: 23:59 Uhr, covid19")
    ['élan', 'vital', '23', '59', 'uhr', 'covid', '19']
    """
    found = _WORD.findall(unicodedata.normalize("NFKC", text).lower())
    return [part for word in found for part in _DIGITS_OR_NOT.findall(word)]


def frequency(word: str) -> float:
    """How often a word is met in the language that has it most, by ``wordfreq``.

    It counts German's ß as ss.
    """
    word = word.replace("ß", "ss")
    return max(float(_FREQUENCIES[language].get(word, 0.0)) for language in LANGUAGES)


_FREQUENCIES = {language: wordfreq.get_frequency_dict(language, "large") for language in LANGUAGES}


def sif_weights(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Smooth inverse frequency (Arora, Liang and Ma, 2017): near 1 for rare tokens."""
    return _SIF / (_SIF + probabilities)


def build(corpus: Corpus, n_tokens: int) -> Vocabulary:
    """``[UNK]``, pieces, then the words that training or general language has most of."""
    pieces = _pieces()
    wanted = _wanted(corpus)
    by_want = sorted(wanted, key=wanted.__getitem__, reverse=True)
    chosen = [word for word in by_want if word not in pieces]
    tokens = ["[UNK]", *pieces, *chosen[: n_tokens - 1 - len(pieces)]]
    scores = [0.0, *(_piece_score(piece, score) for piece, score in pieces.items())]
    scores += [math.log(frequency(word) + 2e-8) for word in tokens[1 + len(pieces) :]]
    return Vocabulary(tuple(tokens), np.array(scores), len(pieces))


def _wanted(corpus: Corpus) -> dict[str, float]:
    """How much each word is wanted: its count in the training text, dictionary and language."""
    wanted: defaultdict[str, float] = defaultdict(float)
    for unit in corpus.units:
        for language, text in unit.texts.items():
            # Dutch has a third of the text of the others.
            weight = 2.5 if language == "nl" else 1.0
            for word in words(text):
                wanted[word] += weight
    for group in corpus.groups:
        for language in group:
            # Not a set: its order, which decides between words wanted alike, is another each run.
            for word in dict.fromkeys(word for entry in group[language] for word in words(entry)):
                wanted[word] += 2
    for language, n_words in _N_FREQUENT.items():
        for rank, word in enumerate(wordfreq.top_n_list(language, n_words)):
            wanted[word] += 1 + 20_000 // (rank + 1000)
    return {
        word: count
        for word, count in wanted.items()
        if 1 < len(word) <= _MAX_WORD_CHARS and words(word) == [word] and not word.isdigit()
    }


def _piece_score(piece: str, score: float) -> float:
    """A piece that is a word too counts as one; any other is a last resort."""
    known = frequency(piece) if len(piece) > 1 else 0.0
    return max(math.log(known), score - 4.0) if known > 1e-7 else score - 4.0


def _pieces() -> dict[str, float]:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.UnigramTrainer(
        vocab_size=_N_PIECES,
        special_tokens=["[UNK]"],
        unk_token="[UNK]",
        max_piece_length=_MAX_PIECE_CHARS,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_general_language(), trainer)
    learned = dict(json.loads(tokenizer.to_str())["model"]["vocab"])
    pieces = {piece: float(score) for piece, score in sorted(learned.items()) if piece != "[UNK]"}
    # What the word lists lack.
    return pieces | {letter: pieces.get(letter, -9.0) for letter in "0123456789ß"}


def _general_language() -> Iterator[str]:
    """Frequent words of each language, the more often the more frequent."""
    for language in LANGUAGES:
        for word in wordfreq.top_n_list(language, 120_000):
            if word.isalpha():
                times = round(3 * math.log10(_FREQUENCIES[language][word] * 1e8 + 1))
                yield from [" ".join(words(word))] * max(1, times)


class Segmenter:
    """The best segmentation of single words, as the tokenizer would cut them."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._ids = {token: i for i, token in enumerate(vocabulary.tokens) if i}
        self._scores = vocabulary.scores
        self._longest = max(map(len, self._ids))
        self._unknown = float(vocabulary.scores.min()) - 10

    def segment(self, word: str, *, without: str = "") -> list[int]:
        """Token ids of the likeliest cut; ``without`` is a token that may not be used."""
        n = len(word)
        best = [0.0] + [-math.inf] * n
        back = [(0, 0)] * (n + 1)
        for start in range(n):
            for end in range(start + 1, min(n, start + self._longest) + 1):
                token = self._ids.get(word[start:end], 0)
                if (not token and end > start + 1) or word[start:end] == without:
                    continue
                score = best[start] + (self._scores[token] if token else self._unknown)
                if score > best[end]:
                    best[end], back[end] = score, (start, token)
        cut: list[int] = []
        while n:
            n, token = back[n]
            cut.append(token)
        return cut[::-1]


def segment_all(
    vocabulary: Vocabulary, known: Sequence[str]
) -> tuple[list[list[int]], list[list[int]]]:
    """Each word's cut, and its cut without a token of its own: how it looks when unknown."""
    segmenter = Segmenter(vocabulary)
    best = [segmenter.segment(word) for word in known]
    pieces = [
        segmenter.segment(word, without=word) if len(cut) == 1 and len(word) > 5 else cut
        for word, cut in zip(known, best, strict=True)
    ]
    return best, pieces


def ngrams(token: str, sizes: Iterable[int] = (3, 4, 5)) -> list[str]:
    """Character n-grams of a token with its ends marked (Bojanowski et al., fastText, 2017).

    >>> ngrams("wahl", (3,))
    ['<wa', 'wah', 'ahl', 'hl>']
    """
    marked = f"<{token}>"
    return [marked[i : i + n] for n in sizes for i in range(len(marked) - n + 1)]
