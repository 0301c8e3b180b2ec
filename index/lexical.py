"""BM25 over the chunks' words, each stemmed in its document's language. tantivy's only door.

A question is stemmed in every language and its function words are dropped, so that it finds
names, numbers and cognates in documents of any of them. What a person types is split into
words here and never parsed as a query: no character of it is an operator.
"""

from __future__ import annotations

import re
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
# Longer "words" are data (base64, long addresses) that nobody asks by.
_MAX_WORD_CHARS = 60
_WRITER_HEAP_BYTES = 64_000_000


@cache
def _analyzer(language: str) -> TextAnalyzer:
    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(_MAX_WORD_CHARS))
    builder = builder.filter(Filter.lowercase())
    if language in _STEMMERS:
        name = _STEMMERS[language]
        builder = builder.filter(Filter.stopword(name)).filter(Filter.stemmer(name))
    # "café" and "cafe" are one: readers type without accents.
    return builder.filter(Filter.ascii_fold()).build()


def _stems(text: str, language: str) -> list[str]:
    # Half a surrogate pair is no character, and cannot be passed on.
    clean = text.encode("utf-8", "ignore").decode("utf-8")
    return _analyzer(language if language in _STEMMERS else _OTHER).analyze(clean)


@lru_cache(maxsize=200_000)
def stem(word: str, language: str) -> str:
    """The stem of a word as the word index has it; "" for a function word.

    >>> stem("Häuser", "de"), stem("the", "en")
    ('haus', '')
    """
    return "".join(_stems(word, language))


def _without_stop_words(query: str) -> list[str]:
    """The words of a query without the stop words of the language that most of them are in.

    A German question's *war* is no war in an English document, nor its *die* a death.

    >>> _without_stop_words("Wer war die Königin?"), _without_stop_words("Who won the war?")
    (['wer', 'königin'], ['who', 'won', 'war'])
    """
    words = _WORD.findall(query.lower())
    by_language = votes(words)
    asked_in = max(by_language, key=by_language.__getitem__)
    # Stop words alone: without every function word, half a point fewer were found within a
    # language, and no more across.
    return [word for word in words if stem(word, asked_in)] or words


def _schema() -> Schema:
    builder = SchemaBuilder()
    builder.add_unsigned_field("number", stored=True, indexed=True, fast=True)
    builder.add_text_field(_FIELD, tokenizer_name=_FIELD, index_option="freq")
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

    def _terms(self, query: str) -> list[Query]:
        content = " ".join(_without_stop_words(query))
        stems = (word for language in (*_STEMMERS, _OTHER) for word in _stems(content, language))
        return [
            Query.term_query(self._schema, _FIELD, word, index_option="freq")
            for word in dict.fromkeys(stems)
        ]

    def _number(self, address: object) -> int:
        return int(self._searcher.doc(address)["number"][0])  # type: ignore[arg-type]


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
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
