"""BM25 over the chunks' words, each stemmed in its document's language. tantivy's only door.

A question is stemmed in every language and its function words are dropped, so that it finds
names, numbers and cognates in documents of any of them. What a person types is split into
words here and never parsed as a query: no character of it is an operator.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path

from tantivy import (
    Document,
    Filter,
    Index,
    Occur,
    Query,
    Schema,
    SchemaBuilder,
    TextAnalyzer,
    TextAnalyzerBuilder,
    Tokenizer,
)

from index.errors import BuildError, StoreDamagedError
from index.function_words import votes

_STEMMERS = {"nl": "dutch", "de": "german", "en": "english"}
_WORD = re.compile(r"[^\W_]+")
_OTHER = "xx"  # any other language: words as they stand
# One field for all languages, filled with stems: a field for each would give every word of a
# language that few documents are in next to no weight, since a field's mean length counts the
# documents without it.
_FIELD = "stems"
# The words as they stand but in small letters: what a mistyped word is compared with.
_FORMS = "forms"
_LANGUAGE = "language"
# Longer "words" are data (base64, long addresses) that nobody asks by.
_MAX_WORD_CHARS = 60
_WRITER_HEAP_BYTES = 64_000_000
# A word this long may hold one typing error, and one of _TWO_ERRORS_CHARS two.
_ONE_ERROR_CHARS = 5
_TWO_ERRORS_CHARS = 9
# Of two words that are equally near, one is meant only if so many times as many chunks have it.
_CLEARLY_MORE = 3


@cache
def _analyzer(language: str) -> TextAnalyzer:
    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(_MAX_WORD_CHARS))
    builder = builder.filter(Filter.lowercase())
    if language in _STEMMERS:
        name = _STEMMERS[language]
        builder = builder.filter(Filter.stopword(name)).filter(Filter.stemmer(name))
    # "café" and "cafe" are one: readers type without accents.
    return builder.filter(Filter.ascii_fold()).build()


def _composed(text: str) -> str:
    """The text as it is cut into words: letters and their accents are one character each."""
    # Half a surrogate pair is no character, and cannot be passed on.
    return unicodedata.normalize("NFC", text.encode("utf-8", "ignore").decode("utf-8"))


def _stems(text: str, language: str) -> list[str]:
    return _analyzer(language if language in _STEMMERS else _OTHER).analyze(_composed(text))


def _forms(text: str) -> list[str]:
    """The words of a text that can be meant by a mistyped one."""
    return [
        word
        for word in _WORD.findall(_composed(text).lower())
        if _ONE_ERROR_CHARS - 1 <= len(word) <= _MAX_WORD_CHARS and word.isalpha()
    ]


@lru_cache(maxsize=200_000)
def stem(word: str, language: str) -> str:
    """The stem of a word as the word index has it; "" for a function word.

    >>> stem("Häuser", "de"), stem("the", "en")
    ('haus', '')
    """
    return "".join(_stems(word, language))


def distance(one: str, other: str) -> int:
    """How many typing errors lie between two words: a letter more, less, another, or two swapped.

    The restricted Damerau-Levenshtein distance, which tantivy's fuzzy terms have too.

    >>> distance("brigde", "bridge"), distance("brug", "bruggen")
    (1, 3)
    """
    above: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one):
        higher, above, row = above, row, [i + 1]
        for j, b in enumerate(other):
            errors = min(above[j] + (a != b), above[j + 1] + 1, row[j] + 1)
            if i and j and a == other[j - 1] and b == one[i - 1]:
                errors = min(errors, higher[j - 1] + 1)
            row.append(errors)
    return row[-1]


def _without_stop_words(query: str) -> list[str]:
    """The words of a query without the stop words of the language that most of them are in.

    A German question's *war* is no war in an English document, nor its *die* a death.

    >>> _without_stop_words("Wer war die Königin?"), _without_stop_words("Who won the war?")
    (['wer', 'königin'], ['who', 'won', 'war'])
    """
    words = _WORD.findall(_composed(query).lower())
    by_language = votes(words)
    asked_in = max(by_language, key=by_language.__getitem__)
    # Stop words alone: without every function word, half a point fewer were found within a
    # language, and no more across.
    return [word for word in words if stem(word, asked_in)] or words


def _schema() -> Schema:
    builder = SchemaBuilder()
    builder.add_unsigned_field("number", stored=True, indexed=True, fast=True)
    builder.add_text_field(_FIELD, tokenizer_name=_FIELD, index_option="freq")
    builder.add_text_field(_FORMS, tokenizer_name=_FIELD, index_option="basic")
    builder.add_text_field(_LANGUAGE, tokenizer_name="raw", index_option="basic")
    return builder.build()


class Words:
    """The lexical index of one generation, open for reading."""

    def __init__(self, folder: Path) -> None:
        """Open the index in ``folder``.

        Raises:
            StoreDamagedError: tantivy cannot open it.
        """
        try:
            self._index = Index.open(str(folder))
        except (ValueError, OSError) as error:
            raise StoreDamagedError(
                f"The word index in {folder} cannot be opened ({error}); run: qa index --rebuild"
            ) from error
        self._schema = _schema()
        self._searcher = self._index.searcher()

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def search(
        self, query: str, k: int, *, among: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """The ``k`` best (chunk number, BM25 score), best first; only ``among`` if given.

        BM25 with k1 = 1.2 and b = 0.75, as tantivy computes it.
        """
        terms = self._terms(query)
        if not terms or not len(self) or (among is not None and not len(among)):
            return []
        found = Query.boolean_query([(Occur.Should, term) for term in terms])
        if among is not None:
            numbers = Query.term_set_query(self._schema, "number", [int(n) for n in among])
            unscored = Query.const_score_query(numbers, 0.0)
            found = Query.boolean_query([(Occur.Must, found), (Occur.Must, unscored)])
        hits = self._searcher.search(found, limit=k, count=False).hits
        ranked = [(self._number(address), score) for score, address in hits]
        return sorted(ranked, key=lambda hit: (-hit[1], hit[0]))

    def holds(self, word: str) -> bool:
        """Whether a chunk has the word in any form, or it is a stop word of some language."""
        stems = _all_stems(word)
        return "" in stems or any(self._frequency(_FIELD, each) for each in stems)

    def spelling(self, word: str, language: str) -> str | None:
        """The word of the chunks, in small letters, that this one was most likely meant to be.

        The nearest as ``distance`` counts: one error away; from _TWO_ERRORS_CHARS letters on two,
        if the first letter is right and a chunk in ``language`` has it. Of those the one in most
        chunks; None if two are as likely, and for what is shorter than _ONE_ERROR_CHARS letters
        or no word of letters alone.
        """
        typed = _composed(word).lower()
        if len(typed) < _ONE_ERROR_CHARS or not typed.isalpha():
            return None
        two_errors = len(typed) >= _TWO_ERRORS_CHARS
        # Few get their first letter wrong, and to look for those takes ten times as long.
        near = (
            self._forms_near(typed, 1, typed[0])
            or (two_errors and self._forms_near(typed, 2, typed[0], language))
            or self._forms_near(typed, 1, "")
        )
        ranked = sorted((-self._frequency(_FORMS, form), form) for form in near)
        return ranked[0][1] if ranked and not _are_alike(ranked) else None

    def _forms_near(
        self, typed: str, limit: int, start: str, language: str | None = None
    ) -> list[str]:
        """The chunks' words that begin so and are at most so many errors away."""
        wanted = [Query.fuzzy_term_query(self._schema, _FORMS, typed, distance=limit)]
        if language:
            wanted.append(Query.term_query(self._schema, _LANGUAGE, language))
        query = Query.boolean_query([(Occur.Must, each) for each in wanted])
        # All words of the chunks that hold a near one, so most are far.
        beside = self._searcher.terms_with_prefix(_FORMS, start, filter_query=query)
        return [form for form, _ in beside if _are_near(typed, form, limit)]

    def _frequency(self, field: str, term: str) -> int:
        return int(self._searcher.doc_freq(field, term))

    def _term(self, term: str) -> Query:
        return Query.term_query(self._schema, _FIELD, term, index_option="freq")

    def _terms(self, query: str) -> list[Query]:
        content = " ".join(_without_stop_words(query))
        stems = (word for language in (*_STEMMERS, _OTHER) for word in _stems(content, language))
        return [self._term(word) for word in dict.fromkeys(stems)]

    def _number(self, address: object) -> int:
        return int(self._searcher.doc(address)["number"][0])  # type: ignore[arg-type]


def _all_stems(word: str) -> list[str]:
    """The stems of a word in every language, each once; "" for one that has it as a stop word."""
    return list(dict.fromkeys(stem(word, language) for language in (*_STEMMERS, _OTHER)))


def _are_near(one: str, other: str, limit: int) -> bool:
    """Whether so few errors lie between a word and another that is no stop word."""
    # The first two rule out nearly all, for a hundredth of the time.
    return (
        abs(len(one) - len(other)) <= limit
        and len(set(one) ^ set(other)) <= 2 * limit
        and distance(one, other) <= limit
        and "" not in _all_stems(other)
    )


def _are_alike(ranked: Sequence[tuple[int, str]]) -> bool:
    """Whether the first form has a rival: no form of the same word, and nearly as frequent."""
    (most, best), *others = ranked
    stems = set(_all_stems(best))
    rivals = [n for n, form in others if not stems & set(_all_stems(form))]
    return any(-most < _CLEARLY_MORE * -n for n in rivals)


def write_words(folder: Path, rows: Iterable[tuple[int, str, str]]) -> None:
    """Make a lexical index in ``folder`` of (chunk number, language, text) rows.

    Raises:
        BuildError: tantivy cannot write it.
    """
    try:
        _write(folder, rows)
    except ValueError as error:  # what tantivy raises for any fault of the disk
        raise BuildError(
            f"The word index in {folder} cannot be written ({error}); is the disk full?"
        ) from error


def _write(folder: Path, rows: Iterable[tuple[int, str, str]]) -> None:
    folder.mkdir(parents=True)
    index = Index(_schema(), path=str(folder))
    spaces = TextAnalyzerBuilder(Tokenizer.whitespace()).build()
    index.register_tokenizer(_FIELD, spaces)
    writer = index.writer(heap_size=_WRITER_HEAP_BYTES, num_threads=1)
    for number, language, text in rows:
        document = Document()
        document.add_unsigned("number", number)
        document.add_text(_FIELD, " ".join(_stems(text, language)))
        document.add_text(_FORMS, " ".join(_forms(text)))
        document.add_text(_LANGUAGE, language)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
