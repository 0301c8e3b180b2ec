from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tantivy import Filter, Index, TextAnalyzerBuilder, Tokenizer

from index import lexical
from index.errors import BuildError, StoreDamagedError
from index.lexical import Words, distance, stem, update_words, write_words

Rows = dict[int, tuple[str, str]]

ROWS = [
    (1, "nl", "De gebruikers van Parler fietsen naar huis."),
    (2, "de", "Die Nutzer von Parler wohnen in alten Häusern."),
    (3, "en", "The users of the network are running home at 23.59."),
    (4, "fr", "Les utilisateurs du réseau mangent à la maison avec Amazon."),
    (5, "", "Reykjavík 2018"),
    (6, "nl", "De kat kat kat zit op de mat."),
    (7, "nl", "De kat zit op de mat."),
]


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Words:
    folder = tmp_path_factory.mktemp("lexical") / "words"
    write_words(folder, ROWS)
    return Words(folder)


def numbers(words: Words, query: str, among: Sequence[int] | None = None) -> list[int]:
    return [number for number, _ in words.search(query, 10, among=among)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("gebruiker", [1]),
        ("Haus", [2]),
        ("alte", [2]),
        ("runs", [3]),
        ("23.59", [3]),
        ("utilisateurs", [4]),
        ("utilisateur", []),  # no French stemmer: words as they stand
        ("AMAZON", [4]),
        ("reseau", [4]),
        ("Reykjavik", [5]),
        ("2018", [5]),
        ("zebra", []),
    ],
)
def test_a_word_is_found_in_the_form_of_its_language(
    words: Words, query: str, expected: list[int]
) -> None:
    assert numbers(words, query) == expected


@pytest.mark.parametrize("query", ["de van op", "the of at", "die von in"])
def test_function_words_of_a_language_find_none_of_its_texts(words: Words, query: str) -> None:
    assert set(numbers(words, query)) <= {4, 5}


@pytest.mark.parametrize("query", ["", " ", "?!…", "\x00", "🇳🇱", "\u200b"])
def test_a_query_without_words_finds_nothing(words: Words, query: str) -> None:
    assert words.search(query, 10) == []


def test_stop_words_of_a_query_find_no_homographs_in_other_languages(tmp_path: Path) -> None:
    rows = [(1, "en", "They die in the war."), (2, "de", "Die Brücke war alt.")]
    write_words(tmp_path / "words", rows)
    both = Words(tmp_path / "words")
    assert numbers(both, "Wie alt war die Brücke?") == [2]
    assert numbers(both, "Did they die in the war?") == [1]


def test_a_word_that_stands_more_often_or_is_rarer_scores_higher(words: Words) -> None:
    assert numbers(words, "kat") == [6, 7]
    scores = dict(words.search("Parler Reykjavik", 10))
    assert scores[5] > max(scores[1], scores[2])


def test_a_word_weighs_the_same_in_a_language_that_few_documents_are_in(tmp_path: Path) -> None:
    rows = [(1, "nl", "De stad bouwt met Parler een brug."), (2, "de", "Die Stadt baut Parler.")]
    rows += [(n, "nl", f"De gemeente bouwt een brug over rivier {n}.") for n in range(3, 103)]
    write_words(tmp_path / "words", rows)
    scores = dict(Words(tmp_path / "words").search("Parler", 10))
    assert scores[2] == pytest.approx(scores[1], rel=0.5)


def test_bm25_worked_by_hand(tmp_path: Path) -> None:
    # Two texts of one and three words (mean 2), "kat" in one of them: idf = ln(1 + 1.5 / 1.5),
    # tf = 1 · 2.2 / (1 + 1.2 · (0.25 + 0.75 · 1 / 2)).
    write_words(tmp_path / "words", [(1, "xx", "kat"), (2, "xx", "hond muis vis")])
    [(number, score)] = Words(tmp_path / "words").search("kat", 10)
    assert number == 1
    assert score == pytest.approx(0.6931 * 2.2 / 1.75, abs=1e-3)


def test_only_the_asked_for_are_found_and_with_the_same_scores(words: Words) -> None:
    everywhere = dict(words.search("Parler Amazon kat", 10))
    assert everywhere.keys() == {1, 2, 4, 6, 7}
    for among in ([2], [1, 4, 7], [3, 5], [99], list(range(1, 8))):
        found = dict(words.search("Parler Amazon kat", 10, among=among))
        assert found == pytest.approx({n: s for n, s in everywhere.items() if n in among})


def test_among_nothing_nothing_is_found(words: Words) -> None:
    assert words.search("Parler", 10, among=[]) == []


def test_the_best_are_kept_when_few_are_asked_for(words: Words) -> None:
    assert words.search("kat", 1) == words.search("kat", 10)[:1]


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ('" OR NEAR(Parler', "or near parler"),
        ("Par*", "par"),
        ("nl:Parler", "nl parler"),
        ("-Parler", "parler"),
        ("+kat AND NOT mat", "kat and not mat"),
        ("{ $ne: 1 } Parler", "ne 1 parler"),
        ("[a TO z]", "a to z"),
        ("kat^9 mat~2", "kat 9 mat 2"),
        ("/k.t/", "k t"),
        ("Parler\x00Amazon", "parler amazon"),
        ("'; DROP TABLE chunks; --", "drop table chunks"),
    ],
)
def test_an_operator_is_a_plain_character(words: Words, typed: str, plain: str) -> None:
    assert words.search(typed, 10) == words.search(plain, 10)


@pytest.mark.parametrize(
    "query", ["a" * 8_000, "kat " * 2_000, "*" * 8_000, "e" + "\u0301" * 7_999]
)
def test_a_very_long_query_is_answered(words: Words, query: str) -> None:
    assert set(numbers(words, query)) == ({6, 7} if "kat" in query else set())


@pytest.mark.parametrize("typed", ["Brücke", "Bru\u0308cke", "brucke", "Bruecke"])
@pytest.mark.parametrize("written", ["Brücke", "Bru\u0308cke"])
def test_an_umlaut_is_found_however_it_is_written(tmp_path: Path, written: str, typed: str) -> None:
    write_words(tmp_path / "words", [(1, "de", f"Die {written} ist alt.")])
    assert numbers(Words(tmp_path / "words"), typed) == [1]
    assert Words(tmp_path / "words").holds(typed)


def test_words_that_stand_twice_in_a_query_count_once(words: Words) -> None:
    assert words.search("kat kat Kat katten", 10) == words.search("kat", 10)


@settings(max_examples=200, deadline=None)
@given(query=st.text(max_size=80))
def test_any_text_is_a_query(words: Words, query: str) -> None:
    found = words.search(query, 3)
    assert len(found) <= 3
    assert [score for _, score in found] == sorted((s for _, s in found), reverse=True)


def test_half_a_surrogate_pair_in_a_query_is_no_word(words: Words) -> None:
    assert numbers(words, "Amazon \ud800") == [4]


def test_the_count_is_of_chunks(words: Words, tmp_path: Path) -> None:
    assert len(words) == 7
    write_words(tmp_path / "empty", [])
    assert len(Words(tmp_path / "empty")) == 0
    assert Words(tmp_path / "empty").search("kat", 10) == []


@pytest.mark.parametrize("make", [False, True], ids=["no folder", "an empty folder"])
def test_a_folder_without_an_index_is_damage(tmp_path: Path, make: bool) -> None:
    if make:
        (tmp_path / "words").mkdir()
    with pytest.raises(StoreDamagedError, match=r"word index in .* cannot be opened"):
        Words(tmp_path / "words")


@pytest.mark.parametrize(
    "name", ["meta.json", "*.term", "*.idx", "*.store", "*.fast", "*.fieldnorm"]
)
def test_a_lost_or_emptied_file_is_damage(tmp_path: Path, name: str) -> None:
    for spoil in (Path.unlink, lambda path: path.write_bytes(b"")):
        folder = tmp_path / spoil.__name__ / "words"
        folder.parent.mkdir(exist_ok=True)
        write_words(folder, ROWS)
        [path] = folder.glob(name)
        spoil(path)
        with pytest.raises(StoreDamagedError, match="word index"):
            Words(folder).search("kat", 10)


@pytest.mark.parametrize(
    ("word", "language", "expected"),
    [
        ("Katten", "nl", "kat"),
        ("Häusern", "de", "haus"),
        ("running", "en", "run"),
        ("Réseau", "fr", "reseau"),
        ("de", "nl", ""),
        ("the", "en", ""),
        ("the", "fr", "the"),
        ("", "nl", ""),
        ("a" * 61, "en", ""),
    ],
)
def test_a_stem_is_that_of_the_index(word: str, language: str, expected: str) -> None:
    assert stem(word, language) == expected


# Spelling


@pytest.mark.parametrize(
    ("one", "other", "errors"),
    [
        ("", "", 0),
        ("", "brug", 4),
        ("brug", "brug", 0),
        ("burg", "brug", 1),
        ("brg", "brug", 1),
        ("bruug", "brug", 1),
        ("brag", "brug", 1),
        ("rbgu", "brug", 2),
        # Letters that were swapped are not changed again: three errors, not two.
        ("ca", "abc", 3),
        ("Brücke", "Brucke", 1),
    ],
)
def test_typing_errors_are_counted(one: str, other: str, errors: int) -> None:
    assert distance(one, other) == distance(other, one) == errors


WORDS = st.text("abc", max_size=6)


@given(one=WORDS, other=WORDS)
def test_there_are_no_more_errors_than_letters_and_none_only_in_the_same_word(
    one: str, other: str
) -> None:
    errors = distance(one, other)
    assert abs(len(one) - len(other)) <= errors <= max(len(one), len(other))
    assert (errors == 0) == (one == other)


@pytest.mark.parametrize(
    ("word", "held"),
    [
        ("gebruiker", True),
        ("Häuser", True),
        ("ran", False),
        ("RUNNING", True),
        ("reykjavik", True),
        ("the", True),
        ("amazn", False),
        ("", True),
    ],
)
def test_a_word_is_held_in_any_form_and_so_are_stop_words(
    words: Words, word: str, held: bool
) -> None:
    assert words.holds(word) is held


@pytest.mark.parametrize(
    ("typed", "language", "meant"),
    [
        ("gebruikres", "nl", "gebruikers"),
        ("Gebruikrs", "nl", "gebruikers"),
        ("netwrk", "en", "network"),
        ("mazon", "en", "amazon"),
        ("Amazzon", "nl", "amazon"),
        ("utilisatuers", "fr", "utilisateurs"),
        ("gebruyckers", "nl", "gebruikers"),
        ("gebruyckers", "de", None),  # two errors in a word of another language
        ("ebrukiers", "nl", None),  # two errors, one of them in the first letter
        ("amzn", "en", None),
        ("amsterdam", "nl", None),
        ("mangnet", "fr", "mangent"),
        ("a" * 500, "en", None),
    ],
)
def test_a_mistyped_word_is_the_nearest_of_the_chunks(
    words: Words, typed: str, language: str, meant: str | None
) -> None:
    assert words.spelling(typed, language) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Strase", "straße"),
        ("Straßse", "straße"),
        ("Brükce", "brücke"),
        ("Bru\u0308kce", "brücke"),
        ("Brck", None),
        ("Bruck3", None),
    ],
)
def test_a_sharp_s_and_an_umlaut_are_letters(tmp_path: Path, typed: str, meant: str | None) -> None:
    write_words(tmp_path / "words", [(1, "de", "Die Straße zur Bru\u0308cke.")])
    words = Words(tmp_path / "words")
    assert words.spelling(typed, "de") == meant
    assert words.holds("Strasse")


def test_of_two_words_that_are_as_near_the_much_more_frequent_is_meant(tmp_path: Path) -> None:
    rows = [(n, "en", "The tower fell.") for n in range(5)] + [(9, "en", "The power fell.")]
    write_words(tmp_path / "many", rows)
    assert Words(tmp_path / "many").spelling("ttower", "en") == "tower"
    rivals = [(1, "en", "The winter came."), (2, "en", "The winner came.")]
    write_words(tmp_path / "rivals", rivals)
    assert Words(tmp_path / "rivals").spelling("winer", "en") is None


def test_forms_of_one_word_are_no_rivals(tmp_path: Path) -> None:
    write_words(tmp_path / "words", [(1, "en", "One bridge."), (2, "en", "Two bridges.")])
    assert Words(tmp_path / "words").spelling("bridgs", "en") in {"bridge", "bridges"}


def test_a_stop_word_is_never_meant(tmp_path: Path) -> None:
    write_words(tmp_path / "words", [(1, "en", "They left their house.")])
    assert Words(tmp_path / "words").spelling("thier", "en") is None


@settings(max_examples=100, deadline=None)
@given(word=st.text(min_size=1, max_size=20), language=st.sampled_from(["nl", "de", "en", "xx"]))
def test_any_text_has_a_spelling_of_the_chunks_or_none(
    words: Words, word: str, language: str
) -> None:
    meant = words.spelling(word, language)
    assert meant is None or words.holds(meant)


def test_a_wrong_first_letter_is_put_right_by_the_most_frequent_word(tmp_path: Path) -> None:
    texts = ["A house.", "The house.", "That house.", "One mouse.", "A rouse or two.", "An ousel."]
    write_words(tmp_path / "words", [(n, "en", text) for n, text in enumerate(texts)])
    assert Words(tmp_path / "words").spelling("xouse", "en") == "house"


# Segments

VOCABULARY = {
    "nl": "brug bruggen fiets fietsen kat katten gemeente bouwt rivier zoölogie Parler".split(),
    "de": "Brücke Brücken Haus Häuser Straße alte wohnen Nutzer Fluß Königin Parler".split(),
    "en": "bridge bridges house houses running user network tower river winner Parler".split(),
}
QUERIES = ["Parler", "bridge brug Brücke", "Häuser alte Straße", "running user", "w3 w7", "zebra"]


def text(language: str, chance: random.Random) -> tuple[str, str]:
    words = chance.choices(VOCABULARY[language], k=chance.randint(1, 12))
    return language, " ".join([*words, f"w{chance.randint(0, 30)}"])


def some_rows(numbers: Iterable[int], chance: random.Random) -> Rows:
    return {number: text(chance.choice(sorted(VOCABULARY)), chance) for number in numbers}


def within(rows: Rows) -> Callable[[int, int], list[tuple[int, str, str]]]:
    return lambda first, last: [(n, *rows[n]) for n in sorted(rows) if first <= n <= last]


def written(folder: Path, rows: Rows) -> Path:
    write_words(folder, within(rows)(0, 10**9))
    return folder


def contents(folder: Path) -> object:
    """All that a search can tell of an index."""
    words = Words(folder)
    searcher = Index.open(str(folder)).searcher()
    terms = {field: searcher.terms_with_prefix(field, "") for field in ("stems", "forms")}
    found = [words.search(query, k) for query in QUERIES for k in (1, 5, 1000)]
    frequencies = {
        (field, term): searcher.doc_freq(field, term)
        for field, counted in terms.items()
        for term, _ in counted
    }
    spelled = [words.spelling(typed, "nl") for typed in ("brigde", "xouse", "gemeetne", "fluss")]
    return len(words), {k: sorted(v) for k, v in terms.items()}, found, frequencies, spelled


def n_segments(folder: Path) -> int:
    return int(Index.open(str(folder)).searcher().num_segments)


def hashes(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(lexical, "_SEGMENT_CHUNKS", 16)
    return 16


@pytest.mark.parametrize("seed", range(3))
def test_an_index_of_many_segments_tells_what_one_of_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    rows = some_rows(chance.sample(range(1000), 300), chance)
    one = written(tmp_path / "one", rows)
    monkeypatch.setattr(lexical, "_SEGMENT_CHUNKS", 16)
    many = written(tmp_path / "many", rows)
    assert (n_segments(one), n_segments(many)) == (1, 19)
    assert contents(many) == contents(one)


def test_a_segment_ends_where_it_has_text_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lexical, "_SEGMENT_CHARS", 100)
    rows: Rows = {n: ("xx", f"w{n} " + "kat " * 12) for n in range(10)}
    assert n_segments(written(tmp_path / "words", rows)) == 5


def test_numbers_that_do_not_rise_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="chunk 3 comes after 3; the numbers must rise"):
        write_words(tmp_path / "words", [(3, "en", "cat"), (3, "en", "dog")])


@pytest.mark.parametrize("seed", range(4))
def test_an_updated_index_tells_what_one_written_anew_does(
    tmp_path: Path, small_segments: int, seed: int
) -> None:
    chance = random.Random(seed)
    rows = some_rows(range(0, 200, 2), chance)
    before, last = written(tmp_path / "0", rows), 200
    for change in range(1, 9):
        removed = chance.sample(sorted(rows), min(len(rows), chance.choice([0, 1, 5, 40])))
        changed = some_rows(removed[: len(removed) // 3], chance)
        added = range(last + 1, last + 1 + chance.choice([0, 1, 3, 50]), chance.choice([1, 7]))
        rows = {n: row for n, row in rows.items() if n not in removed}
        rows |= changed | some_rows(added, chance)
        last = max([last, *added])
        was = hashes(before)
        after = tmp_path / str(change)
        update_words(after, before, removed, within(rows), last)
        assert hashes(before) == was
        anew = written(tmp_path / f"{change} anew", rows)
        assert contents(after) == contents(anew)
        assert n_segments(after) <= 2 * n_segments(anew) + 1
        before = after


def test_what_was_removed_is_no_term_of_any_file(tmp_path: Path, small_segments: int) -> None:
    rows = some_rows(range(100), random.Random(1))
    secrets = {5: "Quastenflosser", 41: "zwartgalligen", 42: "hippocampuses", 99: "Xylofoontjes"}
    for (number, secret), language in zip(secrets.items(), ("de", "nl", "en", "nl"), strict=True):
        rows[number] = (language, f"Parler {secret} river")
    before = written(tmp_path / "before", rows)
    stems = [stem(secret, rows[number][0]) for number, secret in secrets.items()]
    forms = [secret.lower() for secret in secrets.values()]

    def kept(folder: Path) -> list[str]:
        # A dictionary of terms is an automaton, whose bytes spell no word; but it counts for each
        # of its terms the chunks that have it, deleted ones too.
        searcher = Index.open(str(folder)).searcher()
        found = [each for each in stems if searcher.doc_freq("stems", each)]
        return found + [each for each in forms if searcher.doc_freq("forms", each)]

    assert kept(before) == stems + forms
    alive = {n: row for n, row in rows.items() if n not in secrets}
    after = tmp_path / "after"
    update_words(after, before, secrets, within(alive), 99)
    assert kept(after) == []
    assert len(Words(after)) == 96
    names = {each.replace("-", "") for each in json.loads((after / "segments.json").read_text())}
    kinds = {"fast", "fieldnorm", "idx", "pos", "store", "term"}
    own = {f"{name}.{kind}" for name in names for kind in kinds}
    assert {path.name for path in after.iterdir() if path.name[0] != "."} == own | {
        "meta.json",
        "segments.json",
    }
    assert not any(word.encode() in p.read_bytes() for p in after.iterdir() for word in forms)


def test_segments_without_a_removed_chunk_are_the_same_files(
    tmp_path: Path, small_segments: int
) -> None:
    rows = some_rows(range(64), random.Random(2))
    before = written(tmp_path / "before", rows)
    asked: list[tuple[int, int]] = []

    def alive(first: int, last: int) -> list[tuple[int, str, str]]:
        asked.append((first, last))
        return within({n: row for n, row in rows.items() if n != 20})(first, last)

    update_words(tmp_path / "after", before, [20], alive, 63)
    assert asked == [(16, 31)]
    same = [p for p in before.glob("*.term") if (tmp_path / "after" / p.name).exists()]
    assert len(same) == 3
    assert all(path.samefile(tmp_path / "after" / path.name) for path in same)


def test_without_hard_links_files_are_copied(
    tmp_path: Path, small_segments: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    rows = some_rows(range(40), random.Random(3))
    before = written(tmp_path / "before", rows)
    update_words(tmp_path / "after", before, [], within(rows), 39)
    assert contents(tmp_path / "after") == contents(before)
    assert all(path.stat().st_nlink == 1 for path in before.iterdir())


def test_an_index_can_lose_all_its_chunks_and_get_others(tmp_path: Path) -> None:
    before = written(tmp_path / "before", some_rows([3, 8], random.Random(4)))
    update_words(tmp_path / "empty", before, [3, 8], within({}), 8)
    assert len(Words(tmp_path / "empty")) == 0
    assert not list((tmp_path / "empty").glob("*.term"))
    rows: Rows = {11: ("nl", "De kat zit.")}
    update_words(tmp_path / "after", tmp_path / "empty", [], within(rows), 11)
    assert numbers(Words(tmp_path / "after"), "kat") == [11]


def test_many_small_changes_leave_few_segments(tmp_path: Path, small_segments: int) -> None:
    rows = some_rows([0], random.Random(5))
    before = written(tmp_path / "0", rows)
    for number in range(1, 65):
        rows |= some_rows([number], random.Random(number))
        update_words(tmp_path / str(number), before, [], within(rows), number)
        before = tmp_path / str(number)
    assert n_segments(before) <= 65 / (small_segments / 2) + 1
    removed = [number for number in rows if number % 16]
    for number in removed:
        del rows[number]
    update_words(tmp_path / "after", before, removed, within(rows), 64)
    assert n_segments(tmp_path / "after") == 1


def test_an_index_is_read_without_a_change_to_its_files_and_where_it_was_copied(
    tmp_path: Path, small_segments: int
) -> None:
    folder = written(tmp_path / "words", some_rows(range(50), random.Random(6)))
    was = hashes(folder)
    told = contents(folder)
    assert {**hashes(folder), **was} == hashes(folder)
    shutil.copytree(folder, tmp_path / "copy")
    shutil.rmtree(folder)
    assert contents(tmp_path / "copy") == told


def no_json(path: Path) -> None:
    path.write_text("{")


def no_numbers(path: Path) -> None:
    path.write_text(json.dumps({key: ["a", "b"] for key in json.loads(path.read_text())}))


def nothing(path: Path) -> None:
    path.write_text("{}")


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("segments.json", Path.unlink),
        ("segments.json", no_json),
        ("segments.json", no_numbers),
        ("segments.json", nothing),
        ("meta.json", Path.unlink),
        ("meta.json", no_json),
        ("meta.json", nothing),
        ("*.term", Path.unlink),
    ],
)
def test_of_a_damaged_index_no_other_is_made(
    tmp_path: Path, name: str, spoil: Callable[[Path], None]
) -> None:
    before = written(tmp_path / "before", some_rows(range(5), random.Random(7)))
    [path] = before.glob(name)
    spoil(path)
    with pytest.raises(StoreDamagedError, match=r"word index in .*before cannot be opened"):
        update_words(tmp_path / "after", before, [], within({}), 5)


def test_an_index_with_other_fields_is_not_built_upon(tmp_path: Path) -> None:
    before = written(tmp_path / "before", some_rows(range(5), random.Random(8)))
    meta = before / "meta.json"
    meta.write_text(meta.read_text().replace('"forms"', '"shapes"'))
    with pytest.raises(StoreDamagedError, match="do not fit"):
        update_words(tmp_path / "after", before, [], within({}), 5)


def test_a_tantivy_that_writes_other_files_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lexical, "_SEGMENT_FILES", ("fast", "term"))
    with pytest.raises(BuildError, match="This version of tantivy writes its index in another way"):
        write_words(tmp_path / "words", ROWS)


FULL = """
import resource, sys
from pathlib import Path
from index.errors import BuildError
from index.lexical import write_words
rows = [(n, "en", f"word{n} other{n * 7919}") for n in range(2_000)]
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    write_words(Path(sys.argv[1]), rows)
except BuildError as error:
    print(error)
"""


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "words")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert re.match(r"The word index in .* cannot be written .*disk full", told.stdout), told.stderr


def test_a_place_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BuildError, match="cannot be written"):
        write_words(tmp_path / "file" / "words", ROWS)


ANALYZERS = {"nl": "dutch", "de": "german", "en": "english"}
WORDS_OF_ALL = st.sampled_from(sorted({word for each in VOCABULARY.values() for word in each}))


@settings(max_examples=300, deadline=None)
@given(
    typed=st.one_of(st.text(max_size=80), st.lists(WORDS_OF_ALL).map(" ".join)),
    language=st.sampled_from(["nl", "de", "en", "fr"]),
)
def test_the_stems_are_those_of_one_analyzer(typed: str, language: str) -> None:
    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(60))
    builder = builder.filter(Filter.lowercase())
    if name := ANALYZERS.get(language):
        builder = builder.filter(Filter.stopword(name)).filter(Filter.stemmer(name))
    composed = unicodedata.normalize("NFC", typed.encode("utf-8", "ignore").decode("utf-8"))
    expected = builder.filter(Filter.ascii_fold()).build().analyze(composed)
    assert stem(typed, language) == "".join(expected)
