from __future__ import annotations

import copy
import random
import re
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pptx
import pytest
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.util import Inches

from index.decode import Content, UnreadableError
from index.read_pptx import read_pptx
from index.types import Document
from tests.reading import NOISE

ODD = "Größe & naïve <tag> \U0001f469\u200d\U0001f4bb e\u0301 \u00e9"
TITLE_ONLY, BLANK = 5, 6


def saved(deck: Any) -> bytes:  # noqa: ANN401
    stream = BytesIO()
    deck.save(stream)
    return stream.getvalue()


def made(*titles: str | None) -> Any:  # noqa: ANN401
    """A presentation with a slide for each title; None makes one that holds nothing."""
    deck = pptx.Presentation()
    deck.core_properties.title = ""
    for title in titles:
        slide = deck.slides.add_slide(deck.slide_layouts[BLANK if title is None else TITLE_ONLY])
        if title is not None:
            slide.shapes.title.text = title
    return deck


def box(slide: Any, text: str) -> Any:  # noqa: ANN401
    shape = slide.shapes.add_textbox(Inches(1), Inches(1), Inches(3), Inches(1))
    shape.text_frame.text = text
    return shape


def changed(raw: bytes, change: Callable[[str, str], str]) -> bytes:
    """The same file, each of its XML parts changed by its name."""
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            if name.endswith((".xml", ".rels")):
                part = change(name, part.decode()).encode()
            archive.writestr(name, part)
    return stream.getvalue()


def in_slide(raw: bytes, old: str, new: str) -> bytes:
    def change(name: str, part: str) -> str:
        return part.replace(old, new, 1) if name == "ppt/slides/slide1.xml" else part

    result = changed(raw, change)
    assert result != raw
    return result


def refusal(raw: bytes) -> str:
    with pytest.raises(UnreadableError) as caught:
        read_pptx(raw)
    return str(caught.value)


def test_each_slide_is_a_page_with_its_title_texts_table_and_notes() -> None:
    deck = made("Jaarverslag", None, "Cijfers")
    first, _, third = deck.slides
    box(first, f"Eerste alinea.\nTweede: {ODD}")
    group = third.shapes.add_group_shape()
    box(group, "In een groep.")
    table = third.shapes.add_table(2, 3, Inches(1), Inches(3), Inches(4), Inches(1)).table
    for row, texts in enumerate((["Stad", "", "Inwoners"], ["Gent", "B", "265.000\nzielen"])):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    box(third, "Slot.")
    third.notes_slide.notes_text_frame.text = "Zeg dit & dat."
    content = read_pptx(saved(deck))
    pages = [
        f"Jaarverslag\n\nEerste alinea.\n\nTweede: {ODD}",
        "",
        "Cijfers\n\nIn een groep.\n\nStad\t\tInwoners\nGent\tB\t265.000 zielen\n\nSlot.\n\n"
        "Zeg dit & dat.",
    ]
    assert content.text == f"{pages[0]}\n\n{pages[2]}"
    assert content.heading == "Jaarverslag"
    one, two, three = content.pages
    assert (one, content.text[three:]) == (0, pages[2])
    assert content.text[one:two] == pages[0]
    assert content.text[two:three] == "\n\n"
    document = Document("a", content.text, "", "nl", None, "a.pptx", pages=content.pages)
    assert document.page_at(content.text.index("Slot")) == 3


def test_a_hidden_slide_is_left_out_and_keeps_its_number() -> None:
    deck = made("Een", "Geheim", "Drie")
    deck.slides[1]._element.set("show", "0")
    deck.slides[1].notes_slide.notes_text_frame.text = "Ook geheim."
    content = read_pptx(saved(deck))
    assert content.text == "Een\n\nDrie"
    assert content.pages == (0, 3, 5)
    deck.slides[0]._element.set("show", "0")
    deck.slides[2]._element.set("show", "false")
    assert refusal(saved(deck)) == "holds no text"


def test_a_hidden_shape_and_the_furniture_of_a_slide_are_left_out() -> None:
    deck = made("Kop")
    hidden = box(deck.slides[0], "Onzichtbaar")
    hidden._element.nvSpPr.cNvPr.set("hidden", "1")
    layout = deck.slides[0].slide_layout
    for holder in layout.placeholders:  # date, footer and number
        if holder.placeholder_format.type != PP_PLACEHOLDER.TITLE:
            deck.slides[0].shapes._spTree.append(copy.copy(holder._element))
    for shape in deck.slides[0].shapes:
        if shape.name.startswith(("Date", "Footer", "Slide Number")):
            shape.text_frame.text = "meubel"
    raw = saved(deck)
    assert b"meubel" in zipfile.ZipFile(BytesIO(raw)).read("ppt/slides/slide1.xml")
    assert read_pptx(raw).text == "Kop"


def test_a_title_comes_first_wherever_it_was_drawn() -> None:
    deck = made("Kop")
    box(deck.slides[0], "Tekst.")
    tree = deck.slides[0].shapes._spTree
    tree.append(deck.slides[0].shapes.title._element)
    assert read_pptx(saved(deck)).text == "Kop\n\nTekst."


def test_line_breaks_fields_formulas_and_alternatives_are_read_once() -> None:
    deck = made(None)
    box(deck.slides[0], "Een\vtwee HIER")
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    math = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    choice = (
        f'<mc:AlternateContent {mc}><mc:Choice Requires="a14"><m:t xmlns:m="{math}">E=mc²</m:t>'
        "</mc:Choice><mc:Fallback><a:r><a:t>plaatje</a:t></a:r></mc:Fallback></mc:AlternateContent>"
        '<a:fld id="{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}" type="slidenum"><a:t> 7</a:t></a:fld>'
    )
    raw = in_slide(saved(deck), "HIER</a:t></a:r>", f"</a:t></a:r>{choice}")
    assert read_pptx(raw).text == "Een\ntwee E=mc² 7"


def test_the_text_of_a_diagram_follows_that_of_its_slide() -> None:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/diagramData"
    dgm = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
    a = "http://schemas.openxmlformats.org/drawingml/2006/main"
    point = "<dgm:pt><dgm:t><a:p><a:r><a:t>{}</a:t></a:r></a:p></dgm:t></dgm:pt>".format
    data = f'<dgm:dataModel xmlns:dgm="{dgm}" xmlns:a="{a}">{point("Plan")}{point("Doe")}'
    deck = made("Kop")
    deck.slides[0].notes_slide.notes_text_frame.text = "Notitie."

    def change(name: str, part: str) -> str:
        if name != "ppt/slides/_rels/slide1.xml.rels":
            return part
        # Listed twice, it is still read once.
        relation = f'Type="{kind}" Target="../diagrams/data1.xml"/>'
        both = "".join(f'<Relationship Id="d{number}" {relation}' for number in (1, 2))
        return part.replace("</Relationships>", f"{both}</Relationships>")

    stream = BytesIO(changed(saved(deck), change))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("ppt/diagrams/data1.xml", f"{data}</dgm:dataModel>")
    assert read_pptx(stream.getvalue()).text == "Kop\n\nPlan\n\nDoe\n\nNotitie."


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("Plan & meer", "Plan & meer"),
        ("PowerPoint Presentation", ""),
        ("PowerPoint-presentatie", ""),
        ("PowerPoint-Präsentation", ""),
    ],
)
def test_the_title_is_what_a_person_gave(given: str, title: str) -> None:
    deck = made("Kop")
    deck.core_properties.title = given
    content = read_pptx(saved(deck))
    assert (content.title, content.heading) == (title, "Kop")


def test_broken_locked_and_empty_files_are_refused() -> None:
    broken = "is a broken PowerPoint file: "
    whole = saved(made("Kop"))
    assert refusal(b"").startswith(broken)
    assert refusal(NOISE).startswith(broken)
    assert refusal(whole[:-200]).startswith(broken)
    assert refusal(b"\xd0\xcf\x11\xe0" + NOISE).startswith("is locked with a password, or an old")
    assert refusal(saved(made())) == "holds no text"
    assert refusal(saved(made(None, None))) == "holds no text"
    assert refusal(in_slide(whole, "</p:sld>", "")).startswith(broken)
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    assert refusal(stream.getvalue()).startswith(broken)


def test_entities_are_never_expanded() -> None:
    whole = saved(made("Kop"))
    head = "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n"
    ten = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    start = time.perf_counter()
    for declared in (
        '<!ENTITY a9 "ha">',
        '<!ENTITY a9 SYSTEM "file:///etc/hostname">',
        f'<!ENTITY a0 "ha">{ten}',
    ):
        raw = in_slide(whole, head, f"{head}<!DOCTYPE d [{declared}]>")
        raw = in_slide(raw, "Kop", "&a9;")
        assert refusal(raw).startswith(("declares XML entities", "is a broken PowerPoint file: "))
    assert time.perf_counter() - start < 5


def test_a_slide_that_is_listed_many_times_is_read_once() -> None:
    deck = made("Kop " * 10_000)

    def change(name: str, part: str) -> str:
        if name != "ppt/presentation.xml":
            return part
        start = part.index("<p:sldId ")
        slide = part[start : part.index("/>", start) + 2]
        return part.replace(slide, slide * 20_000)

    start = time.perf_counter()
    content = read_pptx(changed(saved(deck), change))
    assert len(content.pages) == 20_000
    assert len(content.text) < 40_000
    assert time.perf_counter() - start < 5


def test_spaces_and_small_paragraphs_take_linear_time() -> None:
    start = time.perf_counter()
    whole = saved(made("HIER"))
    assert read_pptx(in_slide(whole, "HIER", " " * 9_000_000 + "x")).text == "x"
    many = "</a:t></a:r></a:p>" + "<a:p><a:r><a:t>x</a:t></a:r></a:p>" * 100_000
    text = read_pptx(in_slide(whole, "HIER</a:t></a:r></a:p>", "y" + many)).text
    assert text == "y" + "\n\nx" * 100_000
    assert time.perf_counter() - start < 10


def test_damage_anywhere_is_a_refusal_or_a_content() -> None:
    deck = made("Kop", "Twee")
    deck.slides[0].notes_slide.notes_text_frame.text = "Notitie."
    whole = saved(deck)
    chance = random.Random(5)
    n_refused = 0
    for turn in range(60):
        raw = bytearray(whole)
        if turn % 3:
            for _ in range(3):
                raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        else:
            del raw[chance.randrange(len(raw)) :]
        try:
            assert isinstance(read_pptx(bytes(raw)), Content)
        except UnreadableError:
            n_refused += 1
    assert n_refused > 20

    def change(name: str, part: str) -> str:
        if not re.search(r"slides/|ppt/presentation|Types|notesSlide", name):
            return part
        at = chance.randrange(len(part))
        return part[:at] + chance.choice(["", "<", "x", "&", '"', "/"]) + part[at + 1 :]

    n_refused = 0
    for _ in range(40):  # unlike the above, this gets through to the XML
        try:
            assert isinstance(read_pptx(changed(whole, change)), Content)
        except UnreadableError:
            n_refused += 1
    assert n_refused > 20
