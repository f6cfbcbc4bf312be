"""Who else is typing to a caller that a desk looks at: to that desk alone, and a name, never a word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from intake.console.live.frames import frame
from intake.console.live.seat import Seat

_NOBODY = frame("typing", contacts={})


def watched(seats: Iterable[Seat]) -> frozenset[str]:
    """All that any desk looks at."""
    return frozenset().union(*(seat.watched for seat in seats))


def tell(seats: Iterable[Seat], typing: Mapping[str, Sequence[str]]) -> None:
    """``typing``: handlers by contact. A desk is told of its own contacts, and not of itself."""
    for seat in seats:
        others = {
            one: [who for who in typing[one] if who != seat.person.name]
            for one in seat.watched & typing.keys()
        }
        said = {one: names for one, names in sorted(others.items()) if names}
        seat.say_latest("typing", frame("typing", contacts=said), unless=_NOBODY)
