"""Draws one picture anew: a program of its own, so that a hostile one meets nothing of ours.

Bytes of a picture in; out comes a line of JSON (`width`, `height`, `moves`, and `latitude` and `longitude`
where the picture states them), then a JPEG without a byte of the sender's. It is started without our
environment, has no file to write, and ends by itself at its limits. Exit 3: not a picture that can be read;
4: more pixels or memory than allowed.
"""

from __future__ import annotations

import io
import json
import math
import resource
import sys
from typing import Any

from PIL import ExifTags, Image, ImageOps

BROKEN, TOO_LARGE = 3, 4
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
PIXEL_LIMIT = 64_000_000
"""A telephone's largest usual picture has 50 million; drawn by Pillow, each takes four bytes."""
LONG_SIDE = 2_048
QUALITY = 85
MEMORY_LIMIT_BYTES = 1 << 30
CPU_LIMIT_S = 10
FILES_LIMIT = 32


def main() -> int:
    limit()
    try:
        facts, drawn = draw_anew(sys.stdin.buffer.read())
    except (Image.DecompressionBombError, MemoryError):
        return TOO_LARGE
    except Exception:
        return BROKEN  # Pillow raises nearly anything
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n" + drawn)
    return 0


def limit() -> None:
    """Bounds that the system keeps, whatever a decoder does."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_LIMIT_BYTES),
        (resource.RLIMIT_CPU, CPU_LIMIT_S),
        (resource.RLIMIT_NOFILE, FILES_LIMIT),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def draw_anew(body: bytes) -> tuple[dict[str, Any], bytes]:
    """The facts, and the picture upright, ``LONG_SIDE`` at most, on white where it is transparent."""
    with Image.open(io.BytesIO(body), formats=FORMATS) as picture:
        if picture.width * picture.height > PIXEL_LIMIT:
            raise Image.DecompressionBombError
        facts = {"moves": moves(picture), **place_of(picture)}
        picture.draft("RGB", (LONG_SIDE, LONG_SIDE))  # a JPEG need not be decoded larger than it is shown
        upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((LONG_SIDE, LONG_SIDE), reducing_gap=2.0)
    plain = Image.new("RGB", upright.size, "white")
    if upright.has_transparency_data:
        shown = upright.convert("RGBA")
        plain.paste(shown, mask=shown.getchannel("A"))
    else:
        plain.paste(upright.convert("RGB"))
    written = io.BytesIO()
    plain.save(written, "JPEG", quality=QUALITY)
    return {"width": plain.width, "height": plain.height, **facts}, written.getvalue()


def moves(picture: Image.Image) -> bool:
    return picture.format in ("GIF", "WEBP", "PNG") and bool(getattr(picture, "is_animated", False))


def place_of(picture: Image.Image) -> dict[str, float]:
    """Where the camera says it was, in degrees; empty for nothing, or nothing that can be a place."""
    try:
        stated = picture.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        latitude = degrees(stated[ExifTags.GPS.GPSLatitude], stated[ExifTags.GPS.GPSLatitudeRef] == "S")
        longitude = degrees(stated[ExifTags.GPS.GPSLongitude], stated[ExifTags.GPS.GPSLongitudeRef] == "W")
    except Exception:
        return {}
    # Cameras without a fix write zeros.
    if not (abs(latitude) <= 90 and abs(longitude) <= 180) or latitude == longitude == 0:
        return {}
    return {"latitude": round(latitude, 6), "longitude": round(longitude, 6)}


def degrees(parts: Any, is_negative: bool) -> float:
    """Degrees, minutes and seconds (Exif 2.32 §4.6.6) as one number; NaN becomes a place nobody is at."""
    whole, minutes, seconds = (float(one) for one in parts)
    value = whole + minutes / 60 + seconds / 3600
    if not math.isfinite(value):
        return 999.0
    return -value if is_negative else value


if __name__ == "__main__":
    Image.MAX_IMAGE_PIXELS = None  # the limit above is a refusal, not a warning
    sys.exit(main())
