"""What an attachment is, by its own first bytes: a sender's word for it decides nothing. Pure.

A closed list: what a desk may show or play. Everything else is a file to be saved, and text that a browser
would draw (HTML, SVG) is in no list.
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec


class Sort(StrEnum):
    """What a desk does with it: draws it, plays it, or only saves it."""

    PICTURE = "picture"
    SOUND = "sound"
    VIDEO = "video"
    FILE = "file"


class Kind(msgspec.Struct, frozen=True):
    """``content_type`` is what we answer with, ``ending`` what its name ends in."""

    sort: Sort
    content_type: str
    ending: str


FILE = Kind(Sort.FILE, "application/octet-stream", "bin")
_OGG_SOUND = Kind(Sort.SOUND, "audio/ogg", "ogg")
_MP4_SOUND = Kind(Sort.SOUND, "audio/mp4", "m4a")
_MP4 = Kind(Sort.VIDEO, "video/mp4", "mp4")

_BEGINNINGS = (
    (b"\xff\xd8\xff", Kind(Sort.PICTURE, "image/jpeg", "jpg")),
    (b"\x89PNG\r\n\x1a\n", Kind(Sort.PICTURE, "image/png", "png")),
    (b"GIF87a", Kind(Sort.PICTURE, "image/gif", "gif")),
    (b"GIF89a", Kind(Sort.PICTURE, "image/gif", "gif")),
    (b"ID3", Kind(Sort.SOUND, "audio/mpeg", "mp3")),
    (b"fLaC", Kind(Sort.SOUND, "audio/flac", "flac")),
    # AMR, the sound of an MMS: Chromium has no decoder for it.
    (b"#!AMR", Kind(Sort.FILE, "application/octet-stream", "amr")),
    (b"%PDF-", Kind(Sort.FILE, "application/octet-stream", "pdf")),
)
_RIFF = {
    b"WEBP": Kind(Sort.PICTURE, "image/webp", "webp"),
    b"WAVE": Kind(Sort.SOUND, "audio/wav", "wav"),
}
_BRANDS = {
    b"M4A ": _MP4_SOUND,
    b"M4B ": _MP4_SOUND,
    **dict.fromkeys((b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V "), _MP4),
    **dict.fromkeys((b"3gp4", b"3gp5", b"3gp6", b"3g2a"), Kind(Sort.VIDEO, "video/3gpp", "3gp")),
    b"qt  ": Kind(Sort.VIDEO, "video/quicktime", "mov"),
    **dict.fromkeys((b"heic", b"heix", b"mif1", b"heif"), Kind(Sort.FILE, FILE.content_type, "heic")),
}
"""ISO 14496-12 §4.3: a file of that family says in its first box which one it is."""
_MPEG_SOUND = re.compile(rb"\xff[\xfa\xfb\xf2\xf3]")
_SAVED_AS_IS = frozenset(
    (
        *("pdf", "doc", "docx", "odt", "rtf", "xls", "xlsx", "ods", "csv", "txt", "vcf", "ics", "eml", "zip"),
        *("heic", "amr", "gpx", "kml", "ppt", "pptx", "odp"),
    )
)
"""Endings that stay: what opens such a file asks before it runs anything. A program, a script or a page of
HTML or SVG is saved as ``.bin``, which opens with nothing."""
_NAME = re.compile(r"[^A-Za-z0-9_-]+")
NAME_LIMIT = 60


def kind_of(body: bytes) -> Kind:
    """By the mark its format begins with; a file where there is none we know."""
    for mark, kind in _BEGINNINGS:
        if body.startswith(mark):
            return kind
    if body.startswith(b"RIFF"):
        return _RIFF.get(body[8:12], FILE)
    if body[4:8] == b"ftyp":
        return _BRANDS.get(body[8:12], FILE)
    if body.startswith(b"OggS"):
        # The first page names its codec (RFC 3533 §6, RFC 7845 §5.1).
        return _OGG_SOUND if any(mark in body[:128] for mark in (b"OpusHead", b"\x01vorbis")) else FILE
    if body.startswith(b"\x1aE\xdf\xa3") and b"webm" in body[:64]:
        return Kind(Sort.VIDEO, "video/webm", "webm")
    return Kind(Sort.SOUND, "audio/mpeg", "mp3") if _MPEG_SOUND.match(body) else FILE


def safe_name(stated: str, kind: Kind, number: int) -> str:
    """A name to save under: ASCII letters, digits, ``_`` and ``-``, with an ending that we chose."""
    stem, _, ending = stated.rpartition(".")
    if not stem:
        stem, ending = stated, ""
    if kind.ending == FILE.ending and ending.lower() in _SAVED_AS_IS:
        chosen = ending.lower()
    else:
        chosen = kind.ending
        stem = stated if kind.ending == FILE.ending else stem
    said = _NAME.sub("-", stem).strip("-")[:NAME_LIMIT] or "attachment"
    return f"caller-{number}-{said}.{chosen}"
