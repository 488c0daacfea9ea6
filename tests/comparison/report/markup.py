"""A page as its tests read it: its elements in order, with attributes and text."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "img", "br", "wbr", "input", "link"}


@dataclass
class Element:
    """An element with the text and the elements within it."""

    tag: str
    attributes: dict[str, str]
    inside: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text within."""
        return "".join(self.texts)

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Return the elements within that have this tag and these attributes."""
        own = [each for each in self.inside if each.tag == tag and attributes.items() <= each.attributes.items()]
        return own

    def classed(self, name: str) -> list[Element]:
        """Return the elements within that have this class."""
        return [each for each in self.inside if name in each.attributes.get("class", "").split()]


class Reader(HTMLParser):
    """Reads a page, and demands that elements close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]
        self.feed(html)
        assert self.open == [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element in all that hold it."""
        element = Element(tag, {name: value or "" for name, value in attrs})
        for each in self.open:
            each.inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element."""
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        """Note a text in all that hold it."""
        for each in self.open:
            each.texts.append(data)


def read(html: str) -> Element:
    """Return the root of a page."""
    return Reader(html).root


def data(page: Element) -> Any:
    """Return the numbers that a page holds for its script."""
    (block,) = page.all("script", id="data")
    return json.loads(block.text)


def rows(page: Element, table: str) -> list[list[str]]:
    """Return the texts of a table's rows, without what its pictures say."""
    (found,) = page.all("table", id=table)
    (body,) = found.all("tbody")
    return [[_seen(each) for each in row.inside if each.tag in ("td", "th")] for row in body.all("tr")]


def _seen(cell: Element) -> str:
    hidden = {text for picture in cell.all("svg") for text in picture.texts}
    return "".join(text for text in cell.texts if text not in hidden).strip()
