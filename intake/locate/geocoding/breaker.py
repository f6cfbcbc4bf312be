"""A circuit breaker: a service that failed again and again is left alone for a while, then tried once.

Ours, because the libraries for it either let any number of calls through to try, or count a cancelled
call as a success (DECISIONS: address search).
"""

from __future__ import annotations

from collections.abc import Callable


class Breaker:
    """``monotonic`` is in seconds. Not for threads."""

    def __init__(self, failures: int, rest_s: float, monotonic: Callable[[], float]):
        self._most, self._rest_s, self._monotonic = failures, rest_s, monotonic
        self._failures = 0
        self._until_s = 0.0
        self._is_trying = False

    @property
    def rests_s(self) -> float:
        """Seconds until a question may be asked; 0 while one may."""
        if not self._is_open:
            return 0.0
        if self._is_trying:
            return self._rest_s
        return max(0.0, self._until_s - self._monotonic())

    @property
    def is_open(self) -> bool:
        """Whether it rests, or is being tried again."""
        return self._is_open

    @property
    def _is_open(self) -> bool:
        return self._failures >= self._most

    def begin(self) -> None:
        """A question goes out; while resting it is the one that tries."""
        self._is_trying = self._is_open

    def succeeded(self) -> None:
        self._failures, self._is_trying = 0, False

    def failed(self, rest_s: float = 0.0) -> None:
        """``rest_s`` is what the service itself asked for: then it rests at once."""
        self._is_trying = False
        self._failures = self._most if rest_s else self._failures + 1
        if self._is_open:
            self._until_s = self._monotonic() + max(rest_s, self._rest_s)

    def let_go(self) -> None:
        """The question was cancelled: nothing is known."""
        self._is_trying = False
