from __future__ import annotations

from pathlib import Path

import pytest

from index.types import Document
from tests.documents import make_pdf
from tests.reading import DUTCH, NOISE, read, refusal, written

PAGES = [
    [
        "Onderzoek naar de Noordzee",
        "",
        "De commissie heeft in 2021 vastgesteld dat de visserij-",
        "sector onder druk staat. Dit is zo in Noord-",
        "Holland en in café Straße, dat aan de kade staat en",
        "een terras heeft.",
        "",
        "Adres:",
        "Kade 1",
        "",
        "- punt een",
        "- punt twee",
        "",
        "De zin die hier begint loopt door tot op",
    ],
    ["de volgende bladzijde (en eindigt daar).", "", "Slot: 1.234,50 euro."],
]


def test_a_pdf_becomes_running_text_with_the_start_of_each_page(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", PAGES, title="Visserij in zwaar weer")
    text = (
        "Onderzoek naar de Noordzee\n\n"
        "De commissie heeft in 2021 vastgesteld dat de visserijsector onder druk staat. "
        "Dit is zo in Noord-Holland en in café Straße, dat aan de kade staat en een terras heeft."
        "\n\nAdres:\nKade 1\n\n- punt een\n- punt twee\n\n"
        "De zin die hier begint loopt door tot op "
        "de volgende bladzijde (en eindigt daar).\n\nSlot: 1.234,50 euro."
    )
    pages = (0, text.index("de volgende bladzijde"))
    expected = Document("a.pdf", text, "Visserij in zwaar weer", "nl", None, str(path), pages=pages)
    assert read(path) == expected


def test_page_numbers_go_and_a_running_head_stays_once(tmp_path: Path) -> None:
    pages = [["Jaarverslag", "", f"Feit {word}.", "", f"{i}"] for i, word in enumerate("abcd", 7)]
    document = read(make_pdf(tmp_path / "a.pdf", pages))
    assert document.text == "Jaarverslag\n\nFeit a.\n\nFeit b.\n\nFeit c.\n\nFeit d."
    assert [document.page_at(document.text.index(f"Feit {w}")) for w in "abcd"] == [1, 2, 3, 4]


def test_a_page_without_text_has_its_place_in_the_count(tmp_path: Path) -> None:
    document = read(make_pdf(tmp_path / "a.pdf", [[], ["Een."], [], ["Twee."], []]))
    assert document.text == "Een.\n\nTwee."
    assert document.pages == (0, 0, 4, 6, 11)
    assert [document.page_at(i) for i in (0, 6)] == [2, 4]


@pytest.mark.parametrize("made_up", ["Microsoft Word - x.doc", "untitled", "rapport.pdf", " - "])
def test_a_pdf_title_made_by_a_program_is_not_used(tmp_path: Path, made_up: str) -> None:
    document = read(make_pdf(tmp_path / "b.pdf", [["De brug gaat open", "", DUTCH]], title=made_up))
    assert document.title == "De brug gaat open"


def test_a_pdf_that_cannot_be_read_is_refused_saying_why(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    scanned = "holds no text: its pages seem to be scanned pictures"
    assert refusal(make_pdf(path, PAGES, locked=True)) == "is locked with a password"
    assert refusal(make_pdf(path, [[], []])) == scanned
    whole = make_pdf(path, PAGES).read_bytes()
    cut = "is cut off: the end of the PDF is missing"
    assert refusal(written(path, whole[: len(whole) // 2])) == cut
    assert refusal(written(path, whole[:-20])) == cut
    assert refusal(written(path, b"%PDF-1.4\n" + NOISE + b"%%EOF")) == "is a broken PDF"
    assert refusal(written(path, b"just text")) == "is not a PDF, whatever its name says"
