"""Every family goes the whole way: adapter → merge → GGUF → quantized → the engine that serves → the tokens of torch.

The fast subset always runs; ``pytest -m family`` runs every family by LoRA and QLoRA (NF4 works on a CPU as well).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from clinical.errors import MissingPart
from resident.reader import EngineReader
from server.client import EngineClient
from server.engine import Engine, start_engine
from tests.trainer.conftest import SECRET
from tests.trainer.families import FAMILIES, Family, make_base
from trainer import llamacpp
from trainer.dataset import freeze
from trainer.example import Example
from trainer.export import export
from trainer.finetune import finetune
from trainer.recipe import Recipe
from trainer.tokens import begun, render

RECIPE = Recipe(
    rank=4,
    learning_rate=2e-2,
    max_steps=8,
    accumulate=1,
    row_tokens=1800,
    max_length=1800,
    report_to="none",
    threads=1,
    validation_rows=0,
)
FAST = ("llama-3", "mixtral")
TIE = 0.02
"""Nats; the limit of parity for F16."""


@pytest.fixture(scope="module", autouse=True)
def _parts_are_there() -> None:
    if not llamacpp.has_quantizer():
        pytest.skip("llama-cpp-python is not compiled here")
    try:
        llamacpp.locate_converter()
    except MissingPart as missing:
        pytest.skip(str(missing))


def the_whole_way(family: Family, method: str, examples: Sequence[Example], folder: Path) -> None:
    base = make_base(family, folder / "base")
    dataset = freeze([e for e in examples if e.task == "summarize"], SECRET)
    recipe = replace(RECIPE, method=method)  # type: ignore[arg-type]
    adapter = finetune(dataset, base, recipe, folder / "run")
    assert adapter.losses[-1][1] < adapter.losses[0][1]
    wide = export(
        adapter,
        folder / "f16",
        "F16",
        pre_tokenizer=family.pre_tokenizer,
        keep_merged=True,
        open_reader=lambda gguf: EngineReader(engine_of(gguf)),
    )
    assert wide.parity.tokens_equal == wide.parity.probes
    merged = wide.gguf.parent / "merged"
    tokenizer: Any = AutoTokenizer.from_pretrained(merged)
    model = AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32).eval()
    with served(wide.gguf) as client:
        writes_what_torch_writes(client, model, tokenizer)
        reads_what_training_read(client, tokenizer, dataset.train[0])
    small = export(
        adapter,
        folder / "q4",
        "Q4_K_M",
        pre_tokenizer=family.pre_tokenizer,
        open_reader=lambda gguf: EngineReader(engine_of(gguf)),
    )
    assert small.parity.tokens_equal == small.parity.probes
    assert small.parity.mean_difference < 0.3


def writes_what_torch_writes(client: EngineClient, model: Any, tokenizer: Any) -> None:
    """Twelve tokens, each the likeliest after those before it; two that F16 cannot tell apart count as the same."""
    ids = tokenizer("Chest radiograph. The heart is", add_special_tokens=False)["input_ids"]
    for _ in range(12):
        with torch.inference_mode():
            wanted = int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax())
        places = client.likeliest(ids)
        assert max(places.values()) - places[wanted] < TIE
        ids.append(wanted)


def reads_what_training_read(client: EngineClient, tokenizer: Any, example: Example) -> None:
    """The engine's own chat template gives the very tokens that the model was trained on."""
    messages = [dict(message) for message in example.prompt.messages]
    prompt, _ = render(tokenizer, messages, example.completion)
    read = client.tokenize(client.apply_template(example.prompt.messages), special=True, begin=True)
    assert list(read) == begun(tokenizer, prompt)


def engine_of(gguf: Path) -> Engine:
    return start_engine(gguf, threads=1, context=2048, parallel=1)


@contextmanager
def served(gguf: Path) -> Iterator[EngineClient]:
    engine = engine_of(gguf)
    client = EngineClient.of(engine)
    try:
        yield client
    finally:
        client.close()
        engine.close()


@pytest.mark.parametrize("family", [f for f in FAMILIES if f.name in FAST], ids=lambda f: f.name)
def test_a_family_goes_the_whole_way(family: Family, examples: Sequence[Example], tmp_path: Path) -> None:
    the_whole_way(family, "lora", examples, tmp_path)


@pytest.mark.family
@pytest.mark.parametrize("method", ["lora", "qlora"])
@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_every_family_goes_the_whole_way(
    family: Family, method: str, examples: Sequence[Example], tmp_path: Path
) -> None:
    the_whole_way(family, method, examples, tmp_path)
