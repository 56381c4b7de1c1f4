"""Pages of the desk, read as people see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

VOID = frozenset({"input", "img", "br", "meta", "link", "path", "hr", "source"})


@dataclass(eq=False)
class Node:
    """An element with what is in it."""

    tag: str
    attributes: dict[str, str]
    children: list[Node | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All words in it, blanks as browsers show them."""
        return " ".join(self._raw().split())

    def _raw(self) -> str:
        return "".join(one if isinstance(one, str) else one._raw() for one in self.children)

    def all(self, tag: str = "", **wanted: str) -> list[Node]:
        """The elements below it, in order; `class_` is one of the classes."""
        found = []
        for one in self.children:
            if isinstance(one, Node):
                if one._fits(tag, wanted):
                    found.append(one)
                found += one.all(tag, **wanted)
        return found

    def one(self, tag: str = "", **wanted: str) -> Node:
        found = self.all(tag, **wanted)
        assert len(found) == 1, f"{len(found)} of {tag} {wanted}"
        return found[0]

    def _fits(self, tag: str, wanted: dict[str, str]) -> bool:
        if tag and self.tag != tag:
            return False
        for name, value in wanted.items():
            held = self.attributes.get(name.rstrip("_"), "")
            if value not in (held.split() if name == "class_" else (held,)):
                return False
        return True


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Node(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open[-1].tag == tag, f"<{self._open[-1].tag}> is closed by </{tag}>"
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def parsed(answer: Any) -> Node:
    """The page of an answer; every element in it is closed where it must be."""
    assert answer.status_code == 200, answer.status_code
    reader = _Reader()
    reader.feed(answer.content.decode())
    reader.close()
    return reader.root


@dataclass(frozen=True)
class Row:
    subject: str
    people: str
    words: str
    status: str
    chips: list[str]
    is_unread: bool
    is_starred: bool
    url: str
    text: str = field(compare=False)


@dataclass(frozen=True)
class Chip:
    label: str
    url: str


@dataclass(frozen=True)
class Listed:
    """A list of conversations."""

    title: str
    rows: list[Row]
    chips: list[Chip]
    query: str
    newer: str
    older: str
    source: str


def listed(answer: Any) -> Listed:
    page = parsed(answer)
    return Listed(
        title=page.one("h1").text,
        rows=[_row(one) for one in page.all("li", class_="row")],
        chips=[
            Chip(one.text, urljoin(answer.request["PATH_INFO"], one.attributes["href"]))
            for one in page.all("a", class_="chip")
        ],
        query=page.one("input", type="search").attributes["value"],
        newer=next((one.attributes["href"] for one in page.all("a", rel="prev")), ""),
        older=next((one.attributes["href"] for one in page.all("a", rel="next")), ""),
        source=answer.content.decode(),
    )


def _row(row: Node) -> Row:
    star = row.all("button", class_="star")
    return Row(
        subject=row.one("bdi", class_="subject").text,
        people=row.one("span", class_="people").text,
        words=row.one("bdi", class_="words").text,
        status="".join(one.text for one in row.all("span", class_="status")),
        chips=[one.text for one in row.all(class_="chip")],
        is_unread="unread" in row.attributes["class"].split(),
        is_starred=bool(star) and star[0].attributes["aria-pressed"] == "true",
        url=row.one("a", class_="line").attributes["href"],
        text=row.text,
    )


def said(answer: Any) -> list[str]:
    """The notices on a page."""
    return [one.text for lines in parsed(answer).all("ul", class_="messages")
            for one in lines.all("li")]  # fmt: skip
