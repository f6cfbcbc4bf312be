"""Whose place a sentence names, and whether it denies it: English and Welsh, and what only sounds so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.locate.clause import WINDOW_CHARACTERS, words_after, words_before
from intake.locate.negation import is_negated
from intake.locate.text import TextLocator
from intake.locate.whose import whose_place
from intake.location import ClueKind, Whose

NOT_THERE = [
    "not in X any more",
    "im not in X",
    "I'm not at X, I'm in Wakefield",
    "we aren't near X",
    "he isnt in X",
    "she wasn’t at X",
    "no longer at X",
    "it is not X",
    "left X an hour ago",
    "i left X",
    "we've just left X",
    "I have left X and am walking",
    "moved out of X last year",
    "i used to live in X",
    "I was in X yesterday",
    "was at X this morning, now home",
    "i was in X but im in Bradford now",
    "we were at X and now we are lost",
    "We were at X but are home now",
    "they moved us from X to Bristol",
    "ignore X wrong address",
    "dont send anyone to X",
    "don't come to X",
    "X is the wrong postcode",
    "my old address was X",
    "dw i ddim yn X",
    "dydw i ddim yng X nawr",
    "dwi'm yn X",
    "nid yn X ond yn y Bala",
    "nid X",
    "dwi wedi gadael X",
    "rydyn ni wedi symud o X",
    "roeddwn i yn X",
    "dwi ddim bellach yn X",
]
STILL_THERE = [
    "in X",
    "not far from X",
    "not sure if X",
    "not breathing X",
    "theres no signal in X",
    "no one is helping in X",
    "cant get out of X",
    "i can't breathe, X",
    "turn left X",
    "he left me at X",
    "I don't live in X, I am on holiday",
    "the man has left X",
    "the ambulance is not at X",
    "why are you not at X",
    "police still arent in X",
    "dydi'r heddlu ddim yn X",
    "i left X but he is still there with my kids",
    "we left X, its still on fire",
    "dwi wedi gadael X, mae fy mab dal yno",
    "they left X by car",
    "left leg broken X",
    "i left my inhaler at X",
    "the crash was in X",
    "i was in X when it happened",
    "i was in X but nobody came",
    "why not send to X",
    "was stabbed in X",
    "if not at X try next door",
    "not in Wakefield but in X",
    "not in Leeds, X",
    "im not well. X",
    "dim signal yn X",
    "dydi o ddim yn anadlu, X",
    "mae o wedi gadael X",
    "dw i yn X",
    "dwi ddim yn gwybod, X",
    "ddim yn bell o X",
]


def judge(sentence: str, kind: ClueKind = ClueKind.PLACE_NAME) -> tuple[bool, Whose]:
    start = sentence.index("X")
    return is_negated(sentence, start, start + 1), whose_place(sentence, start, start + 1, kind)


@pytest.mark.parametrize("sentence", NOT_THERE)
def test_a_denied_place_is_denied(sentence: str) -> None:
    assert judge(sentence)[0]


@pytest.mark.parametrize("sentence", STILL_THERE)
def test_what_sounds_like_a_denial_is_none(sentence: str) -> None:
    assert not judge(sentence)[0]


CALLERS = [
    "I am at X",
    "im in X",
    "we're stuck on X",
    "we are lost near X",
    "lost in X",
    "were on the roof at X",
    "help im in X",
    "i'm stuck in my car in X",
    "I've fallen near X",
    "we have broken down on X",
    "driving thru X",
    "i am watching from X",
    "I can see smoke from X",
    "from X i can see a fire",
    "from my balcony in X i see someone drowning",
    "i am not far from X",
    "im on a train near X",
    "i'm hiding, in the shed at X",
    "dw i yn X",
    "dwi'n X",
    "rydyn ni ger X",
    "dan ni yn X",
    "dwi ar X",
]
INCIDENTS = [
    "fire at X",
    "i left X but he is still there with my kids",
    "we got out of X, someone is still inside",
    "I can see a fire at X",
    "there's been a crash on X",
    "someone is shooting in X",
    "my mum in X",
    "my son rang from X",
    "I'm a carer, my client at X",
    "two lorries have hit each other on X",
    "mae plant yn y dŵr ger X",
    "my mum's fallen at X",
    "my dad collapsed at X",
    "he is at X",
    "hes at X",
    "she's in X",
    "im in Leeds, my son is in X",
    "barn on fire near X",
    "pile up on X",
    "car in river at X",
    "boat sinking off X",
    "tree down on the X",
    "i'm calling about my nan, she is at X",
    "tân yn X",
    "damwain ar X",
    "mae mam yn X",
    "mae fy mrawd yng X",
    "mae o yn X",
    "mae rhywun yn ymosod yn X",
]
UNSAID = [
    "X",
    "in X",
    "kidnapped in van, going north on X",
    "near X",
    "help X",
    "fire X",
    "house on fire X",
    "I live in X",
    "I'm from X",
    "i am going to X",
    "im driving to X",
    "took a taxi from X",
    "on the train from X to Crewe",
    "send police to X",
    "my mum has fallen. X",
    "he hit me, X",
    "smoke from X",
    "dwi'n mynd i X",
    "dwi'n byw yn X",
    "yn X",
]


@pytest.mark.parametrize(
    ("sentence", "whose"),
    [
        *((one, Whose.CALLER) for one in CALLERS),
        *((one, Whose.INCIDENT) for one in INCIDENTS),
        *((one, Whose.UNSAID) for one in UNSAID),
    ],
)
def test_whose_place_it_is(sentence: str, whose: Whose) -> None:
    assert judge(sentence) == (False, whose)


@pytest.mark.parametrize(
    ("sentence", "whose"),
    [
        ("my location X", Whose.CALLER),
        ("i'm here X", Whose.CALLER),
        ("X we are here", Whose.CALLER),
        ("fy lleoliad X", Whose.CALLER),
        ("fire X", Whose.UNSAID),
        ("he is bleeding X", Whose.UNSAID),
    ],
)
def test_an_exact_place_needs_no_word_of_place_to_be_the_callers(sentence: str, whose: Whose) -> None:
    assert judge(sentence, ClueKind.MAP_LINK)[1] is whose


def test_what_continues_a_place_shares_its_lot() -> None:
    found = TextLocator(None).read("im not at 53.79981, -1.54911 BT1 5GS. fire at SE 298 333")
    assert [(clue.kind, clue.is_negated, clue.whose) for clue in found.clues] == [
        (ClueKind.LATLON, True, Whose.UNSAID),
        (ClueKind.POSTCODE, True, Whose.UNSAID),
        (ClueKind.OS_GRID, False, Whose.INCIDENT),
    ]
    assert [place.whose for place in found.places] == [Whose.INCIDENT]


def test_a_denial_does_not_pass_a_comma_for_what_follows_may_put_it_right() -> None:
    denied, right = TextLocator(None).read("not at 53.79981, -1.54911, BT1 5GS").clues
    assert (denied.is_negated, right.is_negated) == (True, False)
    assert right.hypotheses


@pytest.mark.parametrize(
    "careless",
    [
        lambda sentence: "not" in sentence,
        lambda sentence: "left" in sentence or "ddim" in sentence,
        lambda sentence: False,
    ],
    ids=["every not", "every left", "never"],
)
def test_negative_control_a_careless_reader_of_denials_fails(careless: Callable[[str], bool]) -> None:
    denied = all(careless(sentence) for sentence in NOT_THERE)
    spared = not any(careless(sentence) for sentence in STILL_THERE)
    assert not (denied and spared)


@given(before=st.text(max_size=300), after=st.text(max_size=300), kind=st.sampled_from(list(ClueKind)))
def test_no_text_makes_a_judgement_raise_and_none_looks_far(before: str, after: str, kind: ClueKind) -> None:
    text, start = f"{before}X{after}", len(before)
    is_negated(text, start, start + 1)
    whose_place(text, start, start + 1, kind)
    assert len(words_before(text, start)) <= WINDOW_CHARACTERS
    assert len(words_after(text, start + 1)) <= WINDOW_CHARACTERS
    near = text[max(0, start - WINDOW_CHARACTERS) : start + 1 + WINDOW_CHARACTERS]
    at = min(start, WINDOW_CHARACTERS)
    assert is_negated(near, at, at + 1) == is_negated(text, start, start + 1)
