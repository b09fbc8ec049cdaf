"""``/v1``: the model's own words, unchecked, for programs that speak the OpenAI protocol.

Only named fields go on to the engine, so that nothing of its own interface (slots, adapters, files) can be
reached. A client that hangs up ends the generation.
"""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.to_thread
import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from clinical.errors import EngineError
from server.hotswap import HotSwap, Serving

FIELDS = frozenset(
    {
        "messages", "max_tokens", "max_completion_tokens", "temperature", "top_p", "stop", "stream",
        "stream_options", "seed", "response_format", "presence_penalty", "frequency_penalty", "logprobs",
        "top_logprobs", "tools", "tool_choice",
    }
)  # fmt: skip
MAX_TOKENS = 4096


class RawGeneration:
    """The ASGI application behind ``/v1``."""

    def __init__(self, hotswap: HotSwap) -> None:
        self._hotswap = hotswap

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        except EngineError as error:
            response = _error(503, str(error))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.url.path == "/v1/models" and request.method == "GET":
            name = self._hotswap.release or "base"
            return JSONResponse(
                {"object": "list", "data": [{"id": name, "object": "model", "owned_by": "resident"}]}
            )
        if request.url.path != "/v1/chat/completions" or request.method != "POST":
            return _error(404, "Only /v1/models and /v1/chat/completions are here.")
        try:
            body = json.loads(await request.body())
        except ValueError:
            return _error(400, "The request is not JSON.")
        if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
            return _error(400, "The request has no list of messages.")
        body = {name: value for name, value in body.items() if name in FIELDS}
        for name in ("max_tokens", "max_completion_tokens"):
            if name in body and not (isinstance(body[name], int) and 0 < body[name] <= MAX_TOKENS):
                return _error(400, f"{name} must be between 1 and {MAX_TOKENS}.")
        if not {"max_tokens", "max_completion_tokens"} & set(body):
            body["max_tokens"] = MAX_TOKENS
        return await self._forward(request, body)

    async def _forward(self, request: Request, body: dict[str, Any]) -> Response:
        stack = contextlib.AsyncExitStack()
        try:
            serving = await self._lease(stack)
            upstream = await _send_unless_gone(request, stack, serving, body)
        except BaseException:
            await stack.aclose()
            raise

        async def passed_on() -> AsyncIterator[bytes]:
            async with stack:
                async for chunk in upstream.aiter_bytes():
                    yield chunk

        if upstream.status_code != 200:
            await stack.aclose()  # the engine's own message may quote the prompt
            return _error(400 if upstream.status_code < 500 else 502, "The engine refused the request.")
        media = upstream.headers.get("content-type", "application/json")
        return _ClosingStream(passed_on(), media_type=media, stack=stack)

    async def _lease(self, stack: contextlib.AsyncExitStack) -> Serving:
        lease = self._hotswap.lease()
        serving = await anyio.to_thread.run_sync(lease.__enter__)
        stack.push(lease)
        return serving


class _ClosingStream(StreamingResponse):
    """A stream that lets go of the engine even when the client hung up before it began."""

    def __init__(
        self, content: AsyncIterator[bytes], *, media_type: str, stack: contextlib.AsyncExitStack
    ) -> None:
        super().__init__(content, media_type=media_type)
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._stack.aclose()


async def _send_unless_gone(
    request: Request, stack: contextlib.AsyncExitStack, serving: Serving, body: dict[str, Any]
) -> httpx.Response:
    """The engine's answer up to its headers; ClientDisconnect when the client left before that."""
    client = await stack.enter_async_context(
        httpx.AsyncClient(timeout=httpx.Timeout(300, connect=5), trust_env=False)
    )
    headers = {"Authorization": f"Bearer {serving.engine.key}"} if serving.engine.key else {}
    url = serving.engine.url + "/v1/chat/completions"
    upstream: httpx.Response | None = None
    failed = False
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            group.cancel_scope.cancel()

        group.start_soon(watch)
        try:
            upstream = await client.send(
                client.build_request("POST", url, json=body, headers=headers), stream=True
            )
        except httpx.HTTPError:
            failed = True
        group.cancel_scope.cancel()
    if failed:
        raise EngineError("The engine does not answer.", "Start it: `resident up`.")
    if upstream is None:
        raise ClientDisconnect
    stack.push_async_callback(upstream.aclose)
    return upstream


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": {"message": message, "code": status}}, status)
