"""A real MCP client over stdio, for the demo and for measuring: starts a command and calls its tools."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mcp import Client, StdioServerParameters

from clinical.errors import ResidentError


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call."""

    tool: str
    arguments: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the structured result, and the seconds from call to reply."""

    tool: str
    seconds: float
    content: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """All replies, and the seconds until the client was connected."""

    connect_seconds: float
    tools: tuple[str, ...]
    replies: tuple[Reply, ...]


def call_over_stdio(
    command: str, args: Sequence[str], env: Mapping[str, str], calls: Sequence[Call]
) -> Session:
    """Starts ``command`` as an editor would and makes the calls.

    Raises:
        ResidentError: a tool answered with an error.
    """
    return asyncio.run(_session(command, args, env, calls))


async def _session(
    command: str, args: Sequence[str], env: Mapping[str, str], calls: Sequence[Call]
) -> Session:
    started = time.perf_counter()
    server = StdioServerParameters(command=command, args=list(args), env=dict(env))
    async with Client(server) as client:
        tools = tuple(tool.name for tool in (await client.list_tools()).tools)
        connected = time.perf_counter() - started
        replies = []
        for call in calls:
            begun = time.perf_counter()
            result = await client.call_tool(call.tool, dict(call.arguments))
            seconds = time.perf_counter() - begun
            if result.is_error or result.structured_content is None:
                raise ResidentError(f"The tool {call.tool} answered with an error.", "See the gateway's log.")
            replies.append(Reply(call.tool, seconds, result.structured_content))
    return Session(connected, tools, tuple(replies))
