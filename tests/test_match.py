"""How well sentences match the words of a question, in any language."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qa.errors import QuestionError
from qa.match import Matches, Sentence, match
from qa.question import understand
from tests.odd_texts import ODD_TEXTS


def sentence(
    text: str, doc_id: str = "a", *, start: int = 0, language: str = "en", title: str = ""
) -> Sentence:
    return Sentence(doc_id, start, start + len(text), text, language, title, 1.0)


def document(doc_id: str, *texts: str, title: str = "") -> list[Sentence]:
    """Sentences of one English document, in order."""
    starts = accumulate((len(text) + 1 for text in texts[:-1]), initial=0)
    return [
        sentence(text, doc_id, start=start, title=title)
        for text, start in zip(texts, starts, strict=True)
    ]


def matched(asked: str, *sentences: Sentence) -> Matches:
    return match(understand(asked), sentences)


def of_term(asked: str, word: str, *sentences: Sentence) -> list[float]:
    """How well each sentence itself matches one word of the question."""
    words = [term.word for term in understand(asked).terms]
    return [float(x) for x in matched(asked, *sentences).here[words.index(word)]]


def test_each_array_has_a_row_for_each_term_and_a_column_for_each_sentence() -> None:
    sentences = document("a", "The bridge is old.", "It rains.") + document("b", "Bread is baked.")
    found = matched("Who built the old bridge?", *sentences)
    n_terms = len(understand("Who built the old bridge?").terms)
    assert n_terms == 3
    for array in (found.here, found.around, found.document):
        assert array.shape == (3, 3)
    for of_terms in (found.weights, found.rarity, found.names):
        assert of_terms.shape == (3,)
    assert found.topical.shape == (3,)


@pytest.mark.parametrize(
    ("asked", "word", "text"),
    [
        ("Who built the bridge?", "bridge", "A bridge fell."),
        ("Who built the bridge?", "bridge", "BRIDGE"),
        ("Who built the bridge?", "bridge", "Two bridges fell."),
        ("Who is Quxworth?", "Quxworth", "Nobody met Quxworth."),
        ("What crosses route 66?", "66", "Route 66 is long."),
        ("What about 1,500 trees?", "1,500", "There are 1,500 of them."),
    ],
)
def test_the_same_word_stem_or_number_matches_fully(asked: str, word: str, text: str) -> None:
    assert of_term(asked, word, sentence(text)) == [1.0]


@pytest.mark.parametrize("text", ["Route 67 is long.", "Route 6 is long.", "Route 660.", "Sixty."])
def test_another_number_does_not_match_at_all(text: str) -> None:
    assert of_term("What crosses route 66?", "66", sentence(text)) == [0.0]


def test_a_number_in_a_sentence_matches_no_word() -> None:
    assert of_term("Who built the bridge?", "bridge", sentence("12 34 5,678"), sentence("99")) == [
        0.0,
        0.0,
    ]


@pytest.mark.parametrize(
    ("asked", "word", "text", "language"),
    [
        ("Who built the bridge?", "bridge", "De brug is van steen.", "nl"),
        ("Who built the bridge?", "bridge", "Die Brücke ist aus Stein.", "de"),
        ("Wie bouwde de brug?", "brug", "The bridge is made of stone.", "en"),
        ("Wer baute die Brücke?", "Brücke", "De brug is van steen.", "nl"),
    ],
)
def test_a_word_is_met_in_another_language(asked: str, word: str, text: str, language: str) -> None:
    [met] = of_term(asked, word, sentence(text, language=language))
    [other] = of_term(asked, word, sentence("Bread, Brot, brood.", language=language))
    assert met > 0.9
    assert other < 0.3


def test_a_word_is_stemmed_in_the_language_of_the_sentence() -> None:
    assert of_term("Wo stehen die Häuser?", "Häuser", sentence("Ein Haus.", language="de")) == [1.0]


def test_around_a_sentence_are_its_neighbours_in_the_same_document() -> None:
    sentences = [
        *document("a", "The bridge fell.", "It rained.", "It was cold."),
        *document("b", "It was dry.", "The bridge held."),
    ]
    asked = "Why the bridge?"
    found = matched(asked, *sentences)
    bridge = [term.word for term in understand(asked).terms].index("bridge")
    assert [x == 1.0 for x in found.here[bridge]] == [True, False, False, False, True]
    assert [x == 1.0 for x in found.around[bridge]] == [True, True, False, True, True]
    assert [x == 1.0 for x in found.document[bridge]] == [True] * 5


def test_the_first_sentence_of_a_document_is_not_beside_the_last_of_another() -> None:
    sentences = document("a", "It rained.", "The bridge fell.") + document("b", "It was cold.")
    found = matched("Why the bridge?", *sentences)
    assert found.around[0, 2] < 1
    assert found.document[0, 2] < 1


def test_the_title_stands_around_every_sentence_of_its_document() -> None:
    sentences = [
        *document("a", "It rained.", "It was cold.", "It was dark.", title="The bridge"),
        *document("b", "It rained.", "It was cold."),
    ]
    found = matched("Why the bridge?", *sentences)
    assert list(found.here[0] == 1) == [False] * 5
    assert list(found.around[0] == 1) == [True, True, True, False, False]
    assert list(found.document[0] == 1) == [True, True, True, False, False]


def test_what_is_found_here_is_found_around_and_in_the_document() -> None:
    sentences = document("a", "The old bridge.", "It fell.", "A tower.", title="Towns")
    found = matched("Who built the old bridge and the tower?", *sentences)
    assert (found.here <= found.around).all()
    assert (found.around <= found.document).all()


def test_weights_add_up_to_one_and_a_rare_word_weighs_more() -> None:
    asked = "Which people visited Quxworth?"
    weights = matched(asked, *document("a", "It rained.")).weights
    assert float(weights.sum()) == pytest.approx(1.0)
    words = [term.word for term in understand(asked).terms]
    assert weights[words.index("Quxworth")] > weights[words.index("people")]


def test_a_word_that_every_sentence_holds_weighs_less() -> None:
    asked = "Which tower has the bridge?"
    words = [term.word for term in understand(asked).terms]
    bridge, tower = words.index("bridge"), words.index("tower")

    def share(*texts: str) -> float:
        weights = matched(asked, *document("a", *texts)).weights
        return float(weights[bridge] / weights[tower])

    in_one = share("A bridge.", "It rained.", "It was cold.")
    in_all = share("A bridge.", "The bridge fell.", "Two bridges held.")
    assert in_all == pytest.approx(0.3 / (1 - 0.7 / 3) * in_one, rel=1e-3)


def test_rarity_does_not_depend_on_the_sentences() -> None:
    asked = "Which tower has the bridge?"
    one = matched(asked, *document("a", "A bridge."))
    other = matched(asked, *document("a", "It rained.", "A tower."))
    assert list(one.rarity) == list(other.rarity)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("Where does Anna Kroon live?", ["Anna", "Kroon"]),
        ("Waar woont Anna Kroon?", ["Anna", "Kroon"]),
        ("WHERE DOES ANNA KROON LIVE?", []),
        ("where does anna kroon live?", []),
        ("Wo steht das Haus von Quxdorf?", ["Quxdorf"]),
        ("Bridges of Oldtown?", ["Oldtown"]),
    ],
)
def test_a_name_is_known_by_its_capital(asked: str, names: list[str]) -> None:
    question = understand(asked)
    mask = match(question, document("a", "It rained.")).names
    words = [term.word for term in question.terms]
    assert [w for w, is_name in zip(words, mask, strict=True) if is_name] == names


def test_a_new_word_of_the_kind_asked_for_is_topical() -> None:
    sentences = document(
        "a", "A painter drew it.", "It was repaired in the rain.", "Which colour is the tower?"
    )
    topical = matched("Which colour is the tower?", *sentences, sentence("Blue.", "b")).topical
    assert topical.argmax() == 3
    # The very word is not new.
    assert topical[2] < topical[3]


def test_without_terms_nothing_matches_and_nothing_weighs() -> None:
    question = understand("Why?")
    assert question.terms == ()
    found = match(question, document("a", "The bridge.", "It fell.", title="A bridge"))
    assert found.here.shape == found.around.shape == found.document.shape == (0, 2)
    assert found.weights.shape == found.names.shape == (0,)
    assert list(found.topical) == [0.0, 0.0]


@pytest.mark.parametrize("text", ["…", "-", "“”", "12 34", "²", "it is the", "日本語"])
def test_a_sentence_without_a_known_word_matches_nothing(text: str) -> None:
    alone = matched("Who built the bridge?", sentence(text))
    assert not alone.here.any()
    assert not alone.topical.any()
    # Neither beside others, in any place.
    others = document("a", "The bridge.", text, "It fell.", text)
    assert not matched("Who built the bridge?", *others).here[:, [1, 3]].any()


def test_what_stands_beside_a_sentence_does_not_change_how_it_matches() -> None:
    asked = "Who built the old bridge of Oldtown?"
    texts = ["The monks built it.", "…", "Oldtown has a bridge.", "12", "De brug is oud."]
    together = matched(asked, *document("a", *texts)).here
    alone = np.hstack([matched(asked, sentence(text)).here for text in texts])
    assert np.allclose(together, alone, atol=1e-6)


TEXTS = st.one_of(st.text(max_size=30), st.sampled_from(ODD_TEXTS))


@settings(max_examples=100, deadline=None)
@given(
    asked=st.one_of(TEXTS, st.sampled_from(["Who built the 2 bridges?", "Why?", "蒙古?"])),
    documents=st.lists(
        st.tuples(
            st.lists(TEXTS, min_size=1, max_size=4), TEXTS, st.sampled_from(["nl", "de", "en", ""])
        ),
        min_size=1,
        max_size=3,
    ),
)
@example(asked="² ①", documents=[(["² ①", ""], "²", "de")])
def test_any_texts_match_between_nothing_and_fully(
    asked: str, documents: list[tuple[list[str], str, str]]
) -> None:
    try:
        question = understand(asked)
    except QuestionError:
        return
    sentences = [
        Sentence(f"d{n}", 50 * m, 50 * m + len(text), text, language, title, 0.5)
        for n, (texts, title, language) in enumerate(documents)
        for m, text in enumerate(texts)
    ]
    found = match(question, sentences)
    arrays = (found.here, found.around, found.document, found.weights, found.topical)
    for array in arrays:
        assert np.isfinite(array).all()
        assert (array >= 0).all()
        assert (array <= 1.00001).all()
    assert np.isfinite(found.rarity).all()
    assert (found.rarity >= 0).all()
    assert found.weights.sum() == pytest.approx(1.0, abs=1e-4) or not found.rarity.any()
