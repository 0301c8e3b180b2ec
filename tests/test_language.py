from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from index.language import identify

SENTENCES = {
    "nl": "De gemeente heeft besloten dat de brug pas in het voorjaar opengaat.",
    "de": "Die Gemeinde hat beschlossen, dass die Brücke erst im Frühjahr öffnet.",
    "en": "The council has decided that the bridge will not open before spring.",
    "fr": "La commune a décidé que le pont n'ouvrirait pas avant le printemps.",
}


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_is_recognised(code: str) -> None:
    found, probability = identify(SENTENCES[code])
    assert found == code
    assert 0.9 < probability <= 1


@pytest.mark.parametrize(
    ("question", "code"),
    [("Waar is de kat?", "nl"), ("Wo ist die Katze?", "de"), ("Where is the cat?", "en")],
)
def test_a_short_question_is_told_apart_among_the_known_languages(question: str, code: str) -> None:
    assert identify(question, among=("nl", "de", "en"))[0] == code


@pytest.mark.parametrize("text", ["", " \n", "1234", "— § 5 %", "🙂🙃", "\ud800"])
def test_a_text_without_letters_has_no_language(text: str) -> None:
    assert identify(text) == ("", 0.0)


def test_probabilities_are_relative_to_the_languages_asked_for() -> None:
    assert identify(SENTENCES["fr"], among=["nl"]) == ("nl", 1.0)


def test_unknown_languages_are_passed_over_unless_there_are_no_others() -> None:
    assert identify(SENTENCES["nl"], among=["tlh", "nl"])[0] == "nl"
    with pytest.raises(ValueError, match="tlh"):
        identify(SENTENCES["nl"], among=["tlh"])


def test_restricting_one_call_does_not_restrict_another_thread() -> None:
    asked = [("fr", None), ("nl", ("nl", "de"))] * 50
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda ask: identify(SENTENCES[ask[0]], among=ask[1])[0], asked)
        assert list(found) == [code for code, _ in asked]


def test_importing_it_does_not_load_the_model() -> None:
    code = "import sys, index.language; sys.exit('py3langid' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
