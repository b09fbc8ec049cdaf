"""The swap: no request is lost, a bad model changes nothing, one model at a time where memory is short."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinical.errors import EngineError
from clinical.prompts import build_prompt
from server.client import EngineClient
from server.engine import Engine, start_engine
from server.hotswap import HotSwap, Mode

PROMPT = build_prompt("summarize", ["Chest X-ray: the heart is of normal size."], sentences=1)


@pytest.fixture
def started() -> list[Engine]:
    return []


def swap_with(started: list[Engine], mode: Mode = "blue-green", **options: float) -> HotSwap:
    def start(gguf: Path) -> Engine:
        engine = start_engine(gguf, threads=1, context=1024, parallel=2, patience=60)
        started.append(engine)
        return engine

    return HotSwap(start, mode=mode, **options)  # type: ignore[arg-type]


@pytest.fixture(params=["blue-green", "stop-start"])
def swap(request: pytest.FixtureRequest, started: list[Engine]) -> Iterator[HotSwap]:
    hotswap = swap_with(started, request.param)
    yield hotswap
    hotswap.close()
    assert not any(engine.alive() for engine in started)


def test_without_an_engine_a_request_is_an_engine_error(swap: HotSwap) -> None:
    assert not swap.ready()
    with pytest.raises(EngineError, match="No engine"):
        swap.generate(PROMPT)


def test_requests_under_way_during_a_swap_all_get_their_answer(
    swap: HotSwap, started: list[Engine], gguf: Path
) -> None:
    swap.swap(gguf, "m-1")
    failures: list[str] = []
    answers: list[str] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                answers.append(swap.generate(PROMPT))
            except EngineError as error:
                failures.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    swap.swap(gguf, "m-2")
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert answers
    assert swap.release == "m-2"
    assert [engine.alive() for engine in started] == [False, True]


@pytest.mark.parametrize("content", [b"GGUF" + b"\x07" * 256, b"nothing"], ids=["torn", "no model"])
def test_a_bad_model_leaves_the_old_one_answering(
    swap: HotSwap, gguf: Path, tmp_path: Path, content: bytes
) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(content)
    swap.swap(gguf, "m-good")
    with pytest.raises(EngineError):
        swap.swap(bad, "m-bad")
    assert swap.release == "m-good"
    assert json.loads(swap.generate(PROMPT))


def test_a_model_that_fails_the_smoke_test_is_not_served(started: list[Engine], gguf: Path) -> None:
    calls: list[int] = []

    def fail_the_second(client: EngineClient) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise EngineError("no usable answer")

    def start(path: Path) -> Engine:
        started.append(start_engine(path, threads=1, context=512, parallel=1))
        return started[-1]

    swap = HotSwap(start, smoke=fail_the_second)
    swap.swap(gguf, "m-1")
    with pytest.raises(EngineError):
        swap.swap(gguf, "m-2")
    assert swap.release == "m-1"
    assert [engine.alive() for engine in started] == [True, False]
    swap.close()


def test_an_engine_that_died_is_started_again(started: list[Engine], gguf: Path) -> None:
    swap = swap_with(started)
    swap.swap(gguf, "m-1")
    assert not swap.heal()
    started[0].close()
    assert not swap.ready()
    assert swap.heal()
    assert swap.release == "m-1"
    assert json.loads(swap.generate(PROMPT))
    swap.close()


def test_where_one_model_fits_two_never_run_at_once(gguf: Path) -> None:
    started: list[Engine] = []
    running_at_start: list[int] = []

    def start(path: Path) -> Engine:
        running_at_start.append(sum(engine.alive() for engine in started))
        started.append(start_engine(path, threads=1, context=512, parallel=1))
        return started[-1]

    swap = HotSwap(start, mode="stop-start")
    swap.swap(gguf, "m-1")
    swap.swap(gguf, "m-2")
    assert running_at_start == [0, 0]
    swap.close()


def test_a_request_that_never_ends_does_not_hold_up_a_swap_for_ever(
    started: list[Engine], gguf: Path
) -> None:
    swap = swap_with(started, drain_seconds=0.3)
    swap.swap(gguf, "m-1")
    with swap.lease():
        begun = time.monotonic()
        swap.swap(gguf, "m-2")
        assert time.monotonic() - begun < 60
        assert [engine.alive() for engine in started] == [False, True]
    swap.close()
