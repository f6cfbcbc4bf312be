"""SQLite's log is brought into its file beside the commits, so that no caller waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from intake.store.engine import writing_engine

log = structlog.get_logger()

AFTER = 8.0
"""So many transactions ask for a checkpoint; one of a long group, when callers queue, counts in part."""
GROUP, GROUP_WEIGHT = 8, 0.25
LOG_LIMIT_PAGES = 16_000
"""Where commits never pause the log cannot begin anew: from 64 MB on, the writer itself catches up."""


class Checkpoints:
    """A thread with a connection of its own; ``committed`` tells it how much there is to do."""

    def __init__(self, url: str):
        self._url = url
        self._since = 0.0
        self._wanted = threading.Event()
        self._ending = False
        self._pages = 0
        self._thread = threading.Thread(target=self._work, name="checkpoints", daemon=True)

    @contextmanager
    def running(self) -> Iterator[Checkpoints]:
        self._thread.start()
        try:
            yield self
        finally:
            self._ending = True
            self._wanted.set()
            self._thread.join()

    def committed(self, items: int, writer: Engine) -> None:
        """Called by the writer, between two transactions."""
        self._since += 1.0 if items <= GROUP else GROUP_WEIGHT
        if self._since < AFTER:
            return
        self._since = 0.0
        if self._pages > LOG_LIMIT_PAGES:
            self._pages = checkpoint(writer)
        self._wanted.set()

    def _work(self) -> None:
        engine = writing_engine(self._url)
        try:
            while True:
                self._wanted.wait()
                self._wanted.clear()
                if self._ending:
                    return
                try:
                    self._pages = checkpoint(engine)
                except DBAPIError as error:  # the next one will do as well
                    log.warning("checkpoint_failed", error=type(error.orig).__name__)
        finally:
            engine.dispose()


def checkpoint(engine: Engine) -> int:
    """Bring what no reader holds back into the file; returns the pages the log still has."""
    with engine.connect() as conn:
        _busy, pages, _done = conn.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").one()
    return int(pages)
