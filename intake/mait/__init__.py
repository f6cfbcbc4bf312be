"""The format: an incident as XML of the provisional MAIT profile, and back. Pure."""

from __future__ import annotations

from intake.mait.confirming import read_confirmation_document, write_confirmation
from intake.mait.document import DOCUMENT_LIMIT_BYTES, MEDIA_TYPE, NAMESPACE
from intake.mait.reading import ReceivedMessage, read
from intake.mait.writing import redirect, write

__all__ = [
    "DOCUMENT_LIMIT_BYTES",
    "MEDIA_TYPE",
    "NAMESPACE",
    "ReceivedMessage",
    "read",
    "read_confirmation_document",
    "redirect",
    "write",
    "write_confirmation",
]
