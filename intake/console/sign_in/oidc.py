"""An identity provider by OpenID Connect: authorization code with PKCE; its word counts only when signed.

OpenID Connect Core 1.0 §3.1, Discovery 1.0, RFC 7636 (S256). One provider is asked, and its token names it:
there is no other to mix it up with, and the `iss` of RFC 9207 is not looked at.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import aiohttp
import msgspec
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from intake.console.roles import Role
from intake.errors import IntakeError
from intake.ports import Clock
from intake.settings import ConsoleSettings, OidcSettings

ALGORITHMS = ("RS256", "ES256")
DISCOVERY = "/.well-known/openid-configuration"
BACK = "/sign-in/provider/back"
ANSWER_BYTES = 256 * 1024
CLOCK_SLACK_S = 60
KEYS_KEPT_S = 600.0
REFETCH_AFTER_S = 10.0
"""A key we do not know is looked for again, but no more often than this."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ProviderFailed(IntakeError):
    """The provider did not answer, or not in a way that proves anything. The text is for our log alone."""

    code = "provider_failed"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider vouches for. ``role`` is None where none of the person's roles is one of ours."""

    subject: str
    preferred_name: str
    display_name: str
    role: Role | None


class _Endpoints(msgspec.Struct):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class _Tokens(msgspec.Struct):
    id_token: str


class Bound(msgspec.Struct, frozen=True):
    """What ties an answer to the browser that asked: all made from one random cookie."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def of(cls, cookie: str) -> Bound:
        return cls(*(_derived(cookie, what) for what in ("state", "nonce", "verifier")))


class Provider:
    """Asks the provider; owned by one event loop."""

    def __init__(self, settings: OidcSettings, redirect_uri: str, clock: Clock):
        self.name, self._settings = settings.name, settings
        self._redirect_uri, self._clock = redirect_uri, clock
        self._http: aiohttp.ClientSession | None = None
        self._endpoints: _Endpoints | None = None
        self._keys: KeySet | None = None
        self._asked_at_s = self._keys_at_s = float("-inf")

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def authorization_url(self, bound: Bound) -> str:
        """Where the browser goes to sign in. Raises ProviderFailed."""
        endpoints = await self._discover()
        challenge = hashlib.sha256(bound.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": self._settings.scopes,
            "state": bound.state,
            "nonce": bound.nonce,
            "code_challenge": _base64(challenge),
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(endpoints.authorization_endpoint).query else "?"
        return f"{endpoints.authorization_endpoint}{joint}{urlencode(asked)}"

    async def redeem(self, code: str, bound: Bound) -> Found:
        """Who the code stands for. Raises ProviderFailed for whatever does not hold."""
        endpoints = await self._discover()
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": self._settings.client_id,
            "code_verifier": bound.verifier,
        }
        tokens = await self._ask("POST", endpoints.token_endpoint, _Tokens, fields)
        claims = await self._claims(tokens.id_token, endpoints)
        self._check(claims, bound.nonce)
        return self._found(claims)

    async def _claims(self, id_token: str, endpoints: _Endpoints) -> Mapping[str, Any]:
        for fresh in (False, True):
            keys = await self._key_set(endpoints, fresh=fresh)
            try:
                return jwt.decode(id_token, keys, algorithms=list(ALGORITHMS)).claims
            except InvalidKeyIdError as error:
                if fresh:
                    raise ProviderFailed("the token is signed with a key that is not theirs") from error
            except (JoseError, ValueError) as error:
                raise ProviderFailed(f"the token does not hold: {type(error).__name__}") from error
        raise AssertionError

    def _check(self, claims: Mapping[str, Any], nonce: str) -> None:
        settings, now_s = self._settings, self._clock.now().timestamp()
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        expires, issued = claims.get("exp"), claims.get("iat")
        said = claims.get("nonce")
        wrong = {
            "issuer": claims.get("iss") != settings.issuer,
            "audience": settings.client_id not in audiences,
            "party": len(audiences) > 1 and claims.get("azp") != settings.client_id,
            "expiry": not isinstance(expires, int | float) or expires <= now_s - CLOCK_SLACK_S,
            "issue": not isinstance(issued, int | float) or issued > now_s + CLOCK_SLACK_S,
            "nonce": not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()),
            "subject": not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255,
        }
        if bad := [name for name, is_wrong in wrong.items() if is_wrong]:
            raise ProviderFailed(f"the token's {', '.join(bad)} does not hold")

    def _found(self, claims: Mapping[str, Any]) -> Found:
        said = claims.get(self._settings.role_claim)
        theirs = {one for one in (said if isinstance(said, list) else [said]) if isinstance(one, str)}
        # The order of the map decides where somebody has several.
        role = next((Role(ours) for name, ours in self._settings.role_map.items() if name in theirs), None)
        return Found(
            subject=f"{self._settings.issuer} {claims['sub']}",
            preferred_name=str(claims.get("preferred_username") or ""),
            display_name=str(claims.get("name") or "")[:80],
            role=role,
        )

    # -- asking --------------------------------------------------------------------------------------------

    async def _discover(self) -> _Endpoints:
        now_s = asyncio.get_running_loop().time()
        if self._endpoints is None or now_s - self._asked_at_s > KEYS_KEPT_S:
            found = await self._ask("GET", self._settings.issuer.rstrip("/") + DISCOVERY, _Endpoints)
            if found.issuer != self._settings.issuer:
                raise ProviderFailed("the discovery document is of another issuer")
            for url in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
                if not is_safe(url):
                    raise ProviderFailed("an endpoint is neither https nor on this machine")
            self._endpoints, self._asked_at_s = found, now_s
        return self._endpoints

    async def _key_set(self, endpoints: _Endpoints, *, fresh: bool) -> KeySet:
        age_s = asyncio.get_running_loop().time() - self._keys_at_s
        if self._keys is None or age_s > (REFETCH_AFTER_S if fresh else KEYS_KEPT_S):
            found = await self._ask("GET", endpoints.jwks_uri, dict)
            try:
                self._keys = KeySet.import_key_set(found)
            except (JoseError, ValueError, KeyError, TypeError) as error:
                raise ProviderFailed("its keys cannot be read") from error
            self._keys_at_s = asyncio.get_running_loop().time()
        return self._keys

    async def _ask(
        self, method: str, url: str, kind: type[Any], fields: Mapping[str, str] | None = None
    ) -> Any:
        if self._http is None:
            timeout = aiohttp.ClientTimeout(total=self._settings.timeout_s)
            self._http = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
        headers = {"Accept": "application/json"}
        if fields is not None and self._settings.client_secret:
            known = (self._settings.client_id, self._settings.client_secret)
            pair = ":".join(map(quote_plus, known)).encode()  # RFC 6749 §2.3.1
            headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        try:
            async with self._http.request(
                method, url, data=fields, headers=headers, allow_redirects=False
            ) as answer:
                body = await answer.content.read(ANSWER_BYTES + 1)
                while len(body) <= ANSWER_BYTES and (more := await answer.content.read(ANSWER_BYTES)):
                    body += more
                if answer.status != 200 or len(body) > ANSWER_BYTES:
                    raise ProviderFailed(f"it answered {answer.status} with {len(body)} bytes")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderFailed(f"it did not answer: {type(error).__name__}") from error
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as error:
            raise ProviderFailed("its answer cannot be read") from error


def make_provider(console: ConsoleSettings, clock: Clock) -> Provider | None:
    """None where no issuer is set."""
    if not console.oidc.issuer:
        return None
    return Provider(console.oidc, console_url(console) + BACK, clock)


def console_url(console: ConsoleSettings) -> str:
    """The console's address as browsers see it: set, never taken from a request."""
    return console.public_url.rstrip("/") or f"http://{console.host}:{console.port}"


def problems_of(console: ConsoleSettings) -> Iterator[str]:
    """What `intake check` says of the settings, each in one line; never a secret."""
    oidc = console.oidc
    if not oidc.issuer:
        if oidc.client_id or oidc.role_map:
            yield "console.oidc.issuer: missing; without it nobody is sent to the identity provider"
        return
    if not is_safe(oidc.issuer):
        yield "console.oidc.issuer: must begin with https://"
    if not is_safe(console_url(console)):
        yield "console.public_url: must begin with https:// where an identity provider sends people back"
    if not oidc.client_id:
        yield "console.oidc.client_id: missing; the provider gave it to you"
    if "openid" not in oidc.scopes.split():
        yield "console.oidc.scopes: must have openid"
    if not oidc.role_map:
        yield "console.oidc.role_map: empty; nobody could sign in"
    for name, role in oidc.role_map.items():
        if role not in set(Role):
            yield f"console.oidc.role_map.{name}: no such role; there are {', '.join(Role)}"


def is_safe(url: str) -> bool:
    """https, or plain on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _derived(cookie: str, what: str) -> str:
    return _base64(hmac.new(cookie.encode(), what.encode(), hashlib.sha256).digest())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
