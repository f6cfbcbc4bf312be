"""Nothing that is read is trusted: size, encoding, DOCTYPE, schema, in that order."""

from __future__ import annotations

import pytest

from intake.errors import InvalidMait
from intake.mait import DOCUMENT_LIMIT_BYTES, NAMESPACE, read

from .test_mait import incident, written

GOOD = written(incident())
DECLARATION, ROOT = GOOD.split(b"\n", 1)
EXTERNAL = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
SCHEMA_LOCATION = (
    b'<IncidentCreationMessage xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    b' xsi:schemaLocation="urn:q file:///etc/hostname"'
)


def test_the_good_one_is_read() -> None:
    assert read(GOOD).message_id == "0195-message"


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b"", "Document is empty"),
        (b"hello", "not well-formed"),
        (GOOD[:-20], "not well-formed"),
        (DECLARATION + EXTERNAL + ROOT, "DOCTYPE"),
        (DECLARATION + EXTERNAL + ROOT.replace(b"N-1042", b"&e;"), "DOCTYPE"),
        ((DECLARATION + EXTERNAL + ROOT).decode().encode("utf-16"), "not UTF-8"),
        (b"\xef\xbb\xbf" + EXTERNAL + ROOT, "DOCTYPE"),
        (b'<?xml version="1.0" encoding="UTF-7"?>+ADw-!DOCTYPE x+AD4-' + ROOT, "not well-formed"),
        (ROOT.replace(b"N-1042", b"&nbsp;"), "not well-formed"),
        (GOOD.replace(b"<IncidentCreationMessage", SCHEMA_LOCATION), "xsi attributes"),
        (b" " * DOCUMENT_LIMIT_BYTES + GOOD, "more than the"),
        (GOOD.replace(NAMESPACE.encode(), b"urn:other"), "No matching global declaration"),
        (GOOD.replace(b"IncidentCreationMessage", b"Incident"), "No matching global declaration"),
        (GOOD.replace(b"<Sequence>1<", b"<Sequence>0<"), "minInclusive"),
        (GOOD.replace(b"<Sequence>1<", b"<Sequence>" + b"9" * 5_000 + b"<"), "Sequence"),
        (GOOD.replace(b"0195-message", b"../../etc"), "pattern"),
        (GOOD.replace(b"53.7969", b"153.7969"), "maxInclusive"),
        (GOOD.replace(b"678901Z</SentAt>", b"678901</SentAt>"), "pattern"),
        (
            GOOD.replace(b"2026-03-01T21:04:05.678901Z</SentAt>", b"2026-03-01T24:00:00Z</SentAt>"),
            "SentAt|hour",
        ),
        (GOOD.replace(b"sos.fire", b"sos.wizard"), "wizard"),
        (GOOD.replace(b"</Header>", b"</Header>" + b"<a>" * 300 + b"</a>" * 300), "depth|not well-formed"),
        (GOOD.replace(b"<Incident>", b"<Incident><Surprise/>"), "Surprise"),
    ],
)
def test_bad_documents_are_refused_with_the_reason(document: bytes, problem: str) -> None:
    with pytest.raises(InvalidMait, match=problem):
        read(document)


def test_every_problem_is_listed_at_once() -> None:
    bad = GOOD.replace(b"<Sequence>1<", b"<Sequence>0<").replace(b"<Priority>1<", b"<Priority>high<")
    with pytest.raises(InvalidMait) as refused:
        read(bad)
    assert len(refused.value.problems) >= 2
    assert any("Sequence" in problem for problem in refused.value.problems)
    assert any("Priority" in problem for problem in refused.value.problems)


def test_a_declared_encoding_cannot_hide_a_doctype() -> None:
    """The declaration is overruled: the bytes are read as the UTF-8 that was searched."""
    assert read(b'<?xml version="1.0" encoding="UTF-16"?>' + ROOT) == read(GOOD)


def test_foreign_extensions_are_let_through() -> None:
    foreign = b'<Extensions><v:vehicle xmlns:v="urn:v"><v:reg>X</v:reg></v:vehicle></Extensions>'
    end = b"</IncidentCreationMessage>"
    assert read(GOOD.replace(end, foreign + end)).extensions == {}


def test_comments_do_not_split_a_text() -> None:
    assert read(GOOD.replace(b"N-1042", b"N-10<!-- x -->42")).incident.reference == "N-1042"
