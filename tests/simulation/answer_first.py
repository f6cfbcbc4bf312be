"""The negative control of law 1: the intake with its promise made too early. Started like `intake`.

`Store.accept` answers at once and commits behind the answer. It lives here, never in the program.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uuid_utils

from intake.contact import ContactId, MessageId, Receipt
from intake.store.store import Store

_under_way: set[asyncio.Task[Any]] = set()


async def accept_too_early(store: Store, raw: Any, normalised: Any, **more: Any) -> Receipt:
    """The same work as the real one, after the answer."""
    task = asyncio.ensure_future(_ACCEPT(store, raw, normalised, **more))
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    said = next(iter(normalised or ()), None)
    return Receipt(
        raw_id=raw.id,
        contact_id=ContactId(""),
        message_id=MessageId(str(uuid_utils.uuid7())),
        received_at=raw.received_at,
        caller=getattr(said, "caller", ""),
        provider_id=getattr(said, "provider_id", ""),
        defect=more.get("defect") or "",
    )


_ACCEPT = Store.accept


if __name__ == "__main__":
    from intake.__main__ import main

    Store.accept = accept_too_early  # type: ignore[assignment,method-assign]
    sys.exit(main())
