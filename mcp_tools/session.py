"""A real MCP client over stdio or HTTP, for the demo and for measuring: connects and calls tools."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from clinical.errors import ResidentError


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call."""

    tool: str
    arguments: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the structured result, and the seconds from call to reply.

    ``refused`` holds the words of an error, where errors are wanted as replies.
    """

    tool: str
    seconds: float
    content: Mapping[str, Any] = field(repr=False)
    refused: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """All replies, and the seconds until the client was connected."""

    connect_seconds: float
    tools: tuple[str, ...]
    replies: tuple[Reply, ...]


def call_over_stdio(
    command: str, args: Sequence[str], env: Mapping[str, str], calls: Sequence[Call], *, strict: bool = True
) -> Session:
    """Starts ``command`` as an editor would and makes the calls.

    Args:
        strict: an error of a tool ends the session; else it is one of the replies.

    Raises:
        ResidentError: a tool answered with an error, and ``strict``.
    """
    client = Client(StdioServerParameters(command=command, args=list(args), env=dict(env)))
    return asyncio.run(_session(client, calls, strict))


def call_over_http(url: str, secret: str, calls: Sequence[Call], *, strict: bool = True) -> Session:
    """Connects to a gateway with a token and makes the calls.

    Args:
        strict: an error of a tool ends the session; else it is one of the replies.

    Raises:
        ResidentError: a tool answered with an error, and ``strict``.
    """
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {secret}"}, timeout=60)
    client = Client(streamable_http_client(url, http_client=http))
    return asyncio.run(_session(client, calls, strict))


async def _session(client: Client, calls: Sequence[Call], strict: bool) -> Session:
    started = time.perf_counter()
    async with client:
        tools = tuple(tool.name for tool in (await client.list_tools()).tools)
        connected = time.perf_counter() - started
        replies = []
        for call in calls:
            begun = time.perf_counter()
            result = await client.call_tool(call.tool, dict(call.arguments))
            seconds = time.perf_counter() - begun
            failed = result.is_error or result.structured_content is None
            if failed and strict:
                raise ResidentError(f"The tool {call.tool} answered with an error.", "See the gateway's log.")
            words = " ".join(getattr(part, "text", "") for part in result.content) if failed else ""
            replies.append(Reply(call.tool, seconds, result.structured_content or {}, words))
    return Session(connected, tools, tuple(replies))
