"""What `intake send` makes of its arguments before it dials."""

from __future__ import annotations

import argparse

import pytest

from intake.commands import send
from intake.demo.sending import NotSent, Words


def words(*arguments: str) -> Words:
    parser = argparse.ArgumentParser()
    send.add_arguments(parser)
    return send._words(parser.parse_args(arguments))


def test_a_phones_own_fix_has_a_place_and_no_words() -> None:
    said = words("aml", "--from", "withheld", "--imei", "004999010640000", "--lat", "50", "--lon", "-4")
    assert (said.place, said.imei, said.via, said.text) == ((50, -4, 25), "004999010640000", "https", "")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("sms",), "the text is missing"),
        (("aml",), "only a place"),
        (("aml", "help", "--lat", "50", "--lon", "-4"), "only a place"),
        (("sms", "x", "--imei", "004999010640000"), "for aml"),
        (("app", "x", "--via", "sms"), "for aml"),
        (("aml", "--lat", "50"), "both --lat and --lon"),
    ],
)
def test_a_mistaken_call_is_told_what_to_do(arguments: tuple[str, ...], reason: str) -> None:
    with pytest.raises(NotSent, match=reason):
        words(*arguments)
