"""What became of a hand-over and of a contact after it, in English and Welsh: the one table of it.

Kept in English with transfers and log events; ``intake.sentences`` makes the Welsh of it. No Welsh speaker
has reviewed it.
"""

from __future__ import annotations

from intake.sentences import Wording

WELSH_REVIEWED = False

SAYING = Wording(
    {
        "no_answer": ("no answer", "dim ateb"),
        "out_of_reach": ("cannot be reached", "ni ellir ei chyrraedd"),
        "refuses": ("refuses", "yn gwrthod"),
        "garbage": ("answers nothing we can read", "nid yw'n ateb dim y gallwn ei ddarllen"),
        "never": ("will not take this message", "ni fydd yn cymryd y neges hon"),
        "no_feed": ("has no feed", "nid oes ganddi borthiant"),
        "forgotten": ("has lost the message", "mae wedi colli'r neges"),
        "lasting": ("{why} for {seconds} s", "{why} ers {seconds} eiliad"),
        "room_is": ("{room}: {state}", "{room}: {state}"),
        "room_does": ("{room}: {why}", "{room}: {why}"),
        "no_telephone": ("telephone unknown", "ffôn anhysbys"),
        "telephone": ("telephone {number}", "ffôn {number}"),
        "before_it": ("before it {room}, telephone {number}", "cyn hynny {room}, ffôn {number}"),
        "relay_failed": ("our relay failed ({error})", "methodd ein trosglwyddydd ({error})"),
        "silent_now": (
            "{room} has it and no longer answers",
            "mae {room} ag ef ac nid yw'n ateb mwyach",
        ),
        "undecided": (
            "{room} has it and has not decided within {seconds} s",
            "mae {room} ag ef ac nid yw wedi penderfynu o fewn {seconds} eiliad",
        ),
        "rejected": ("rejected by the room: {own}", "gwrthodwyd gan yr ystafell: {own}"),
        "accepted": ("accepted by the room", "derbyniwyd gan yr ystafell"),
        "considered": ("being considered by the room", "yn cael ei ystyried gan yr ystafell"),
        "stays": ("stays with its room: {own}", "yn aros gyda'i ystafell: {own}"),
        "unmerged": ("as it stood before it was merged", "fel yr oedd cyn ei uno"),
        "accepted_then_silent": ("accepted, then silent", "derbyniwyd, yna tawelwch"),
        "wrote_again": ("the caller wrote again", "ysgrifennodd y galwr eto"),
        "reply_failed": ("a reply could not be delivered", "ni ellid danfon ateb"),
        "used_link": ("the caller used the location link", "defnyddiodd y galwr y ddolen lleoliad"),
        "phone_told": ("a place came from the caller's phone", "daeth lle o ffôn y galwr"),
        "reply_arrived": ("a reply arrived after all", "cyrhaeddodd ateb wedi'r cyfan"),
        "unreachable": ("unreachable", "dim modd cyrraedd"),
        "reply_undelivered": ("a reply was not delivered", "ni ddanfonwyd ateb"),
    }
)


def telephone(number: str) -> str:
    """As it stands in a reason: the number, or that none is known."""
    return SAYING.en("telephone", number=number) if number else SAYING.en("no_telephone")
