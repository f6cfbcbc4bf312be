"""What came with an MMS or a WhatsApp message: asked of Twilio's Media resource, and of nobody else.

Twilio asks for the account's key at its own address and answers with a redirect to a store of files, whose
address is good for hours ("Protect Media Access with HTTP Basic Authentication"). So there are two rules:
the key goes to the one configured address alone, for a Media resource of our own account; a redirect is
followed without the key, to the hosts in ``media_hosts`` alone.
"""

from __future__ import annotations

import re

from aiohttp import encode_basic_auth
from yarl import URL

from intake.bounded_get import BoundedGet, Fetched, refused
from intake.errors import MediaFailed, MediaTrouble

HOPS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class TwilioMedia:
    """``hosts`` are names, with a port where it is not that of https."""

    def __init__(self, *, account_sid: str, auth_token: str, api_base: str, hosts: tuple[str, ...]):
        self._http = BoundedGet()
        self._base = URL(api_base)
        self._key = encode_basic_auth(account_sid, auth_token)
        self._path = re.compile(
            rf"/2010-04-01/Accounts/{account_sid}/Messages/[A-Z]{{2}}[0-9a-f]{{32}}/Media/ME[0-9a-f]{{32}}"
        )
        self._hosts = frozenset(host.lower() for host in hosts)

    async def fetch(self, address: str, limit_bytes: int) -> bytes:
        """The file behind a ``MediaUrl`` of a webhook; raises MediaFailed."""
        url = self._own(address)
        answer = await self._http.get(url, limit_bytes, {"Authorization": self._key})
        for _ in range(HOPS):
            if answer.status not in _REDIRECTS:
                break
            answer = await self._http.get(self._stored(url, answer), limit_bytes)
        if answer.status != 200:
            raise refused(answer.status)
        return answer.body

    async def close(self) -> None:
        await self._http.close()

    def _own(self, address: str) -> URL:
        try:
            url = URL(address)
            is_ours = url.origin() == self._base.origin() and not (url.user or url.query_string)
        except ValueError:
            is_ours = False
        if not is_ours or not self._path.fullmatch(url.raw_path):
            raise MediaFailed(MediaTrouble.NOT_OURS, "the message names an address that is not Twilio's")
        return url

    def _stored(self, url: URL, answer: Fetched) -> URL:
        """Where a redirect leads, if that is one of the hosts; over TLS unless it is this machine."""
        try:
            target = url.join(URL(answer.location))
            name = (target.host or "").lower()
            where = name if target.is_default_port() else f"{name}:{target.port}"
            is_safe = target.scheme == "https" or (target.scheme == "http" and name in _LOOPBACK)
        except ValueError:
            is_safe, where = False, ""
        if not is_safe or where not in self._hosts or target.user:
            raise MediaFailed(MediaTrouble.NOT_OURS, "Twilio sends us to an address that is not its own")
        return target
