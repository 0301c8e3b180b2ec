"""The fixed phrases of an answer in Dutch, German and English: data, no logic."""

PHRASES: dict[str, dict[str, str]] = {
    "refusal": {
        "nl": "De documenten geven hierop geen antwoord.",
        "de": "Die Dokumente geben darauf keine Antwort.",
        "en": "The documents do not answer this.",
    },
    "clarify": {
        "nl": "Waar gaat je vraag over? Noem een naam of onderwerp.",
        "de": "Worum geht es in der Frage? Bitte einen Namen oder ein Thema nennen.",
        "en": "What is your question about? Please name a person or a subject.",
    },
    "disagreement": {
        "nl": "De bronnen spreken elkaar tegen.",
        "de": "Die Quellen widersprechen sich.",
        "en": "The sources disagree.",
    },
    "unsure": {
        "nl": "Niet zeker; dit komt er in de documenten het dichtst bij:",
        "de": "Nicht sicher; am nächsten kommt in den Dokumenten:",
        "en": "Not sure; the closest the documents say is:",
    },
    "unmentioned": {
        "nl": "Gevonden teksten noemen {words} niet.",
        "de": "Die gefundenen Texte erwähnen {words} nicht.",
        "en": "The texts found do not mention {words}.",
    },
    "nearest": {
        "nl": "Wat er het dichtst bij komt:",
        "de": "Was dem am nächsten kommt:",
        "en": "What comes closest:",
    },
    "damaged": {
        "nl": "Een deel van de index is beschadigd, dus er kunnen bronnen ontbreken; "
        "lees de bronnen opnieuw om hem te herstellen.",
        "de": "Ein Teil des Index ist beschädigt, es können also Quellen fehlen; "
        "bitte die Quellen neu einlesen, um ihn zu reparieren.",
        "en": "A part of the index is damaged, so sources may be missing; "
        "read the sources again to mend it.",
    },
    "page": {"nl": "blz.", "de": "S.", "en": "p."},
}
