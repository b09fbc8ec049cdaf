"""MCP over HTTP at a real gateway: both generations of the protocol, tokens, and what the wire carries."""

import asyncio

import httpx
import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

from mcp_tools import catalog
from server import gateway as gateway_module
from server.listen import Listener
from tests.mcp_tools.conftest import LABS, Practice


def over_http(url: str, secret: str, mode: str = "auto", **headers: str) -> Client:
    client = httpx2.AsyncClient(headers={"Authorization": f"Bearer {secret}", **headers}, timeout=60)
    return Client(streamable_http_client(url + "/mcp", http_client=client), mode=mode)


def test_gateway_and_catalog_agree_where_the_token_is() -> None:
    assert gateway_module.TOKEN_KEY == catalog.TOKEN_KEY


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_tools_resources_and_prompts_over_http(
    practice: Practice, gateway: Listener, mode: str
) -> None:
    report_id = practice.take(LABS, report_type="laboratory")
    async with over_http(gateway.url, practice.token().secret, mode) as client:
        answer = await client.call_tool("anomalies", {"report_id": report_id})
        assert answer.structured_content["anomalies"][0]["name"] == "potassium"  # type: ignore[index]
        assert (await client.read_resource(f"report://{report_id}")).contents
        assert (await client.list_prompts()).prompts


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_wrong_token_connects_to_nothing(gateway: Listener, mode: str) -> None:
    with pytest.raises(BaseException) as error:
        async with over_http(gateway.url, "resident_00_wrong", mode):
            pass
    assert error.group_contains(MCPError) or isinstance(error.value, MCPError)


async def test_each_token_gets_its_own_egress_on_the_same_gateway(
    practice: Practice, gateway: Listener
) -> None:
    report_id = practice.take()
    cloud, local = practice.token("c").secret, practice.token("l", "local").secret
    async with over_http(gateway.url, cloud) as first, over_http(gateway.url, local) as second:
        with pytest.raises(MCPError, match="Originals do not leave"):
            await first.read_resource(f"report://{report_id}/original")
        original = await second.read_resource(f"report://{report_id}/original")
        assert "Zebulon Quaxworth" in original.contents[0].text  # type: ignore[union-attr]


async def test_a_claim_of_the_client_about_itself_changes_nothing(
    practice: Practice, gateway: Listener
) -> None:
    report_id = practice.take()
    headers = {"X-Egress": "local", "resident.token": "local", "X-Forwarded-For": "127.0.0.1"}
    async with over_http(gateway.url, practice.token("c").secret, **headers) as client:
        with pytest.raises(MCPError, match="Originals do not leave"):
            await client.read_resource(f"report://{report_id}/original")


async def test_a_revoked_token_ends_in_the_middle_of_a_connection(
    practice: Practice, gateway: Listener
) -> None:
    from practice.tokens import Tokens

    new = practice.token()
    async with over_http(gateway.url, new.secret) as client:
        assert not (await client.call_tool("list_reports", {})).is_error
        Tokens(practice.store).revoke(new.token.id)
        with pytest.raises(MCPError):
            await client.call_tool("list_reports", {})


async def test_a_text_beyond_the_limit_is_refused_and_the_connection_lives(
    practice: Practice, gateway: Listener
) -> None:
    async with over_http(gateway.url, practice.token().secret) as client:
        too_long = await client.call_tool("summarize", {"text": "word " * 50_000})
        assert too_long.is_error
        with pytest.raises(MCPError):
            await client.call_tool("summarize", {"text": "word " * 500_000})
        assert not (await client.call_tool("list_reports", {})).is_error


async def test_clients_that_hang_up_in_a_call_leave_the_gateway_answering(
    practice: Practice, gateway: Listener
) -> None:
    report_id = practice.take()
    secret = practice.token().secret
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "summarize", "arguments": {"report_id": report_id}},
    }
    headers = {"Authorization": f"Bearer {secret}", "Accept": "application/json, text/event-stream"}
    async with httpx.AsyncClient(headers=headers) as hasty:
        for _ in range(10):
            with pytest.raises(httpx.ReadTimeout):
                await hasty.post(gateway.url + "/mcp", json=body, timeout=httpx.Timeout(5, read=0.001))
    async with over_http(gateway.url, secret) as client:
        assert not (await client.call_tool("summarize", {"report_id": report_id})).is_error


async def test_many_clients_at_once_all_get_their_own_answer(practice: Practice, gateway: Listener) -> None:
    ids = [
        practice.take(LABS + f"Glucose {100 + n} mg/dL (70-99) H\n", report_type="laboratory")
        for n in range(4)
    ]
    secrets = [practice.token(f"c{n}").secret for n in range(4)]

    async def one(number: int) -> None:
        async with over_http(gateway.url, secrets[number]) as client:
            for _ in range(3):
                result = await client.call_tool("anomalies", {"report_id": ids[number]})
                values = {a["value"] for a in result.structured_content["anomalies"]}  # type: ignore[index]
                assert str(100 + number) in values

    await asyncio.gather(*(one(number) for number in range(4)))
