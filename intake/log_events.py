"""Names of the append-only log, after NENA i3 LogEvents (NENA-STA-010 §4.12.3)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class LogEventName(StrEnum):
    MESSAGE = "MessageLogEvent"
    DUPLICATE = "DuplicateMessageLogEvent"
    DEFECT = "MalformedMessageLogEvent"
    DELIVERY_REPORT = "DeliveryReportLogEvent"
    CONTACT_STATE = "QueueStateChangeLogEvent"
    LOCATION = "LocationLogEvent"
    SUGGESTION = "SuggestionLogEvent"
    ROUTE = "RouteLogEvent"
    TRANSFER = "TransferLogEvent"
    REPLY = "ReplyLogEvent"
    SERVICE_STATE = "ServiceStateChangeLogEvent"
    NOTE = "NoteLogEvent"
    HANDING = "HandingLogEvent"
    MERGE = "MergeLogEvent"
    HOUSE_RULE = "HouseRuleLogEvent"


class LogEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log: never edited, never deleted; ``data`` holds no message text."""

    id: str
    at: datetime
    name: LogEventName
    contact_id: str
    actor: str
    data: dict[str, Any]
