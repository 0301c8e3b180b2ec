"""The words of Dutch, German and English that carry grammar rather than a subject."""

from __future__ import annotations

from collections.abc import Sequence

# Articles, pronouns, prepositions, conjunctions, auxiliaries and common adverbs.
FUNCTION_WORDS: dict[str, frozenset[str]] = {
    "nl": frozenset(
        """
        aan achter al alle alleen als altijd ander andere anders alweer ben bent bij binnen boven
        buiten daar daarmee daarna daarom daarvan dan dat de deze die dit doen doet door dus één
        een eens eigenlijk elk elke en enige enkele er erg ergens ermee ervan even ga gaan gaat
        geen geweest had hadden heb hebben hebt heeft heel hem hen het hier hij hoe hoeveel hun
        iemand iets ik in is ja je jij jou jouw jullie kan kon konden kun kunnen kunt maar
        me mee meer men met mij mijn moest moesten moet moeten mocht mochten mag mogen na naar
        naast nadat niemand niet niets nog nu of om omdat onder ons onze ook op over per precies
        sinds te tegen tijdens toch toen tot tussen u uit uw van vanuit vanwege veel voor vooral
        voordat waar waaraan waardoor waarin waarmee waarom waarop waarover waarvan waarvoor wanneer
        want waren was wat we weer weinig wel welk welke werd werden wie wiens wij wil wilde wilden
        willen word worden wordt zal ze zeer zelf zich zij zijn zo zoals zonder zou zouden zowel
        zulke hoelang dezelfde haar daarover erover
        """.split()
    ),
    "de": frozenset(
        """
        ab aber alle allem allen aller alles als also am an andere anderen anderer anderes auch auf
        aus außer bei beim bin bis bist da dabei dadurch dafür daher damit danach dann daran darauf
        darin darüber das dass davon dazu dein deine dem den denen denn der deren des dessen die
        dies diese diesem diesen dieser dieses doch dort du durch durfte dürfen ein eine einem einen
        einer eines einige einigen er es etwa etwas euch eure für gab gegen genau gewesen gibt habe
        haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in
        ins ist ja jede jedem jeden jeder jedes jemand jene jetzt kann kannst kein keine keinem
        keinen keiner können könnte konnte konnten man manche mehr mein meine mich mir mit möchte
        muss müssen musste mussten nach nachdem nein nicht nichts noch nun nur ob obwohl oder ohne
        schon sehr sein seine seinem seinen seiner seit sich sie sind so solche soll sollen sollte
        sollten sondern sonst über um und uns unser unsere unter viel viele vielen vom von vor wann
        war waren warst warum was weder weg wegen weil welche welchem welchen welcher welches wem
        wen wenig wenige wenn wer werde werden wessen weshalb wie wieder wieso wieviel wird wo wobei
        wodurch wofür woher wohin womit woran worauf woraus worin worüber wovon wozu wurde wurden
        während zu zum zur zwar zwischen eigentlich worden
        """.split()
    ),
    "en": frozenset(
        """
        a about above after again against all also am among an and any are aren't around as at be
        because been before being below between both but by can can't cannot could couldn't d did
        didn't do does doesn't doing don't done down during each either else ever every few for
        from further had has hasn't have haven't having he her here hers him his how however i if
        in into is isn't it it's its itself just ll m many may me might more most much must my
        neither no nor not now of off on once one ones only onto or other others our ours out over
        own per quite rather re really s same shall she should since so some such t than that the
        their theirs them then there these they this those though through to too toward towards
        under until up upon us ve very was wasn't we were weren't what when where whether which
        while who whom whose why will with within without won't would wouldn't yet you your yours
        exactly actually
        """.split()
    ),
}


def votes(words: Sequence[str]) -> dict[str, int]:
    """How many of these words, in small letters, are function words of each language.

    >>> votes(["wie", "won", "de", "race"])
    {'nl': 2, 'de': 1, 'en': 0}
    """
    return {code: sum(word in known for word in words) for code, known in FUNCTION_WORDS.items()}
