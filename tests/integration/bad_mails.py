"""Bad mail and bad SMTP: what is said, what must be answered, and what a handler must see of it."""

from __future__ import annotations

from collections.abc import Callable

from intake.simulate.mail import many_parts, nested_bomb
from tests.contract.door_channel import Channel
from tests.integration.bare_wire import Piece

CHANNEL = Channel("email")
MAILBOX = "999@intake.example.org"
LIMIT_BYTES = CHANNEL.adapter.doors()[0].body_limit_bytes  # type: ignore[union-attr]

HELLO: tuple[bytes, ...] = (b"EHLO mx.example.com\r\n",)
ENVELOPE = (b"MAIL FROM:<sam@example.com>\r\n", f"RCPT TO:<{MAILBOX}>\r\n".encode())
BEGUN = (*HELLO, *ENVELOPE, b"DATA\r\n")
END = b"\r\n.\r\n"


def mail(text: bytes, **headers: bytes) -> bytes:
    """A mail from Sam; header names have ``_`` for ``-``."""
    named = {b"From": b"sam@example.com", b"Subject": b"help", b"Message-ID": b"<bad@example.com>"}
    named |= {name.replace("_", "-").encode(): value for name, value in headers.items()}
    return b"".join(b"%b: %b\r\n" % one for one in named.items()) + b"\r\n" + text


WHOLE: dict[str, tuple[Callable[[], bytes], str, str]] = {
    # name: the mail, the state it is kept in, and words a handler must see
    "nested 5,000 deep": (lambda: nested_bomb("sam@example.com"), "defective", "nested over 20 deep"),
    "20,000 parts": (lambda: many_parts("sam@example.com"), "defective", "more than 200 parts"),
    "an unknown charset": (
        lambda: mail(b"fire at the caf\xc3\xa9\r\n", Content_Type=b"text/plain; charset=x-klingon"),
        "done",
        "fire at the café",
    ),
    "a lying charset": (
        lambda: mail(b"t\xe2n at LS1\r\n", Content_Type=b"text/plain; charset=utf-8"),
        "done",
        "tân at LS1",
    ),
    "a line of 100 KB": (lambda: mail(b"fire " + b"x" * 100_000 + b"\r\n"), "done", "fire x"),
    "a line of 2 MB": (lambda: mail(b"fire " + b"x" * 2_000_000 + b"\r\n"), "done", "fire x"),
    "bare CR and LF": (lambda: mail(b"fire\rat\nLS1\n.\n4AP\r.\r\r\n"), "done", "4AP"),
    "8-bit headers": (lambda: mail(b"help\r\n", Subject=b"t\xe2n caf\xc3\xa9 \xff"), "done", "help"),
    "NUL": (lambda: mail(b"fi\0re\r\n", Subject=b"he\0lp"), "done", "fi␀re"),
    "nothing but headers": (lambda: mail(b""), "done", "help"),
    "no headers": (lambda: b"\r\nfire in unit 4\r\n", "done", "fire in unit 4"),
    "garbage": (
        lambda: bytes(range(256)).replace(b"\r", b"").replace(b"\n", b"") * 400 + b"\r\n",
        "done",
        "",
    ),
    "10 MB of empty lines": (lambda: b"\r\n" * 5_000_000, "done", ""),
    "a header of 1 MB": (lambda: mail(b"help\r\n", X_Long=b"x" * 1_000_000), "done", ""),
    "20,000 headers": (
        lambda: mail(b"help\r\n", **{f"X_{n}": b"x" for n in range(20_000)}),
        "done",
        "",
    ),
    "a content type without end": (
        lambda: mail(b"help\r\n", Content_Type=b"multipart/mixed; " + b'a="b"; ' * 50_000),
        "done",
        "help",
    ),
    "a boundary without end": (
        lambda: mail(b"--b\r\n" * 200_000, Content_Type=b'multipart/mixed; boundary="b"'),
        "defective",
        "more than 200 parts",
    ),
    "broken base64": (
        lambda: mail(b"!!!" * 100_000 + b"\r\n", Content_Transfer_Encoding=b"base64"),
        "done",
        "",
    ),
    "HTML of 300,000 open tags": (
        lambda: mail(b"<b>" * 300_000 + b"fire\r\n", Content_Type=b"text/html"),
        "done",
        "fire",
    ),
    "19 MB": (lambda: mail(b"fire\r\n" + (b"y" * 74 + b"\r\n") * 250_000), "done", "fire"),
}


TALK: dict[str, tuple[tuple[Piece, ...], list[int], int]] = {
    # name: what is said, the answers behind the greeting, how many mails are kept
    "an unknown mailbox": (
        (*HELLO, ENVELOPE[0], b"RCPT TO:<nobody@intake.example.org>\r\n"),
        [250, 250, 550],
        0,
    ),
    "another domain": ((*HELLO, ENVELOPE[0], b"RCPT TO:<999@example.com>\r\n"), [250, 250, 550], 0),
    "an 8-bit mailbox": (
        (*HELLO, ENVELOPE[0], b"RCPT TO:<\xff\xfe@intake.example.org>\r\n"),
        [250, 250, 550],
        0,
    ),
    "a mailbox in capitals": (
        (*HELLO, ENVELOPE[0], b"RCPT TO:<999@INTAKE.Example.ORG>\r\n", b"DATA\r\n", mail(b"x") + END),
        [250, 250, 250, 354, 250],
        1,
    ),
    "the mailbox twice": (
        (*HELLO, *ENVELOPE, ENVELOPE[1], b"DATA\r\n", mail(b"x") + END),
        [250, 250, 250, 250, 354, 250],
        1,
    ),
    "nobody's sender": (
        (*HELLO, b"MAIL FROM:<>\r\n", ENVELOPE[1], b"DATA\r\n", mail(b"x") + END),
        [250, 250, 250, 354, 250],
        1,
    ),
    "an 8-bit sender": (
        (*HELLO, b"MAIL FROM:<s\xe2m@example.com>\r\n", ENVELOPE[1], b"DATA\r\n", mail(b"x") + END),
        [250, 250, 250, 354, 250],
        1,
    ),
    "a size too large": ((*HELLO, b"MAIL FROM:<sam@example.com> SIZE=999999999\r\n"), [250, 552], 0),
    "a mail too large": ((*BEGUN, b"x" * (LIMIT_BYTES + 1) + END), [250, 250, 250, 354, 552], 0),
    "a mail far too large": (
        (*BEGUN, (b"y" * 998 + b"\r\n") * 45_000 + END[2:]),
        [250, 250, 250, 354, 552],
        0,
    ),
    "a mail of nothing": ((*BEGUN, b".\r\n"), [250, 250, 250, 354, 250], 1),
    "DATA too early": ((*HELLO, b"DATA\r\n"), [250, 503], 0),
    "no greeting": ((ENVELOPE[0],), [503], 0),
    "garbage commands": (
        (b"\xff\xfe\0\r\n", b"\0\r\n", b" \r\n", b"NOPE\r\n", b"NOOP\r\n"),
        [500, 500, 500, 500, 250],
        0,
    ),
    "a command of 300 KB": ((b"EHLO " + b"x" * 300_000 + b"\r\n", *HELLO), [500, 250], 0),
    "two mails in a session": (
        (*BEGUN, mail(b"x") + END, *ENVELOPE, b"DATA\r\n", mail(b"y", Message_ID=b"<2@example.com>") + END),
        [250, 250, 250, 354, 250, 250, 250, 354, 250],
        2,
    ),
    "after one too large, a good one": (
        (*BEGUN, b"x" * (LIMIT_BYTES + 1) + END, *ENVELOPE, b"DATA\r\n", mail(b"y") + END),
        [250, 250, 250, 354, 552, 250, 250, 354, 250],
        1,
    ),
}
