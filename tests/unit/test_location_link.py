"""Codes, guesses, words and fixes of location links, without a database."""

from __future__ import annotations

import gzip
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.contact import ChannelKind, InboundMessage, RawMessage, RawMessageId
from intake.defects import read_message
from intake.errors import BadConfiguration, Forged, MalformedMessage
from intake.phrases import LANGUAGES
from intake.public.codes import LENGTH, LinkKeys, read_code
from intake.public.document import Document, Shown, compressed
from intake.public.doors import link_doors
from intake.public.fixes import form_from, place_from, words_from
from intake.public.guesses import PEER_LIMIT, PEERS_KEPT, TOTAL_LIMIT, Guesses
from intake.public.words import FILE, KEYS, VALUES, load_words
from tests.desk import CONFIG
from tests.links import SECRET, fix

NOON = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
KEYS_OF_OURS = LinkKeys(SECRET)


def raw(body: Any, mode: str = "once", ticket: str | None = None) -> RawMessage:
    return RawMessage(
        id=RawMessageId("r-1"),
        channel=ChannelKind("sms"),
        door="link.places",
        received_at=NOON,
        body=body if isinstance(body, bytes) else msgspec.json.encode(body),
        headers={} if ticket is None else {"X-Link-Ticket": ticket},
        path_args={"link": "link-1", "mode": mode, "caller": "tel:+447700900001"},
    )


# -- codes ------------------------------------------------------------------------------------------------


def test_codes_are_ten_characters_that_spell_nothing_and_never_repeat() -> None:
    made = {KEYS_OF_OURS.new_code() for _ in range(5_000)}
    assert len(made) == 5_000 and {len(one) for one in made} == {LENGTH}
    assert len(set("".join(made))) == 30 and set("".join(made)).isdisjoint("AEIOUL")
    assert all(read_code(one) == one for one in made)


@pytest.mark.parametrize(
    "typed", ["", "SHORT", "0" * 11, "0123456789\n", "012345678U", "٠١٢٣٤٥٦٧٨٩", "../../etc/", "\ud800" * 10]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert read_code(typed) is None


def test_codes_are_read_with_the_slips_of_hands_and_eyes() -> None:
    assert read_code("oil-oi-lzzzz") == read_code("0110-11zzzz") == "011011ZZZZ"


def test_digests_and_tickets_need_the_secret_and_are_no_ones_other() -> None:
    code, other = "0123456789", LinkKeys("another-secret-of-thirty-two-signs")
    digest = KEYS_OF_OURS.digest(code)
    assert KEYS_OF_OURS.is_code_of(code, digest) and code not in digest
    assert other.digest(code) != digest and not other.is_code_of(code, digest)
    assert not KEYS_OF_OURS.is_code_of("0123456788", digest)
    ticket = KEYS_OF_OURS.ticket("link-1")
    assert KEYS_OF_OURS.is_ticket_of(ticket, "link-1")
    assert not KEYS_OF_OURS.is_ticket_of(ticket, "link-2")
    assert not KEYS_OF_OURS.is_ticket_of("\udcff", "link-1")


# -- guesses ----------------------------------------------------------------------------------------------


def test_wrong_codes_are_slowed_down_by_peer_and_in_total() -> None:
    now = [0.0]
    guesses = Guesses(lambda: now[0])
    assert [guesses.wrong("a") for _ in range(PEER_LIMIT)] == [0.0] * PEER_LIMIT
    assert guesses.wrong("a") == 60.0 and guesses.wrong("b") == 0.0
    answers = [guesses.wrong(f"peer-{n}") for n in range(TOTAL_LIMIT)]
    assert answers[0] == 0.0 and answers[-1] == 60.0  # from everywhere at once
    now[0] = 59.5
    assert guesses.wrong("c") == 1.0
    now[0] = 60.0
    assert guesses.wrong("a") == 0.0


def test_a_flood_of_peers_takes_a_bounded_room() -> None:
    guesses = Guesses(lambda: 0.0)
    for n in range(PEERS_KEPT + 500):
        guesses.wrong(str(n))
    assert len(guesses._peers) == PEERS_KEPT


# -- words ------------------------------------------------------------------------------------------------


def test_every_word_stands_in_both_languages_and_the_welsh_is_marked_unreviewed() -> None:
    words = load_words(CONFIG)
    for language in LANGUAGES:
        assert set(words.of(language)) == KEYS
    assert not words.reviews["cy"].reviewed
    same = {key for key in KEYS if words.of("en")[key] == words.of("cy")[key]}
    assert same == {"kilometres"}
    assert words.of("fr") is words.of("en")


BROKEN = [
    ("a missing Welsh word", 'cy = "Anfon"\n', "", "words.send.cy: missing or empty"),
    ("a value dropped", "within {distance}. We are", "near. We are", "words.rough.en: must name"),
    ("a value nobody fills", "We keep trying. K", "We {who} keep trying. K", "must name no value"),
    ("a long sentence", "We sent you a newer link.", "word " * 16 + ".", "more than 15"),
    ("an unknown word", "[words.send]", "[words.sned]", "words.sned: unknown"),
    ("braces", "{number} km", "{number km", "braces do not match"),
    ("reviewed by nobody", "reviewed = false", "reviewed = true", "names no reviewer"),
    ("a date", '"2026-11-22"', '"soon"', "date is not YYYY-MM-DD"),
    ("no TOML", "[review.en]", "[review.en", "cannot be read"),
]


@pytest.mark.parametrize(
    ("old", "new", "told"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_a_broken_file_of_words_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    shutil.copytree(CONFIG / "phrases", tmp_path / "phrases")
    text = (tmp_path / FILE).read_text("utf-8")
    assert old in text
    (tmp_path / FILE).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(BadConfiguration) as caught:
        load_words(tmp_path)
    assert any(told in problem for problem in caught.value.problems), caught.value.problems


def test_the_words_are_short() -> None:
    """Reading age 9: at most three sentences, none with hard words of our trade."""
    for language in LANGUAGES:
        for key, text in load_words(CONFIG).of(language).items():
            assert len([one for one in text.split(". ") if one]) <= 4, key
    for key, text in load_words(CONFIG).of("en").items():
        for hard in ("permission", "geolocation", "browser", "URL", "uncertainty", "JavaScript", "error"):
            assert hard not in text, key


# -- the document -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("ask", ["once", "live", ""])
def test_the_document_weighs_less_than_ten_kilobytes(language: str, ask: str) -> None:
    shown = Shown(
        language=language,
        ask=ask,
        path="/l/0123456789",
        ticket="t" * 20,
        message_id="m" * 36,
        notice="received",
    )
    page = Document(load_words(CONFIG)).render(shown)
    assert len(compressed(page)) <= 10_000
    assert gzip.decompress(compressed(page)) == page


def test_the_policy_names_the_very_script_and_style_of_the_page() -> None:
    document = Document(load_words(CONFIG))
    assert document.headers["Content-Security-Policy"].count("'sha256-") == 2
    page = document.render(Shown(language="en", path='"><script>alert(1)</script>', ticket="t")).decode()
    assert page.count("<script") == 2 and "alert(1)</script>" not in page


def test_every_value_of_the_words_is_filled_by_the_script() -> None:
    script = (Path(__file__).parents[2] / "intake" / "public" / "page.js").read_text("utf-8")
    for value in set(VALUES.values()):
        assert f"'{{{value}}}'" in script


# -- what a page sends ------------------------------------------------------------------------------------


def test_a_fix_is_a_circle_at_95_percent_of_the_links_caller() -> None:
    (message,) = place_from(raw(fix(accuracy_m=9.5), "live"))
    (place,) = message.locations
    assert (message.caller, message.channel, message.kind) == ("tel:+447700900001", "sms", "place")
    assert (place.uncertainty_m, place.confidence_pct, place.source) == (9.5, 95.0, "link_live")
    assert place.positioned_at == datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC)
    assert message.provider_id.startswith("link:link-1:")


@pytest.mark.parametrize(
    ("heading_deg", "speed_m_s", "note"),
    [
        (None, None, None),
        (90, 0.2, None),
        (90, 12.4, "moving at 12 m/s towards 90°"),
        (400, 2, "moving at 2 m/s"),
        (10, -1, None),
        (10, 1e9, None),
    ],
)
def test_a_compass_that_talks_nonsense_costs_no_place(
    heading_deg: Any, speed_m_s: Any, note: str | None
) -> None:
    (message,) = place_from(raw(fix(heading_deg=heading_deg, speed_m_s=speed_m_s)))
    assert message.locations[0].note == note


BAD_FIXES: dict[str, Any] = {
    "empty": b"",
    "no JSON": b"here",
    "NUL": b"\0" * 100,
    "no object": [],
    "no id": {key: value for key, value in fix().items() if key != "id"},
    "an id that is none": fix(id="1"),
    "beyond the pole": fix(latitude=90.001),
    "beyond the date line": fix(longitude=-180.5),
    "latitude in words": fix(latitude="53 north"),
    "not a number": msgspec.json.encode(fix()).replace(b"53.7965", b"NaN"),
    "infinite": msgspec.json.encode(fix()).replace(b"53.7965", b"1e999"),
    "a negative radius": fix(accuracy_m=-1),
    "a radius larger than the Earth": fix(accuracy_m=1e9),
    "no radius": fix(accuracy_m=None),
    "a time without zone": fix(positioned_at="2026-03-01T12:00:00"),
    "nested deep": b"[" * 2_000,
    "broken UTF-8": msgspec.json.encode(fix()).replace(b"once", b"\xff")[:-1] + b"\xff}",
}


@pytest.mark.parametrize("body", BAD_FIXES.values(), ids=BAD_FIXES)
def test_a_bad_fix_is_kept_for_a_person_and_its_caller_known(body: Any) -> None:
    with pytest.raises(MalformedMessage) as caught:
        place_from(raw(body))
    assert caught.value.caller == "tel:+447700900001"
    (shown,), defect = read_message(place_from, raw(body))
    assert defect and isinstance(shown, InboundMessage)
    assert (shown.channel, shown.caller) == ("sms", "tel:+447700900001")  # in the contact's conversation


@given(st.binary(max_size=300))
def test_no_bytes_make_a_door_raise_anything_but_what_it_may(body: bytes) -> None:
    for read in (place_from, words_from, form_from):
        try:
            (message,) = read(raw(body))
        except MalformedMessage:
            continue
        assert message.caller == "tel:+447700900001"


@given(st.timedeltas(min_value=timedelta(days=-40_000), max_value=timedelta(days=40_000)))
def test_only_a_time_that_can_be_is_believed(off: timedelta) -> None:
    (message,) = place_from(raw(fix(positioned_at=(NOON + off).isoformat())))
    believed = message.locations[0].positioned_at
    assert (believed is not None) == (timedelta(days=-1) <= off <= timedelta(minutes=2))


def test_a_flood_of_fields_in_a_form_is_no_words() -> None:
    with pytest.raises(MalformedMessage):
        form_from(raw(b"&".join(b"f%d=1" % n for n in range(5_000)) + b"&words=x"))


def test_the_doors_let_in_only_the_page_of_their_own_link() -> None:
    for door in link_doors(KEYS_OF_OURS)[:2]:
        assert door.authenticate(raw(b"", ticket=KEYS_OF_OURS.ticket("link-1"))) == "token"
        for ticket in (None, "", "guessed", KEYS_OF_OURS.ticket("link-2")):
            with pytest.raises(Forged):
                door.authenticate(raw(b"", ticket=ticket))
