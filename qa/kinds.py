"""What kind of answer a question expects: who did it, when, how many, whether."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Literal

from index.function_words import FUNCTION_WORDS
from qa.words import (
    ALL_FUNCTION_WORDS,
    OPENING_SUBJECTS,
    OPENING_VERBS,
    PERSON_NOUNS,
    PLACE_NOUNS,
    TIME_NOUNS,
    WORD,
    content_words,
)

Kind = Literal[
    "who", "when", "where", "how_many", "how_much", "why",
    "quote", "definition", "yes_no", "other",
]  # fmt: skip

# "How many new users": an adjective and its noun.
_COUNTED_WORDS = 2
_DEFINED_WORDS = 3


def _any(words: Iterable[str] | str) -> str:
    return "|".join(words.split() if isinstance(words, str) else words)


_WHICH = {"nl": "welke?", "de": "welche[mnrs]?", "en": "(what|which)"}
# What cannot stand between "which" and its noun: "what kind of company", "what did the company".
_NOT_BETWEEN = {
    "nl": "soort type vorm deel van de het een is zijn was waren heeft",
    "de": "art teil form von der die das ist sind war waren hat",
    "en": """
        kind type sort part form of in to for by on the a an is are was were has have had did does
        do can could will would should may must take takes took
    """,
}
# "Hoeveel water" asks for no number of things.
_NOT_COUNTED = {
    "nl": r"""
        kost bedra procent percent geld tijd euro dollar belasting water energie is\b was\b weeg
        woog verdien betaal
    """,
    "de": "wasser verdien kosten wiegen",
}


def _which(language: str, nouns: Mapping[str, str]) -> str:
    between = rf"((?!({_any(_NOT_BETWEEN[language])})\b)\w+ ){{0,2}}"
    # "Which articles state that": a verb.
    return rf"{_WHICH[language]} {between}({_any(nouns[language])})(?! that\b)"


# A line is a pattern. Of kinds that begin at the same place the first listed here counts.
_KINDS: dict[Kind, dict[str, str]] = {
    "how_many": {
        "nl": rf"""
            hoe ?veel(?! ({_any(_NOT_COUNTED["nl"])}))
            (welk|wat is het) aantal
        """,
        "de": rf"""
            wie ?viele[nrm]?
            wie ?viel(?= \w+e[rn]\b)(?! ({_any(_NOT_COUNTED["de"])}))
            (welche|wie (hoch|groß) (ist|war) die) (an)?zahl
        """,
        "en": r"""
            how ?many
            what number
            what (is|was) the (\w+ )?number of
        """,
    },
    "how_much": {
        "nl": r"""
            hoe ?(veel|lang)
            hoe (oud|groot|hoog|ver|vaak|duur|snel|zwaar|diep|breed|warm|koud)
            welke? (percentage|deel|bedrag|prijs|leeftijd|snelheid|temperatuur)
            wat kost(te|ten|en)?
            wat (is|was) (de (prijs|leeftijd)|het bedrag)
        """,
        "de": r"""
            wie ?viel(?! uhr)
            wie (lange?|alt|groß|gross|hoch|weit|oft|häufig|teuer|schnell|schwer)
            wie (tief|breit|warm|kalt)
            welche[mnrs]? (prozentsatz|anteil|preis|betrag|alter|geschwindigkeit|temperatur)
            was kostet(e|en)?
        """,
        "en": r"""
            how (much|long(?! ago)|old|big|large|high|far|often|frequently|tall|fast|heavy|deep)
            how (wide|hot|cold)
            (what|which) (percent|percentage|proportion|share|fraction|amount|price|age|speed)
            (what|which) temperature
            what (is|was) the (\w+ )?(population|price|cost|age|length|height|speed)
            what (did|does|do) .*\bcost
        """,
    },
    "when": {
        "nl": rf"""
            wanneer
            hoe ?laat
            {_which("nl", TIME_NOUNS)}
        """,
        "de": rf"""
            wann
            um wie ?viel uhr
            wie spät
            {_which("de", TIME_NOUNS)}
        """,
        "en": rf"""
            when
            how (long ago|soon)
            {_which("en", TIME_NOUNS)}
        """,
    },
    "where": {
        "nl": rf"""
            waar
            waarheen
            waarvandaan
            {_which("nl", PLACE_NOUNS)}
        """,
        "de": rf"""
            wo
            woher
            wohin
            {_which("de", PLACE_NOUNS)}
        """,
        "en": rf"""
            where
            {_which("en", PLACE_NOUNS)}
        """,
    },
    "who": {
        "nl": rf"""
            wie
            wiens
            {_which("nl", PERSON_NOUNS)}
            hoe heet(te)? de (\w+ )?({_any(PERSON_NOUNS["nl"])})
        """,
        "de": rf"""
            we[rnm]
            wessen
            {_which("de", PERSON_NOUNS)}
            wie (heißt|hieß|heisst|hiess) (der|die|das) (\w+ )?({_any(PERSON_NOUNS["de"])})
        """,
        "en": rf"""
            who
            whom
            whose
            {_which("en", PERSON_NOUNS)}
            what (is|was|were|are) the names? of the (\w+ )?({_any(PERSON_NOUNS["en"])})
        """,
    },
    "why": {
        "nl": r"""
            waarom
            hoezo
            waardoor
            om welke reden(en)?
            op welke gronden?
            hoe (komt|kwam|kan) het
            (wat (is|was|waren|zijn) de|welke) (reden|redenen|oorzaak|oorzaken)
            wat veroorzaakte?
        """,
        "de": r"""
            warum
            weshalb
            wieso
            weswegen
            wodurch
            aus welche[mn] gr(und|ünden)
            mit welcher begründung
            wie (kommt|kam) es
            was (ist|war) (der grund|die ursache)
            was (sind|waren) die (gründe|ursachen)
            welche[rn]? (grund|gründe|ursachen?)
            was verursachte?
        """,
        "en": r"""
            why
            how come
            for (what|which) reasons?
            on (what|which) grounds
            (what|which) (reasons?|causes?|caused)
            what (is|was|were|are) the (reasons?|causes?)
            what (led|prompted)
        """,
    },
    "quote": {
        "nl": r"""
            wat (precies )?(zei|zegt|zeiden|zeggen|vertelde|vertelt|schreef|schrijft)
            wat (precies )?(beweerde|beweert|verklaarde|antwoordde|vindt|vinden)
            wat (precies )?(heeft|hebben|had|hadden|zou|wil)\b[^,]*\b(gezegd|verteld|geschreven)
            wat (precies )?(heeft|hebben|had|hadden|zou|wil)\b[^,]*\b(verklaard|beweerd|geantwoord)
            wat (precies )?(heeft|hebben|had|hadden|zou|wil)\b[^,]*\blaten weten
            wat (liet|lieten) [^,]*\bweten
            wat st(aat|ond) er (precies )?in (de|het|zijn|haar|hun) (\w+ )?(mail|e-mail|brief)
            wat st(aat|ond) er (precies )?in (de|het|zijn|haar|hun) (\w+ )?(tweet|bericht)
            wat st(aat|ond) er (precies )?in (de|het|zijn|haar|hun) (\w+ )?verklaring
            hoe (beschrijft|beschreef|omschrijft|omschreef|verklaart|verklaarde)
            hoe (verdedigde|rechtvaardigde|motiveerde)
            hoe (heeft|hebben)\b[^,]*\b(beschreven|omschreven|verdedigd)
        """,
        "de": r"""
            was (genau )?(sagte?n?|sagt|erklärte?n?|schrieb|schreibt|meinte?n?|äußerte)
            was (genau )?(behauptete?n?|antwortete|erzählte|betonte)
            was (genau )?(hat|haben|hatte|hatten|soll|will)\b[^,]*\b(gesagt|erklärt|geschrieben)
            was (genau )?(hat|haben|hatte|hatten|soll|will)\b[^,]*\b(gemeint|geäußert|mitgeteilt)
            was (genau )?(hat|haben|hatte|hatten|soll|will)\b[^,]*\b(behauptet|geantwortet|erzählt)
            was (teilte|kündigte)n? [^,]*\b(mit|an)
            wie (beschreibt|beschrieb)
            wie (begründete?n?|erklärte?n?|rechtfertigte?n?|kommentierte?n?)
            wie (hat|haben)\b[^,]*\b(begründet|beschrieben|gerechtfertigt|kommentiert)
            womit begründete?n?
        """,
        "en": r"""
            what (exactly )?(did|does|do|has|had|have)\b[^,]*\b(say|said|tell|told|write|written)
            what (exactly )?(did|does|do|has|had|have)\b[^,]*\b(claim|claimed|argue|argued)
            what (exactly )?(did|does|do|has|had|have)\b[^,]*\b(announce|declare|declared)
            what (exactly )?(did|does|do|has|had|have)\b[^,]*\b(comment|reply|respond)
            what (exactly )?(did|does|do|has|had|have)\b[^,]*\b(state(?=\W*$)|think (of|about))
            how (did|does|do|has|have)\b[^,]*\b(describe|described|justify|justified)
            how (did|does|do|has|have)\b[^,]*\b(explain|explained|comment|defend|defended)
        """,
    },
    "other": {
        "nl": r"""
            wat
            welke?
            hoe
            waar(aan|in|mee|naar|op|over|uit|van|voor)
        """,
        "de": r"""
            was
            welche[mnrs]?
            wie
            wo(bei|für|mit|ran|rauf|raus|rin|rüber|von|zu)
        """,
        "en": r"""
            what
            which
            how
        """,
    },
}

# What X is in "What is X?": a definition is asked for if X names a thing.
_IS = {
    "nl": "(en |maar )?wat (is|zijn) X",
    "de": "(und |aber )?was (ist|sind) (eigentlich )?X",
    "en": "(and |but |so )?what( is| are|['’]?s) X",
}
_MEANS = {
    "nl": """
        wat (betekent|betekenen) X
        wat houdt X in
        wat (verstaat|bedoelt) men (onder|met) X
        wat wordt (er )?(verstaan onder|bedoeld met) X
    """,
    "de": """
        was (bedeutet|bedeuten) X
        was versteht man unter X
        was ist mit X gemeint
    """,
    "en": """
        what do(es)? X mean
        what is meant by X
        define X
    """,
}
_A = {"nl": {"een", "'n"}, "de": {"ein", "eine", "einen"}, "en": {"a", "an"}}
_THE = {"nl": {"de", "het"}, "de": {"der", "die", "das"}, "en": {"the"}}
_APOSTROPHE = re.compile("['’]")
# What happened is asked like what something is: "Was ist passiert?", "Wat is gebeurd?"
_PARTICIPLE = re.compile(r"ge\w+(d|t|en)|\w+iert|\w+ed")
# "Can you tell me who …" asks who.
_TELLING = frozenset(
    """
    tell explain know remember say vertellen zeggen uitleggen weten sagen erklären nennen wissen
    """.split()
)
_YOU = frozenset("you je jij u jullie du ihr sie".split())
_AND = frozenset("and but so en maar dus und aber".split())
_I = frozenset({"ik", "ich"})
# "Vaart de pont?" English opens with none but ``OPENING_VERBS``.
_LIKE_A_VERB = {
    "nl": re.compile(r"\w+(t|de|te|en|aan)"),
    "de": re.compile(r"\w+(t|te|en|e)"),
}
# "When the bridge fell, who was on it?" asks who; "When was it, and who …" asks when.
_CLAUSE = {
    "nl": re.compile(r"\b(als|toen|nadat|voordat|terwijl) [^,?]+, "),
    "de": re.compile(r"\b(als|wenn|nachdem|bevor|während) [^,?]+, "),
    "en": re.compile(
        rf"\b(when|while|after|before|if) (?!({_any(OPENING_VERBS['en'])})\b)[^,?]+, (?!and|or|but)"
    ),
}
_SENTENCE_END = re.compile(r"(?<=[.!?:;]) +")


def _lines(patterns: str) -> list[str]:
    return [line.strip() for line in patterns.strip().splitlines()]


@cache
def _patterns(language: str) -> dict[Kind, re.Pattern[str]]:
    # 3 ms a language, so only when a question comes.
    return {
        kind: re.compile(rf"\b({'|'.join(_lines(by[language]))})\b") for kind, by in _KINDS.items()
    }


@cache
def _asking_for_meaning(patterns: str) -> list[re.Pattern[str]]:
    return [re.compile(line.replace("X", "(?P<thing>.+)"), re.I) for line in _lines(patterns)]


def kind_of(text: str, language: str) -> Kind:
    """What kind of answer is expected: by the verb or question word that comes first.

    >>> kind_of("How many users does Gab have, and when did it start?", "en")
    'how_many'
    >>> kind_of("Is Gab an app?", "en"), kind_of("What is Gab?", "en")
    ('yes_no', 'definition')
    >>> kind_of("I lost my passport. Can I still travel?", "en")
    'yes_no'
    """
    if text.isupper():
        text = text.lower()
    if _opens_with_verb(text, language):
        return "yes_no"
    if _asks_for_meaning(text, language):
        return "definition"
    kind = _asked_first(text, language) or "other"
    *before, last = _SENTENCE_END.split(text)
    told = kind == "other" and before and not _asked_first(" ".join(before), language)
    return "yes_no" if told and _opens_with_verb(last, language) else kind


def counted(text: str, language: str) -> tuple[str, ...]:
    """Of "how many" what is counted: the content words right after it, in small letters.

    >>> counted("How many new users does Gab get?", "en"), counted("Who are they?", "en")
    (('new', 'users'), ())
    """
    asked = _patterns(language)["how_many"].search(text.lower())
    if asked is None:
        return ()
    return tuple(w.lower() for w in content_words(text[asked.end() :], language)[:_COUNTED_WORDS])


def _asked_first(text: str, language: str) -> Kind | None:
    """What the first question word asks for; None if there is none."""
    lowered = _CLAUSE[language].sub("", text.lower(), count=1)
    found = [
        (match.start(), n, kind)
        for n, (kind, pattern) in enumerate(_patterns(language).items())
        if (match := pattern.search(lowered))
    ]
    return min(found)[2] if found else None


def _opens_with_verb(text: str, language: str) -> bool:
    """Whether a text is a question that is answered by yes or no."""
    words = [word.lower() for word in WORD.findall(text)]
    if words and words[0] in _AND:
        words = words[1:]
    if len(words) < 2:
        return False
    first, second, *_ = words
    asked = text.rstrip().endswith("?")
    if first in OPENING_VERBS[language]:
        # "Will Smith age" and "Am 6. Januar" are no questions.
        whole = asked or second in FUNCTION_WORDS[language] or len(words) >= 4
        tell = second in _YOU and not _TELLING.isdisjoint(words[2:5])
        return whole and not second.isdigit() and not (tell and _asked_first(text, language))
    return (
        asked
        and second in OPENING_SUBJECTS[language]
        and first not in ALL_FUNCTION_WORDS
        and (second in _I or _LIKE_A_VERB[language].fullmatch(first) is not None)
        and _asked_first(text, language) is None
    )


def _asks_for_meaning(text: str, language: str) -> bool:
    asked = text.rstrip(" ?!.")
    if thing := _thing(_MEANS[language], asked):
        return _names_a_thing(thing, language, _A[language] | _THE[language])
    if thing := _thing(_IS[language], asked):
        the = _THE[language] if _is_named(thing, language) else set()
        return _names_a_thing(thing, language, _A[language] | the)
    return False


def _thing(patterns: str, text: str) -> str:
    """What X is in the first pattern that fits."""
    fits = (pattern.fullmatch(text) for pattern in _asking_for_meaning(patterns))
    return next((fit["thing"] for fit in fits if fit), "")


def _is_named(thing: str, language: str) -> bool:
    """Whether a name follows the article; a German noun's capital says nothing."""
    after = thing.split()[1:2]
    return any(word.isupper() if language == "de" else word[0].isupper() for word in after)


def _names_a_thing(thing: str, language: str, articles: set[str]) -> bool:
    """Whether these are an article and a few words, none of which is about something else.

    A "capital of Mongolia" is a property of what it is the capital of.
    """
    words = thing.split()
    if words[0].lower() in articles:
        words = words[1:]
    plain = [word.strip("()\"'„“”‘’").lower() for word in words]
    # "Utrecht's oldest mill" is not about the mill.
    if not 1 <= len(words) <= _DEFINED_WORDS or any(_APOSTROPHE.search(word) for word in plain):
        return False
    if language == "de" and not thing.islower() and not any(w[0].isupper() for w in words):
        return False
    plain = [word.strip('()"„“”').lower() for word in words]
    return not _PARTICIPLE.fullmatch(plain[-1]) and all(
        word.isupper() or small not in FUNCTION_WORDS[language]
        for word, small in zip(words, plain, strict=True)
    )
