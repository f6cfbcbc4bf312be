"""Writers in threads of the test process: the same code over the same socket, quicker to start and to patch.

Real processes are met by `test_writer.py`, the roles, the demo and the kill test.
"""

from __future__ import annotations

import socket
import threading
from typing import Any

from intake.store.accept import Accepting
from intake.store.committing import Committing
from intake.store.store import Store

_started: list[Committing] = []


class _Thread(threading.Thread):
    def wait(self, timeout: float) -> None:
        self.join(timeout)


def launch_in_thread(theirs: socket.socket) -> _Thread:
    """Like ``intake.store.writer.launch``."""
    committing = Committing(theirs.dup())
    _started.append(committing)
    thread = _Thread(target=_work, args=(committing,), daemon=True)
    thread.start()
    return thread


def _work(committing: Committing) -> None:
    try:
        committing.work()
    finally:
        _started.remove(committing)


def accepting_of(store: Store) -> Accepting:
    """The accepting end of a store whose writer is a thread here."""
    found: list[Any] = [one.accepting for one in _started if one.accepting is not None]
    (mine,) = (one for one in found if one._engine.url.render_as_string(False) == store.url)
    return mine  # type: ignore[no-any-return]
