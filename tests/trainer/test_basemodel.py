"""Bases are found, checked, and made the same for trainer and engine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from clinical.errors import BaseError, MissingPart
from tests.trainer.tiny import byte_level_tokenizer, tiny_llama
from trainer import basemodel, llamacpp
from trainer.basemodel import BaseModel, check_base, embedded_base, load_tokenizer, open_base
from trainer.ggufreader import GgufReader
from trainer.parity import PROBES


def test_the_embedded_base_is_made_once_and_its_tokens_are_the_engines(
    embedded: BaseModel, tmp_path: Path
) -> None:
    before = (embedded.path / "model.safetensors").stat().st_mtime_ns
    assert embedded_base(embedded.path.parent) == embedded
    assert (embedded.path / "model.safetensors").stat().st_mtime_ns == before
    if not llamacpp.has_quantizer():
        pytest.skip("llama-cpp-python is not compiled here")
    tokenizer = load_tokenizer(embedded)
    texts = [
        *PROBES,
        "\n\n1.  Chest   pain\t",
        "<|im_start|>user\nhi<|im_end|>",
        "98.6 F; 120/80; 5'10\"; 3,500",
    ]
    with GgufReader(basemodel._packaged_gguf()) as reader:
        for text in texts:
            assert reader.tokenize(text) == tokenizer(text, add_special_tokens=False)["input_ids"]


def test_a_changed_package_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.gguf").write_bytes(b"GGUF another file")
    monkeypatch.setattr(basemodel, "_packaged_gguf", lambda: tmp_path / "other.gguf")
    with pytest.raises(BaseError, match="not the file"):
        embedded_base(tmp_path / "cache")


def test_a_missing_package_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basemodel, "EMBEDDED_PACKAGE", "no_such_package")
    with pytest.raises(MissingPart, match="make install"):
        embedded_base(tmp_path)


def test_a_local_folder_is_a_base(tiny_base: BaseModel, tmp_path: Path) -> None:
    assert open_base(str(tiny_base.path), tmp_path).architecture == "LlamaForCausalLM"


@pytest.mark.parametrize("name", ["/no/such/folder", "./here", "no-slash", "too/many/slashes"])
def test_a_folder_that_is_not_there_is_said(name: str, tmp_path: Path) -> None:
    with pytest.raises(BaseError, match="No base model folder"):
        open_base(name, tmp_path)


def test_offline_a_hub_name_that_is_not_here_is_said(tmp_path: Path) -> None:
    with pytest.raises(BaseError, match="neither on this machine"):
        open_base("nobody/nothing", tmp_path, offline=True)


def test_weights_that_can_run_code_are_refused(tiny_base: BaseModel, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text((tiny_base.path / "config.json").read_text())
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(BaseError, match="no safetensors"):
        check_base(tmp_path, "x")


def test_a_model_that_brings_its_own_code_is_refused(tmp_path: Path) -> None:
    tiny_llama(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config |= {"model_type": "homemade", "auto_map": {"AutoConfig": "evil.Config"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Config: pass")
    with pytest.raises(BaseError):
        check_base(tmp_path, "x")
    assert not (tmp_path / "ran").exists()


def test_a_base_without_chat_template_is_refused(tmp_path: Path) -> None:
    tiny_llama(tmp_path)
    tokenizer = byte_level_tokenizer()
    tokenizer.chat_template = None
    (tmp_path / "chat_template.jinja").unlink(missing_ok=True)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(BaseError, match="no chat template"):
        check_base(tmp_path, "x")


def test_a_tokenizer_without_padding_gets_one(tmp_path: Path) -> None:
    base = tiny_llama(tmp_path)
    tokenizer = byte_level_tokenizer()
    tokenizer.pad_token = None
    tokenizer.save_pretrained(tmp_path)
    assert load_tokenizer(base).pad_token_id is not None


def test_light_modules_import_no_torch() -> None:
    code = (
        "import sys, trainer.pairs, trainer.dataset, trainer.recipe, trainer.llamacpp, trainer.batches\n"
        "assert not {'torch', 'transformers', 'trl', 'peft'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
