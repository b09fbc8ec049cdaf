"""Proves that a GGUF answers as the merged Hugging Face model does, before anybody is served by it.

Three things are compared on fixed texts of our own: token ids, the chat template, and the log-probabilities
of the next token at every place. What was measured is recorded in the release; a failure stops it.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from clinical.errors import ParityError
from trainer.basemodel import quiet_progress
from trainer.ggufreader import Reader
from trainer.llamacpp import Quantization
from trainer.tokens import encode

PROBES = (
    "CT of the abdomen: 1.3 x 0.9 cm hypodense lesion in the left lobe of the liver; no hydronephrosis.",
    "Potassium 5.9 mmol/L (3.5-5.1) H, hemoglobin 10.4 g/dL, BP 142/88 mmHg, weight 71.5 kg.",
    "MEDICATIONS:\n1. Metoprolol 25 mg b.i.d.\n2. Aspirin 81 mg daily.\n\n  ALLERGIES:  none known\t(NKDA).",
    "Compared with [DATE-21d], the effusion has decreased; [NAME] was told. T ≥ 38.5 °C, 4 µg/mL, ±0.3.",
    'Reply: {"sentences": ["No acute cardiopulmonary process.", "Heart size is normal."]}',
)
"""Numbers, units, tags, lists and the reply's form; fixed, so that figures of releases can be compared."""

LIMITS: Mapping[Quantization, float] = {
    "F16": 0.02,
    "BF16": 0.1,
    "Q8_0": 0.15,
    "Q6_K": 0.25,
    "Q5_K_M": 0.6,
    "Q4_K_M": 0.8,
}
"""Mean difference of log-probabilities that each may bring."""
MEMORY_SHARE = 0.5
"""Of the free memory that the model may take while it is compared."""
_TEN = 10


@dataclass(frozen=True, slots=True)
class Parity:
    """What was compared and found.

    Attributes:
        tokens_equal: probes whose token ids are the same, of ``probes``.
        template_equal: the GGUF carries the very template; None where the reader cannot tell.
        same_first: share of places where both find the same token likeliest.
        mean_difference: of log-probabilities in nats, over the ten likeliest, weighted by their probability.
        max_difference: the largest of any of these ten at any place.
    """

    probes: int
    tokens_equal: int
    template_equal: bool | None
    places: int
    same_first: float
    mean_difference: float
    max_difference: float

    def record(self) -> dict[str, Any]:
        """As plain values, for the release."""
        return asdict(self)

    def require(self, quantization: Quantization) -> None:
        """Raises ParityError, with the difference, unless the file may be served."""
        faults = []
        if self.tokens_equal < self.probes:
            faults.append(f"{self.probes - self.tokens_equal} of {self.probes} texts tokenize differently")
        if self.template_equal is False:
            faults.append("the chat template differs")
        limit = LIMITS[quantization]
        if not self.mean_difference <= limit:
            faults.append(
                f"log-probabilities differ by {self.mean_difference:.3f} on average (limit {limit})"
            )
        if faults:
            raise ParityError(
                f"The {quantization} file does not answer as the model does: {'; '.join(faults)}.",
                "Choose a finer quantization, or report the base model.",
            )


def measure(merged: Path, reader: Reader, *, template: str | None = None) -> Parity:
    """Compares a merged model with what a reader makes of its GGUF.

    Args:
        merged: Hugging Face folder.
        reader: of the GGUF.
        template: the chat template in the GGUF, where it is known.
    """
    tokenizer: Any = AutoTokenizer.from_pretrained(merged, local_files_only=True)
    messages = [{"role": "user", "content": "\n".join(PROBES)}]
    whole = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    tokens = encode(tokenizer, whole)
    texts = (*PROBES, whole)
    equal = sum(reader.tokenize(text) == encode(tokenizer, text) for text in texts)
    found = _compare(_hf_logprobs(merged, tokens), reader.likeliest(tokens))
    return Parity(
        probes=len(texts),
        tokens_equal=equal,
        template_equal=None if template is None else template.strip() == str(tokenizer.chat_template).strip(),
        places=len(tokens),
        same_first=found[0],
        mean_difference=found[1],
        max_difference=found[2],
    )


def _hf_logprobs(merged: Path, tokens: Sequence[int]) -> torch.Tensor:
    with quiet_progress(), _placed(merged) as place:
        model: Any = AutoModelForCausalLM.from_pretrained(
            merged, dtype=torch.float32, local_files_only=True, use_safetensors=True, **place
        )
        with torch.inference_mode():
            logits = model.eval()(input_ids=torch.tensor([list(tokens)]), use_cache=False).logits[0]
    return torch.log_softmax(logits.float(), dim=-1)


@contextlib.contextmanager
def _placed(merged: Path) -> Iterator[dict[str, Any]]:
    """Where the model's weights go: into memory, or, where that would take more than half of it, layer by layer from
    the disk.
    """
    stored = sum(file.stat().st_size for file in merged.glob("*.safetensors"))
    room = psutil.virtual_memory().available * MEMORY_SHARE
    if 2 * stored <= room:  # stored in 16 bit, computed in 32
        yield {}
        return
    with tempfile.TemporaryDirectory(dir=merged.parent, prefix="parity-") as beside:
        yield {"device_map": "auto", "max_memory": {"cpu": int(room)}, "offload_folder": beside}


def _compare(wanted: torch.Tensor, read: Sequence[Mapping[int, float]]) -> tuple[float, float, float]:
    same = 0
    differences: list[float] = []
    weighted = 0.0
    for row, places in zip(wanted, read, strict=True):
        best = torch.topk(row, _TEN)
        same += int(best.indices[0]) == max(places, key=lambda token: places[token])
        lowest = min(places.values())
        sizes = [
            abs(value - places.get(token, lowest))
            for token, value in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]
        weights = best.values.exp().tolist()
        weighted += sum(w * size for w, size in zip(weights, sizes, strict=True)) / sum(weights)
        differences += sizes
    return same / len(read), weighted / len(read), max(differences)
