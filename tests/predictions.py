"""Made-up questions and answers about three short texts, to be judged."""

from __future__ import annotations

from collections.abc import Sequence

from qa.judge import EvalQuestion, Gold, Prediction
from qa.types import Answer, Citation, Disagreement

TEXTS = {
    "nl": "De molen van Wervelzand draait sinds 1782. Hij maalt tarwe en rogge.",
    "de": "Die Mühle von Wervelzand mahlt seit 1791. Sie steht am Fluss.",
    "en": "The mill at Wervelzand has four sails. Its miller is Ida Brandt.",
}
LANGUAGES = {"nl": "nl", "de": "de", "en": "en"}
NL_YEAR, NL_GRAIN = "De molen van Wervelzand draait sinds 1782.", "Hij maalt tarwe en rogge."
DE_YEAR, DE_PLACE = "Die Mühle von Wervelzand mahlt seit 1791.", "Sie steht am Fluss."
EN_MILLER = "Its miller is Ida Brandt."


def gold(doc_id: str, answer: str) -> Gold:
    """The gold span of these words, where the text has them."""
    return Gold(doc_id, answer, TEXTS[doc_id].index(answer))


def question(id_: str = "q", *golds: Gold, lang: str = "en", type_: str = "when") -> EvalQuestion:
    """An answerable question where there is gold, else one that is not."""
    return EvalQuestion(id_, lang, "When did the mill open?", bool(golds), golds, type=type_)


def cite(doc_id: str, quote: str, *, number: int = 1, start: int | None = None) -> Citation:
    at = TEXTS[doc_id].find(quote) if start is None else start
    end = at + len(quote)
    return Citation(number, doc_id, "", "", doc_id, None, None, at, end, quote, "")


def answered(
    id_: str = "q",
    *citations: Citation,
    text: str | None = None,
    confidence: float = 0.8,
    retrieved: Sequence[str] = (),
    values: Sequence[str] = (),
) -> Prediction:
    """An answer of these citations' words, if no other text is given."""
    said = " ".join(citation.quote for citation in citations) if text is None else text
    answer = Answer(
        question="",
        standalone_question="",
        language="en",
        text=said,
        refused=False,
        coverage="full",
        confidence=confidence,
        citations=citations,
        disagreement=tuple(Disagreement(value, (1,)) for value in values),
        retrieved=tuple(retrieved),
    )
    return Prediction(id_, answer)


def refused(id_: str = "q", confidence: float = 0.2) -> Prediction:
    answer = Answer("", "", "en", "It is not said.", True, "none", confidence)
    return Prediction(id_, answer)
