"""An importance matrix for quantizing: which inputs of each layer matter on the practice's own de-identified text.

For every linear layer the mean square of each input channel, by llama.cpp's names of tensors, as its own `imatrix`
tool gathers it; here it is gathered on the merged Hugging Face model.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from clinical.errors import TrainingError
from trainer.basemodel import quiet_progress

WINDOW = 512


def gather(merged: Path, wide: Path, texts: Sequence[str], out: Path, *, max_tokens: int = 8192) -> int:
    """Writes the matrix to ``out`` (npz: tensor name → float32 vector).

    Args:
        merged: Hugging Face folder.
        wide: its GGUF in 16 bit, which names the architecture.
        texts: what the practice writes.
        max_tokens: so many are enough.

    Returns:
        How many tokens were read.

    Raises:
        TrainingError: no text.
    """
    tokenizer: Any = AutoTokenizer.from_pretrained(merged, local_files_only=True)
    with quiet_progress():
        model: Any = AutoModelForCausalLM.from_pretrained(
            merged, dtype=torch.float32, local_files_only=True, use_safetensors=True
        ).eval()
    reader = gguf.GGUFReader(wide)
    names = _names(reader, int(model.config.get_text_config().num_hidden_layers))
    held = {tensor.name for tensor in reader.tensors}  # a head tied to the embedding is no tensor of its own
    sums: dict[str, torch.Tensor] = {}
    seen: dict[str, int] = {}

    def watch(name: str) -> Any:
        def hook(_: Any, inputs: tuple[torch.Tensor, ...]) -> None:
            rows = inputs[0].detach().float().reshape(-1, inputs[0].shape[-1])
            sums[name] = sums.get(name, torch.zeros(rows.shape[1])) + rows.square().sum(dim=0).cpu()
            seen[name] = seen.get(name, 0) + rows.shape[0]

        return hook

    hooks = [
        part.register_forward_pre_hook(watch(named))
        for name, part in model.named_modules()
        if isinstance(part, torch.nn.Linear) and (named := f"{names.get_name(name)}.weight") in held
    ]
    tokens = 0
    with torch.inference_mode():
        for text in texts:
            ids = tokenizer(text, add_special_tokens=False)["input_ids"][:WINDOW]
            if len(ids) > 1 and tokens < max_tokens:
                model(input_ids=torch.tensor([ids]), use_cache=False)
                tokens += len(ids)
    for hook in hooks:
        hook.remove()
    if not sums:
        raise TrainingError("There is no text to weigh the model's layers by.", "Give de-identified reports.")
    with out.open("wb") as file:
        np.savez(file, **{name: (total / seen[name]).numpy() for name, total in sums.items()})
    return tokens


def _names(reader: gguf.GGUFReader, layers: int) -> Any:
    field = reader.get_field("general.architecture")
    architecture = str(field.contents()) if field is not None else ""
    known = next((arch for arch, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture), None)
    if known is None:
        raise TrainingError(f"The architecture {architecture} has no names to weigh by.", "Quantize without.")
    return gguf.get_tensor_name_map(known, layers)
