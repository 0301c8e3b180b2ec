"""Are the names of a claim in its sources, and does who says or does what there?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import chain

from index.embed import shipped
from qa.claim_text import Source, cosines, is_form, plain, words
from qa.claim_words import ALIASES, PLACE_ENDINGS
from qa.types import Check
from qa.values import values
from qa.words import MONTHS, WORD, content_words

# Cosine of one name in two languages ("Wien", "Vienna"), and of two words that the embedding knows
# only by their pieces, which different names share.
_SAME_NAME, _SAME_PIECES = 0.42, 0.65
# A German noun comes this near to the word it stands for; all have capitals, and few are names.
_NOUN = 0.25
_SHORTEST_PART = 4
# "van der Hulst"; not German's "von", which is a preposition as well.
_PARTICLES = "van|de|der|den|del|di|da|el|al|le|la|du|ten|ter|'t|bin|ibn"
_CAPITAL = "[A-ZÀ-ÖØ-Þ]"
_PERSON = re.compile(
    rf"(?<![\w-]){_CAPITAL}[\w’'-]*(?:\s+(?:(?:{_PARTICLES})\s)*{_CAPITAL}[\w’'-]*)+"
)
_INITIALS = re.compile(r"\b(?:[A-Z]\.){2,}")
_OPENS = re.compile(r"[.!?:]\W+$")
_TITLE = re.compile(r"\b(Dr|Prof|Mr|Mrs|Ms|St)\.")
_AGENT = r"\b(?:by|door|von|vom|durch)\s(?:[^\s,;]+\s){0,4}?"
SAYS = re.compile(
    r"\b(?:said|says|say|saying|told|stated|claim(?:s|ed)?|insist(?:s|ed)|argue[sd]|announced?"
    r"|explain(?:s|ed)|added|warn(?:s|ed)|called|calls|predict(?:s|ed)|expect(?:s|ed)|admit(?:s|ted)"
    r"|confirm(?:s|ed)|denie[sd]|stress(?:es|ed)|note[sd]|describe[sd]|accus(?:es|ed)|reported"
    r"|zei|zegt|zeggen|zeiden|verklaarde?|stelde|stelt|meldde|meldt|vertelde|noemde|noemt|aldus"
    r"|benadrukte|sprak|waarschuwde|waarschuwt|vond|vindt|verwacht(?:te)?|bevestigde|ontken(?:de|t)"
    r"|betoogde|beweerde|maakte|beschuldigde|verweet|kondigde|liet weten|schatte|rekent"
    r"|sagte[n]?|sagt|erklärte?|erklärt|teilte|mitteilte|betonte|betont|nannte|nennt|meinte|meint"
    r"|warnte|warnt|kritisierte|behauptete|bezeichnete|erwartet|rechnet|rechne|berichtete"
    r"|bestätigte|bestritt|bestreitet|kündigte|warf|wirft|schätzte|räumte|so"
    r"|according to|volgens|laut|zufolge"
    r"|nach (?:Angaben|Ansicht|Einschätzung|Aussage|Worten)\w*)\b",
    re.IGNORECASE,
)
# Where the subject of such a verb stands: before it in its clause, or within five words behind.
_SUBJECT = re.compile(r"[^,;:]{0,60}$")
_BEHIND = re.compile(r"\W*(?:[\w’'-]+\W+){0,4}[\w’'-]+")
_CLAUSE = re.compile(r",(?!\d)|[;:–—()]")
_CONTRAST = re.compile(
    r"[;]|,?\s\b(?:but|though|although|while|whereas|maar|terwijl|hoewel|al|aber|obwohl|während"
    r"|doch|sondern)\b"
)
# How much nearer to a claim is what is said of another.
_MARGIN = 0.1
_PART = re.compile(
    r",(?!\d)|[;:–—()]|\.\s|\b(?:but|though|although|while|maar|terwijl|hoewel|aber|obwohl|während)\b"
)


# Names


def check_names(claim: Source, sources: Sequence[Source]) -> Check | None:
    """Whether the sources have every name of a claim; None if it has none."""
    names = _capitals(claim)
    theirs = [word for source in sources for word, _ in words(_initials(source.text))]
    content = [word for s in sources for word in content_words(s.text, s.language)]
    if not names or not content:
        return None
    wrong = tuple(
        name
        for name in names
        if not any(is_form(name, word) for word in theirs) and not _is_named(name, claim, content)
    )
    return Check("name", not wrong, wrong or tuple(names))


def _capitals(claim: Source) -> list[str]:
    """The words that may be names: those with a capital, but values and what opens a sentence.

    In German they are the nouns that the embedding does not know.
    """
    text = _initials(claim.text)
    spans = [(value.start, value.end) for value in values(text)]
    content = set(content_words(text, claim.language))
    found: dict[str, None] = {}
    for word, at in words(text):
        named = word[0].isupper() and word in content and word.lower() not in MONTHS
        opens = at == 0 or _OPENS.search(text, 0, at) is not None
        is_noun = (claim.language == "de" or opens) and _may_be_noun(word)
        if named and not is_noun and not any(start <= at < end for start, end in spans):
            found.setdefault(word)
    return list(found)


def _may_be_noun(word: str) -> bool:
    return shipped().knows(word) and not shipped().is_name(word)


def _initials(text: str) -> str:
    """A text in which initials are one word: "U.S." is "US"."""
    return _INITIALS.sub(lambda match: match.group().replace(".", ""), text)


def _is_named(name: str, claim: Source, theirs: Sequence[str]) -> bool:
    """Whether one of the words is the name: abbreviated or translated."""
    alias = ALIASES.get(plain(name))
    if alias is not None and any(ALIASES.get(plain(word)) == alias for word in theirs):
        return True
    if shipped().knows(name):
        return (
            float(cosines([name], [*theirs, *chain.from_iterable(map(_parts, theirs))]).max())
            >= _SAME_NAME
        )
    near = float(cosines([name], theirs).max())
    may_be_noun = claim.language == "de" or claim.text.startswith(name)
    return near >= (_NOUN if may_be_noun and not _is_place(name) else _SAME_PIECES)


def _is_place(name: str) -> bool:
    """Whether a word ends as places do.

    >>> _is_place("Bahnhofstraße"), _is_place("Altenkirchen"), _is_place("Absprache")
    (True, True, False)
    """
    return name.lower().endswith(PLACE_ENDINGS)


@lru_cache(maxsize=50_000)
def _parts(word: str) -> tuple[str, ...]:
    """The words that another ends in.

    >>> _parts("Deltaraad")
    ('raad',)
    """
    ends = (word[n:].lower() for n in range(_SHORTEST_PART - 1, len(word) - _SHORTEST_PART + 1))
    return tuple(end for end in ends if shipped().knows(end))


# Roles


def check_roles(claim: Source, sources: Sequence[Source]) -> Check | None:
    """Whether who speaks and who acts is as the sources have it; None if the claim does not tell.

    Told by the persons and bodies with names of two words and more that both name.
    """
    whole = Source(" ".join(source.text for source in sources), sources[0].language)
    both = {
        name
        for name in (*persons(whole), *persons(claim))
        if min(_at(name, whole.text), _at(name, claim.text)) >= 0
    }
    ours, theirs = (sorted(both, key=partial(_at, text=s.text)) for s in (claim, whole))
    other = _contrasted(claim, sources)
    if other:
        return Check("role", False, (other,))
    agents = [{n for n in persons(s) if _acts(n, s.text)} for s in (claim, whole)]
    if agents[0] and agents[1] and not agents[0] & agents[1]:
        return Check("role", False, tuple(sorted(agents[0])))
    speaker = _speaker(claim.text, ours)
    if speaker:
        return Check("role", _says_it(speaker, claim, whole), (speaker,))
    if len(ours) < 2:
        return None
    one_is_passive = bool(agents[0]) != bool(agents[1])
    turned = ours != theirs and not one_is_passive and _is_swapped(ours[:2], claim, whole)
    return Check("role", not turned, tuple(ours))


def _contrasted(claim: Source, sources: Sequence[Source]) -> str | None:
    """Whoever the claim names with what a source says of another, in a contrast of the two."""
    names = [name for source in (*sources, claim) for name in persons(source)]
    halves = [half for source in sources for half in _CONTRAST.split(source.text)]
    named = [(half, _first(half, names)) for half in halves]
    told = [(half, name) for half, name in named if name]
    if len({name for _, name in told}) < 2:
        return None
    rows = shipped().sentences([_nameless(half) for half, _ in told])
    for part in _CONTRAST.split(claim.text):
        subject = _first(part, names)
        near = rows @ shipped().query(_nameless(part))
        own = [n for n, (half, _) in zip(near, told, strict=True) if _names(subject, half)]
        others = [n for n, (half, _) in zip(near, told, strict=True) if not _names(subject, half)]
        if own and others and max(others) > max(own) + _MARGIN:
            return subject
    return None


def _names(name: str | None, text: str) -> bool:
    return name is not None and _at(name, text) >= 0


def _first(part: str, names: Sequence[str]) -> str | None:
    """Whoever of these is named first."""
    named = [name for name in names if _names(name, part)]
    return min(named, key=partial(_at, text=part), default=None)


def _is_swapped(names: Sequence[str], claim: Source, whole: Source) -> bool:
    """Whether the words behind two names are rather those behind the other one in the sources."""
    ours, theirs = (
        shipped().sentences([_behind(name, source.text) for name in names])
        for source in (claim, whole)
    )
    near = ours @ theirs.T
    return float(near[0, 1] + near[1, 0]) > float(near[0, 0] + near[1, 1])


def _behind(name: str, text: str) -> str:
    """The words behind a name in its clause: mostly what somebody does."""
    at = _at(name, text)
    return _CLAUSE.split(text[at + len(name) :])[0].strip() or name


def persons(source: Source) -> list[str]:
    """The last words of names of two words and more, in order of mention."""
    spans = [(value.start, value.end) for value in values(source.text)]
    content = set(content_words(source.text, source.language))
    found: dict[str, None] = {}
    for match in _PERSON.finditer(_TITLE.sub(r"\1 ", source.text)):
        names = [
            word.group()
            for word in WORD.finditer(match.group())
            if word.group() in content
            and word.group().lower() not in MONTHS
            and not any(start <= match.start() + word.start() < end for start, end in spans)
        ]
        if len(names) > 1:
            found.setdefault(names[-1])
    return list(found)


def _at(name: str, text: str) -> int:
    """Where somebody is first named; -1 if nowhere."""
    return next((at for word, at in words(text) if is_form(name, word)), -1)


def _acts(name: str, text: str) -> bool:
    """Whether a passive makes somebody the one who acts: "opened by Anna Smit"."""
    return re.search(_AGENT + re.escape(name), text, re.IGNORECASE) is not None


def _speaker(text: str, names: Sequence[str]) -> str | None:
    """Who says the rest, if the text tells: "Anna Smit said …", "…, according to Anna Smit"."""
    for match in SAYS.finditer(text):
        before = _SUBJECT.search(text[: match.start()])
        behind = _BEHIND.match(text[match.end() :])
        for part in filter(None, (before, behind)):
            if named := _first(part.group(), names):
                return named
    return None


def _says_it(speaker: str, claim: Source, whole: Source) -> bool:
    """Whether the part of the sources that is nearest to what is said is not somebody else's."""
    parts = [part for part in _PART.split(whole.text) if part and part.strip()]
    names = persons(whole)
    own = next(part for part in _CONTRAST.split(claim.text) if _names(speaker, part))
    said = max(map(_nameless, _PART.split(own)), key=len)
    rows = shipped().sentences([_nameless(part) for part in parts])
    nearest = int((rows @ shipped().query(said)).argmax())
    # "…, said Anna Smit" stands behind it, all else in it or before.
    behind = [p for p in parts[nearest + 1 : nearest + 2] if SAYS.match(p.lstrip(' "”“„«»'))]
    for part in (parts[nearest], *behind, *reversed(parts[:nearest])):
        owner = _speaker(part, names)
        if owner:
            return owner == speaker
    return True


def _nameless(text: str) -> str:
    return _PERSON.sub(" ", text)
