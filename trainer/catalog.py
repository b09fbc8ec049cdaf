"""Models that Resident knows: their shape, what they cost in memory and disk, and advice.

Memory is reckoned from the shape, not looked up: weights, adapter with its optimizer state, activations kept for the
backward pass, and the logits of the tokens that carry loss.
"""

import json
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from clinical.errors import BaseError
from trainer.llamacpp import Quantization
from trainer.recipe import Recipe

Kind = Literal["base", "instruct", "chat", "dpo"]
Method = Literal["lora", "qlora"]

BITS_PER_WEIGHT: dict[Quantization, float] = {
    "Q4_K_M": 4.85,
    "Q5_K_M": 5.69,
    "Q6_K": 6.56,
    "Q8_0": 8.5,
    "F16": 16.0,
    "BF16": 16.0,
}
"""As llama.cpp writes whole models, embeddings included."""
_NF4_BYTES = 0.516
"""Of one weight in NF4 with double quantization (Dettmers et al. 2023, section 3)."""
_TRAINED_BYTES = {"lora": 16, "qlora": 10}
"""Of one trained parameter: weight, gradient and two moments, which QLoRA's optimizer keeps in eight bits."""
_OVERHEAD = 1.5e9
"""Of a GPU process: context, workspaces, fragmentation."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model's shape and what is known of it. ``parameters`` and ``active`` are in billions."""

    name: str
    title: str
    kind: Kind
    architecture: str
    parameters: float
    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    context: int
    licence: str = "unknown"
    template: str = "unknown"
    advice: str = ""
    active: float = 0.0

    @property
    def computed(self) -> float:
        """Parameters that one token passes through, in billions."""
        return self.active or self.parameters

    def adapter_parameters(self, recipe: Recipe) -> float:
        """Parameters that LoRA on all linear layers trains (on attention only for a mixture of experts)."""
        wide, narrow = self.heads * self.head_dim, self.kv_heads * self.head_dim
        pairs = 2 * (self.hidden + wide) + 2 * (self.hidden + narrow)
        if not self.active:
            pairs += 3 * (self.hidden + self.intermediate)
        return float(recipe.rank * pairs * (recipe.top_layers or self.layers))

    def training_bytes(self, method: Method, recipe: Recipe, *, gpu: bool = True) -> float:
        """Memory of training, in bytes: on a GPU in 16 bit with checkpointing, on a CPU in float32 without."""
        count = self.parameters * 1e9
        embedding = float(self.vocabulary * self.hidden * (1 if self.parameters < 3 else 2))
        wide = 2 if gpu else 4
        weights = count * wide
        if method == "qlora":
            # A mixture's experts are no linear layers to bitsandbytes: only its attention goes to four bits.
            attention = 2.0 * self.layers * self.hidden * self.head_dim * (self.heads + self.kv_heads)
            four_bit = attention if self.active else count - embedding
            weights -= four_bit * (wide - _NF4_BYTES)
        tokens = recipe.row_tokens
        one_layer = tokens * (10 * self.hidden + 4 * self.intermediate) * wide
        if gpu:
            activations = tokens * self.hidden * self.layers * wide + 2 * one_layer
        else:
            activations = one_layer * (recipe.top_layers or self.layers) + tokens * tokens * self.heads * 4
        logits = 0.3 * tokens * self.vocabulary * 4 * 2
        return (
            weights
            + self.adapter_parameters(recipe) * _TRAINED_BYTES[method]
            + activations
            + logits
            + (_OVERHEAD if gpu else 5e8)
        )

    def gguf_bytes(self, quantization: Quantization) -> float:
        """Size of the model file."""
        return self.parameters * 1e9 * BITS_PER_WEIGHT[quantization] / 8

    def cache_bytes(self, tokens: int) -> float:
        """Memory of the engine's cache for so many tokens, in 16 bit."""
        return 2.0 * 2 * self.layers * self.kv_heads * self.head_dim * tokens

    def merge_disk_bytes(self, quantization: Quantization) -> float:
        """Disk that export needs at its height: the merged model and the files on the way to the last."""
        count = self.parameters * 1e9
        wide = 0.0 if quantization in ("Q8_0", "F16", "BF16") else count * 2
        return count * 2 + wide + self.gguf_bytes(quantization)


@cache
def catalog() -> tuple[Model, ...]:
    """All models that Resident knows."""
    with Path(__file__).with_name("catalog.toml").open("rb") as file:
        return tuple(Model(**entry) for entry in tomllib.load(file)["model"])


def find(name: str) -> Model | None:
    """A known model by name; a local folder is read from its config.json. None if unknown and not local."""
    known = next((model for model in catalog() if model.name.lower() == name.lower()), None)
    if known is not None:
        return known
    config = Path(name).expanduser() / "config.json"
    return _from_config(name, config) if config.is_file() else None


def advise(name: str) -> tuple[Model | None, str | None]:
    """The model and a warning: an unknown one is warned about.

    Raises:
        BaseError: a base model, which follows no instruction.
    """
    model = find(name)
    if model is None:
        return (
            None,
            f"{name} is not in the catalog: its memory and time cannot be told before it is downloaded.",
        )
    if model.kind == "base":
        raise BaseError(f"{model.title} is no instruct model.", model.advice)
    return model, None


def _from_config(name: str, path: Path) -> Model:
    try:
        config = json.loads(path.read_text())
        text = config.get("text_config", config)
        heads = int(text["num_attention_heads"])
        hidden, layers = int(text["hidden_size"]), int(text["num_hidden_layers"])
        vocabulary = int(text.get("vocab_size") or config["vocab_size"])
        head_dim = int(text.get("head_dim") or hidden // heads)
        kv_heads = int(text.get("num_key_value_heads") or heads)
        intermediate = int(text.get("intermediate_size") or 4 * hidden)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BaseError(
            f"{path} cannot be read as a model's shape.", "Give the folder of a text model."
        ) from error
    experts = int(text.get("num_local_experts") or text.get("num_experts") or 1)
    used = int(text.get("num_experts_per_tok") or 1)
    attention = 2 * hidden * head_dim * (heads + kv_heads)
    tied = 1 if config.get("tie_word_embeddings") else 2
    rest = layers * attention + vocabulary * hidden * tied
    feed = layers * 3 * hidden * intermediate
    return Model(
        name=name,
        title=Path(name).name,
        kind="instruct",
        architecture=(config.get("architectures") or ["unknown"])[0],
        parameters=(rest + feed * experts) / 1e9,
        layers=layers,
        hidden=hidden,
        intermediate=intermediate,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        vocabulary=vocabulary,
        context=int(text.get("max_position_embeddings") or 2048),
        active=(rest + feed * used) / 1e9 if experts > 1 else 0.0,
    )
