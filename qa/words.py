"""Words of Dutch, German and English: closed classes, and which words carry meaning."""

from __future__ import annotations

import re

from index.function_words import FUNCTION_WORDS

# An accent may be a character of its own, and is then no letter.
WORD = re.compile(r"[^\W_]+(?:[\u0300-\u036f]+[^\W_]*|[.,:]\d+)*")
# Polite address: the only function words of German with a capital inside a sentence.
_POLITE = frozenset("sie ihnen ihr ihre ihrem ihren ihrer ihres".split())
ALL_FUNCTION_WORDS = frozenset().union(*FUNCTION_WORDS.values())

# Words that point back at something said before: wherever they stand,
POINTING = {
    "nl": frozenset(
        """
        hij hem zij ze hen deze daarvan daarover daarmee daarna ervan erover ermee toen
        """.split()
    ),
    "de": frozenset(
        """
        er ihn ihm sie es ihnen dies diese dieser dieses diesem diesen dort davon darüber damit
        daran dafür danach dessen
        """.split()
    ),
    "en": frozenset("he him she they them it this these those then".split()),
}
# unless something is named before them,
POSSESSIVES = {
    "nl": frozenset("haar hun".split()),
    "de": frozenset("ihr ihre ihren ihrem ihrer sein seine seinen seinem seiner deren".split()),
    "en": frozenset("his her hers their theirs its".split()),
}
# or where they cannot begin a relative clause.
DEMONSTRATIVES = {
    "nl": frozenset("dat daar".split()),
    "de": frozenset("da".split()),
    "en": frozenset({"that"}),
}
# Pronouns for persons that open a sentence about somebody named before.
PERSONS = {
    "nl": frozenset("hij zij ze haar hun".split()),
    "de": frozenset("er sein seine seinen seinem seiner".split()),  # "sie" may be anybody
    "en": frozenset("he she they his her their".split()),
}
# Articles that are also pronouns: they point back unless a noun follows.
ARTICLES = {
    "nl": frozenset({"het", "die"}),
    "de": frozenset({"das", "die", "der"}),
    "en": frozenset({"one", "ones"}),
}
# After those a preposition belongs to the noun that follows: "die in Utrecht gebaute Brücke".
PREPOSITIONS = frozenset(
    "of in at an am auf aus bei im mit von zu zum zur unter über van op uit bij met".split()
)
# How a question opens that goes on from the one before.
CONTINUING = (
    "and", "but", "so", "then", "yes", "no", "what about", "how about", "i mean", "i meant",
    "en", "maar", "dus", "ja", "nee", "hoe zit het met", "ik bedoel", "ook",
    "und", "aber", "also", "nein", "was ist mit", "wie ist es mit", "ich meine", "auch",
)  # fmt: skip
# Words of questions that say nothing of what they are about: "tell me more", "how old is she?"
EMPTY = {
    "nl": frozenset(
        """
        oud groot lang hoog ver duur vertel vertellen vertelde zeg zeggen zei zegt gezegd bedoel
        bedoelt bedoelde bedoeld betekent heet heette uitleg uitleggen leg verder details gebeurde
        gebeurd gebeurt klopt echt zeker kost kostte woont woonde werkt duurde duurt
        """.split()
    ),
    "de": frozenset(
        """
        alt groß gross lang lange hoch weit teuer erzähl erzähle erzählen sag sagt sagte gesagt
        meinst meint meinte gemeint bedeutet heißt heisst hieß erklär erkläre erklären weiter
        weiteres details genauer passierte passiert geschah stimmt denn wirklich sicher
        kostet wohnt arbeitet dauert dauerte
        """.split()
    ),
    "en": frozenset(
        """
        old big tall long high far expensive tell told explain say said says mean means meant
        called name details detail elaborate continue happened happen happens else sure true
        cost costs live lives lived last lasted work works please info information
        """.split()
    ),
}
# "Which minister?" asks who, "which year?" when, "which town?" where.
PERSON_NOUNS: dict[str, str] = {
    "nl": """
        bedrijf bedrijven concern persoon personen mens mensen man mannen vrouw vrouwen krant
        kranten medium media tijdschrift organisatie organisaties minister ministers
        president premier koning koningin keizer politicus politici topman topvrouw baas directeur
        voorzitter woordvoerder leider senator burgemeester journalist journaliste schrijver
        schrijfster auteur zanger zangeres acteur actrice speler spelers ploeg team club band
        advocaat rechter wetenschapper onderzoeker hoogleraar uitvinder kunstenaar schilder
        componist architect generaal partij aanbieder aanbieders betaaldienst betaaldiensten
        bank webwinkel vakbond golfbond omroep ministerie universiteit instantie fabrikant
    """,
    "de": """
        firma firmen unternehmen konzern konzerne person personen mensch menschen mann frau medium
        medien zeitung zeitungen zeitschrift magazin organisation organisationen minister
        ministerin ministerium präsident präsidentin premierminister kanzler kanzlerin könig königin
        kaiser politiker politikerin politikern chef chefin direktor vorsitzende vorsitzender
        sprecher sprecherin führer anführer leiter senator bürgermeister journalist journalistin
        autor autorin schriftsteller sänger sängerin schauspieler schauspielerin spieler spielerin
        mannschaft team verein verband band anwalt richter wissenschaftler forscher professor
        erfinder künstler maler komponist architekt general partei parteien anbieter anbietern
        bezahldienst bezahldienste bank webshop gewerkschaft universität behörde hersteller
        geologe mathematiker philosoph astronaut berater
    """,
    "en": """
        company companies corporation firm person people man men woman women newspaper newspapers
        magazine organization organizations organisation organisations minister ministers
        president prime politician politicians king queen emperor pope boss director chairman
        spokesman spokeswoman leader leaders senator governor mayor journalist writer author singer
        actor actress player players quarterback team teams club band lawyer judge scientist
        scientists researcher professor inventor artist painter composer architect general
        commander party parties provider providers bank union university agency department
        manufacturer mathematician philosopher astronaut astronauts explorer missionary individual
        individuals
    """,
}
TIME_NOUNS: dict[str, str] = {
    "nl": "dag dagen datum data jaar jaren maand eeuw decennium tijdstip moment periode week",
    "de": """
        tag tage tagen datum jahr jahre jahren monat jahrhundert jahrzehnt uhrzeit zeitpunkt
        zeitraum zeitabschnitt woche
    """,
    "en": """
        day days date dates year years month months century centuries decade decades era week time
    """,
}
PLACE_NOUNS: dict[str, str] = {
    "nl": """
        stad steden land landen plaats plaatsen plek plekken zender regio dorp provincie continent
        werelddeel eiland straat gebied staat
    """,
    "de": """
        stadt städte städten land länder ländern ort orte orten sender region regionen dorf
        bundesland kontinent insel straße straßen gebiet bezirk bundesstaat
    """,
    "en": """
        city cities country countries place places town towns region regions channel state states
        village county province continent island street streets location
    """,
}
# A verb that opens a question which is answered by yes or no.
OPENING_VERBS = {
    "nl": frozenset(
        """
        is ben bent zijn was waren heeft heb hebt hebben had hadden wordt word worden werd werden
        kan kun kunt kunnen kon konden zal zullen zou zouden mag mogen mocht mochten moet moeten
        moest moesten wil wilt willen wilde wilden gaat gaan ging gingen doet doen deed deden komt
        komen kwam kwamen krijgt krijg krijgen kreeg kregen klopt bestaat bestaan bestond geldt
        gelden gold hoeft hoef hoeven
        """.split()
    ),
    "de": frozenset(
        """
        ist sind bin bist war waren hat habe hast haben hatte hatten wird werde werden wurde wurden
        würde würden kann kannst können konnte konnten könnte könnten darf dürfen durfte durften
        muss muß müssen musste mussten soll sollen sollte sollten will willst wollen wollte wollten
        gibt gab stimmt lässt geht gehen ging kommt kommen kam gilt gelten galt besteht bestehen
        """.split()
    ),
    "en": frozenset(
        """
        is isn are aren was wasn were weren do don does doesn did didn has hasn have haven had hadn
        can cannot couldn could will won would wouldn shall should shouldn may might must am ain
        """.split()
    ),
}
# After another word that ends like a verb, one of these says that it is one.
OPENING_SUBJECTS = {
    "nl": frozenset(
        "ik jij je u hij zij ze wij we jullie het er men iemand dit dat deze de een mijn".split()
    ),
    "de": frozenset(
        "ich du er sie es wir ihr man jemand das die dies dieser ein eine mein".split()
    ),
    "en": frozenset[str](),
}

NUMBERS: dict[str, int] = {
    word: value
    for value, words in {
        0: "nul null zero",
        1: "één eins",
        2: "twee zwei two",
        3: "drie drei three",
        4: "vier four",
        5: "vijf fünf five",
        6: "zes sechs six",
        7: "zeven sieben seven",
        8: "acht eight",
        9: "negen neun nine",
        10: "tien zehn ten",
        11: "elf eleven",
        12: "twaalf zwölf twelve",
        13: "dertien dreizehn thirteen",
        14: "veertien vierzehn fourteen",
        15: "vijftien fünfzehn fifteen",
        16: "zestien sechzehn sixteen",
        17: "zeventien siebzehn seventeen",
        18: "achttien achtzehn eighteen",
        19: "negentien neunzehn nineteen",
        20: "twintig zwanzig twenty",
        30: "dertig dreißig thirty",
        40: "veertig vierzig forty",
        50: "vijftig fünfzig fifty",
        60: "zestig sechzig sixty",
        70: "zeventig siebzig seventy",
        80: "tachtig achtzig eighty",
        90: "negentig neunzig ninety",
    }.items()
    for word in words.split()
}
MULTIPLIERS: dict[str, int] = {
    word: value
    for value, words in {
        100: "honderd hundert hundred",
        1_000: "duizend tausend thousand",
        1_000_000: "miljoen million millionen millions mio mln",
        1_000_000_000: "miljard milliarde milliarden billion billions mrd",
    }.items()
    for word in words.split()
}
MONTHS: dict[str, int] = {
    word: number
    for number, words in enumerate(
        (
            "januari januar jänner january",
            "februari februar february",
            "maart märz march",
            "april",
            "mei mai may",
            "juni june",
            "juli july",
            "augustus august",
            "september",
            "oktober october",
            "november",
            "december dezember",
        ),
        start=1,
    )
    for word in words.split()
}
WEEKDAYS: dict[str, int] = {
    word: number
    for number, words in enumerate(
        (
            "maandag montag monday",
            "dinsdag dienstag tuesday",
            "woensdag mittwoch wednesday",
            "donderdag donnerstag thursday",
            "vrijdag freitag friday",
            "zaterdag samstag sonnabend saturday",
            "zondag sonntag sunday",
        ),
        start=1,
    )
    for word in words.split()
}
NEGATIONS = frozenset(
    """
    not no never nor neither none nothing cannot n't t
    niet geen nooit niets niemand noch
    nicht kein keine keinem keinen keiner keines nie niemals nichts niemand weder
    """.split()
)


def content_words(text: str, language: str) -> list[str]:
    """The words of ``text`` that are not function words of its language, each once, in order.

    A function word with a capital inside a sentence is a name or an abbreviation.

    >>> content_words("Was ist Gab?", "de"), content_words("gab es das", "de")
    (['Gab'], [])
    >>> content_words("I moved. What now?", "en")
    ['moved']
    """
    functional = FUNCTION_WORDS.get(language, frozenset())
    found = WORD.finditer(text)
    shouted = text.isupper()
    return list(
        dict.fromkeys(
            match.group()
            for match in found
            if match.group().lower() not in functional
            or (not shouted and _is_inside(match, text) and _is_name(match.group(), language))
        )
    )


def _is_inside(word: re.Match[str], text: str) -> bool:
    """Whether a word does not begin a sentence."""
    before = text[: word.start()].rstrip("\"'„“”‘’( ")
    return bool(WORD.search(before)) and before[-1] not in ".?!:"


def _is_name(word: str, language: str) -> bool:
    """Whether a function word's capital makes it a name; not "I", and not German's "Sie"."""
    if language == "de" and word.lower() in _POLITE:
        return False
    return word[0].isupper() and len(word) > 1
