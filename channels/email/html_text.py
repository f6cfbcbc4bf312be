"""HTML as plain text: nothing runs, nothing is fetched, links are written out beside their words."""

from __future__ import annotations

import re

from lxml import etree

DROPPED = {"script", "style", "head", "title", "template", "noscript", "object", "iframe", "svg", "math"}
PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre", "hr"}
LINES = {"body", "div", "li", "dt", "dd", "tr", "address", "article", "section", "header", "footer", "form"}

_TAG = re.compile(r"<[^<>]{0,2000}>")
_SPACES = re.compile(r"[ \t\r\n\f\v\u00a0]+")


class _Writer:
    """Joins words; a gap of one or two line breaks is written only when words follow it."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self._gap = 0

    def words(self, text: str | None) -> None:
        said = _SPACES.sub(" ", text or "")
        if not said or (said == " " and (self._gap or not self.out)):
            return
        if self._gap and self.out:
            self.out += ["\n" * self._gap, said.lstrip()]
        else:
            self.out.append(said if self.out else said.lstrip())
        self._gap = 0

    def gap_of(self, tag: object) -> None:
        if tag in PARAGRAPHS:
            self._gap = 2
        elif tag in LINES:
            self._gap = max(self._gap, 1)

    def line_break(self) -> None:
        self._gap = min(self._gap + 1, 2)


def text_of_html(html: str) -> str:
    """The words of a page, a line for each block; empty for what has none."""
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        # libxml2 stops at a NUL: what stands after it must not be hidden from the handler.
        root = etree.fromstring(html.replace("\0", " ").encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        root = None
    if root is None or any(one.type_name == "ERR_RESOURCE_LIMIT" for one in parser.error_log):
        # Nested over 256 deep, and cut off there: better words with a stray script than words hidden.
        return _SPACES.sub(" ", _TAG.sub(" ", html)).strip()
    writer = _Writer()
    _walk(root, writer)
    return re.sub(r" (?=\n)", "", "".join(writer.out)).strip()


def _walk(root: etree._Element, writer: _Writer) -> None:
    # By events, not by recursion: a page may be nested deeper than Python's stack.
    skipped: etree._Element | None = None
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            if skipped is not None:
                continue
            if element.tag in DROPPED:
                skipped = element
                continue
            writer.gap_of(element.tag)
            if element.tag == "br":
                writer.line_break()
            elif element.tag == "img" and element.get("alt"):
                writer.words(f"[{element.get('alt')}]")
            writer.words(element.text)
        elif skipped is None or element is skipped:
            if element is skipped:
                skipped = None
            else:
                _close(element, writer)
            writer.words(element.tail)


def _close(element: etree._Element, writer: _Writer) -> None:
    target = (element.get("href") or "").strip()
    if element.tag == "a" and target and target not in "".join(writer.out[-3:]):
        writer.words(f" <{target[:500]}>")
    writer.gap_of(element.tag)
