"""The DATA of a mail, read in blocks: no line is too long, and no number of lines holds up the loop."""

from __future__ import annotations

import asyncio

LINE = b"\r\n"
END = b"\r\n.\r\n"
ALL_THERE_IS = 1 << 30


async def read_mail(reader: asyncio.StreamReader, limit_bytes: int) -> bytes | None:
    """What stands between "354" and the line with one dot (RFC 5321 §4.1.1.4), dot-stuffing undone.

    None for more than ``limit_bytes``: it is read to its end all the same, because the answer has to
    wait for that, but not held in memory. A bare CR or LF ends no line and no mail.
    """
    found = bytearray(LINE)  # that of the DATA command, so that the first line is like the others
    too_large = False
    looked_to = 0
    while (end := found.find(END, looked_to)) < 0:
        looked_to = max(0, len(found) - len(END) + 1)
        if too_large or len(found) > limit_bytes + len(END):
            too_large = True
            del found[:looked_to]
            looked_to = 0
        block = await reader.read(ALL_THERE_IS)
        if not block:
            raise ConnectionResetError("the mail broke off")
        found += block
    # The reader is empty now: a command sent along with the mail goes back into it.
    reader.feed_data(bytes(found[end + len(END) :]))
    if too_large or end > limit_bytes:
        return None
    return bytes(found[: end + len(LINE)]).replace(b"\r\n.", LINE)[len(LINE) :]
