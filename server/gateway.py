"""The one listening port: who may come in, what they may reach, and a line in the audit for it.

    request → Host → Origin → size → path → bearer token → scope → rate → /mcp | /v1 | /metrics
                                      └─ /health needs no token

Nothing here reads what a request says: texts pass through, and neither metrics nor audit hold them.
"""

import logging
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Protocol
from urllib.parse import urlsplit

import anyio.to_thread
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from practice.settings import Settings
from server.hotswap import HotSwap
from server.limits import RateLimit
from server.raw import RawGeneration

log = logging.getLogger("resident.gateway")

TOKEN_KEY = "resident.token"  # where the ASGI scope carries the verified token; mcp_tools.catalog reads it
MCP_SCOPE = "tools"
RAW_SCOPE = "raw"
MAX_BODY_BYTES = 2_000_000
REQUESTS_A_MINUTE = 240
FAILURES_A_MINUTE = 20
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Token(Protocol):
    """What the gateway needs of a token."""

    @property
    def id(self) -> str: ...

    @property
    def scopes(self) -> Collection[str]: ...


class Tokens(Protocol):
    """Verifies bearer tokens (``practice.tokens``)."""

    def verify(self, secret: str) -> Token | None: ...


class Audit(Protocol):
    """Takes audit lines (``practice.audit``); ``ids`` never hold text."""

    def append(self, event: str, actor: str, ids: Mapping[str, str]) -> object: ...


class TooLarge(Exception):
    """The body is larger than the limit."""


class Gateway:
    """The ASGI application; build it with ``build_gateway``."""

    def __init__(
        self,
        settings: Settings,
        tokens: Tokens,
        audit: Audit,
        mcp_app: Starlette,
        hotswap: HotSwap,
        *,
        rate: RateLimit,
        failures: RateLimit,
        max_body: int,
    ) -> None:
        self._tokens = tokens
        self._audit = audit
        self._mcp_app = mcp_app
        self._hotswap = hotswap
        self._raw = RawGeneration(hotswap) if settings.gateway.raw_generation else None
        self._hosts = {*LOOPBACK, *(host.lower() for host in settings.gateway.allowed_hosts)}
        self._rate = rate
        self._failures = failures
        self._max_body = max_body
        self._counts: Counter[tuple[str, int]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._mcp_app.router.lifespan_context(self._mcp_app):
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = _route(scope["path"])
        status = 0

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"cache-control", b"no-store")]
            await send(message)

        try:
            app = await self._admit(scope, route)
            if TOKEN_KEY in scope:  # others need no body, and nobody without a token makes us hold one
                receive = await _read(receive, self._max_body)
            await app(scope, receive, counted)
        except TooLarge:
            if status == 0:
                await _refusal(413, "The request is too large.")(scope, receive, counted)
        except Exception as error:
            log.error("a request failed: %s", type(error).__name__)  # its text may quote a report
            if status == 0:
                await _refusal(500, "Internal error.")(scope, receive, counted)
        finally:
            self._counts[route, status] += 1

    async def _admit(self, scope: Scope, route: str) -> ASGIApp:
        """What answers this request: the application behind the route, or a refusal."""
        headers = Headers(scope=scope)
        if not self._host_known(headers.get("host")):
            return _refusal(421, "This host name is not allowed; see gateway.allowed_hosts.")
        if not self._origin_known(headers.get("origin")):
            return _refusal(403, "Requests from this web page are not allowed.")
        if _declared(headers) > self._max_body:
            return _refusal(413, "The request is too large.")
        if route == "/health":
            return self._health
        if route == "other":
            return _refusal(404, "Nothing is here.")
        client = (scope.get("client") or ("?",))[0]
        if self._failures.exhausted(client):
            return _refusal(429, "Too many wrong tokens; wait a minute.", {"Retry-After": "60"})
        token = await self._verify(headers.get("authorization"))
        if token is None:
            self._failures.allow(client)
            await self._write("gateway.refused", "unknown", {"route": route})
            return _refusal(
                401,
                "A valid token is needed; make one with `resident connect`.",
                {"WWW-Authenticate": "Bearer"},
            )
        if not self._rate.allow(token.id):
            return _refusal(429, "Too many requests; wait a minute.", {"Retry-After": "10"})
        scope[TOKEN_KEY] = token
        return await self._behind(route, token)

    async def _behind(self, route: str, token: Token) -> ASGIApp:
        if route == "/metrics":
            return self._metrics
        needed = RAW_SCOPE if route == "/v1" else MCP_SCOPE
        if needed not in token.scopes:
            await self._write("gateway.refused", token.id, {"route": route})
            return _refusal(403, f"This token may not use {route}: it lacks the scope {needed}.")
        if route == "/mcp":
            return self._mcp_app
        if self._raw is None:
            return _refusal(404, "Raw generation is switched off; see gateway.raw_generation.")
        await self._write("gateway.raw", token.id, {"release": self._hotswap.release or "base"})
        return self._raw

    async def _verify(self, authorization: str | None) -> Token | None:
        kind, _, secret = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not secret.strip():
            return None
        return await anyio.to_thread.run_sync(self._tokens.verify, secret.strip())

    async def _write(self, event: str, actor: str, ids: Mapping[str, str]) -> None:
        await anyio.to_thread.run_sync(self._audit.append, event, actor, ids)

    def _host_known(self, host: str | None) -> bool:
        name = urlsplit(f"//{host}").hostname if host else None
        return name in self._hosts

    def _origin_known(self, origin: str | None) -> bool:
        """No browser page but one of an allowed host may call; programs send no Origin."""
        if origin is None:
            return True
        try:
            return urlsplit(origin).hostname in self._hosts
        except ValueError:
            return False

    async def _health(self, scope: Scope, receive: Receive, send: Send) -> None:
        ready = await anyio.to_thread.run_sync(self._hotswap.ready)
        body = {"status": "ok", "service": "resident", "engine": "ready" if ready else "none"}
        await JSONResponse(body)(scope, receive, send)

    async def _metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        ready = await anyio.to_thread.run_sync(self._hotswap.ready)
        lines = [
            "# HELP resident_requests_total Requests by route and status.",
            "# TYPE resident_requests_total counter",
            *(
                f'resident_requests_total{{route="{route}",status="{status}"}} {count}'
                for (route, status), count in sorted(self._counts.items())
            ),
            "# HELP resident_engine_ready Whether a model answers.",
            "# TYPE resident_engine_ready gauge",
            f"resident_engine_ready {int(ready)}",
        ]
        await PlainTextResponse("\n".join(lines) + "\n")(scope, receive, send)


def build_gateway(
    settings: Settings,
    tokens: Tokens,
    audit: Audit,
    mcp_app: Starlette,
    hotswap: HotSwap,
    *,
    rate: RateLimit | None = None,
    failures: RateLimit | None = None,
    max_body: int = MAX_BODY_BYTES,
) -> Gateway:
    """The gateway as an ASGI application.

    Args:
        mcp_app: the application that answers ``/mcp`` (``mcp_tools.catalog.build_app``); it finds the
            verified token in its ASGI scope under ``resident.token``.
        rate: requests of one token; failures: wrong tokens of one address.
        max_body: largest request, in bytes.
    """
    return Gateway(
        settings,
        tokens,
        audit,
        mcp_app,
        hotswap,
        rate=rate or RateLimit(REQUESTS_A_MINUTE),
        failures=failures or RateLimit(FAILURES_A_MINUTE),
        max_body=max_body,
    )


def _route(path: str) -> str:
    """The known route a path belongs to; unknown paths are counted as one."""
    if path in ("/health", "/metrics", "/mcp"):
        return path
    return "/v1" if path.startswith("/v1/") else "other"


def _refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"message": message, "code": status}}, status, dict(headers or {}))


def _declared(headers: Headers) -> int:
    value = headers.get("content-length", "0")
    return int(value) if value.isdecimal() else 0


async def _read(receive: Receive, limit: int) -> Receive:
    """The whole body, read before anybody acts on it; afterwards what the client does is passed on.

    Raises:
        TooLarge: the client sends more than it may.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        body += message.get("body", b"")
        if len(body) > limit:
            raise TooLarge
        if not message.get("more_body", False):
            break
    pending: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]
    if message["type"] != "http.request":
        pending = [message]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay
