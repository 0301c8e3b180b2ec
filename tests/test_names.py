"""Which words are names: told from text and a dictionary, and the list that is shipped."""

from __future__ import annotations

from index.embed import MODEL_FOLDER, NAMES, shipped
from training.data import Corpus, Unit
from training.names import names


def corpus(*texts: str, source: str = "ntrex", language: str = "en") -> Corpus:
    return Corpus(tuple(Unit(source, {language: text}) for text in texts), (), (), ())


def found(given: Corpus) -> list[str]:
    return names(given, lambda _: True)


def test_a_word_with_a_capital_inside_sentences_is_a_name() -> None:
    assert found(corpus("We met Anna.", "Then Anna left.")) == ["anna"]


def test_once_is_not_enough_and_what_opens_a_sentence_tells_nothing() -> None:
    assert found(corpus("We met Anna.", "Bread is good. Bread is cheap.")) == []


def test_a_word_that_is_also_written_small_is_none() -> None:
    assert found(corpus("We ate an Apple.", "They sell Apple.", "An apple a day.")) == []


def test_german_nouns_tell_nothing() -> None:
    assert found(corpus("Das Haus steht.", "Ein Haus steht.", language="de")) == []


def test_labels_of_programs_tell_nothing() -> None:
    assert found(corpus("The Save As button", "The Save As menu", source="digikam-doc")) == []


def test_entries_of_a_dictionary_are_names_but_for_abbreviations_and_months() -> None:
    groups = ({"en": ("Amsterdam", "NATO", "January", "house"), "de": ("Haus",)},)
    assert found(Corpus((), groups, (), ())) == ["amsterdam"]


def test_only_words_that_the_model_knows_are_listed() -> None:
    assert names(corpus("We met Anna.", "Then Anna left."), lambda _: False) == []


def test_the_shipped_list_is_sorted_known_and_in_lower_case() -> None:
    listed = (MODEL_FOLDER / NAMES).read_text("utf-8").split()
    assert listed == sorted(set(listed))
    assert all(word == word.lower() and shipped().knows(word) for word in listed)
    assert len(listed) > 1_000
