"""Bytes to a checked XML tree and back: the one place that parses, and it trusts nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from lxml import etree

from intake.errors import InvalidMait
from intake.mait.legible import SHORT_CHARACTERS, legible

NAMESPACE = "urn:x-national-intake:mait-provisional:1"
"""Ours, and provisional: see README.md in this folder for what is not public of the real one."""

MEDIA_TYPE = "application/xml"
DOCUMENT_LIMIT_BYTES = 1024 * 1024
_SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_PROBLEMS_SHOWN = 50
_PROBLEM_CHARACTERS = 300


def parse(document: bytes) -> etree._Element:
    """The root of a document that is within the limit, has no DOCTYPE, and is valid. Raises InvalidMait.

    A DOCTYPE is looked for in the text before any parser sees it: lxml with ``resolve_entities=False``
    would silently return empty text for an external entity. Only UTF-8 is read, whatever the
    declaration says, so that no other encoding can hide one.
    """
    if len(document) > DOCUMENT_LIMIT_BYTES:
        raise InvalidMait(
            [f"{len(document)} bytes: more than the {DOCUMENT_LIMIT_BYTES} a document may have"]
        )
    try:
        text = document.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidMait([f"not UTF-8: {error.reason} at byte {error.start}"]) from None
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InvalidMait(["a DOCTYPE or ENTITY declaration is refused; remove it"])
    try:
        root = etree.fromstring(document, _parser())
    except etree.XMLSyntaxError as error:
        raise InvalidMait([f"not well-formed XML: {error.msg}"]) from None
    _validate(root)
    return root


def serialise(root: etree._Element) -> bytes:
    """The document as UTF-8 bytes, indented for people; raises InvalidMait if it is not valid."""
    _validate(root)
    document = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    if len(document) > DOCUMENT_LIMIT_BYTES:
        raise InvalidMait([f"{len(document)} bytes written: more than the {DOCUMENT_LIMIT_BYTES} allowed"])
    return bytes(document)


def start(name: str) -> etree._Element:
    return etree.Element(f"{{{NAMESPACE}}}{name}", nsmap={None: NAMESPACE})  # type: ignore[dict-item]


def add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    """A new last child; the text is written as it is, so callers pass what is legible already."""
    child = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    child.text = text
    return child


def add_text(parent: etree._Element, name: str, text: str, limit: int = SHORT_CHARACTERS) -> None:
    add(parent, name, legible(text, limit))


def find(parent: etree._Element, name: str) -> etree._Element | None:
    return parent.find(f"{{{NAMESPACE}}}{name}")


def child(parent: etree._Element, name: str) -> etree._Element:
    """The child the schema promises."""
    found = find(parent, name)
    if found is None:
        raise InvalidMait([f"{local_name(parent)} has no {name}"])
    return found


def children(parent: etree._Element, name: str) -> list[etree._Element]:
    return parent.findall(f"{{{NAMESPACE}}}{name}")


def text_of(parent: etree._Element, name: str) -> str:
    """The text of a child; empty when it is empty or not there."""
    return parent.findtext(f"{{{NAMESPACE}}}{name}") or ""


def local_name(element: etree._Element) -> str:
    return etree.QName(element).localname


def instant(moment: datetime) -> str:
    """An aware time as UTC, ``2026-03-01T21:04:05.123456Z``; ``ValueError`` for one without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def read_instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidMait([f"{text}: {error}"]) from None


def _validate(root: etree._Element) -> None:
    # xsi:schemaLocation would make the validator open files of the sender's choice.
    if any(
        str(name).startswith(f"{{{_SCHEMA_INSTANCE}}}") for node in root.iter("*") for name in node.attrib
    ):
        raise InvalidMait(["xsi attributes are refused; the schema is the receiver's own"])
    schema = _schema()
    if not schema.validate(root):
        problems = [f"line {entry.line}: {entry.message}"[:_PROBLEM_CHARACTERS] for entry in schema.error_log]  # type: ignore[attr-defined]
        hidden = len(problems) - _PROBLEMS_SHOWN
        raise InvalidMait(problems[:_PROBLEMS_SHOWN] + ([f"and {hidden} more"] if hidden > 0 else []))


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        no_network=True,
        huge_tree=False,
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=True,
        remove_pis=True,
    )


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(Path(__file__).with_name("profile.xsd")))
