from __future__ import annotations

import time
import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import nsmap, qn

from index.types import Document
from tests.documents import make_docx
from tests.reading import DUTCH, NOISE, read, refusal, written


def test_word_gives_headings_paragraphs_and_cells_in_order(tmp_path: Path) -> None:
    path = make_docx(
        tmp_path / "a.docx",
        ["# Kop & meer", f"{DUTCH} R&D, <tag>, *ster* en_streep.", "", "# Tweede kop", "Slot."],
        [["Stad", "Inwoners"], ["Gent", "265.000 | x"]],
    )
    assert read(path) == Document(
        id="a.docx",
        text=f"Kop & meer\n\n{DUTCH} R&D, <tag>, *ster* en_streep.\n\nTweede kop\n\nSlot.\n\n"
        "Stad\tInwoners\nGent\t265.000 | x",
        title="Kop & meer",
        language="nl",
        date=None,
        source=str(path),
    )


@pytest.mark.parametrize(
    ("given", "title"),
    [("Verslag & meer", "Verslag & meer"), ("Microsoft Word - x.doc", "Kop"), ("", "Kop")],
)
def test_word_has_the_title_a_person_gave_it(tmp_path: Path, given: str, title: str) -> None:
    assert read(make_docx(tmp_path / "a.docx", ["# Kop", DUTCH], title=given)).title == title


def docx_of(path: Path, document: str, **parts: str) -> Path:
    """A Word file with this in its ``document.xml``, and parts by the first word of their name."""
    make_docx(path, [])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name).decode() for name in archive.namelist()}
    members["word/document.xml"] = document
    for part, content in parts.items():
        members[next((name for name in members if part in name), f"word/{part}.xml")] = content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def word(body: str, top: str = "") -> str:
    spaces = " ".join(f'xmlns:{prefix}="{nsmap[prefix]}"' for prefix in ("w", "r"))
    mc = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    return f'{top}<w:document {spaces} xmlns:mc="{mc}"><w:body>{body}</w:body></w:document>'


def paragraph(inside: str) -> str:
    return f"<w:p><w:r><w:t>{inside}</w:t></w:r></w:p>"


def test_word_deletions_are_gone_and_text_boxes_come_once(tmp_path: Path) -> None:
    box = f"<w:txbxContent>{paragraph('kader')}</w:txbxContent>"
    runs = (
        "<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr>"
        "<w:r><w:t>Een</w:t><w:tab/><w:t>twee</w:t><w:br/><w:t>drie</w:t></w:r>"
        "<w:del><w:r><w:delText>weg</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t>weg</w:t></w:r></w:moveFrom>"
        f"<w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice>"
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r>"
        "<w:r><w:t> en vier</w:t></w:r></w:p>"
    )
    path = docx_of(tmp_path / "a.docx", word(runs))
    assert read(path).text == "Een\ttwee\ndrie en vier\n\nkader"


def test_word_insertions_links_and_content_controls_are_read(tmp_path: Path) -> None:
    run = "<w:r><w:t>{}</w:t></w:r>".format
    inline = "".join(
        f"<w:{tag}>{run(tag)}</w:{tag}>" for tag in ("ins", "hyperlink", "smartTag", "fldSimple")
    )
    control = f"<w:sdt><w:sdtContent>{paragraph('keuze')}</w:sdtContent></w:sdt>"
    path = docx_of(tmp_path / "a.docx", word(f"<w:p>{inline}</w:p>{control}"))
    assert read(path).text == "inshyperlinksmartTagfldSimple\n\nkeuze"


def test_word_cells_keep_their_place_in_the_row(tmp_path: Path) -> None:
    def table(*rows: list[str]) -> str:
        cells = ["".join(f"<w:tc>{cell}</w:tc>" for cell in row) for row in rows]
        return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"

    inner = table([paragraph("x"), paragraph("y")])
    outer = table(
        [paragraph("a") + paragraph("b"), "<w:p/>", paragraph("c")],
        ["<w:p/>", paragraph("d")],
        [paragraph("e"), inner + "<w:p/>"],
    )
    path = docx_of(tmp_path / "a.docx", word(outer + table([paragraph("los")])))
    assert read(path).text == "a b\t\tc\n\td\ne\tx\ty\n\nlos"


def test_word_notes_come_after_the_text(tmp_path: Path) -> None:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{kind}" Target="footnotes.xml"/></Relationships>'
    )
    path = docx_of(
        tmp_path / "a.docx",
        word(paragraph("Tekst.")),
        **{
            "_rels/document.xml.rels": "",
            "footnotes": word(paragraph("Noot.")).replace("w:document", "w:footnotes"),
        },
    )
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("word/_rels/document.xml.rels", relations)
    assert read(path).text == "Tekst.\n\nNoot."


def test_word_headings_are_known_by_the_name_of_their_style(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Vooraf")
    document.styles["Heading 1"].element.set(qn("w:styleId"), "Kop1")  # as Dutch Word does
    document.add_paragraph("Kop", style="Heading 1")
    document.core_properties.title = ""
    document.save(str(tmp_path / "a.docx"))
    assert read(tmp_path / "a.docx").title == "Kop"


def test_broken_and_hostile_word_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    broken = "is a broken Word document: "
    whole = make_docx(path, [DUTCH]).read_bytes()
    assert refusal(written(path, whole[:-200])).startswith(broken)
    start = whole.index(b"word/document.xml") + 30
    noisy = whole[:start] + NOISE[:40] + whole[start + 40 :]
    assert refusal(written(path, noisy)).startswith(broken)
    assert refusal(written(path, b"\xd0\xcf\x11\xe0" + NOISE)).startswith(
        "is locked with a password"
    )
    assert refusal(docx_of(path, word("<w:p>"))).startswith(broken)
    assert refusal(docx_of(path, "<document/>")).startswith(broken)
    assert refusal(docx_of(path, word("<w:p/>"))) == "holds no text"
    deep = "<w:sdt>" * 100_000 + paragraph("diep") + "</w:sdt>" * 100_000
    assert refusal(docx_of(path, word(deep))).startswith(broken)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "x")
    assert refusal(path).startswith(broken)


def test_a_word_file_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    make_docx(path, [DUTCH])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a.bin", "b.bin"):  # each on its own would do
            archive.writestr(f"word/media/{name}", bytes(50_000_000))
    assert path.stat().st_size < 200_000
    assert refusal(path) == "is larger than 100 MB when unpacked"
    make_docx(path, [DUTCH])
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(2_000):
            archive.writestr(f"{number}", "")
    assert refusal(path) == "has more than 2000 parts"


def test_entities_in_a_word_file_are_never_expanded(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    secret = written(tmp_path / "secret.txt", "geheim")
    ten = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    for declared, used in [
        ('<!ENTITY a "ha"><!ENTITY b "&a;&a;">', "&b;"),
        (f'<!ENTITY a SYSTEM "{secret.as_uri()}">', "&a;"),
    ]:
        document = word(paragraph(f"{DUTCH}{used}"), top=f"<!DOCTYPE d [{declared}]>")
        entities = "declares XML entities, which no Word document does"
        assert refusal(docx_of(path, document)) == entities
    laughs = word(paragraph("&a9;"), top=f'<!DOCTYPE d [<!ENTITY a0 "ha">{ten}]>')
    start = time.perf_counter()
    assert refusal(docx_of(path, laughs)).startswith("is a broken Word document: ")
    assert time.perf_counter() - start < 2
    make_docx(path, [DUTCH], title="een &a; twee".replace("&", "%"))
    with zipfile.ZipFile(path) as archive:
        core = archive.read("docProps/core.xml").decode()
    declared = f'<!DOCTYPE d [<!ENTITY a SYSTEM "{secret.as_uri()}">]><cp:core'
    core = core.replace("<cp:core", declared, 1).replace("%a;", "&a;")
    assert read(docx_of(path, word(paragraph(DUTCH)), core=core)).title == "een"


def test_spaces_and_nesting_in_word_take_linear_time(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    start = time.perf_counter()
    assert read(docx_of(path, word(paragraph(" " * 9_000_000 + "x")))).text == "x"
    nested = "<w:p><w:r><w:t>x</w:t></w:r>" * 200 + "</w:p>" * 200
    assert read(docx_of(path, word(nested))).text == "\n\n".join("x" * 200)
    assert time.perf_counter() - start < 10
