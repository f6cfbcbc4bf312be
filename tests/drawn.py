"""Pictures and sounds made by code, for tests: no file of anybody's stands in the repository."""

from __future__ import annotations

import io
import struct
import wave
import zlib
from typing import Any

from PIL import ExifTags, Image, ImageDraw

SECRET = b"GPS-owner-and-camera-of-a-private-person"


def picture(
    width: int = 640,
    height: int = 480,
    form: str = "JPEG",
    *,
    place: tuple[float, float] | None = None,
    orientation: int = 1,
    **how: Any,
) -> bytes:
    """A sky over a field, with a red house on the left; ``place`` and ``SECRET`` go into its EXIF."""
    made = Image.new("RGB", (width, height), "#87b5e0")
    draw = ImageDraw.Draw(made)
    draw.rectangle((0, height // 2, width, height), fill="#3f7d3a")
    draw.rectangle((width // 8, height // 4, width * 3 // 8, height * 3 // 4), fill="#b03030")
    exif = made.getexif()
    exif[ExifTags.Base.Make] = SECRET.decode()
    exif[ExifTags.Base.Orientation] = orientation
    if place is not None:
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        for value, name, ref in ((place[0], "Latitude", "NS"), (place[1], "Longitude", "EW")):
            gps[ExifTags.GPS[f"GPS{name}Ref"]] = ref[value < 0]
            gps[ExifTags.GPS[f"GPS{name}"]] = (float(int(abs(value))), abs(value) % 1 * 60, 0.0)
    written = io.BytesIO()
    extra = {} if form == "GIF" else {"exif": exif}
    made.save(written, form, **extra, **how)
    return written.getvalue()


def moving() -> bytes:
    """A GIF of three frames."""
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "green", "blue")]
    written = io.BytesIO()
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:])
    return written.getvalue()


def png_bomb(side: int = 60_000) -> bytes:
    """A small PNG that says it is ``side`` × ``side`` pixels, with as many rows of nothing as fit."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 20_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def sound(seconds: float = 0.5) -> bytes:
    """Silence as a WAV file."""
    written = io.BytesIO()
    with wave.open(written, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8_000)
        out.writeframes(b"\0\0" * int(8_000 * seconds))
    return written.getvalue()
