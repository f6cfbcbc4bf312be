"""Bounds on guessing that a process keeps in memory: by network peer, name that nobody has, and session.

They bind strangers: a browser in which the person has signed in before is counted by itself, in the store.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

import msgspec
from cachetools import TTLCache

from intake.store.accounts import rest_after

PEER_FAILURES = 30
"""So many failures from one address within ``PEER_WINDOW_S``: a whole room may sit behind one."""
PEER_WINDOW_S = 60.0
KNOWN_PEERS = KNOWN_KEYS = 10_000


class _Tally(msgspec.Struct):
    count: int
    until: datetime | None = None


class Throttle:
    """Counts an attempt before it is judged, and forgives those that turn out right.

    ``peer_limit`` attempts that are not forgiven are judged within ``PEER_WINDOW_S``.
    """

    def __init__(self, peer_limit: int = PEER_FAILURES) -> None:
        self._peer_limit = peer_limit
        self._peers: TTLCache[str, _Tally] = TTLCache(KNOWN_PEERS, ttl=3600)
        self._keys: TTLCache[str, _Tally] = TTLCache(KNOWN_KEYS, ttl=3600)

    def begin(self, peer: str, now: datetime) -> datetime | None:
        """Until when this peer must wait, None where the attempt may be judged."""
        key = network_of(peer)
        tally = self._peers.get(key)
        if tally is None or tally.until is None or tally.until <= now:
            tally = self._peers[key] = _Tally(0, now + timedelta(seconds=PEER_WINDOW_S))
        if tally.count >= self._peer_limit:
            return tally.until
        tally.count += 1
        return None

    def forgive(self, peer: str) -> None:
        tally = self._peers.get(network_of(peer))
        if tally is not None and tally.count > 0:
            tally.count -= 1

    def begin_key(self, key: str, now: datetime) -> datetime | None:
        """The same for what no account counts: a name that nobody has, which rests as those that somebody
        has, so that waiting tells nothing; and a session."""
        tally = self._keys.setdefault(key, _Tally(0))
        if tally.until is not None and tally.until > now:
            return tally.until
        tally.count += 1
        rest_s = rest_after(tally.count)
        tally.until = now + timedelta(seconds=rest_s) if rest_s else None
        return None

    def forgive_key(self, key: str) -> None:
        self._keys.pop(key, None)


def network_of(peer: str) -> str:
    """An address as one sender: an IPv6 customer has a whole /64."""
    try:
        known = ipaddress.ip_address(peer)
    except ValueError:
        return peer[:64]
    if isinstance(known, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known)
