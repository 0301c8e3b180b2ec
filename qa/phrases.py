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
    "nearest": {
        "nl": "Wat er het dichtst bij komt:",
        "de": "Was dem am nächsten kommt:",
        "en": "What comes closest:",
    },
    "page": {"nl": "blz.", "de": "S.", "en": "p."},
}
