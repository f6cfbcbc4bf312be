"""Attachments: told apart by their bytes, named so that nothing runs, pictures drawn anew or refused."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import time
from typing import Any

import pytest
from PIL import Image

from intake.console.attachments.kinds import Sort, kind_of, safe_name
from intake.console.attachments.pictures import Picture, Pictures
from intake.errors import MediaFailed, MediaTrouble
from tests.drawn import SECRET, moving, picture, png_bomb, sound

HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
MP4 = b"\0\0\0\x18ftypisom\0\0\0\0"


def opened(drawn: Picture) -> Image.Image:
    found = Image.open(io.BytesIO(drawn.body))
    found.load()
    return found


@pytest.mark.parametrize(
    ("body", "sort", "content_type"),
    [
        (picture(), Sort.PICTURE, "image/jpeg"),
        (picture(form="PNG"), Sort.PICTURE, "image/png"),
        (picture(form="GIF"), Sort.PICTURE, "image/gif"),
        (picture(form="WEBP"), Sort.PICTURE, "image/webp"),
        (sound(), Sort.SOUND, "audio/wav"),
        (b"OggS" + b"\0" * 24 + b"OpusHead\x01", Sort.SOUND, "audio/ogg"),
        (b"ID3\x04\0", Sort.SOUND, "audio/mpeg"),
        (b"\xff\xfb\x90\x44", Sort.SOUND, "audio/mpeg"),
        (b"\0\0\0\x18ftypM4A \0\0\0\0", Sort.SOUND, "audio/mp4"),
        (MP4, Sort.VIDEO, "video/mp4"),
        (b"\0\0\0\x18ftyp3gp4\0\0\0\0", Sort.VIDEO, "video/3gpp"),
        (b"\x1aE\xdf\xa3\x9fB\x82\x84webm", Sort.VIDEO, "video/webm"),
        # Saved and never shown.
        (b"#!AMR\n<", Sort.FILE, "application/octet-stream"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", Sort.FILE, "application/octet-stream"),
        (b"OggS" + b"\0" * 24 + b"\x80theora", Sort.FILE, "application/octet-stream"),
        (b"%PDF-1.7", Sort.FILE, "application/octet-stream"),
        (HTML, Sort.FILE, "application/octet-stream"),
        (SVG, Sort.FILE, "application/octet-stream"),
        (b"MZ\x90\0", Sort.FILE, "application/octet-stream"),
        (b"RIFF\0\0\0\0AVI ", Sort.FILE, "application/octet-stream"),
        (b"II*\0", Sort.FILE, "application/octet-stream"),
        (b"x", Sort.FILE, "application/octet-stream"),
    ],
    ids=lambda one: one[:12].hex() if isinstance(one, bytes) else str(one),
)
def test_what_it_is_stands_in_its_bytes(body: bytes, sort: Sort, content_type: str) -> None:
    kind = kind_of(body)
    assert (kind.sort, kind.content_type) == (sort, content_type)


@pytest.mark.parametrize(
    ("stated", "body", "saved"),
    [
        ("flood.jpg", picture(), "caller-1-flood.jpg"),
        ("", b"x", "caller-1-attachment.bin"),
        ("notes.PDF", b"%PDF-1.7", "caller-1-notes.pdf"),
        ("letter.docx", b"PK\x03\x04", "caller-1-letter.docx"),
        # Neither a program, nor a page, nor what only looks like a picture keeps its ending.
        ("run.exe", b"MZ", "caller-1-run-exe.bin"),
        ("page.html", HTML, "caller-1-page-html.bin"),
        ("drawing.svg", SVG, "caller-1-drawing-svg.bin"),
        ("photo.jpg", HTML, "caller-1-photo-jpg.bin"),
        ("photo\u202egpj.exe", b"MZ", "caller-1-photo-gpj-exe.bin"),
        ("../../etc/passwd", b"x", "caller-1-etc-passwd.bin"),
        ('a";\r\nSet-Cookie: x=y.pdf', b"x", "caller-1-a-Set-Cookie-x-y.pdf"),
        ("llun 🏠.png", picture(), "caller-1-llun.jpg"),
        ("x" * 300 + ".pdf", b"x", f"caller-1-{'x' * 60}.pdf"),
        ("CON", b"x", "caller-1-CON.bin"),
    ],
)
def test_a_name_to_save_under_is_ours(stated: str, body: bytes, saved: str) -> None:
    assert safe_name(stated, kind_of(body), 1) == saved


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP"])
async def test_a_picture_is_drawn_anew_as_jpeg_without_what_its_file_tells(form: str) -> None:
    sent = picture(form=form)
    assert (SECRET in sent) == (form != "GIF")
    drawn = await Pictures().draw_anew(sent)
    found = opened(drawn)
    assert found.format == "JPEG" and found.size == (640, 480) == (drawn.width, drawn.height)
    assert SECRET not in drawn.body and not found.getexif()
    assert found.getpixel((160, 240))[0] > 150 > found.getpixel((500, 60))[0]  # type: ignore[index, operator]


async def test_what_is_large_is_made_small_upright_and_its_place_is_told() -> None:
    sent = picture(4_000, 3_000, place=(53.7960, -1.5475), orientation=6)
    drawn = await Pictures().draw_anew(sent)
    assert (drawn.width, drawn.height) == (1_536, 2_048)
    assert (drawn.latitude, drawn.longitude) == (pytest.approx(53.7960), pytest.approx(-1.5475))
    assert b"Exif" not in drawn.body


@pytest.mark.parametrize("place", [None, (0.0, 0.0), (95.0, 1.0), (1.0, 190.0)])
async def test_no_place_is_made_up(place: tuple[float, float] | None) -> None:
    drawn = await Pictures().draw_anew(picture(place=place))
    assert drawn.latitude is None and drawn.longitude is None


async def test_of_a_moving_picture_the_first_frame() -> None:
    drawn = await Pictures().draw_anew(moving())
    assert drawn.moves and opened(drawn).getpixel((5, 5))[0] > 200  # type: ignore[index, operator]


async def test_what_is_transparent_stands_on_white() -> None:
    written = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(written, "PNG")
    assert opened(await Pictures().draw_anew(written.getvalue())).getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP"])
async def test_of_a_picture_that_is_a_page_as_well_nothing_of_the_page_is_left(form: str) -> None:
    drawn = await Pictures().draw_anew(picture(form=form) + HTML)
    assert b"script" not in drawn.body


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        (picture()[:400], MediaTrouble.NOT_UNDERSTOOD),
        (picture(form="PNG")[:-30], MediaTrouble.NOT_UNDERSTOOD),
        (b"\xff\xd8\xff" + HTML, MediaTrouble.NOT_UNDERSTOOD),
        (b"\x89PNG\r\n\x1a\n", MediaTrouble.NOT_UNDERSTOOD),
        # A program for another machine, in a picture's name: such decoders are not asked.
        (b"%!PS-Adobe-3.0 EPSF-3.0\n(x) show", MediaTrouble.NOT_UNDERSTOOD),
        (b"", MediaTrouble.NOT_UNDERSTOOD),
        (png_bomb(), MediaTrouble.TOO_LARGE),
        (picture(9_000, 8_000, "PNG"), MediaTrouble.TOO_LARGE),
    ],
    ids=["cut jpeg", "cut png", "html", "empty png", "postscript", "nothing", "bomb", "72 million pixels"],
)
async def test_a_hostile_picture_is_refused(body: bytes, trouble: MediaTrouble) -> None:
    with pytest.raises(MediaFailed) as refused:
        await Pictures().draw_anew(body)
    assert refused.value.trouble is trouble


def program(code: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-c", code)


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(600)",
        "import sys\nwhile True: sys.stdout.buffer.write(b'x' * 65536)",
        "import sys; sys.exit(3)",
        "import os; os.abort()",
        "print('{\"width\": 1}')",
        "print('no json')",
    ],
    ids=["hangs", "endless", "refuses", "crashes", "half an answer", "another answer"],
)
async def test_a_decoder_that_fails_in_any_way_is_ended_and_said(code: str) -> None:
    began = time.monotonic()
    pictures = Pictures(program(code), timeout_s=1.0)
    with pytest.raises(MediaFailed) as refused:
        await pictures.draw_anew(picture())
    assert refused.value.trouble is MediaTrouble.NOT_UNDERSTOOD
    assert time.monotonic() - began < 30
    # The slot is free again, and no child is left.
    assert (await Pictures().draw_anew(picture())).width == 640


async def test_who_gives_up_leaves_no_decoder_behind(tmp_path: Any) -> None:
    note = tmp_path / "pid"
    code = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    task = asyncio.ensure_future(Pictures(program(code), timeout_s=300).draw_anew(picture()))
    async with asyncio.timeout(30):
        while not (note.exists() and note.read_text()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


async def test_the_decoder_is_given_no_secret_and_bounds_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAKE_CHANNELS__SMS__AUTH_TOKEN", "a-secret")
    code = (
        "import os, sys, json\n"
        "from intake.console.attachments import decoding as d\n"
        "d.limit()\n"
        "import resource as r\n"
        "bounds = [r.getrlimit(x)[0] for x in (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_FSIZE)]\n"
        "found = {'width': len(os.environ), 'height': int(bounds == [1 << 30, 10, 0])}\n"
        "sys.stdout.write(json.dumps(found) + '\\n')"
    )
    told = await Pictures(program(code)).draw_anew(picture())
    # Python sets LC_CTYPE by itself.
    assert told.width <= 2 and told.height == 1
