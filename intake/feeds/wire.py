"""The wire to a control room over HTTPS: proven both ways, and believed only when confirmed."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus

import aiohttp
from yarl import URL

from intake.control_room import ControlRoom
from intake.errors import BadConfiguration, FeedFailed, Forged, InvalidMait
from intake.feeds.patience import Outcome
from intake.incident import Confirmation, Transfer
from intake.mait import MEDIA_TYPE, read_confirmation_document
from intake.mait.legible import legible
from intake.mait.signature import Secrets, secrets_from_text, signed_headers, verify

ANSWER_LIMIT_BYTES = 64 * 1024
_REASON_CHARACTERS = 300
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}

# Sent again, these would be refused again: the room has read the document and will not have it.
_NEVER = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}


class NoConfirmation(FeedFailed):
    """An attempt that ended without a usable confirmation; ``outcome`` is what patience asks for."""

    def __init__(self, outcome: Outcome, reason: str):
        super().__init__(reason)
        self.outcome = outcome


class HttpsFeed:
    """Offers transfers to rooms and asks for lost verdicts. Implements ``ports.Feed``.

    A room has a transfer when it answers 2xx **and** with a valid, signed TransferConfirmation for
    this message id; everything else raises NoConfirmation. Redirects are not followed, proxies of the
    environment not used, and plain HTTP is for loopback only.
    """

    def __init__(
        self,
        secrets: Secrets,
        *,
        agency: str,
        now: Callable[[], datetime],
        connect_timeout_s: float = 3.0,
        answer_timeout_s: float = 10.0,
        tls: ssl.SSLContext | None = None,
    ):
        self._secrets, self._agency, self._now = secrets, agency, now
        self._timeout = aiohttp.ClientTimeout(total=answer_timeout_s, sock_connect=connect_timeout_s)
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def send(self, transfer: Transfer, room: ControlRoom) -> Confirmation:
        """Offer one transfer. Raises NoConfirmation; a time-out means *unknown*, never *no*."""
        return await self._exchange("POST", _feed_url(room), transfer, room, transfer.document)

    async def ask(self, transfer: Transfer, room: ControlRoom) -> Confirmation:
        """What the room says of a transfer it has: for verdicts that were lost. Raises NoConfirmation."""
        return await self._exchange("GET", _feed_url(room) / transfer.id, transfer, room, b"")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _exchange(
        self, method: str, url: URL, transfer: Transfer, room: ControlRoom, body: bytes
    ) -> Confirmation:
        headers = self._headers(transfer, room, body)
        try:
            async with self._client().request(
                method, url, data=body or None, headers=headers, allow_redirects=False
            ) as response:
                answer = await _read_at_most(response, ANSWER_LIMIT_BYTES)
                _require_success(method, response.status, answer)
                return self._believe(response.headers, answer, transfer, room)
        except aiohttp.ConnectionTimeoutError as error:
            raise NoConfirmation(Outcome.UNREACHABLE, f"no connection in time: {error}") from error
        except TimeoutError as error:
            raise NoConfirmation(Outcome.UNKNOWN, f"no answer within {self._timeout.total} s") from error
        except aiohttp.ClientConnectorError as error:
            raise NoConfirmation(Outcome.UNREACHABLE, f"cannot connect: {error}") from error
        except aiohttp.ClientResponseError as error:
            raise NoConfirmation(Outcome.GARBAGE, f"not an HTTP answer: {error.message}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise NoConfirmation(
                Outcome.UNKNOWN, f"connection lost: {type(error).__name__} {error}"
            ) from error

    def _headers(self, transfer: Transfer, room: ControlRoom, body: bytes) -> dict[str, str]:
        secrets = self._secrets.get(room.id)
        if not secrets:
            raise NoConfirmation(
                Outcome.NO_FEED, f"no secret is shared with {room.id}: set feeds.secrets.{room.id}"
            )
        proof = signed_headers(
            secrets[0], agency=self._agency, message_id=transfer.id, body=body, now=self._now()
        )
        return proof | {"Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE, "Accept-Encoding": "identity"}

    def _believe(
        self, headers: Mapping[str, str], answer: bytes, transfer: Transfer, room: ControlRoom
    ) -> Confirmation:
        try:
            agency, _ = verify(headers, answer, self._secrets, now=self._now())
            said = read_confirmation_document(answer)
        except (Forged, InvalidMait) as error:
            raise NoConfirmation(Outcome.GARBAGE, _short(f"not a confirmation: {error}")) from error
        if (said.transfer_id, said.room_id, agency) != (transfer.id, room.id, room.id):
            raise NoConfirmation(
                Outcome.GARBAGE,
                f"confirms message {said.transfer_id} for {said.room_id}, not {transfer.id} for {room.id}",
            )
        return said

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            # No pool limit: a room that hangs must not hold back the others (law 12).
            connector = aiohttp.TCPConnector(limit=0, ssl=self._tls or True)
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=self._timeout,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def shared_secrets(texts: Mapping[str, str]) -> Secrets:
    """The secrets by room id as settings hold them: one, or the new and the old one while changing.

    Raises BadConfiguration with every problem; it repeats no secret.
    """
    secrets, problems = {}, []
    for room_id, text in texts.items():
        try:
            secrets[room_id] = secrets_from_text(text)
        except ValueError as error:
            problems.append(f"feeds.secrets.{room_id}: {error}")
    if problems:
        raise BadConfiguration(problems)
    return secrets


def _feed_url(room: ControlRoom) -> URL:
    try:
        url = URL(room.feed_url)
    except ValueError:
        url = URL()
    if url.scheme == "https" or (url.scheme == "http" and url.host in _LOOPBACK):
        return url
    problem = "has no feed address" if not room.feed_url else f"feed address {room.feed_url!r} is not https"
    raise NoConfirmation(Outcome.NO_FEED, f"{room.id} {problem}: set feeds.urls.{room.id}")


async def _read_at_most(response: aiohttp.ClientResponse, limit_bytes: int) -> bytes:
    answer = bytearray()
    async for piece in response.content.iter_any():
        answer += piece
        if len(answer) > limit_bytes:
            response.close()
            raise NoConfirmation(Outcome.GARBAGE, f"answered with more than {limit_bytes} bytes")
    return bytes(answer)


def _require_success(method: str, status: int, answer: bytes) -> None:
    if 200 <= status < 300:
        return
    outcome = Outcome.NEVER if status in _NEVER else Outcome.REFUSED
    if method == "GET" and status == HTTPStatus.NOT_FOUND:
        outcome = Outcome.FORGOTTEN
    raise NoConfirmation(outcome, _short(f"answered {status}: {answer.decode('utf-8', 'replace')}"))


def _short(reason: str) -> str:
    return legible(" ".join(reason.split()), _REASON_CHARACTERS)
