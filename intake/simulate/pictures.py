"""A small picture made by code: smoke over a house, as a PNG. Nobody's file stands in the repository."""

from __future__ import annotations

import struct
import zlib

SKY, FIELD, WALL, ROOF, SMOKE = (
    (135, 181, 224),
    (63, 125, 58),
    (176, 120, 90),
    (96, 48, 40),
    (90, 90, 96),
)


def house_on_fire(width: int = 480, height: int = 360) -> bytes:
    """A PNG (RFC 2083) of some kilobytes."""
    rows = b"".join(
        b"\0" + b"".join(bytes(_colour(x / width, y / height)) for x in range(width)) for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _colour(x: float, y: float) -> tuple[int, int, int]:
    if (x - 0.62) ** 2 / 0.05 + (y - 0.18) ** 2 / 0.02 < 1 or (abs(x - 0.58) < 0.04 and 0.1 < y < 0.4):
        return SMOKE
    if 0.35 < x < 0.7 and 0.5 < y < 0.85:
        return WALL
    if 0.35 <= y <= 0.5 and abs(x - 0.525) < (y - 0.35) * 1.4:
        return ROOF
    return FIELD if y > 0.7 else SKY


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
