"""The stand-in's Messages and Media resources, as Twilio's documentation shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

FILTERS = {"To": "to", "From": "from"}


class MessageBook:
    """Every message of one account, sent and received, by SID in the order of arrival."""

    def __init__(self, account_sid: str):
        self._account_sid = account_sid
        self._root = f"/2010-04-01/Accounts/{account_sid}"
        self._made_at: dict[str, datetime] = {}
        self._media: dict[str, Sequence[str]] = {}
        self._bodies: dict[str, Sequence[bytes]] = {}
        self.messages: dict[str, dict[str, Any]] = {}

    def add(
        self,
        sid: str,
        direction: str,
        sender: str,
        to: str,
        text: str,
        at: datetime,
        media: Sequence[str] = (),
        bodies: Sequence[bytes] = (),
    ) -> dict[str, Any]:
        """A new Message resource; ``media`` are content types, ``bodies`` their files."""
        self._bodies[sid] = bodies
        date = format_datetime(at.astimezone(UTC))
        self._made_at[sid], self._media[sid] = at.replace(microsecond=0), media
        self.messages[sid] = {
            "sid": sid,
            "account_sid": self._account_sid,
            "api_version": "2010-04-01",
            "messaging_service_sid": None,
            "direction": direction,
            "from": sender,
            "to": to,
            "body": text,
            "num_segments": str(1 + max(0, len(text) - 1) // 153),
            "num_media": str(len(media)),
            "status": "received" if direction == "inbound" else "queued",
            "error_code": None,
            "error_message": None,
            "price": None,
            "price_unit": "GBP",
            "date_created": date,
            "date_sent": date,
            "date_updated": date,
            "uri": f"{self._root}/Messages/{sid}.json",
            "subresource_uris": {"media": f"{self._root}/Messages/{sid}/Media.json"},
        }
        return self.messages[sid]

    def webhook_form(self, sid: str, base_url: str) -> dict[str, str]:
        """The form of the webhook that brings this message."""
        message = self.messages[sid]
        form = self.form(sid, message["from"], message["to"], message["body"])
        form["NumSegments"], form["NumMedia"] = message["num_segments"], message["num_media"]
        for n, content_type in enumerate(self._media[sid]):
            form[f"MediaUrl{n}"] = f"{base_url}{self._root}/Messages/{sid}/Media/ME{n:032x}"
            form[f"MediaContentType{n}"] = content_type
        return form

    def form(self, sid: str, sender: str, to: str, text: str) -> dict[str, str]:
        """The fields of every inbound webhook."""
        sids = dict.fromkeys(("MessageSid", "SmsSid", "SmsMessageSid"), sid)
        empty = dict.fromkeys(("ToState", "ToCity", "ToZip", "FromState", "FromCity", "FromZip"), "")
        countries = {"ToCountry": "GB", "FromCountry": "GB"}
        return {
            **sids,
            **empty,
            **countries,
            "AccountSid": self._account_sid,
            "ApiVersion": "2010-04-01",
            "SmsStatus": "received",
            "From": sender,
            "To": to,
            "Body": text,
            "NumSegments": "1",
            "NumMedia": "0",
        }

    def page(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        """One page of the list, newest first, filtered by To, From and the DateSent bounds."""
        found = [message for message in reversed(self.messages.values()) if self._matches(message, query)]
        size, number = int(query.get("PageSize", "50")), int(query.get("Page", "0"))
        rows = found[number * size : (number + 1) * size]
        more = len(found) > (number + 1) * size

        def uri(page: int) -> str:
            return f"{path}?{urlencode({**query, 'PageSize': size, 'Page': page})}"

        return {
            "messages": rows,
            "page": number,
            "page_size": size,
            "start": number * size,
            "end": number * size + len(rows) - 1,
            "uri": uri(number),
            "first_page_uri": uri(0),
            "next_page_uri": uri(number + 1) if more else None,
            "previous_page_uri": uri(number - 1) if number else None,
        }

    def file(self, sid: str, name: str) -> tuple[bytes, str] | None:
        """The file of one Media resource, by its SID, and its content type."""
        for n, body in enumerate(self._bodies.get(sid, ())):
            if name == f"ME{n:032x}":
                return body, self._media[sid][n]
        return None

    def media(self, sid: str) -> dict[str, Any]:
        """The Media resources of one message."""
        path = f"{self._root}/Messages/{sid}/Media"
        rows = [
            {
                "sid": f"ME{n:032x}",
                "account_sid": self._account_sid,
                "parent_sid": sid,
                "content_type": content_type,
                "date_created": self.messages[sid]["date_created"],
                "date_updated": self.messages[sid]["date_updated"],
                "uri": f"{path}/ME{n:032x}.json",
            }
            for n, content_type in enumerate(self._media[sid])
        ]
        return {
            "media_list": rows,
            "page": 0,
            "page_size": 50,
            "start": 0,
            "end": max(0, len(rows) - 1),
            "uri": f"{path}.json",
            "first_page_uri": f"{path}.json",
            "next_page_uri": None,
            "previous_page_uri": None,
        }

    def _matches(self, message: Mapping[str, Any], query: Mapping[str, str]) -> bool:
        if any(message[field] != query[name] for name, field in FILTERS.items() if name in query):
            return False
        sent = self._made_at[message["sid"]]
        return not (
            ("DateSent>" in query and sent < datetime.fromisoformat(query["DateSent>"]))
            or ("DateSent<" in query and sent > datetime.fromisoformat(query["DateSent<"]))
        )
