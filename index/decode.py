"""Bytes → plain text, whatever the encoding; and what every reader of a format gives back."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_BINARY = "looks like a binary file"
_BOMS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = "".join(chr(code) for code in range(32) if chr(code) not in "\n\t")
_CONTROL = re.compile(f"[{re.escape(_CONTROLS)}]")
_TO_SPACES = str.maketrans(_CONTROLS, " " * len(_CONTROLS))
# Signs of a text read in the wrong encoding: a symbol inside a word, a capital after a small
# letter, three accented letters in a row. 'Café' in code page 850 is 'Caf‚' in Windows-1252.
_MISREAD = re.compile(
    r"[^\W\d_][\x80-\x9f¡-ª¬®-³¶¸-º¼-¿†‡ˆ‰‹›˜™“”×÷][^\W\d_]|[a-z][À-Þ]|[À-ÿ]{3}|\w[‚„]"
)


@dataclass(frozen=True, slots=True)
class Content:
    """What a format's reader found. A field left empty: the file does not say."""

    text: str
    title: str = ""  # as the file's own description of itself gives it
    heading: str = ""  # the first heading in the text
    language: str = ""
    date: str | None = None
    source: str = ""
    pages: tuple[int, ...] = ()


class UnreadableError(Exception):
    """Why one file or line makes no document, in words; ``read_file`` makes it a ``Refused``."""


def plain(text: str) -> str:
    r"""The text with line ends as ``\n``; each other control character becomes a space.

    >>> plain("een\r\ntwee\x0cdrie\tvier")
    'een\ntwee drie\tvier'
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Looking for one takes a thirtieth of the time that translating takes.
    return text.translate(_TO_SPACES) if _CONTROL.search(text) else text


def plain_in_place(text: str) -> str:
    r"""The text as ``plain`` makes it, every character where it was.

    For text that a program hands over: it may know places in it.

    >>> plain_in_place("een\r\ntwee")
    'een \ntwee'
    """
    return plain(text.replace("\r\n", " \n"))


def decode(raw: bytes, declared: str = "") -> str:
    """The text in ``raw``, made plain; no byte is ever dropped or replaced.

    Args:
        raw: The bytes of a text file.
        declared: A codec to try if they are not UTF-8.

    Raises:
        UnreadableError: It is not text, or in an encoding that cannot be told.
    """
    for encoding in _encodings(raw, declared):
        try:
            return _checked(raw.decode(encoding).removeprefix("\ufeff"))
        except (UnicodeDecodeError, LookupError):
            continue
    if b"\0" in raw:
        raise UnreadableError(_BINARY)
    return _guessed(raw)


def _encodings(raw: bytes, declared: str) -> list[str]:
    marked = [encoding for mark, encoding in _BOMS if raw.startswith(mark)][:1]
    named = [declared] if declared and b"\0" not in raw else []
    return marked or ["utf-8", *named]


def _checked(text: str) -> str:
    n_controls = sum(map(text.count, _CONTROLS)) - text.count("\r")
    # An old text may hold form feeds or a Ctrl-Z, a log escapes; 1 in 100 is more than those need.
    if "\0" in text or n_controls > 1 + len(text) // 100:
        raise UnreadableError(_BINARY)
    return plain(text)


def _guessed(raw: bytes) -> str:
    """Windows-1252 if that gives plausible words, else what charset-normalizer says if that does.

    Alone, charset-normalizer reads a short 'naïve' as 'naďve' and a French sentence as Mac Latin 2.
    """
    repaired = raw.decode("utf-8", "replace")
    n_broken = repaired.count("\ufffd")
    if n_broken < _n_not_ascii(repaired) - n_broken:  # hardly any other text is valid UTF-8
        raise UnreadableError(f"is UTF-8 with {n_broken} broken characters; save it anew")
    for guess in (lambda _: "cp1252", _best_encoding):
        try:
            text = _checked(raw.decode(guess(raw)))
        except UnicodeDecodeError:
            continue
        if 10 * len(_MISREAD.findall(text)) < _n_not_ascii(text):
            return text
    raise UnreadableError("its characters are in an unknown encoding; save it as UTF-8")


def _best_encoding(raw: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(raw).best()
    return best.encoding if best else "ascii"


def _n_not_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))
