"""Text for the benchmarks: as much as is wanted, and the same again for the same seed.

It reads like Dutch, German and English to an index, and means nothing: real words as often as
Zipf's law has them, each document's own words again and again, names, numbers, sentences and
paragraphs of the usual length.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

import index
from index.function_words import FUNCTION_WORDS
from index.types import LANGUAGES

_TOKENIZER = Path(index.__file__).parent / "model" / "tokenizer.json"
# Spellings that one language has more often than the others.
_SPELLING = {
    "nl": re.compile(r"ij|aa|uu|oe|ui|oo|eu|ee|vr|heid|lijk|ge.*d$|[kg]en$"),
    "de": re.compile(r"[äöüß]|sch|ei|au|tz|pf|ung|lich|keit|cht"),
    "en": re.compile(r"th|sh|wh|ck|ea|ou|ow|y|qu|c[aeiou]|tion|ing$|ed$|ly$"),
}
# Log-normal, as sentences of newspapers are; the mean is then about 18 words.
_SENTENCE_WORDS, _SENTENCE_SPREAD = 16, 0.5
_DOCUMENT_SPREAD = 0.4
_SUBJECT_WORDS = 30
# How many words in a hundred are one of the document's subject, a name or number, have a comma.
_SUBJECT_SHARE, _NAME_SHARE, _COMMA_SHARE = 0.15, 0.05, 0.06
_PARAGRAPH_SENTENCES = 5

_GIVEN = """Anna Bram Clara Daan Emma Finn Greta Hugo Ida Jonas Katja Lars Mila Noah Olga Pieter
Quinn Rosa Sven Tess Ulla Vera Willem Yara""".split()
_SYLLABLES = [
    "Al Ber Bran Cor Del Eg Fal Gor Hol Im Jan Kel Lom Mor Nel Os Per Rol Stem Tor Ul Ven".split(),
    "ba da en fe ga he ina ka lo ma no or pa ri sa ten ul va we zo".split(),
    "beek berg dorp feld hof horst kamp land man mann sen son stein wood".split(),
]

Draw = Callable[[int], npt.NDArray[np.float64]]
"""Called with how many; gives so many numbers, evenly spread over 0..1 without 1."""


def documents(n: int, seed: int, sentences: int = 30) -> Iterator[dict[str, str]]:
    """``n`` documents of about so many sentences: id, title, lang, date and text.

    Each depends on its place and the seed alone, so that fewer are the first of more.
    Thirty sentences are about 3,700 characters.
    """
    for number in range(n):
        yield document(number, seed, sentences)


def document(number: int, seed: int, sentences: int = 30) -> dict[str, str]:
    """The document at one place, counted from 0; the languages take turns."""
    # Plain draws of 0..1 only: how numpy makes other distributions of them may change.
    draw = np.random.Generator(np.random.PCG64([seed, number])).random
    language = LANGUAGES[number % len(LANGUAGES)]
    subject = _subject(language, draw)
    title_words, year, month, day = (int(x) for x in draw(4) * (4, 25, 12, 28))
    return {
        "id": f"document-{number:07d}",
        "title": " ".join(subject[: 2 + title_words]).capitalize(),
        "lang": language,
        "date": f"{2000 + year}-{1 + month:02d}-{1 + day:02d}",
        "text": _text(_sentences(language, subject, sentences, draw)),
    }


def questions(n: int, seed: int, n_documents: int, sentences: int = 30) -> list[str]:
    """``n`` questions of four to eight words that stand near each other in one of the documents."""
    draw = np.random.Generator(np.random.PCG64([seed, n_documents, n])).random
    asked = []
    for where, at, size in draw((n, 3)):
        words = document(int(where * n_documents), seed, sentences)["text"].split()
        start = int(at * max(1, len(words) - 16))
        near = words[start : start + 16 : 2][: 4 + int(size * 5)]
        asked.append(" ".join(word.strip(".,?") for word in near) + "?")
    return asked


def write_jsonl(path: Path, n: int, seed: int) -> Path:
    """``n`` documents of about ten chunks in one file."""
    with path.open("w", encoding="utf-8") as file:
        for record in documents(n, seed):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    return path


def write_files(folder: Path, n: int, seed: int, sentences: int = 5) -> Path:
    """``n`` text files, of about 600 characters unless more sentences are wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    for record in documents(n, seed, sentences):
        text = f"{record['title']}\n\n{record['text']}\n"
        (folder / f"{record['id']}.txt").write_text(text, "utf-8")
    return folder


# Words


@cache
def _words() -> dict[str, tuple[list[str], int]]:
    """Of each language its words, the most frequent first, and how many carry grammar.

    Words are those of the shipped tokenizer, whose scores say how frequent each is; it does not
    know of which language.
    """
    scored = json.loads(_TOKENIZER.read_text("utf-8"))["model"]["vocab"]
    ranked = [word for word, _ in sorted(scored, key=lambda pair: (-pair[1], pair[0]))]
    function_words = frozenset[str]().union(*FUNCTION_WORDS.values())
    content: dict[str, list[str]] = {language: [] for language in LANGUAGES}
    for number, word in enumerate(ranked):
        if word.isalpha() and len(word) > 3 and word not in function_words:
            content[_language(word, number)].append(word)
    words = {}
    for language in LANGUAGES:
        grammar = [word for word in ranked if word in FUNCTION_WORDS[language]]
        words[language] = (grammar + content[language], len(grammar))
    return words


def _language(word: str, number: int) -> str:
    """Whose spelling it has most of; the language whose turn it is if that does not tell."""
    turn = LANGUAGES[number % 3 :] + LANGUAGES[: number % 3]
    return max(turn, key=lambda language: len(_SPELLING[language].findall(word)))


@cache
def _zipf(n: int) -> npt.NDArray[np.float64]:
    """How likely a word is among the first 1, 2 … ``n``, where the k-th is 1/k as likely."""
    sums = np.cumsum(1 / np.arange(1, n + 1))
    share: npt.NDArray[np.float64] = sums / sums[-1]
    return share


@cache
def _log_normal(median: float, spread: float) -> npt.NDArray[np.float64]:
    """A thousand evenly likely values, the lowest first."""
    normal = NormalDist(math.log(median), spread)
    return np.array([math.exp(normal.inv_cdf((i + 0.5) / 1000)) for i in range(1000)])


def _drawn(values: npt.NDArray[np.float64], draws: npt.NDArray[np.float64]) -> list[int]:
    return [round(x) for x in values[(draws * len(values)).astype(int)]]


def _subject(language: str, draw: Draw) -> list[str]:
    words, n_grammar = _words()[language]
    content = words[n_grammar:]
    return [content[i] for i in np.searchsorted(_zipf(len(content)), draw(_SUBJECT_WORDS))]


def _name(draw: float) -> str:
    """A name, the first ones more often than the last: 0 ≤ ``draw`` < 1."""
    place = int(draw**3 * len(_GIVEN) * math.prod(map(len, _SYLLABLES)))
    parts = []
    for choices in (*_SYLLABLES, _GIVEN):
        place, at = divmod(place, len(choices))
        parts.append(choices[at])
    return f"{parts[-1]} {''.join(parts[:-1])}"


def _number(draw: float) -> str:
    kind, rest = divmod(draw * 3, 1)
    if kind == 0:
        return str(1900 + int(rest * 125))
    return f"{int(rest * 1000)},{int(rest * 1e5) % 10}" if kind == 1 else str(int(rest * 50_000))


# Sentences


def _sentences(language: str, subject: Sequence[str], about: int, draw: Draw) -> Iterator[str]:
    n = max(1, round(about * _drawn(_log_normal(1_000, _DOCUMENT_SPREAD), draw(1))[0] / 1_000))
    lengths = _drawn(_log_normal(_SENTENCE_WORDS, _SENTENCE_SPREAD), draw(n))
    words = _running_words(language, subject, sum(lengths), draw)
    at = 0
    for length in lengths:
        sentence = " ".join(words[at : at + length]).rstrip(",")
        at += length
        yield f"{sentence[0].upper()}{sentence[1:]}."


def _running_words(language: str, subject: Sequence[str], n: int, draw: Draw) -> list[str]:
    known, _ = _words()[language]
    words = [known[i] for i in np.searchsorted(_zipf(len(known)), draw(n)).tolist()]
    special = draw(n)
    for i in np.flatnonzero(special < _NAME_SHARE + _SUBJECT_SHARE).tolist():
        words[i] = _special(float(special[i]), subject)
    for i in np.flatnonzero(draw(n) < _COMMA_SHARE).tolist():
        words[i] += ","
    return words


def _special(draw: float, subject: Sequence[str]) -> str:
    """A name, a number or a word of the subject."""
    if draw >= _NAME_SHARE:
        return subject[int((draw - _NAME_SHARE) / _SUBJECT_SHARE * len(subject))]
    half, rest = divmod(2 * draw / _NAME_SHARE, 1)
    return _name(rest) if half == 0 else _number(rest)


def _text(sentences: Iterator[str]) -> str:
    given = list(sentences)
    starts = range(0, len(given), _PARAGRAPH_SENTENCES)
    return "\n\n".join(" ".join(given[i : i + _PARAGRAPH_SENTENCES]) for i in starts)
