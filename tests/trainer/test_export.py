"""The GGUF is the trained model, or there is no GGUF."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGUFReader
from peft import PeftModel
from safetensors.torch import load_file

from clinical.errors import MissingPart, ParityError, TrainingError
from tests.trainer.conftest import SECRET
from tests.trainer.tiny import tiny_llama
from trainer import importance, llamacpp, parity
from trainer.basemodel import BaseModel, load_model
from trainer.dataset import freeze
from trainer.example import Example
from trainer.export import export
from trainer.finetune import Adapter, finetune
from trainer.ggufreader import GgufReader
from trainer.merge import merge
from trainer.recipe import Recipe

RECIPE = Recipe(
    rank=4,
    learning_rate=2e-2,
    max_steps=4,
    accumulate=1,
    row_tokens=2048,
    report_to="none",
    threads=1,
    max_length=2048,
)


@pytest.fixture(scope="module", autouse=True)
def _converter_is_there() -> None:
    try:
        llamacpp.locate_converter()
    except MissingPart as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def adapter(
    examples: Sequence[Example], tiny_base: BaseModel, tmp_path_factory: pytest.TempPathFactory
) -> Adapter:
    return finetune(freeze(examples, SECRET), tiny_base, RECIPE, tmp_path_factory.mktemp("run"))


@pytest.mark.parametrize("switch", [{}, {"rslora": True}, {"dora": True}])
def test_the_shard_by_shard_merge_is_pefts_own(
    switch: dict[str, bool], examples: Sequence[Example], tiny_base: BaseModel, tmp_path: Path
) -> None:
    trained = finetune(
        freeze(examples, SECRET), tiny_base, replace(RECIPE, max_steps=2, **switch), tmp_path / "run"
    )
    merge(trained.path, tiny_base, tmp_path / "merged")
    ours = load_file(tmp_path / "merged" / "model.safetensors")
    model = PeftModel.from_pretrained(load_model(tiny_base), str(trained.path)).merge_and_unload()
    changed = 0
    for name, wanted in model.state_dict().items():
        if name in ours:
            assert torch.allclose(ours[name], wanted, atol=1e-5), name
            changed += not torch.equal(ours[name], load_file(tiny_base.path / "model.safetensors")[name])
    assert changed == 14


@pytest.mark.parametrize("quantization", ["Q8_0", "F16", "Q4_K_M"])
def test_the_gguf_is_the_trained_model(adapter: Adapter, quantization: str, tmp_path: Path) -> None:
    if quantization == "Q4_K_M" and not llamacpp.has_quantizer():
        pytest.skip("llama-cpp-python is not compiled here")
    made = export(adapter, tmp_path, quantization, pre_tokenizer="smollm")  # type: ignore[arg-type]
    assert made.parity.tokens_equal == made.parity.probes
    assert made.parity.mean_difference < 0.02
    assert not (tmp_path / "merged").exists()
    assert (quantization == "Q4_K_M") == bool(made.notes)
    assert json.dumps(made.record())


def test_a_k_quant_is_weighed_by_the_practices_own_text(
    adapter: Adapter, examples: Sequence[Example], tmp_path: Path
) -> None:
    if not llamacpp.has_quantizer():
        pytest.skip("llama-cpp-python is not compiled here")
    wide = tiny_llama(tmp_path / "wide", hidden=256)
    gguf = tmp_path / "wide.gguf"
    llamacpp.convert(wide.path, gguf, "f16", llamacpp.locate_converter(), name="x", pre_tokenizer="smollm")
    matrix = tmp_path / "importance.npz"
    texts = [example.reports[0].text for example in examples[:8]]
    assert importance.gather(wide.path, gguf, texts, matrix) > 100
    with np.load(matrix) as stored:
        held = {tensor.name for tensor in GGUFReader(gguf).tensors}
        linear = {name for name in held if name.startswith("blk.") and "norm" not in name}
        assert len(linear) == 14 and linear <= set(stored.files) <= held
        assert all((stored[name] > 0).any() for name in stored.files)
    llamacpp.quantize(gguf, tmp_path / "plain.gguf", "Q4_K_M", threads=1)
    llamacpp.quantize(gguf, tmp_path / "weighed.gguf", "Q4_K_M", threads=1, importance=matrix)
    assert (tmp_path / "plain.gguf").read_bytes() != (tmp_path / "weighed.gguf").read_bytes()
    made = export(adapter, tmp_path / "whole", "Q4_K_M", pre_tokenizer="smollm", importance_texts=texts)
    assert "own text" in made.notes[-1]
    assert not (tmp_path / "whole" / "importance.npz").exists()


def test_a_model_larger_than_the_memory_is_compared_from_the_disk(
    adapter: Adapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = export(adapter, tmp_path, "F16", keep_merged=True, pre_tokenizer="smollm")
    monkeypatch.setattr(parity, "MEMORY_SHARE", 1e-9)
    with parity._placed(tmp_path / "merged") as place:
        assert place["device_map"] == "auto"
    with GgufReader(made.gguf, threads=1) as reader:
        again = parity.measure(tmp_path / "merged", reader)
    assert again.mean_difference == pytest.approx(made.parity.mean_difference, abs=1e-6)
    assert sorted(p.name for p in tmp_path.glob("parity-*")) == []


def test_a_gguf_of_other_weights_fails_parity_and_is_not_left(adapter: Adapter, tmp_path: Path) -> None:
    # A planted fault: the reader opens the untrained base instead of what was exported.
    other = tmp_path / "other"
    tiny = tiny_llama(tmp_path / "base2", seed=5)
    llamacpp.convert(
        tiny.path,
        tmp_path / "other.gguf",
        "f16",
        llamacpp.locate_converter(),
        name="x",
        pre_tokenizer="smollm",
    )
    with GgufReader(tmp_path / "other.gguf") as reader, pytest.raises(ParityError, match="differ by"):
        export(adapter, other, "F16", pre_tokenizer="smollm", open_reader=lambda _: reader)
    assert not (other / "model.gguf").exists()


def test_a_tokenizer_that_reads_numbers_otherwise_fails_parity(adapter: Adapter, tmp_path: Path) -> None:
    class Wrong:
        def __init__(self, path: Path) -> None:
            self._reader = GgufReader(path)

        def tokenize(self, text: str) -> list[int]:
            return self._reader.tokenize(text.replace("71.5", "715"))

        def likeliest(self, tokens: Sequence[int]) -> list[Mapping[int, float]]:
            return self._reader.likeliest(tokens)

    with pytest.raises(ParityError, match=r"[12] of 6 texts tokenize differently"):
        export(adapter, tmp_path, "F16", pre_tokenizer="smollm", open_reader=Wrong)


def test_an_adapter_for_another_base_is_refused(adapter: Adapter, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="another base"):
        merge(adapter.path, tiny_llama(tmp_path / "wide", hidden=128), tmp_path / "merged")


def test_a_failing_converter_is_told_with_its_last_words(adapter: Adapter, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="converter failed"):
        export(adapter, tmp_path, "F16")  # an unknown tokenizer, and no kind named
    assert not (tmp_path / "model.gguf").exists() and (tmp_path / "convert.log").is_file()


def test_a_changed_converter_is_refused(tmp_path: Path) -> None:
    found = llamacpp.locate_converter()
    copy = tmp_path / "converter"
    copy.mkdir()
    (copy / llamacpp.MANIFEST).write_text((found.folder / llamacpp.MANIFEST).read_text())
    (copy / "convert_hf_to_gguf.py").write_text("print('other')")
    with pytest.raises(MissingPart, match="not the pinned ones"):
        llamacpp.locate_converter(copy)


def test_a_missing_converter_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(MissingPart, match="make install"):
        llamacpp.locate_converter(tmp_path)
