"""BM25 over the chunks' words, each stemmed in its document's language. tantivy's only door.

A question is stemmed in every language and its function words are dropped, so that it finds
names, numbers and cognates in documents of any of them. What a person types is split into
words here and never parsed as a query: no character of it is an operator.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

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
_NUMBER = "number"
# Longer "words" are data (base64, long addresses) that nobody asks by.
_MAX_WORD_CHARS = 60
# Fewer: a change takes less, as it writes again the segments that it touches, about half a second
# each. More: a search takes less, as it looks into all of them, 123 in a million chunks.
_SEGMENT_CHUNKS = 8_192
_SEGMENT_CHARS = 16_000_000
# More than a segment of these sizes can fill: a writer that runs full begins another one.
_WRITER_HEAP_BYTES = 1_000_000_000
_SEGMENT_FILES = ("fast", "fieldnorm", "idx", "pos", "store", "term")
_META = "meta.json"
_SPANS = "segments.json"
# The stems of so many words are kept for each language: about 20 MB.
_MAX_STEMS = 100_000
# A word this long may hold one typing error, and one of _TWO_ERRORS_CHARS two.
_ONE_ERROR_CHARS = 5
_TWO_ERRORS_CHARS = 9
# Of two words that are equally near, one is meant only if so many times as many chunks have it.
_CLEARLY_MORE = 3


@cache
def _cutter() -> TextAnalyzer:
    """Cuts a text into words in small letters."""
    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(_MAX_WORD_CHARS))
    return builder.filter(Filter.lowercase()).build()


def _stemmer(language: str) -> TextAnalyzer:
    """Stems one word as ``_cutter`` gives it; no token if it is a stop word."""
    builder = TextAnalyzerBuilder(Tokenizer.raw())
    if language in _STEMMERS:
        name = _STEMMERS[language]
        builder = builder.filter(Filter.stopword(name)).filter(Filter.stemmer(name))
    # "café" and "cafe" are one: readers type without accents.
    return builder.filter(Filter.ascii_fold()).build()


def _composed(text: str) -> str:
    """The text as it is cut into words: letters and their accents are one character each."""
    # Half a surrogate pair is no character, and cannot be passed on.
    return unicodedata.normalize("NFC", text.encode("utf-8", "ignore").decode("utf-8"))


def _words(text: str) -> list[str]:
    return _cutter().analyze(_composed(text))


class _Stems(dict[str, str]):
    """The stems of words as ``_cutter`` gives them, in one language; "" for a stop word.

    Most of a text is made of the same words, so each of them is stemmed once.
    """

    def __init__(self, language: str) -> None:
        self._stemmer = _stemmer(language)

    def __missing__(self, word: str) -> str:
        if len(self) >= _MAX_STEMS:
            self.clear()
        self[word] = found = "".join(self._stemmer.analyze(word))
        return found


_STEMS = {language: _Stems(language) for language in (*_STEMMERS, _OTHER)}


def _stems(words: Iterable[str], language: str) -> list[str]:
    known = _STEMS.get(language, _STEMS[_OTHER])
    return [found for word in words if (found := known[word])]


def _forms(words: Iterable[str]) -> list[str]:
    """Those words that can be meant by a mistyped one."""
    return [word for word in words if len(word) >= _ONE_ERROR_CHARS - 1 and word.isalpha()]


@lru_cache(maxsize=200_000)
def stem(word: str, language: str) -> str:
    """The stem of a word as the word index has it; "" for a function word.

    >>> stem("Häuser", "de"), stem("the", "en")
    ('haus', '')
    """
    return "".join(_stems(_words(word), language))


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
    builder.add_unsigned_field(_NUMBER, stored=True, indexed=True, fast=True)
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
            numbers = Query.term_set_query(self._schema, _NUMBER, [int(n) for n in among])
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
        near = (
            self._forms_near(typed, 1)
            or (two_errors and self._forms_near(typed, 2, language))
            or self._forms_beside(typed)
        )
        ranked = sorted((-self._frequency(_FORMS, form), form) for form in near)
        return ranked[0][1] if ranked and not _are_alike(ranked) else None

    def _forms_near(self, typed: str, limit: int, language: str | None = None) -> list[str]:
        """The chunks' words with the same first letter that are at most so many errors away."""
        wanted = [Query.fuzzy_term_query(self._schema, _FORMS, typed, distance=limit)]
        if language:
            wanted.append(Query.term_query(self._schema, _LANGUAGE, language))
        query = Query.boolean_query([(Occur.Must, each) for each in wanted])
        # All words of the chunks that hold a near one, so most are far.
        beside = self._searcher.terms_with_prefix(_FORMS, typed[0], filter_query=query)
        return [form for form, _ in beside if _are_near(typed, form, limit)]

    def _forms_beside(self, typed: str) -> list[str]:
        """The chunks' words that are one error away, whatever letter they begin with."""
        # Few get their first letter wrong, and to look through the words with every first letter
        # takes a second in a million chunks. So a chunk that has one is asked for its words, then
        # one that has another, until there is none.
        found: list[str] = []
        near = Query.fuzzy_term_query(self._schema, _FORMS, typed, distance=1)
        while hits := self._searcher.search(self._without(near, found), 1, count=False).hits:
            number = self._number(hits[0][1])
            chunk = Query.term_query(self._schema, _NUMBER, number)
            held = self._searcher.terms_with_prefix(_FORMS, "", filter_query=chunk)
            new = [form for form, _ in held if form not in found and distance(typed, form) <= 1]
            if not new:  # it would be asked for ever
                break
            found += new
        return [form for form in found if _are_near(typed, form, 1)]

    def _without(self, query: Query, forms: Sequence[str]) -> Query:
        unwanted = [Query.term_query(self._schema, _FORMS, each, "basic") for each in forms]
        nots = [(Occur.MustNot, each) for each in unwanted]
        return Query.boolean_query([(Occur.Must, query), *nots])

    def _frequency(self, field: str, term: str) -> int:
        return int(self._searcher.doc_freq(field, term))

    def _term(self, term: str) -> Query:
        return Query.term_query(self._schema, _FIELD, term, index_option="freq")

    def _terms(self, query: str) -> list[Query]:
        content = " ".join(_without_stop_words(query))
        words = _words(content)
        stems = (found for language in (*_STEMMERS, _OTHER) for found in _stems(words, language))
        return [self._term(found) for found in dict.fromkeys(stems)]

    def _number(self, address: object) -> int:
        return int(self._searcher.doc(address)[_NUMBER][0])  # type: ignore[arg-type]


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

    The numbers must rise. Some thousands of rows are held at a time.

    Raises:
        BuildError: it cannot be written.
    """
    blank = _make(folder)
    _publish(folder, blank, list(_write_segments(folder, rows)))


def update_words(
    folder: Path,
    before: Path,
    removed: Collection[int],
    rows: Callable[[int, int], Iterable[tuple[int, str, str]]],
    last: int,
) -> None:
    """Make a lexical index in ``folder`` from the one in ``before``, which is left as it is.

    No term of it is left of a removed chunk: all that stood in a segment with one is written
    again. The other segments are the files of ``before`` under a second name.

    Args:
        folder: does not exist yet.
        before: an index that most chunks have stayed the same since.
        removed: numbers of chunks that are gone since, or have another text.
        rows: gives the rows there are now from one number to another, both included.
        last: the highest number there is now; those above the highest in ``before`` are new.

    Raises:
        BuildError: it cannot be written.
        StoreDamagedError: the index in ``before`` cannot be read.
    """
    blank = _make(folder)
    segments: list[_Segment] = []
    for run in _plan(_read_segments(before, blank), removed, last):
        if run.kept:
            _take_over(before, folder, run.kept)
            segments.append(run.kept)
        else:
            segments += _write_segments(folder, rows(run.first, run.last))
    _publish(folder, blank, segments)


# Segments
#
# tantivy keeps the words of a deleted document until it merges the segment that it is in, which
# its Python package can neither ask for nor forbid. So nothing is deleted here: every segment is
# made by a writer of its own, elsewhere, and the index is a list of segments that no writer opens.


@dataclass(frozen=True, slots=True)
class _Segment:
    """The chunks from one number to another, in files that are never written to again."""

    first: int
    last: int
    meta: dict[str, Any]  # as meta.json has it

    @property
    def n_chunks(self) -> int:
        return int(self.meta["max_doc"])

    @property
    def files(self) -> list[str]:
        name = self.meta["segment_id"].replace("-", "")
        return [f"{name}.{kind}" for kind in _SEGMENT_FILES]


@dataclass(frozen=True, slots=True)
class _Run:
    """The chunks from one number to another: a segment that they keep, or to be written."""

    first: int
    last: int
    kept: _Segment | None = None

    @property
    def is_settled(self) -> bool:
        """Whether it stays as it is, whatever becomes of its neighbours."""
        return self.kept is not None and self.kept.n_chunks >= _SEGMENT_CHUNKS // 2


def _plan(segments: Sequence[_Segment], removed: Collection[int], last: int) -> list[_Run]:
    """Which segments to keep, and what to write, in the order of the numbers."""
    gone = sorted(removed)
    runs = [_Run(s.first, s.last, None if _holds_any(s, gone) else s) for s in segments]
    end = segments[-1].last if segments else -1
    if last > end:
        runs.append(_Run(end + 1, last))
    plan: list[_Run] = []
    # Neighbours that are small or to be written become one, so that there are never two small
    # ones side by side, however many small changes there were.
    for settled, group in groupby(runs, lambda run: run.is_settled):
        some = list(group)
        plan += some if settled or len(some) == 1 else [_Run(some[0].first, some[-1].last)]
    return plan


def _holds_any(segment: _Segment, numbers: Sequence[int]) -> bool:
    """Whether one of these rising numbers lies within the segment."""
    at = bisect_left(numbers, segment.first)
    return at < len(numbers) and numbers[at] <= segment.last


@contextmanager
def _faults_told(folder: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as error:  # tantivy raises the first for any fault of the disk
        raise BuildError(
            f"The word index in {folder} cannot be written ({error}); is the disk full?"
        ) from error


def _make(folder: Path) -> dict[str, Any]:
    """Make an index of no segments; what its meta.json says."""
    with _faults_told(folder):
        folder.mkdir(parents=True)
        Index(_schema(), path=str(folder))
        blank: dict[str, Any] = json.loads((folder / _META).read_text("utf-8"))
    if blank.keys() != {"index_settings", "segments", "schema", "opstamp"} or blank["segments"]:
        raise _unknown_tantivy(f"{_META} holds {sorted(blank)}")
    return blank


def _publish(folder: Path, blank: dict[str, Any], segments: Sequence[_Segment]) -> None:
    """Make the segments, whose files are there, those of the index."""
    meta = {**blank, "segments": [each.meta for each in segments]}
    spans = {each.meta["segment_id"]: [each.first, each.last] for each in segments}
    with _faults_told(folder):
        (folder / _META).write_text(json.dumps(meta, indent=2), "utf-8")
        (folder / _SPANS).write_text(json.dumps(spans, indent=2), "utf-8")


def _read_segments(folder: Path, blank: dict[str, Any]) -> list[_Segment]:
    try:
        meta = json.loads((folder / _META).read_text("utf-8"))
        spans = json.loads((folder / _SPANS).read_text("utf-8"))
        segments = []
        for each in meta["segments"]:
            first, last = spans.pop(each["segment_id"])
            segments.append(_Segment(first, last, each))
        numbers = [number for each in segments for number in (each.first, each.last)]
        whole = (
            not spans
            and numbers == sorted(map(int, numbers))
            and all(each.n_chunks > 0 for each in segments)
            and all(meta[key] == blank[key] for key in ("schema", "index_settings"))
            and all((folder / name).is_file() for each in segments for name in each.files)
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(folder, repr(error)) from error
    if not whole:
        raise _damaged(folder, f"{_META} and {_SPANS} do not fit together")
    return segments


def _damaged(folder: Path, why: str) -> StoreDamagedError:
    return StoreDamagedError(
        f"The word index in {folder} cannot be opened ({why}); run: qa index --rebuild"
    )


def _unknown_tantivy(seen: str) -> BuildError:
    return BuildError(
        f"This version of tantivy writes its index in another way ({seen}); "
        "install the version that pyproject.toml asks for."
    )


def _take_over(before: Path, folder: Path, segment: _Segment) -> None:
    with _faults_told(folder):
        for name in segment.files:
            try:
                # tantivy writes the files of a segment once and then only reads them, so none
                # of the two folders ever changes what the other has.
                os.link(before / name, folder / name)
            except OSError:  # a file system without links, or another one
                shutil.copy2(before / name, folder / name)


def _write_segments(folder: Path, rows: Iterable[tuple[int, str, str]]) -> Iterator[_Segment]:
    for some in _cut(rows):
        with _faults_told(folder), TemporaryDirectory(dir=folder) as apart:
            _write(Path(apart), some)
            segment = _only_segment(Path(apart), some[0][0], some[-1][0])
            for name in segment.files:
                (Path(apart) / name).rename(folder / name)
        yield segment


def _cut(rows: Iterable[tuple[int, str, str]]) -> Iterator[list[tuple[int, str, str]]]:
    """The rows in lists, each enough for a segment."""
    some: list[tuple[int, str, str]] = []
    chars, before = 0, -1
    for row in rows:
        number, _, text = row
        if number <= before:
            raise ValueError(f"chunk {number} comes after {before}; the numbers must rise")
        some.append(row)
        chars, before = chars + len(text), number
        if len(some) == _SEGMENT_CHUNKS or chars >= _SEGMENT_CHARS:
            yield some
            some, chars = [], 0
    if some:
        yield some


def _write(folder: Path, rows: Iterable[tuple[int, str, str]]) -> None:
    index = Index(_schema(), path=str(folder))
    spaces = TextAnalyzerBuilder(Tokenizer.whitespace()).build()
    index.register_tokenizer(_FIELD, spaces)
    writer = index.writer(heap_size=_WRITER_HEAP_BYTES, num_threads=1)
    for number, language, text in rows:
        words = _words(text)
        document = Document()
        document.add_unsigned(_NUMBER, number)
        document.add_text(_FIELD, " ".join(_stems(words, language)))
        document.add_text(_FORMS, " ".join(_forms(words)))
        document.add_text(_LANGUAGE, language)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def _only_segment(folder: Path, first: int, last: int) -> _Segment:
    """The segment of an index that has one, made just now."""
    metas = json.loads((folder / _META).read_text("utf-8"))["segments"]
    if len(metas) != 1 or metas[0].keys() != {"segment_id", "max_doc", "deletes"}:
        raise _unknown_tantivy(f"{_META} names {metas}")
    segment = _Segment(first, last, metas[0])
    files = sorted(path.name for path in folder.glob("[!.]*") if path.name != _META)
    if metas[0]["deletes"] is not None or files != segment.files:
        raise _unknown_tantivy(f"a segment is {files}")
    return segment
