"""The gateway on a real port: who comes in, what they reach, what is written down."""

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from practice.audit import Audit
from practice.settings import GatewaySettings, Settings
from practice.store import Store
from practice.tokens import Tokens
from server.engine import Engine
from server.gateway import TOKEN_KEY, build_gateway
from server.hotswap import HotSwap
from server.limits import RateLimit
from server.listen import Listener

WORDS = "Quaxworth has pneumonia"


@dataclass
class House:
    url: str
    tools: str
    raw: str
    store: Store
    audit_path: Path
    hotswap: HotSwap

    def get(self, path: str, token: str | None = None, **headers: str) -> httpx.Response:
        return httpx.get(self.url + path, headers=self._headers(token, headers), timeout=60)

    def post(self, path: str, body: object, token: str | None = None, **headers: str) -> httpx.Response:
        return httpx.post(self.url + path, json=body, headers=self._headers(token, headers), timeout=60)

    def _headers(self, token: str | None, headers: dict[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return named | ({"Authorization": f"Bearer {token}"} if token else {})


async def echo(request: Request) -> Response:
    body = await request.body()
    return JSONResponse({"token": request.scope[TOKEN_KEY].id, "length": len(body)})


async def crash(request: Request) -> Response:
    raise ValueError(WORDS)


@pytest.fixture(scope="module")
def hotswap(engine: Engine, gguf: Path) -> Iterator[HotSwap]:
    shared = HotSwap(lambda path: Engine(engine.url, engine.key))
    shared.swap(gguf, "m-1")
    yield shared
    shared.close()


def house_of(
    hotswap: HotSwap, *, raw: bool = True, rate: float = 10_000, failures: float = 20
) -> Iterator[House]:
    store = Store.memory()
    tokens = Tokens(store)
    audit = Audit.open(store.home, store.keys)
    mcp_app = Starlette(routes=[Route("/mcp", echo, methods=["POST", "GET"])])
    if rate == 9_999:
        mcp_app = Starlette(routes=[Route("/mcp", crash, methods=["POST"])])
    settings = Settings(gateway=GatewaySettings(raw_generation=raw, allowed_hosts=("practice.example",)))
    app = build_gateway(
        settings,
        tokens,
        audit,
        mcp_app,
        hotswap,
        rate=RateLimit(rate),
        failures=RateLimit(failures),
        max_body=100_000,
    )
    with Listener(app, "127.0.0.1", 0) as listener:
        yield House(
            listener.url,
            tokens.create("tools").secret,
            tokens.create("raw", scopes=("raw",)).secret,
            store,
            store.home.logs / "audit.jsonl",
            hotswap,
        )
    store.close()


@pytest.fixture(scope="module")
def house(hotswap: HotSwap) -> Iterator[House]:
    yield from house_of(hotswap)


@pytest.fixture
def fresh_house(hotswap: HotSwap) -> Iterator[House]:
    yield from house_of(hotswap)


@pytest.fixture
def house_without_raw(hotswap: HotSwap) -> Iterator[House]:
    yield from house_of(hotswap, raw=False)


@pytest.fixture
def slow_house(hotswap: HotSwap) -> Iterator[House]:
    yield from house_of(hotswap, rate=3, failures=3)


@pytest.fixture
def broken_house(hotswap: HotSwap) -> Iterator[House]:
    yield from house_of(hotswap, rate=9_999)


CHAT = {"messages": [{"role": "user", "content": f"Say one word. {WORDS}"}], "max_tokens": 8}


def test_health_needs_no_token_and_tells_nothing_of_reports(house: House) -> None:
    assert house.get("/health").json() == {"status": "ok", "service": "resident", "engine": "ready"}


def test_the_verified_token_reaches_the_tools(house: House) -> None:
    reply = house.post("/mcp", {"a": 1}, house.tools)
    assert reply.status_code == 200
    assert reply.json()["token"].startswith("t-")
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "authorization", [None, "Bearer wrong", "Bearer", "Basic abc", "Bearer resident_x_y"]
)
def test_without_a_valid_token_nothing_is_reached(house: House, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    for path in ("/mcp", "/v1/models", "/metrics"):
        reply = httpx.get(house.url + path, headers=headers)
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"] == "Bearer"


def test_a_revoked_token_is_refused(fresh_house: House) -> None:
    Tokens(fresh_house.store).revoke("tools")
    assert fresh_house.post("/mcp", {}, fresh_house.tools).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "", "localhost@evil"]
)
def test_another_host_name_is_refused(house: House, host: str) -> None:
    assert house.get("/health", Host=host).status_code in (400, 421)
    assert house.post("/mcp", {}, house.tools, Host=host).status_code in (400, 421)


@pytest.mark.parametrize("host", ["localhost:1", "[::1]:5", "practice.example", "PRACTICE.example:443"])
def test_known_host_names_are_let_in(house: House, host: str) -> None:
    assert house.get("/health", Host=host).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://evil.example", 403),
        ("null", 403),
        ("http://localhost.evil.example", 403),
        ("http://[", 403),
        ("http://localhost:3000", 200),
        ("https://practice.example", 200),
    ],
)
def test_web_pages_of_other_hosts_are_refused(house: House, origin: str, status: int) -> None:
    assert house.post("/mcp", {}, house.tools, Origin=origin).status_code == status


def test_scopes_keep_tools_and_raw_generation_apart(house: House) -> None:
    assert house.post("/v1/chat/completions", CHAT, house.tools).status_code == 403
    assert house.post("/mcp", {}, house.raw).status_code == 403


def test_raw_generation_is_off_unless_switched_on(house_without_raw: House) -> None:
    reply = house_without_raw.post("/v1/chat/completions", CHAT, house_without_raw.raw)
    assert reply.status_code == 404
    assert "gateway.raw_generation" in reply.text


def test_raw_generation_answers_in_the_openai_form(house: House) -> None:
    assert house.get("/v1/models", house.raw).json()["data"][0]["id"] == "m-1"
    reply = house.post("/v1/chat/completions", CHAT, house.raw)
    assert reply.status_code == 200
    assert reply.json()["choices"][0]["message"]["content"]


def test_raw_generation_streams(house: House) -> None:
    request = CHAT | {"stream": True}
    headers = {"Authorization": f"Bearer {house.raw}"}
    with httpx.stream(
        "POST", house.url + "/v1/chat/completions", json=request, headers=headers, timeout=60
    ) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in reply.iter_lines() if line]
    assert len(lines) > 2
    assert lines[-1] == "data: [DONE]"


@pytest.mark.parametrize(
    "body",
    [[], {"messages": "hi"}, CHAT | {"max_tokens": 10**9}, CHAT | {"max_tokens": "8"}, {"prompt": "x"}],
)
def test_a_raw_request_of_another_form_is_refused(house: House, body: object) -> None:
    assert house.post("/v1/chat/completions", body, house.raw).status_code == 400


@pytest.mark.parametrize(
    "path", ["/v1/slots", "/v1/../slots", "/v1/completions", "/slots", "/props", "/", "/mcp/x"]
)
def test_the_engine_s_own_interface_is_not_reachable(house: House, path: str) -> None:
    assert house.get(path, house.raw).status_code in (403, 404)


def test_fields_of_the_engine_s_own_do_not_pass(house: House) -> None:
    reply = house.post(
        "/v1/chat/completions", CHAT | {"id_slot": 99, "lora": [{"id": 7}], "n_predict": -1}, house.raw
    )
    assert reply.status_code == 200
    assert reply.json()["usage"]["completion_tokens"] <= 8


def test_a_client_that_hangs_up_frees_the_engine(house: House) -> None:
    """The engine has two slots; four abandoned long generations would block a fifth request for long."""
    body = json.dumps(
        {"messages": [{"role": "user", "content": "Count to one million."}], "max_tokens": 1500}
    )
    for _ in range(4):
        port = int(house.url.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(
                (
                    f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {house.raw}\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
                ).encode()
            )
            time.sleep(0.3)
    begun = time.monotonic()
    assert house.post("/v1/chat/completions", CHAT, house.raw).status_code == 200
    assert time.monotonic() - begun < 30
    deadline = time.monotonic() + 10
    while (
        house.hotswap._current is not None and house.hotswap._current.leases and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    assert house.hotswap._current is not None
    assert house.hotswap._current.leases == 0


def test_a_request_that_is_too_large_is_refused_however_it_is_sent(house: House) -> None:
    headers = {"Authorization": f"Bearer {house.tools}"}
    assert httpx.post(house.url + "/mcp", content=b"x" * 200_000, headers=headers).status_code == 413

    def chunks() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 1000

    assert httpx.post(house.url + "/mcp", content=chunks(), headers=headers).status_code == 413
    assert house.post("/mcp", {}, house.tools).status_code == 200


def test_one_token_s_rate_is_limited_and_another_s_is_not(slow_house: House) -> None:
    statuses = [slow_house.post("/mcp", {}, slow_house.tools).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert slow_house.get("/v1/models", slow_house.raw).status_code == 200


def test_guessing_tokens_is_slowed_down(slow_house: House) -> None:
    statuses = [slow_house.post("/mcp", {}, f"resident_{n}_x").status_code for n in range(4)]
    assert statuses == [401, 401, 401, 429]


def test_a_fault_inside_tells_nothing(broken_house: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        reply = broken_house.post("/mcp", {}, broken_house.tools)
    assert reply.status_code == 500
    assert WORDS not in reply.text + caplog.text


def test_metrics_and_audit_hold_no_words_and_no_secrets(fresh_house: House) -> None:
    fresh_house.post("/v1/chat/completions", CHAT, fresh_house.raw)
    fresh_house.post("/mcp", {"text": WORDS}, fresh_house.tools)
    fresh_house.post("/mcp", {}, "resident_00_guess")
    metrics = fresh_house.get("/metrics", fresh_house.tools).text
    assert 'resident_requests_total{route="/v1",status="200"} 1' in metrics
    assert 'resident_requests_total{route="/mcp",status="401"} 1' in metrics
    assert "resident_engine_ready 1" in metrics
    audit = fresh_house.audit_path.read_text()
    assert '"event":"gateway.raw"' in audit
    assert '"event":"gateway.refused"' in audit
    for word in ("Quaxworth", "pneumonia", fresh_house.raw, fresh_house.tools, "guess"):
        assert word not in metrics + audit


def test_unknown_paths_cannot_flood_the_metrics(fresh_house: House) -> None:
    for number in range(5):
        fresh_house.get(f"/secret-{number}")
    assert 'route="other",status="404"} 5' in fresh_house.get("/metrics", fresh_house.tools).text
    assert "secret-" not in fresh_house.get("/metrics", fresh_house.tools).text


def test_a_taken_port_is_a_settings_error(house: House, hotswap: HotSwap) -> None:
    from clinical.errors import SettingsError

    with pytest.raises(SettingsError, match="cannot listen"):
        Listener(lambda *_: None, "127.0.0.1", int(house.url.rsplit(":", 1)[1]))  # type: ignore[arg-type, return-value]


def test_without_an_engine_raw_generation_says_so() -> None:
    for house in house_of(HotSwap(lambda path: Engine("http://127.0.0.1:9", ""))):
        reply = house.post("/v1/chat/completions", CHAT, house.raw)
        assert reply.status_code == 503
        assert "No engine" in reply.text
        assert house.get("/health").json()["engine"] == "none"


def test_it_stops_in_order_while_clients_are_connected(hotswap: HotSwap) -> None:
    before = {thread for thread in threading.enumerate() if thread.name == "gateway"}
    for house in house_of(hotswap):
        with httpx.Client() as client:
            client.get(house.url + "/health")
            begun = time.monotonic()
    assert time.monotonic() - begun < 20
    assert not any(t.name == "gateway" and t.is_alive() for t in set(threading.enumerate()) - before)
