from __future__ import annotations

import time
from pathlib import Path

import pytest

from index.read import read_file
from index.types import Document
from tests.reading import DUTCH, read, refusal, source, written

PAGE = """<!DOCTYPE html><html lang="de-AT"><head><meta charset="utf-8">
<title>Water &amp;
 meer</title><meta property="article:published_time" content="2020-05-06T10:00:00+02:00">
<meta name=date content=1999-01-01><style>.a{color:red}</style><script>"<p>script</p>"</script>
</head><body><header>Kop van de site</header><nav><ul><li>Een<li>Twee</ul></nav><main><article>
<header><h1>Über &amp; onder</h1></header>
<p>Eerste alinea met <b>vet</b>, R&amp;D, &lt;tag&gt;, 5&nbsp;% &euro; en
een <a href="/x?a=1>2" title='>'>verwijzing</a>.</p><!-- niet <p>dit</p> --><p>Tweede<br>regel.
<ul><li>Punt een</li><li>Punt <em>twee</em></li></ul>
<table><tr><th>Stad<th>Inwoners</th></tr><tr><td>Gent</td><td>265.000</td></tr></table>
<blockquote>Citaat</blockquote><pre>code  a
  b</pre><div>Blok een</div><div>Blok twee</div>5 < 6</article></main>
<footer>Voet</footer></body></html>"""
SEEN = """Über & onder

Eerste alinea met vet, R&D, <tag>, 5\u00a0% € en een verwijzing.

Tweede
regel.

Punt een
Punt twee

Stad\tInwoners
Gent\t265.000

Citaat

code  a
  b

Blok een
Blok twee
5 < 6"""


def test_html_gives_what_a_reader_sees(tmp_path: Path) -> None:
    path = written(tmp_path / "a.html", PAGE)
    expected = Document("a.html", SEEN, "Water & meer", "de", "2020-05-06", str(path))
    assert read(path) == expected


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1252", "unicode_escape", "nonsense"])
def test_html_is_read_in_the_declared_encoding_if_that_is_one(
    tmp_path: Path, declared: str
) -> None:
    raw = f"<meta charset={declared}><p>Café – Straße</p>".encode("cp1252")
    assert read(written(tmp_path / "a.html", raw)).text == "Café – Straße"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("een<p hidden>weg</p><p style='color:red; DISPLAY : none'>weg</p>twee", "een\n\ntwee"),
        ("een<aside>weg</aside><template>weg</template><noscript>weg</noscript> twee", "een\ntwee"),
        ("<h2><button>Kop</button></h2><button>Deel</button>", "Kop"),
        ("<details><summary>Op</summary>vouw</details>", "Op\nvouw"),
        ("<div>a<div>b</div>c</div>d <a>e</a> <a>f</a>", "a\nb\nc\nd e f"),
        ("<p>a <b> b </b>\n c<br>d<br><br>e", "a b c\nd\n\ne"),
        ("<dl><dt>a<dd>b</dl><blockquote>c</blockquote>d", "a\nb\n\nc\n\nd"),
        ("<pre>\n  a\n    b</pre>", "  a\n    b"),
        ("<table><tr><td><p>a</p><td><p>b</p><tr><td><td>c<td><td>d</table>", "a\tb\n\tc\t\td"),
        ("<table><tr><td><table><tr><td>a<td>b</table><td>c</table>", "a\tb\tc"),
        ("a&#1;b&nbsp;c&hellip;&#128512;&NotEqualTilde;", "a b\u00a0c…😀≂̸"),
        ("<svg><title>weg</title></svg>een<title>Later</title>", "een"),
        ("een<select><option>weg</select><iframe><p>weg</iframe> twee", "een twee"),
    ],
)  # fmt: skip
def test_each_element_is_shown_as_in_a_browser(tmp_path: Path, page: str, text: str) -> None:
    assert read(written(tmp_path / "a.html", page)).text == text


def test_a_page_that_a_script_would_show_is_read(tmp_path: Path) -> None:
    page = f"<body style='display:none'><script>show()</script><p>{DUTCH}"
    assert read(written(tmp_path / "a.html", page)).text == DUTCH


def test_where_a_long_page_is_cut_for_the_parser_changes_nothing(tmp_path: Path) -> None:
    words = [f"één{i} & <b>twéé</b>" for i in range(20_000)]  # a cut falls inside é, &amp; and tags
    page = "".join(f"<p>{word.replace('&', '&amp;')}</p>" for word in words)
    shown = "\n\n".join(word.replace("<b>", "").replace("</b>", "") for word in words)
    for shift in range(5):
        assert read(written(tmp_path / "a.html", " " * shift + page)).text == shown


def test_a_page_within_an_unclosed_header_is_read_all_the_same(tmp_path: Path) -> None:
    assert read(written(tmp_path / "a.html", f"<header><p>{DUTCH}")).text == DUTCH


@pytest.mark.parametrize("page", ["<title>T</title><img src=a>", "<!-- a -->", "</p>", "<!DOCTYPE"])
def test_a_page_without_text_is_refused(tmp_path: Path, page: str) -> None:
    assert refusal(written(tmp_path / "a.html", page)) == "holds no text"


@pytest.mark.parametrize(
    "part",
    ["<!--", "<a b='", '<a b="', "<![x", "<a ", "</", "<?", "<script>", "<div>", "<pre>\t", "&#9",
     " ", "<p", "<a =", "<meta a", "<td>", "<td> ", "&#" + "9" * 9_000 + ";", "\t<br>",
     "<b></p>", "<x></y>", "<a><div>", "<table><tr><td>", "<title>", "<p>"],
)  # fmt: skip
def test_hostile_html_takes_linear_time(tmp_path: Path, part: str) -> None:
    path = written(tmp_path / "a.html", "<p>woord" + part * (1_000_000 // len(part)))
    start = time.perf_counter()
    list(read_file(source(path)))
    assert time.perf_counter() - start < 10  # one megabyte; quadratic would be minutes


def test_a_page_nested_too_deep_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    assert read(written(path, "<div>" * 1_500 + DUTCH)).text == DUTCH
    assert refusal(written(path, "<div>" * 200_000 + DUTCH)) == "is nested too deep"
