"""From an adapter to the file that is served: merge, convert, quantize, and proof that the result is the
same model.
"""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainer import importance, llamacpp, merge, parity
from trainer.finetune import Adapter
from trainer.ggufreader import GgufReader, Reader
from trainer.llamacpp import Converter, Quantization
from trainer.parity import Parity

GGUF = "model.gguf"
LOG = "convert.log"


@dataclass(frozen=True, slots=True)
class Exported:
    """A model file ready to be evaluated.

    Attributes:
        gguf: the file; quantization: how it was written.
        parity: how near it is to the merged model.
        notes: what the reader of the release should know, such as tensors of another precision.
        figures: seconds by stage and bytes.
    """

    gguf: Path
    quantization: Quantization
    parity: Parity
    notes: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """As plain values, for the release."""
        return {
            "quantization": self.quantization,
            "parity": self.parity.record(),
            "notes": list(self.notes),
            "figures": dict(self.figures),
        }


def export(
    adapter: Adapter,
    out: Path,
    quantization: Quantization = "Q8_0",
    *,
    converter: Converter | None = None,
    open_reader: Callable[[Path], Reader] | None = None,
    pre_tokenizer: str | None = None,
    importance_texts: Sequence[str] = (),
    threads: int = 0,
    name: str = "resident",
    keep_merged: bool = False,
) -> Exported:
    """Writes ``out/model.gguf`` and proves it.

    Args:
        adapter: what was trained.
        out: folder of the release in the making.
        quantization: of the file that is served.
        converter: the pinned converter; by default the installed one.
        open_reader: opens a GGUF for the parity check; default llama-cpp-python. A reader that has ``close``
            or is a context manager is closed.
        importance_texts: de-identified texts by which K-quants weigh what to keep; none for no weighing.
        keep_merged: leave the merged Hugging Face folder in ``out/merged``.

    Raises:
        ParityError: the file does not answer as the trained model does.
        TrainingError: merging, converting or quantizing failed.
        MissingPart: the converter, or the quantizer that this quantization needs, is not installed.
    """
    converter = converter or llamacpp.locate_converter()
    out.mkdir(parents=True, exist_ok=True)
    merged = out / "merged"
    gguf = out / GGUF
    clock = _Clock()
    try:
        merge.merge(adapter.path, adapter.base, merged)
        clock.lap("merge")
        notes = _write(
            merged, gguf, quantization, converter, pre_tokenizer, importance_texts, threads, name, clock
        )
        found = _check(merged, gguf, open_reader)
        clock.lap("parity")
        found.require(quantization)
    except BaseException:
        gguf.unlink(missing_ok=True)
        raise
    finally:
        if not keep_merged:
            shutil.rmtree(merged, ignore_errors=True)
    figures = {**clock.seconds, "bytes": float(gguf.stat().st_size)}
    return Exported(gguf, quantization, found, notes, figures)


def _write(
    merged: Path,
    gguf: Path,
    quantization: Quantization,
    converter: Converter,
    pre_tokenizer: str | None,
    importance_texts: Sequence[str],
    threads: int,
    name: str,
    clock: "_Clock",
) -> tuple[str, ...]:
    log = gguf.with_name(LOG)
    direct = llamacpp.CONVERTER_TYPES.get(quantization)
    if direct is not None:
        llamacpp.convert(merged, gguf, direct, converter, name=name, pre_tokenizer=pre_tokenizer, log=log)
        clock.lap("convert")
        return ()
    wide = gguf.with_name("model-f16.gguf")
    try:
        llamacpp.convert(merged, wide, "f16", converter, name=name, pre_tokenizer=pre_tokenizer, log=log)
        clock.lap("convert")
        matrix = gguf.with_name("importance.npz") if importance_texts else None
        weighed = importance.gather(merged, wide, importance_texts, matrix) if matrix else 0
        notes = llamacpp.quantize(wide, gguf, quantization, threads=threads, importance=matrix)
        clock.lap("quantize")
    finally:
        wide.unlink(missing_ok=True)
        gguf.with_name("importance.npz").unlink(missing_ok=True)
    return (*notes, f"Weighed by {weighed} tokens of the practice's own text.") if weighed else notes


def _check(merged: Path, gguf: Path, open_reader: Callable[[Path], Reader] | None) -> Parity:
    if open_reader is not None:
        return parity.measure(merged, open_reader(gguf))
    with GgufReader(gguf) as reader:
        return parity.measure(merged, reader, template=reader.metadata.get("tokenizer.chat_template"))


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._at = time.monotonic()

    def lap(self, stage: str) -> None:
        """Ends a stage."""
        now = time.monotonic()
        self.seconds[stage] = now - self._at
        self._at = now
