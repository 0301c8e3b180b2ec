from __future__ import annotations

import contextlib
import random
import time
from email.message import EmailMessage

import pytest

from index.decode import Content, UnreadableError
from index.read_eml import read_eml

ODD = "Größe & naïve <tag> \U0001f469\u200d\U0001f4bb e\u0301 \u00e9"
HEAD = b"From: a@example.org\nSubject: Kort\n"


def message(text: str = "Tekst.", *, html: str = "") -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Jörg Müller <joerg@example.org>"
    made["To"] = "Ann & Bo <ann@example.org>, b@example.org"
    made["Date"] = "Fri, 01 Mar 2024 23:30:00 -0500"
    made["Subject"] = (
        "Grüße: de brug \U0001f309 gaat open, en dit onderwerp is langer dan een regel"
    )
    made.set_content(text)
    if html:
        made.add_alternative(html, subtype="html")
    return made


TOP = (
    "From: Jörg Müller <joerg@example.org>\nTo: Ann & Bo <ann@example.org>, b@example.org\n"
    "Date: Fri, 01 Mar 2024 23:30:00 -0500\n"
    "Subject: Grüße: de brug \U0001f309 gaat open, en dit onderwerp is langer dan een regel"
)


def text_of(raw: bytes) -> str:
    return read_eml(raw).text


def refusal(raw: bytes) -> str:
    with pytest.raises(UnreadableError) as caught:
        read_eml(raw)
    return str(caught.value)


def test_a_message_gives_its_headers_its_text_and_the_names_of_what_is_attached() -> None:
    made = message(f"Beste Ann,\n\n{ODD}\n", html=f"<p>Beste Ann</p><p>{ODD}</p>")
    made.add_attachment("niet lezen", filename="notitie über.txt")
    made.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    assert read_eml(bytes(made)) == Content(
        f"{TOP}\n\nBeste Ann,\n\n{ODD}\n\nAttachments: notitie über.txt, a.pdf",
        title=TOP.rpartition("Subject: ")[2],
        date="2024-03-01",
    )


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("encoding", ["8bit", "base64", "quoted-printable"])
@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1250", "iso-2022-jp"])
def test_every_usual_encoding_gives_the_same_text(
    charset: str, encoding: str, line_end: bytes
) -> None:
    text = "こんにちは" if charset == "iso-2022-jp" else "Größe & één kostet 3 \u00a7 viel."
    if charset == "iso-2022-jp" and encoding == "8bit":
        encoding = "7bit"
    made = EmailMessage()
    made["Subject"] = "x"
    made.set_content(text, charset=charset, cte=encoding)
    raw = bytes(made).replace(b"\n", line_end)
    assert text_of(raw) == f"Subject: x\n\n{text}"


def test_a_web_page_is_read_where_there_is_no_plain_text() -> None:
    html = '<meta charset="koi8-r"><p>Größe &amp; Gewicht</p><p>Zwei</p>'
    made = message("\n", html=html)
    assert text_of(bytes(made)) == f"{TOP}\n\nGröße & Gewicht\n\nZwei"
    only = EmailMessage()
    only["Subject"] = "x"
    only.set_content(html, subtype="html", charset="iso-8859-1")
    assert text_of(bytes(only)) == "Subject: x\n\nGröße & Gewicht\n\nZwei"
    assert text_of(HEAD + b"Content-Type: text/html\n\n<p> </p>").endswith("Subject: Kort")


def test_texts_around_a_picture_are_all_read_and_versions_once() -> None:
    raw = HEAD + (
        b"Content-Type: multipart/mixed; boundary=ab\n\nvooraf\n--ab\n\nEen.\n--ab\n"
        b'Content-Type: image/png; name="foto.png"\n\nxx\n--ab\n'
        b'Content-Type: multipart/alternative; boundary="abc"\n\n--abc\n\nTwee.\n--abc\n'
        b"Content-Type: text/html\n\n<p>Twee</p>\n--abc--\n--ab\nContent-Type: text/html\n\n"
        b"<p>Drie.</p>\n--ab--\nna afloop\n"
    )
    assert text_of(raw) == (
        "From: a@example.org\nSubject: Kort\n\nEen.\n\nTwee.\n\nDrie.\n\nAttachments: foto.png"
    )


def test_a_forwarded_message_is_an_attachment_with_its_subject_for_a_name() -> None:
    made = message()
    made.add_attachment(message("binnenin"))
    assert text_of(bytes(made)) == f"{TOP}\n\nTekst.\n\nAttachments: {TOP.rpartition('t: ')[2]}"


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("Größe".encode(), "Größe"),
        ("Größe aus Köln und Würzburg".encode("cp1252"), "Größe aus Köln und Würzburg"),
        (b"=?utf-8?b?R3LDtsOf?=\n =?utf-8?q?e_&?= mehr", "Größe & mehr"),
        (b"=?utf-8?q?a=0AFrom:_b?=", "a From: b"),
        (b"=?no-such-charset?q?=C3?= x", "=?no-such-charset?q?=C3?= x"),
        (b"=?utf-8?q?=C3?= x", "=?utf-8?q?=C3?= x"),
        (b"=?utf-8?b?A?= x", "=?utf-8?b?A?= x"),
    ],
)
def test_a_header_is_decoded_or_shown_as_it_stands(header: bytes, shown: str) -> None:
    content = read_eml(b"Subject: " + header + b"\n\nx")
    assert (content.text, content.title) == (f"Subject: {shown}\n\nx", shown)


@pytest.mark.parametrize("date", [b"soon", b"", b"Fri, 31 Feb 2024 10:00", b"1 " * 9, b"9" * 5_000])
def test_a_date_that_is_none_gives_no_date(date: bytes) -> None:
    assert read_eml(b"Subject: x\nDate: " + date + b"\n\nx").date is None


def test_what_is_no_message_is_refused() -> None:
    for raw in (b"", b"\n\nTekst.", b"Zomaar een tekst.\n\nMet een vervolg.", b"Let op: x\n\ny"):
        assert refusal(raw) == "is no e-mail: it starts with none of From, To, Date, Subject"
    assert refusal(bytes(range(256)) * 20) == "looks like a binary file"


def test_a_damaged_or_lossy_text_is_refused() -> None:
    base64 = (
        HEAD + b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64 \n\n"
    )
    assert text_of(base64 + b"R3LD\ntsOf\n").endswith("Größ")
    assert refusal(base64 + b"R3LDt").startswith("is a broken e-mail: its base64")
    assert refusal(base64 + b"R3L*?tsOf").startswith("is a broken e-mail: its base64")
    assert refusal(HEAD + "\n\nGröße und".encode() + b" \xff").startswith("is UTF-8 with 1 broken")
    seven = HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B\xff"
    assert refusal(seven) == "its text is not in iso-2022-jp, as it says"
    mixed = HEAD + b"Content-Type: multipart/mixed; boundary=ab\n\n--ab\n\nEen.\n"
    assert refusal(mixed) == "is cut off: the end of its last part is missing"
    for body in (
        b"Content-Type: multipart/mixed\n\nx",
        b"Content-Type: multipart/x; boundary=b\n\nx",
    ):
        assert refusal(HEAD + body) == "is a broken e-mail: its parts cannot be told apart"


@pytest.mark.parametrize("charset", [b"hex", b"undefined", b"idna", b"no-such", b"unicode_escape"])
def test_a_charset_that_is_no_text_encoding_is_passed_over(charset: bytes) -> None:
    raw = HEAD + b"Content-Type: text/plain; charset=" + charset + b"\n\nGro\\ud800" + b"\xc3\xb6"
    assert text_of(raw).endswith("Gro\\ud800ö")


def nested(depth: int) -> bytes:
    opening = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(depth)
    )
    return HEAD + opening + b"\nx\n" + b"".join(b"--b%d--\n" % i for i in reversed(range(depth)))


def test_nested_parts_are_read_to_a_depth_and_then_refused() -> None:
    assert text_of(nested(50)).endswith("\n\nx")
    start = time.perf_counter()
    assert refusal(nested(51)) == "is nested too deep"
    assert refusal(nested(10_000)) == "is nested too deep"
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"To: " + b"a@b, " * 200_000 + b"\n\nx",
        b"From: " + b'"' * 1_000_000 + b"\n\nx",
        b"From: " + b"(" * 1_000_000 + b"\n\nx",
        b"Subject: " + b"=?a?q?" * 100_000 + b"\n\nx",
        b"Subject: " + b"=?utf-8?q?a?= " * 70_000 + b"\n\nx",
        b"Subject: x\nContent-Type: text/plain; " + b"a=b;" * 200_000 + b"\n\nx",
        b"Subject: x\nContent-Disposition: inline; " + b'";' * 200_000 + b"\n\nx",
        HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 1_000_000 + b"--b--",
        HEAD + b"Content-Type: message/rfc822\n\n" * 300_000,
        HEAD + b"X: y\n" * 1_000_000 + b"\nx",
        HEAD + b"\n" * 10_000_000,
        nested(50).replace(b"\nx\n", b"\nx\n" * 2_000_000),
        HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n"
        + (b"--b\nContent-Disposition: inline; " + b'";' * 2_400 + b"\n\n") * 900 + b"--b--",
    ],
    ids=range(13),
)  # fmt: skip
def test_hostile_messages_take_seconds_at_most(raw: bytes) -> None:
    start = time.perf_counter()
    with contextlib.suppress(UnreadableError):
        assert isinstance(read_eml(raw), Content)
    assert time.perf_counter() - start < 5


def test_a_name_with_half_a_character_can_be_written() -> None:
    raw = HEAD + b"Content-Disposition: attachment; filename*=unicode_escape''a%5Cud800\n\nx"
    assert text_of(raw).encode().endswith(b"\\ud800")


def test_damage_anywhere_is_a_refusal_or_a_content() -> None:
    chance = random.Random(7)
    made = message(ODD, html=f"<p>{ODD}</p>")
    made.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="ä.pdf")
    whole = bytes(made)
    n_refused = 0
    for turn in range(1_500):
        raw = bytearray(whole)
        if turn % 3:
            for _ in range(turn % 7 + 1):
                raw[chance.randrange(len(raw))] = chance.choice(b'\0\n";=?%\xff\xc3 a(:')
        else:
            del raw[chance.randrange(len(raw)) :]
        try:
            assert isinstance(read_eml(bytes(raw)), Content)
        except UnreadableError:
            n_refused += 1
    assert 500 < n_refused < 1_500
