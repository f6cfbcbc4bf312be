"""The negative control of law 17: the intake with its views recorded after the answer. Started like `intake`.

It lives here, never in the program.
"""

from __future__ import annotations

import asyncio
import sys

from intake.console.auditing import Auditor
from intake.store.audit import Entry

_WRITE = Auditor.write
_under_way: set[asyncio.Task[None]] = set()


async def write_later(auditor: Auditor, entry: Entry) -> None:
    """The same record, a moment after the answer."""

    async def later() -> None:
        await asyncio.sleep(0.05)
        await _WRITE(auditor, entry)

    task = asyncio.ensure_future(later())
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)


if __name__ == "__main__":
    from intake.__main__ import main

    Auditor.write = write_later  # type: ignore[method-assign]
    sys.exit(main())
