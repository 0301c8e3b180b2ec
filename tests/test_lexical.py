from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import StoreDamagedError
from index.lexical import Words, distance, stem, write_words

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
    rows = [(n, "nl", f"De gemeente bouwt een brug over rivier {n}.") for n in range(3, 103)]
    rows += [(1, "nl", "De stad bouwt met Parler een brug."), (2, "de", "Die Stadt baut Parler.")]
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


@pytest.mark.parametrize("suffix", ["json", "term", "idx", "store", "fast", "fieldnorm"])
def test_a_lost_or_emptied_file_is_damage(tmp_path: Path, suffix: str) -> None:
    for spoil in (Path.unlink, lambda path: path.write_bytes(b"")):
        folder = tmp_path / spoil.__name__ / "words"
        folder.parent.mkdir(exist_ok=True)
        write_words(folder, ROWS)
        [path] = folder.glob(f"[!.]*.{suffix}")
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
