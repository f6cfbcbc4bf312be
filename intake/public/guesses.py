"""How many wrong codes are answered before the answer becomes "wait". A right code is never counted."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

WINDOW_S = 60.0
PEER_LIMIT = 20
TOTAL_LIMIT = 300
PEERS_KEPT = 10_000


class Guesses:
    """Counts wrong codes by peer and in total, in windows of a minute of the monotonic clock.

    The code is looked up before this is asked, so that no number of other people's guesses, even from
    behind one address of a mobile network, keeps a caller with a right code out.
    """

    def __init__(self, monotonic_s: Callable[[], float]):
        self._now_s = monotonic_s
        self._since_s = -math.inf
        self._total = 0
        self._is_told = False
        self._peers: OrderedDict[str, int] = OrderedDict()

    def wrong(self, peer: str) -> float:
        """Count one; how many seconds its sender is to wait, 0.0 while within the limits."""
        now_s = self._now_s()
        if now_s - self._since_s >= WINDOW_S:
            self._since_s, self._total, self._is_told = now_s, 0, False
            self._peers.clear()
        self._total += 1
        self._peers[peer] = self._peers.pop(peer, 0) + 1
        if len(self._peers) > PEERS_KEPT:
            self._peers.popitem(last=False)
        if self._peers[peer] <= PEER_LIMIT and self._total <= TOTAL_LIMIT:
            return 0.0
        return max(1.0, WINDOW_S - (now_s - self._since_s))

    def is_news(self) -> bool:
        """Whether nobody was told yet in this window that limits were passed; asking tells."""
        news, self._is_told = not self._is_told, True
        return news
