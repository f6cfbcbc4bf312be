"""A stand-in identity provider: real HTTP, real signed tokens, and every way of getting them wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

CLIENT, SECRET = "intake-console", "client secret + 100%"
BASIC = "Basic " + base64.b64encode(b"intake-console:client+secret+%2B+100%25").decode()


class IdentityProvider:
    """``claims`` is who signs in; ``spoil`` changes a token's claims, ``sign`` how it is signed."""

    def __init__(self, now: Callable[[], datetime]):
        self.now, self.key = now, RSAKey.generate_key(2048, auto_kid=True)
        self.foreign = RSAKey.generate_key(2048, {"kid": self.key.kid})
        self.curve = ECKey.generate_key("P-256", auto_kid=True)
        self.claims: dict[str, Any] = {
            "sub": "u-17",
            "preferred_username": "Grace@example.org",
            "roles": ["desk"],
        }
        self.spoil: dict[str, Any] = {}
        self.sign = "RS256"
        self.discovery: dict[str, Any] = {}
        self.token_body: bytes | None = None
        self.issuer = ""
        self.codes: dict[str, dict[str, str]] = {}
        self.redeemed: list[str] = []

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/token", self._token)
        app.router.add_get("/keys", self._keys)
        return app

    async def _discovery(self, _request: web.Request) -> web.Response:
        known = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        return web.json_response({**known, **self.discovery})

    async def _authorize(self, request: web.Request) -> web.Response:
        """Everybody is let through at once, and sent back with a code."""
        asked = dict(request.query)
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT and "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        return web.Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{back}"})

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        code = str(form["code"])
        asked = self.codes.pop(code, None)  # good once
        challenge = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        proof = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
        if (
            asked is None
            or proof != asked["code_challenge"]
            or form["redirect_uri"] != asked["redirect_uri"]
            or request.headers.get("Authorization") != BASIC
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.redeemed.append(code)
        if self.token_body is not None:
            return web.Response(body=self.token_body, content_type="application/json")
        return web.json_response({"id_token": self.id_token(asked["nonce"]), "token_type": "Bearer"})

    def id_token(self, nonce: str) -> str:
        now_s = int(self.now().timestamp())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now_s,
            "exp": now_s + 300,
            "nonce": nonce,
            **self.claims,
            **self.spoil,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.sign == "none":
            return f"{_part({'alg': 'none'})}.{_part(claims)}."
        if self.sign == "foreign":
            return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.foreign)
        if self.sign == "unknown":
            other = RSAKey.generate_key(2048, auto_kid=True)
            return jwt.encode({"alg": "RS256", "kid": other.kid}, claims, other)
        if self.sign == "HS256":  # with what everybody knows of the key: the classic confusion
            public = OctKey.import_key(self.key.as_pem(private=False))
            return jwt.encode({"alg": "HS256", "kid": self.key.kid}, claims, public)
        if self.sign == "ES256":
            return jwt.encode({"alg": "ES256", "kid": self.curve.kid}, claims, self.curve)
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    async def _keys(self, _request: web.Request) -> web.Response:
        return web.json_response({"keys": [key.as_dict(private=False) for key in (self.key, self.curve)]})


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@asynccontextmanager
async def identity_provider(now: Callable[[], datetime]) -> AsyncIterator[IdentityProvider]:
    """Listening on loopback; ``issuer`` is its address."""
    provider = IdentityProvider(now)
    server = TestServer(provider.application())
    await server.start_server()
    provider.issuer = str(server.make_url("")).rstrip("/")
    try:
        yield provider
    finally:
        await server.close()
