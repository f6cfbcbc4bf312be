"""Which contacts may be one conversation, with the reasons in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from intake.console.views.between import CandidatesAnswer, CandidateView, name_of
from intake.console.wording import LANGUAGES, load_words
from intake.contact import Contact
from intake.locate.contradictions import distance_between_m, is_place

NEAR_MESSAGES_S = 600.0
WIDEST_M = 5_000.0
"""In a wider circle everybody is near everybody."""
SHOWN = 10


def candidates(
    contact: Contact, same: Iterable[Contact], then: Iterable[Contact], now: datetime
) -> CandidatesAnswer:
    """The same person's first, then the nearest; ten at most."""
    found: dict[str, tuple[Contact, bool, float, list[Mapping[str, str]]]] = {}
    for one in same:
        key = "same_address" if one.caller == contact.caller else "same_telephone"
        found[one.id] = (one, True, 0.0, [_said(key, channel=one.channel)])
    for one in then:
        if (apart_m := _apart_m(contact, one)) is None:
            continue
        minutes = round(abs((one.last_message_at - contact.last_message_at).total_seconds()) / 60)
        reason = _said("near", metres=f"{apart_m:.0f}", minutes=str(minutes))
        _, person, _, reasons = found.get(one.id, (one, False, apart_m, []))
        found[one.id] = (one, person, apart_m, [*reasons, reason])
    best = sorted(found.values(), key=lambda each: (not each[1], each[2], each[0].id))[:SHOWN]
    return CandidatesAnswer(candidates=[_view(one, person, why, now) for one, person, _, why in best])


def _apart_m(one: Contact, other: Contact) -> float | None:
    """Between their places, where each lies in the other's circle; None where not, or nothing is known."""
    here, there = one.location, other.location
    if here is None or there is None or not (is_place(here) and is_place(there)):
        return None
    reach_m = min(here.radius_m(), there.radius_m())
    if max(here.radius_m(), there.radius_m()) > WIDEST_M:
        return None
    apart_m = distance_between_m(here, there)
    return apart_m if apart_m <= reach_m else None


def _said(key: str, **values: str) -> Mapping[str, str]:
    words = load_words()
    return {language: words[language][f"between.{key}"].format(**values) for language in LANGUAGES}


def _view(one: Contact, same_person: bool, reasons: list[Mapping[str, str]], now: datetime) -> CandidateView:
    return CandidateView(
        contact_id=one.id,
        reference=name_of(one),
        channel=one.channel,
        caller=one.caller,
        summary=one.summary,
        state=one.state.value,
        priority=int(one.priority),
        claimed_by=one.claimed_by if one.next_attempt_at > now else "",
        same_person=same_person,
        reasons=reasons,
    )
