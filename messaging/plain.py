"""HTML as text that people can read.

A scanner of our own, since mail is anybody's: whatever the HTML, its time is in its length. The
parser of the standard library takes minutes for some bodies of a few kilobytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from html import unescape as decode_references

#: elements whose content is not shown, whatever it is
UNSEEN = frozenset({"script", "style", "title", "template", "noscript"})
BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt"),
        *("fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"),
        *("hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tr", "ul"),
    }
)
SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "table"})
CELLS = frozenset({"td", "th"})
APART = BLOCKS | CELLS | {"br"}
EMPHASIS = {"b": "**", "strong": "**", "i": "_", "em": "_"}
HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
MOST_BREAKS = 2

TAG = re.compile(r"""</?+([a-zA-Z][^\s/<>]*+)((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>""")
NAME = re.compile(r"</?+([a-zA-Z][^\s/<>]*+)")
ATTRIBUTE = re.compile(r"""([^\s=<>"'/]++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>]++)))?+""")
LONG_REFERENCE = re.compile(r"&#(?:\d{8,}|[xX][0-9a-fA-F]{7,});?")
BLANKS = re.compile(r"[ \t\r\n\f]+")


@dataclass(frozen=True, kw_only=True)
class Manner:
    """What of the HTML the text keeps; `images` is `""` (none), `markdown` or `html`."""

    links: bool = False
    images: str = ""
    tables: bool = False
    marks: bool = False


@dataclass(frozen=True)
class Tag:
    """A tag of an element; what stands behind its name is not read yet."""

    name: str
    rest: str = ""
    is_end: bool = False

    @property
    def attributes(self) -> dict[str, str]:
        """Its attributes; of two with one name, the first counts."""
        found: dict[str, str] = {}
        for match in ATTRIBUTE.finditer(self.rest):
            value = match[2] or match[3] or match[4] or ""
            found.setdefault(match[1].lower(), unescape(value))
        return found


def read_html(html: str, manner: Manner | None = None) -> str:
    """The text of an HTML body: a line for each block, scripts and styles left out.

    Links are written `[text](target)`, images `![alt](source)`, the cells of a table `a | b`,
    marks as in Markdown, each where `manner` keeps them.
    """
    writer = _Writer(manner or Manner())
    for piece in pieces_of(html):
        writer.take(piece)
    lines = "".join(writer.pieces).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def first_words(html: str, length: int) -> str:
    """The first characters of an HTML body's text, on one line; no more of it is read."""
    text = ""
    for piece in pieces_of(html):
        if isinstance(piece, str):
            text = BLANKS.sub(" ", text + piece)
        elif piece.name in APART:
            text = f"{text.rstrip()} "
        if len(text.strip()) >= length:
            break
    return text.strip()[:length]


def unescape(text: str) -> str:
    """The text with its character references decoded; one of no character is U+FFFD."""
    return decode_references(LONG_REFERENCE.sub("\N{REPLACEMENT CHARACTER}", text))


def pieces_of(html: str) -> Iterator[str | Tag]:
    """The tags of an HTML body, and the texts between them, as browsers see them."""
    position, end = 0, len(html)
    while position < end:
        start = html.find("<", position)
        if start < 0:
            start = end
        if start > position:
            yield unescape(html[position:start])
        if start == end:
            return
        position, tag = _read_markup(html, start)
        yield tag if tag is not None else "<" if position == start + 1 else ""


def _read_markup(html: str, start: int) -> tuple[int, Tag | None]:
    """Where the markup at `start` ends, and the tag that it is; no tag's `<` is a text."""
    if html.startswith("<!--", start):
        return _after(html, "-->", start + 2), None
    if html.startswith(("<!", "<?"), start):
        return _after(html, ">", start), None
    whole = TAG.match(html, start)
    match = whole or NAME.match(html, start)
    if match is None:
        return start + 1, None
    stop = whole.end() if whole else _after(html, ">", match.end())
    tag = Tag(match[1].lower(), whole[2] if whole else "", html[start + 1] == "/")
    if tag.name in UNSEEN and not tag.is_end:
        closing = re.compile(f"</{tag.name}[\\s/>]", re.IGNORECASE).search(html, stop)
        stop = _after(html, ">", closing.start()) if closing else len(html)
    return stop, tag


def _after(html: str, mark: str, start: int) -> int:
    """Where the next mark has ended; the end of all without one."""
    place = html.find(mark, start)
    return place + len(mark) if place >= 0 else len(html)


class _Writer:
    """Writes the text; what parts two pieces is written before the second."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self.pieces: list[str] = []
        self._breaks = 0  # line ends before the next piece
        self._bullet = ""  # what the next piece begins with
        self._targets: list[str] = []  # of the links that are open
        self._lists: list[int | None] = []  # the number of the next item; None: without numbers
        self._is_first_cell = True

    def take(self, piece: str | Tag) -> None:
        """Write the next piece of the HTML."""
        if isinstance(piece, str):
            self._write(BLANKS.sub(" ", piece))
        elif piece.is_end:
            self._close(piece.name)
        else:
            self._open(piece)

    def _write(self, text: str) -> None:
        if text.strip():
            self._say(text)
        elif text and not self._breaks:
            self.pieces.append(text)

    def _open(self, tag: Tag) -> None:
        name = tag.name
        self._break(name)
        if name == "br":
            self._breaks += 1
        elif name == "img":
            self._say(self._image(tag.attributes) if self.manner.images else "")
        elif name == "a":
            self._targets.append(tag.attributes.get("href", "") if self.manner.links else "")
            self._say("[" if self._targets[-1] else "")
        elif name in ("ul", "ol"):
            self._lists.append(1 if name == "ol" else None)
        elif name == "li":
            self._bullet = self._next_bullet()
        elif name == "tr":
            self._is_first_cell = True
        elif name in CELLS:
            self._say("" if self._is_first_cell else " | " if self.manner.tables else " ")
            self._is_first_cell = False
        elif self.manner.marks and name in HEADINGS:
            self._bullet = f"{HEADINGS[name]} "
        elif self.manner.marks:
            self._say(EMPHASIS.get(name, ""))

    def _close(self, name: str) -> None:
        if name == "a" and self._targets:
            target = self._targets.pop()
            self.pieces.append(f"]({target})" if target else "")
        elif name in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif self.manner.marks:
            self.pieces.append(EMPHASIS.get(name, ""))
        self._break(name)

    def _say(self, text: str) -> None:
        if not text:
            return
        if self._breaks:
            text = text.lstrip()
            self.pieces.append("\n" * min(self._breaks, MOST_BREAKS))
        self.pieces.append(f"{self._bullet}{text}")
        self._breaks, self._bullet = 0, ""

    def _break(self, name: str) -> None:
        if name in BLOCKS:
            wanted = MOST_BREAKS if name in SPACED and not self._lists else 1
            self._breaks = max(self._breaks, wanted)

    def _next_bullet(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "- " if self.manner.marks else ""
        self._lists[-1] = number + 1
        return f"{number}. "

    def _image(self, attributes: Mapping[str, str]) -> str:
        alt, source = attributes.get("alt", ""), attributes.get("src", "")
        if self.manner.images == "markdown":
            return f"![{alt}]({source})"
        return f'<img src="{escape(source)}" alt="{escape(alt)}">'
