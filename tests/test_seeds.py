"""The five default articles are complete, well-formed and keep the facts they report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

SEEDS = Path(__file__).resolve().parents[1] / "seeds"
LANGUAGES = {"000": "nl", "001": "de", "002": "de", "003": "nl", "004": "en"}
KEYS = {"title", "language", "date", "reports"}
SENTENCE_ENDS = (".", "!", "?", "…", '"', "'", "”", "“", "’", "»")

FACTS: dict[str, list[str]] = {
    "000": [
        r"vier miljoen actieve leden",
        r"in 2018 opgericht",
        r"alternatief voor Twitter",
        r"Parler ging maandagochtend offline",
        r"door Google en Apple uit hun appwinkels verwijderd",
        r"bedreiging in voor de openbare veiligheid",
        r"Amazon schreef aan Parler dat .* zeer reëel gevaar",
        r"geweld aanmoedigen of ertoe aanzetten",
        r"zonder censuur",
        r"bestorming van het Capitool",
        r"vijf mensen het leven",
        r"19 januari, de dag voordat Joe Biden",
        r"naar Washington",
        r"pro-Trumpadvocaat Lin Wood",
        r"vicepresident Mike Pence",
        r"vuurpelotons .* Pence als eerste",
        r"coronavirus",
        r"'Stop the Steal'",
        r"Donald Trump had verloren",
        r"account van Trump eerder al geschorst en verwijderde het zaterdag voorgoed",
        r"John Matze, de CEO van Parler",
        r"één en dezelfde dag .* sms-diensten, de e-mailproviders en zelfs de eigen advocaten",
        r"Matze zei zaterdag, .* Amazon, Google en Apple onder één hoedje",
        r"vrije meningsuiting en vrije informatie",
        r"LinkedIn .* in 2017 zelf drie maanden bij Amazon",
        r"Op Fox News zei Matze zondag",
        r"Elke leverancier .* weigert",
        r"Apple en Google geen van beide",
    ],
    "001": [
        r"Parler ist am Sonntagabend vom Netz gegangen",
        r"Medienmagazin „Variety“",
        r"Google und Apple bieten die App von Parler zurzeit nicht",
        r"Präsidenten Donald Trump",
        r"Sturm auf das Kapitol in Washington am 6\. Januar",
        r"sperrten Facebook und Twitter",
        r"Fehlermeldung",
        r"Golf-Verband",
        r"Stars erhoben",
        r"Auftakt des zurückliegenden Wochenendes",
        r"Konzernsparte AWS",
        r"fast 100 Beispielen für Gewaltdrohungen",
        r"rechtsextremen Nutzer ungehindert",
        r"Kunden jeder politischen Richtung",
        r"Recht von Parler, über die Inhalte",
        r"nicht wirksam erkennen und löschen",
        r"Nutzungsbedingungen",
        r"öffentliche Sicherheit eine sehr reale Gefahr",
        r"10\. Januar, einem Sonntag, um 23\.59 Uhr Ortszeit",
        r"John Matze, der CEO von Parler",
        r"den Sonntag, an, dass Amazon um Mitternacht",
        r"freie Meinungsäußerung restlos aus dem Internet",
        r"höchstens eine Woche",
        r"ganz neu aufbauen",
        r"Tech-Giganten .* Wettbewerb auf dem Markt",
        r"ihre Inhalte kaum kontrolliert",
        r"aus ihren App-Stores genommen",
    ],
    "002": [
        r"John Matze, der CEO von Parler",
        r"„koordinierten Angriff“",
        r"Parler am Sonntag vom Netz",
        r"solange das Unternehmen keinen neuen Anbieter",
        r"am Sonntag um Mitternacht",
        r"Redefreiheit restlos aus dem Netz",
        r"bis zu einer Woche",
        r"von Grund auf neu",
        r"proprietäre Infrastruktur von Amazon",
        r"Bare-Metal-Produkte",
        r"Viele Anbieter konkurrieren .* Parler als Kunden",
        r"Amazon, Google und Apple hätten laut Matze jedoch mit Absicht gemeinsam",
        r"größtmöglichen Schaden",
        r"Präsident Trump aussperrten",
        r"zu rasch zu viel Erfolg",
        r"Krieg gegen Wettbewerb und Redefreiheit",
        r"Nach Auffassung des Autors .* Cyberangriff von Big Tech",
        r"Apple und Google, .* binnen 24 Stunden",
        r"Beschäftigten von Amazon .* politischen Gegner .* schreibt der Autor",
        r"BuzzFeed News",
        r"„Trust and Safety“ von Amazon Web Services \(AWS\)",
        r"Amy Peikoff richtete, Chief Policy Officer von Parler",
        r"Freiwillige",
        r"stetig mehr solcher gewalttätigen Inhalte",
        r"kein wirksames Verfahren",
        r"öffentliche Sicherheit sehr real",
        r"Sonntag, den 10\. Januar, an, und zwar um 23:59 Uhr PST",
        r"Black Lives Matter im Vorjahr auf Facebook, Instagram, TikTok und Twitter Krawalle",
    ],
    "003": [
        r"maandagochtend om vijf over negen Nederlandse tijd \(9\.05 uur\)",
        r"Twitter, Reddit en Facebook",
        r"10 miljoen actieve gebruikers",
        r"Amazon Web Services \(AWS\)",
        r"politici, wetenschappers en opiniemakers",
        r"Amazon, Google, Twitter en Facebook",
        r"TikTok, Facebook, Twitter, Pinterest en Snapchat",
        r"YouTube-pagina van Trump .* al drie dagen",
        r"woordvoerder van Google .* drie keer",
        r"betaaldiensten PayPal en Stripe",
        r"webwinkel Shopify",
        r"via Stripe nog miljoenen dollars",
        r"wapens of drugs .* \(kinder\)porno",
        r"De Amerikaan John Matze richtte .* in 2018 op",
        r"Milo Yiannopoulos en Alex Jones",
        r"rechtse provocateurs en complotdenkers",
        r"Republikeinse leden van het Congres",
        r"wegversperringen van de politie",
        r"moord op vicepresident Mike Pence, op journalisten en op activisten",
        r"'vrijwilligers'",
        r"Amy Peikoff, directeur van Parler",
        r"driehonderd werknemers .* petitie die topman Dorsey",
        r"Amazon Employees for Climate Justice \(AECJ\)",
        r"werkomstandigheden in de magazijnen",
        r"Vrijdag riep AECJ",
        r"woordvoerder van AECJ",
        r"fascisme",
        r"Kara Swisher, journalist van de New York Times",
        r"niet verantwoordelijk voelt",
        r"langer offline .* de meeste aanbieders van servers Parler de deur wijzen",
        r"eigen servers te gebruiken",
        r"elke dag 600\.000 nieuwe gebruikers",
        r"Gab schreef zondag op Twitter",
        r"Silicon Valley",
        r"kaartenhuis .* uittocht",
    ],
    "004": [
        r"so-called 'free speech' app",
        r"Amazon Web Services \(AWS\)",
        r"Supporters of Donald Trump",
        r"Twitter or Facebook had thrown out for breaking their rules",
        r"Amazon dropped Parler because .* dozens of posts .* encouraged or incited violence",
        r"storming of the US Capitol by a pro-Trump mob",
        r"Google and Apple had already taken Parler out of their app stores last week",
        r"requirements for moderating content",
        r"over the weekend, .* set up new accounts",
        r"John Matze, the chief executive of Parler, told Fox News on Sunday",
        r"text message services and email providers to its lawyers",
        r"every vendor it approached refused .* approval of Apple and Google",
        r"Big Tech",
        r"Capitol Hill, which President Trump incited",
        r"Twitter and Facebook have shut Trump out",
        r"permanent",
        r"'social media president'",
        r"Republican Senator Ted Cruz",
        r"five million followers",
        r"Joe Biden's win in the electoral college",
        r"a few billionaires from Silicon Valley",
        r"coup in Washington DC",
        r"violent content .* rise steadily",
        r"journalists, Muslims, Democrats and leaders of Black Lives Matter",
        r"Gab claimed .* past two days .* first two years",
        r"interested in politics and current affairs",
        r"The journalist Henry Goodwin studied History at the University of Cambridge",
        r"Masters degree in Newspaper Journalism at City, University of London",
        r"@HenGoodwin",
    ],
}


def parts(path: Path) -> tuple[dict[str, Any], str]:
    """The front matter and the body of one article."""
    opening, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    assert opening == ""
    fields = yaml.safe_load(front)
    assert isinstance(fields, dict)
    return fields, body


def article(number: str) -> Path:
    """The one article that reports the original with this number."""
    found = sorted(SEEDS.glob(f"{number}-*.md"))
    assert len(found) == 1
    return found[0]


def body_of(number: str) -> str:
    return parts(article(number))[1]


def paragraphs(body: str) -> list[str]:
    return [block for block in body.strip("\n").split("\n\n") if block]


def test_there_are_exactly_five_articles_and_nothing_else() -> None:
    names = sorted(path.name for path in SEEDS.iterdir())
    assert [name[:3] for name in names] == list(LANGUAGES)
    assert all(re.fullmatch(r"\d{3}-(nl|de|en)(-[a-z0-9]+)+\.md", name) for name in names)


def test_the_languages_are_nl_de_de_nl_en_in_order() -> None:
    languages = [parts(path)[0]["language"] for path in sorted(SEEDS.glob("*.md"))]
    assert languages == ["nl", "de", "de", "nl", "en"]


@pytest.mark.parametrize("number", LANGUAGES)
def test_the_front_matter_has_exactly_the_agreed_keys(number: str) -> None:
    fields, _ = parts(article(number))
    assert set(fields) == KEYS
    assert all(isinstance(value, str) and value.strip() for value in fields.values())
    assert fields["date"] == "2021-01"
    assert fields["reports"] == number


@pytest.mark.parametrize("number", LANGUAGES)
def test_the_file_name_agrees_with_the_front_matter(number: str) -> None:
    path = article(number)
    fields, _ = parts(path)
    assert path.name.startswith(f"{fields['reports']}-{fields['language']}-")


@pytest.mark.parametrize("number", LANGUAGES)
def test_no_paragraph_occurs_twice(number: str) -> None:
    blocks = paragraphs(body_of(number))
    assert len(blocks) >= 8
    assert len(blocks) == len(set(blocks))


@pytest.mark.parametrize("number", LANGUAGES)
def test_every_paragraph_is_one_line_that_ends_a_sentence(number: str) -> None:
    for block in paragraphs(body_of(number)):
        assert "\n" not in block
        assert block == block.strip()
        if block.startswith("#"):
            assert block.startswith("## ")
        else:
            assert block.endswith(SENTENCE_ENDS), block[-40:]


@pytest.mark.parametrize("number", LANGUAGES)
def test_the_text_starts_with_a_paragraph_and_not_with_a_heading(number: str) -> None:
    assert not paragraphs(body_of(number))[0].startswith("#")


@pytest.mark.parametrize(
    ("number", "fact"),
    [(number, fact) for number, facts in FACTS.items() for fact in facts],
)
def test_the_article_states_the_fact(number: str, fact: str) -> None:
    assert re.search(fact, body_of(number)), fact


def test_the_articles_disagree_on_how_many_users_parler_has() -> None:
    assert "vier miljoen actieve leden" in body_of("000")
    assert "10 miljoen actieve gebruikers" in body_of("003")
    assert "10 miljoen" not in body_of("000")
    assert "vier miljoen" not in body_of("003")


def test_the_articles_disagree_on_when_parler_went_offline() -> None:
    assert "Parler ist am Sonntagabend vom Netz gegangen" in body_of("001")
    assert "am Sonntag um Mitternacht" in body_of("002")
    assert "Parler ging maandagochtend offline" in body_of("000")
    assert "Parler ging maandagochtend om vijf over negen" in body_of("003")
    assert all("Montag" not in body_of(number) for number in ("001", "002"))


def test_the_articles_disagree_on_whether_vendors_want_parler() -> None:
    assert re.search(r"Viele Anbieter konkurrieren .* Parler als Kunden", body_of("002"))
    assert re.search(r"Elke leverancier .* weigert", body_of("000"))
    assert re.search(r"de meeste aanbieders .* de deur wijzen", body_of("003"))
    assert re.search(r"every vendor it approached refused", body_of("004"))
