"""A real MCP client over stdio or HTTP, for the demo and for measuring: connects and calls tools."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from clinical.errors import ResidentError


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call."""

    tool: str
    arguments: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Read:
    """One reading of a resource."""

    uri: str


@dataclass(frozen=True, slots=True)
class Prompting:
    """One prompt with its arguments filled in."""

    name: str
    arguments: Mapping[str, str] = field(repr=False)


Step = Call | Read | Prompting
"""What a client may do in a session."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the structured result (``{"text": …}`` of a resource or prompt), and the seconds it took.

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
    command: str, args: Sequence[str], env: Mapping[str, str], calls: Sequence[Step], *, strict: bool = True
) -> Session:
    """Starts ``command`` as an editor would and makes the calls.

    Args:
        strict: an error of a tool ends the session; else it is one of the replies.

    Raises:
        ResidentError: a tool answered with an error, and ``strict``.
    """
    client = Client(StdioServerParameters(command=command, args=list(args), env=dict(env)))
    return asyncio.run(_session(client, calls, strict))


def call_over_http(url: str, secret: str, calls: Sequence[Step], *, strict: bool = True) -> Session:
    """Connects to a gateway with a token and makes the calls.

    Args:
        strict: an error of a tool ends the session; else it is one of the replies.

    Raises:
        ResidentError: a tool answered with an error, and ``strict``.
    """
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {secret}"}, timeout=60)
    client = Client(streamable_http_client(url, http_client=http))
    return asyncio.run(_session(client, calls, strict))


async def _session(client: Client, calls: Sequence[Step], strict: bool) -> Session:
    started = time.perf_counter()
    async with client:
        tools = tuple(tool.name for tool in (await client.list_tools()).tools)
        connected = time.perf_counter() - started
        replies = []
        for call in calls:
            reply = await _reply(client, call)
            if reply.refused and strict:
                raise ResidentError(f"{reply.tool} answered with an error.", "See the gateway's log.")
            replies.append(reply)
    return Session(connected, tools, tuple(replies))


async def _reply(client: Client, step: Step) -> Reply:
    begun = time.perf_counter()
    try:
        match step:
            case Call(tool, arguments):
                name = tool
                called = await client.call_tool(tool, dict(arguments))
                content = called.structured_content or {}
                failed = called.is_error or called.structured_content is None
                words = " ".join(getattr(part, "text", "") for part in called.content) if failed else ""
            case Read(uri):
                name, words = uri, ""
                read = await client.read_resource(uri)
                content = {"text": "\n".join(getattr(part, "text", "") for part in read.contents)}
            case Prompting(prompt, filled):
                name, words = prompt, ""
                got = await client.get_prompt(prompt, dict(filled))
                content = {"text": "\n".join(getattr(m.content, "text", "") for m in got.messages)}
    except MCPError as error:
        content, words = {}, str(error) or "refused"
    return Reply(name, time.perf_counter() - begun, content, words)
