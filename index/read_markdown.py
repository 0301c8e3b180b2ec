"""Markdown → its text, and what its front matter says of it: PyYAML's door for documents."""

from __future__ import annotations

import re

import yaml

from index.decode import Content, decode


def read_markdown(raw: bytes) -> Content:
    """The text as it was written, without the front matter, which describes it."""
    fields, body = _front_matter(decode(raw))
    return Content(
        text=body,
        title=fields.get("title", ""),
        heading=_first_heading(body),
        language=fields.get("language") or fields.get("lang", ""),
        date=fields.get("date"),
        source=fields.get("url") or fields.get("source", ""),
    )


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    r"""The string fields between the ``---`` lines at the top, and the text below.

    >>> _front_matter("---\ntitle: Water\ndate: 2021-05-04\n---\n\nIt is wet.\n")
    ({'title': 'Water', 'date': '2021-05-04'}, 'It is wet.\n')
    """
    # 16,000: yaml needs a second for 100,000 characters, and no one writes so much front matter.
    found = re.match(
        r"---[ \t]*\n(.{0,16000}?\n)(?:---|\.\.\.)[ \t]*(?:\n\s*?\n?|$)", text, re.DOTALL
    )
    if not found:
        return {}, text
    try:
        # The base loader leaves every scalar a string: a date as written, Norwegian's "no" a word.
        fields = yaml.load(found[1], Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError):
        return {}, text
    if not isinstance(fields, dict):
        return {}, text
    return {k: v for k, v in fields.items() if isinstance(v, str)}, text[found.end() :].lstrip("\n")


def _first_heading(text: str) -> str:
    r"""The first Markdown heading outside code, without its markup.

    >>> _first_heading("```\n# a comment\n```\n## The *whole* [story](a.md) ##\n")
    'The whole story'
    """
    in_code = False
    for line in text[:20_000].splitlines():
        if line.lstrip().startswith(("```", "~~~")):
            in_code = not in_code
        elif not in_code and (found := re.match(r" {0,3}#{1,6}[ \t]+(\S.*)", line)):
            bare = re.sub(r"[ \t]+#+[ \t]*$", "", found[1])
            return re.sub(r"[*`]|!?\[([^][]*)\]\([^()]*\)", r"\1", bare).strip()
    return ""
