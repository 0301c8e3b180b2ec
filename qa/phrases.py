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
    "unsupported": {
        "nl": "Wat {model} schreef, staat niet in de bronnen; dit zijn letterlijke zinnen daaruit:",
        "de": "Was {model} schrieb, steht nicht in den Quellen; dies sind wörtliche Sätze daraus:",
        "en": "The sources do not hold what {model} wrote; these are exact sentences of theirs:",
    },
    "declined": {
        "nl": "{model} vond in de bronnen geen antwoord; dit komt er het dichtst bij:",
        "de": "{model} fand in den Quellen keine Antwort; am nächsten kommt:",
        "en": "{model} found no answer in the sources; what comes closest is:",
    },
    "withheld": {
        "nl": "Weggelaten zinnen die de bronnen niet dragen: {n}.",
        "de": "Weggelassene Sätze, die die Quellen nicht tragen: {n}.",
        "en": "Sentences left out because the sources do not hold them: {n}.",
    },
    "fault": {
        "nl": "{model} gaf geen antwoord ({why}); dit zijn letterlijke zinnen uit de bronnen:",
        "de": "{model} gab keine Antwort ({why}); dies sind wörtliche Sätze aus den Quellen:",
        "en": "{model} gave no answer ({why}); these are exact sentences of the sources:",
    },
    "fault_missing": {
        "nl": "er ontbreekt een pakket",
        "de": "ein Paket fehlt",
        "en": "a package is missing",
    },
    "fault_unreachable": {
        "nl": "de server is niet bereikbaar",
        "de": "der Server ist nicht erreichbar",
        "en": "its server cannot be reached",
    },
    "fault_slow": {
        "nl": "het duurde te lang",
        "de": "es dauerte zu lange",
        "en": "it took too long",
    },
    "fault_too_long": {
        "nl": "het schreef te veel",
        "de": "es schrieb zu viel",
        "en": "it wrote too much",
    },
    "fault_busy": {
        "nl": "de server heeft het te druk",
        "de": "der Server ist überlastet",
        "en": "its server is too busy",
    },
    "fault_refused": {
        "nl": "de server weigert de sleutel of kent het model niet",
        "de": "der Server lehnt den Schlüssel ab oder kennt das Modell nicht",
        "en": "its server refuses the key or does not know the model",
    },
    "fault_redirected": {
        "nl": "de server verwijst naar een ander adres",
        "de": "der Server verweist auf eine andere Adresse",
        "en": "its server points to another address",
    },
    "fault_garbled": {
        "nl": "wat er kwam is geen antwoord",
        "de": "was kam, ist keine Antwort",
        "en": "what came is no answer",
    },
    "fault_failed": {
        "nl": "het liep vast",
        "de": "es brach ab",
        "en": "it broke down",
    },
    "fault_resting": {
        "nl": "het faalde net te vaak en wordt even niet gevraagd",
        "de": "es versagte eben zu oft und wird kurz nicht gefragt",
        "en": "it failed too often a moment ago and is left alone for a while",
    },
    "written_by": {
        "nl": "Geschreven door {model}; elke zin is vergeleken met de bron die erbij staat.",
        "de": "Geschrieben von {model}; jeder Satz wurde mit seiner Quelle verglichen.",
        "en": "Written by {model}; each sentence was compared with the source it cites.",
    },
    "failed_citation": {
        "nl": "noemt geen bron die er is",
        "de": "nennt keine Quelle, die es gibt",
        "en": "cites no source that there is",
    },
    "failed_markup": {
        "nl": "link of opmaak die niet in de bron staat: {words}",
        "de": "Link oder Auszeichnung, die nicht in der Quelle steht: {words}",
        "en": "link or markup that is not in the source: {words}",
    },
    "failed_value": {
        "nl": "staat niet in de bron: {words}",
        "de": "steht nicht in der Quelle: {words}",
        "en": "not in the source: {words}",
    },
    "failed_quotation": {
        "nl": "staat zo niet in de bron: {words}",
        "de": "steht so nicht in der Quelle: {words}",
        "en": "not in the source in these words: {words}",
    },
    "failed_name": {
        "nl": "niet genoemd in de bron: {words}",
        "de": "nicht genannt in der Quelle: {words}",
        "en": "not named in the source: {words}",
    },
    "failed_negation": {
        "nl": "zegt het tegendeel van de bron: {words}",
        "de": "sagt das Gegenteil der Quelle: {words}",
        "en": "says the opposite of the source: {words}",
    },
    "failed_role": {
        "nl": "schrijft toe aan een ander dan de bron: {words}",
        "de": "schreibt jemand anderem zu als die Quelle: {words}",
        "en": "ascribes to somebody else than the source: {words}",
    },
    "failed_meaning": {
        "nl": "voegt iets toe: {words}",
        "de": "fügt etwas hinzu: {words}",
        "en": "adds something: {words}",
    },
    "failed_opinion": {
        "nl": "het model zelf ziet het niet in de bron",
        "de": "das Modell selbst findet es nicht in der Quelle",
        "en": "the model itself does not find it in the source",
    },
    "page": {"nl": "blz.", "de": "S.", "en": "p."},
}
