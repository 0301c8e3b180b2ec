"""``python -m training.names --data DIR`` writes the words that are names: index/model/names.txt.

A static vector does not tell a name from a noun, and where a sentence opens, or in German, neither
does a capital. So names are what English and Dutch write with one inside sentences, or in a
dictionary, and hardly ever without.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from index.embed import MODEL_FOLDER, NAMES, shipped
from qa.words import ALL_FUNCTION_WORDS, MONTHS, WEEKDAYS, WORD
from training.data import Corpus, read

# Sources that are sentences; the others are labels of programs, with capitals of their own.
_SENTENCES = frozenset("tatoeba tatoeba-anki tatoeba-pivot ntrex flores covid-dashboard".split())
_CAPITALS_TELL = ("en", "nl")
_LEAST, _MOST_SMALL = 2, 0.1  # times with a capital; of these, how many without
_ENDS = ".?!:;"


def names(corpus: Corpus, knows: Callable[[str], bool]) -> list[str]:
    """The words, in lower case and sorted, that are names and that a model ``knows``."""
    large, small = _in_sentences(corpus)
    entries = [
        entry
        for group in corpus.groups
        for language in _CAPITALS_TELL
        for entry in group.get(language, ())
        if entry.isalpha()
    ]
    # An abbreviation tells nothing of the word that is spelled like it.
    listed = {entry.lower() for entry in entries if entry.istitle()}
    common = {entry for entry in entries if entry.islower()} | ALL_FUNCTION_WORDS
    common |= MONTHS.keys() | WEEKDAYS.keys()
    written = {w for w, n in large.items() if n >= _LEAST and small[w] <= _MOST_SMALL * n}
    found = (listed | written) - common
    return sorted(word for word in found if word.isalpha() and knows(word))


def _in_sentences(corpus: Corpus) -> tuple[Counter[str], Counter[str]]:
    """How often each word stands inside a sentence with a capital, and anywhere without."""
    large, small = Counter[str](), Counter[str]()
    for unit in corpus.units:
        for language, text in unit.texts.items() if unit.source in _SENTENCES else ():
            for match in WORD.finditer(text):
                word = match.group()
                before = text[: match.start()].rstrip("\"'“‘( ")
                if word[0].islower():
                    small[word] += 1
                elif language in _CAPITALS_TELL and before and before[-1] not in _ENDS:
                    large[word.lower()] += 1
    return large, small


def main() -> None:
    """Write the list beside the model that it is for."""
    parser = argparse.ArgumentParser(prog="python -m training.names", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training text")
    parser.add_argument("--out", type=Path, default=MODEL_FOLDER / NAMES)
    options = parser.parse_args()
    found = names(read(options.data), shipped().knows)
    options.out.write_text("\n".join(found) + "\n", "utf-8")


if __name__ == "__main__":
    main()
