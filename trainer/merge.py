"""Writes base plus adapter as one model, tensor by tensor, so that memory is bounded by the largest shard.

LoRA (Hu et al. 2021), rank-stabilised LoRA (Kalajdzievski 2023) and DoRA (Liu et al. 2024), in float32
arithmetic, at the precision the base is stored in.
"""

import json
import math
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from clinical.errors import TrainingError
from trainer.basemodel import BaseModel, load_model, load_tokenizer
from trainer.tokens import begins

_PREFIX = "base_model.model."
_KINDS = ("lora_A", "lora_B", "lora_magnitude_vector")


@dataclass(slots=True)
class _Delta:
    parts: dict[str, torch.Tensor] = field(default_factory=dict)
    scale: float = 1.0

    def apply(self, weight: torch.Tensor) -> torch.Tensor:
        changed = weight.float() + self.scale * (self.parts["lora_B"].float() @ self.parts["lora_A"].float())
        magnitude = self.parts.get("lora_magnitude_vector")
        if magnitude is not None:
            changed *= (magnitude.float() / changed.norm(p=2, dim=1))[:, None]
        return changed.to(weight.dtype)


def merge(adapter: Path, base: BaseModel, out: Path) -> None:
    """Writes the merged model to ``out``, with the base's configuration and tokenizer.

    Args:
        adapter: folder that peft wrote.
        base: what the adapter was trained from.

    Raises:
        TrainingError: the adapter is not one for this base.
    """
    out.mkdir(parents=True, exist_ok=True)
    deltas = _read_adapter(adapter)
    shards = sorted(base.path.glob("*.safetensors"))
    names = {name for shard in shards for name in _names(shard)}
    if set(deltas) <= names:
        for shard in shards:
            _merge_shard(shard, deltas, out / shard.name)
        for extra in base.path.glob("*.safetensors.index.json"):
            shutil.copyfile(extra, out / extra.name)
        for name in ("config.json", "generation_config.json"):
            if (base.path / name).is_file():
                shutil.copyfile(base.path / name, out / name)
    else:
        # A model whose file names its tensors otherwise than the running model: merged in memory.
        _merge_in_memory(adapter, base, out)
    _save_tokenizer(base, out)


def _read_adapter(adapter: Path) -> dict[str, _Delta]:
    config: dict[str, Any] = json.loads((adapter / "adapter_config.json").read_text())
    root = math.sqrt(config["r"]) if config.get("use_rslora") else config["r"]
    if config.get("rank_pattern") or config.get("alpha_pattern") or config.get("modules_to_save"):
        raise TrainingError("This adapter was not made by Resident.", "Train a new one.")
    deltas: dict[str, _Delta] = {}
    for key, tensor in load_file(adapter / "adapter_model.safetensors").items():
        module, _, rest = key.removeprefix(_PREFIX).rpartition(".lora_")
        kind = "lora_" + rest.removesuffix(".weight")
        if kind not in _KINDS:
            raise TrainingError("This adapter has parts that cannot be merged.", "Train a new one.")
        delta = deltas.setdefault(f"{module}.weight", _Delta(scale=config["lora_alpha"] / root))
        delta.parts[kind] = tensor
    return deltas


def _names(shard: Path) -> list[str]:
    with safe_open(shard, framework="pt") as file:
        return list(file.keys())


def _merge_shard(shard: Path, deltas: dict[str, _Delta], out: Path) -> None:
    merged: dict[str, torch.Tensor] = {}
    with safe_open(shard, framework="pt") as file:
        for name in file.keys():  # noqa: SIM118 - not a dictionary
            tensor = file.get_tensor(name)
            delta = deltas.get(name)
            if delta is not None and (
                delta.parts["lora_A"].shape[1] != tensor.shape[1]
                or delta.parts["lora_B"].shape[0] != tensor.shape[0]
            ):
                raise TrainingError("The adapter is for another base.", "Train one for this base.")
            merged[name] = delta.apply(tensor) if delta else tensor
        metadata = file.metadata() or {"format": "pt"}
    making = out.with_suffix(".making")
    save_file(merged, making, metadata=metadata)
    making.replace(out)


def _merge_in_memory(adapter: Path, base: BaseModel, out: Path) -> None:
    try:
        model: Any = PeftModel.from_pretrained(load_model(base), str(adapter))
        model.merge_and_unload().save_pretrained(out)
    except (RuntimeError, ValueError) as error:
        raise TrainingError("The adapter is for another base.", "Train one for this base.") from error


def _save_tokenizer(base: BaseModel, out: Path) -> None:
    """As the base's, without the markers that only training templates carry; it begins a text as training did."""
    tokenizer = load_tokenizer(base)
    template = tokenizer.chat_template
    for marker in ("{% generation %}", "{% endgeneration %}", "{%- generation %}", "{%- endgeneration %}"):
        template = template.replace(marker, "")
    tokenizer.chat_template = template
    tokenizer.save_pretrained(out)
    # The converter tells the engine what stands here; without it the engine guesses by the kind of vocabulary.
    config = out / "tokenizer_config.json"
    read = json.loads(config.read_text()) | {"add_bos_token": begins(tokenizer), "add_eos_token": False}
    config.write_text(json.dumps(read, indent=1))
    for name in ("tokenizer.model", "special_tokens_map.json", "added_tokens.json"):
        if (base.path / name).is_file() and not (out / name).exists():
            shutil.copyfile(base.path / name, out / name)
