"""From adapter to served file, against size: ``python -m bench.export [--sizes 30 135 330 550]`` (millions).

Llamas of random weights in 16 bit, in shards of 100 MB, with a LoRA adapter. Each stage runs in a process of its own,
so that its peak memory is its own: merge, convert to F16, quantize to Q4_K_M, parity. A straight line through the
sizes is drawn on to 70 billion parameters, on paper.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

SHAPES = {30: (256, 1024, 16), 135: (768, 2048, 14), 330: (1024, 2816, 22), 550: (1280, 3584, 24)}
"""Hidden and intermediate width and layers, by millions of parameters."""
STAGES = ("merge", "convert", "quantize", "parity")
SHARD = "100MB"
FAR = 70.6e9


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the models, run the stages, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--stage", choices=("make", *STAGES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.stage:
        print(json.dumps(run(options.stage, options.sizes[0], options.folder)))
        return
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    print(
        f"{'parameters':>12}  "
        + "".join(f"{stage + ' GB':>13}{'s':>7}" for stage in STAGES)
        + f"{'disk GB':>10}"
    )
    table: list[tuple[float, dict[str, dict[str, float]]]] = []
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            count = apart("make", size, folder)["parameters"]
            found = {stage: apart(stage, size, folder) for stage in STAGES}
            made = [p for p in folder.rglob("*") if p.is_file()]
            disk = sum(
                p.stat().st_size for p in made if not p.relative_to(folder).parts[0].startswith("base")
            )
        table.append((count, found))
        cells = "".join(f"{found[s]['peak'] / 1e9:13.2f}{found[s]['seconds']:7.1f}" for s in STAGES)
        print(f"{count / 1e6:10.0f} M  {cells}{disk / 1e9:10.2f}", flush=True)
    if len(table) > 1:
        cells = ""
        for stage in STAGES:
            peak, seconds = (far([(n, f[stage][key]) for n, f in table]) for key in ("peak", "seconds"))
            cells += f"{peak / 1e9:13.1f}{seconds / 60:5.0f} m"
        print(f"{FAR / 1e9:10.1f} B  {cells}   by a straight line, on paper")


def far(points: Sequence[tuple[float, float]]) -> float:
    """A straight line through the points, at 70 billion; never below what was seen."""
    slope, start = np.polyfit([x for x, _ in points], [y for _, y in points], 1)
    return float(max(slope * FAR + start, max(y for _, y in points)))


def apart(stage: str, size: int, folder: Path) -> dict[str, float]:
    """One stage in a process of its own."""
    command = [sys.executable, "-m", "bench.export", "--sizes", str(size), "--stage", stage]
    command += ["--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr[-2000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def run(stage: str, size: int, folder: Path) -> dict[str, float]:
    """The stage, its seconds, and the peak memory of this process or of the child it starts."""
    if stage == "make":
        return make(size, folder)
    from trainer import llamacpp, merge, parity
    from trainer.basemodel import check_base
    from trainer.ggufreader import GgufReader

    merged, wide, small = folder / "merged", folder / "f16.gguf", folder / "q4.gguf"
    began = time.monotonic()
    if stage == "merge":
        merge.merge(folder / "adapter", check_base(folder / "base", "random"), merged)
    elif stage == "convert":
        llamacpp.convert(
            merged, wide, "f16", llamacpp.locate_converter(), name="random", pre_tokenizer="smollm"
        )
    elif stage == "quantize":
        llamacpp.quantize(wide, small, "Q4_K_M", threads=os.cpu_count() or 1)
    else:
        with GgufReader(small) as reader:
            parity.measure(merged, reader)
    seconds = time.monotonic() - began
    whose = resource.RUSAGE_CHILDREN if stage in ("convert", "quantize") else resource.RUSAGE_SELF
    return {"seconds": seconds, "peak": resource.getrusage(whose).ru_maxrss * 1024.0}


def make(size: int, folder: Path) -> dict[str, float]:
    """The random model with the embedded base's tokenizer, and a random adapter."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    from trainer.basemodel import embedded_base, load_tokenizer

    torch.manual_seed(size)
    tokenizer = load_tokenizer(embedded_base(folder / "base-cache"))
    hidden, intermediate, layers = SHAPES[size]
    model: Any = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=hidden,
            intermediate_size=intermediate,
            num_hidden_layers=layers,
            num_attention_heads=hidden // 64,
            num_key_value_heads=hidden // 64,
            tie_word_embeddings=True,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=tokenizer.bos_token_id,
        )
    ).to(torch.bfloat16)
    count = sum(parameter.numel() for parameter in model.parameters())
    model.save_pretrained(folder / "base", max_shard_size=SHARD)
    tokenizer.save_pretrained(folder / "base")
    adapted = get_peft_model(
        model, LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    adapted.save_pretrained(folder / "adapter")
    return {"parameters": float(count)}


if __name__ == "__main__":
    main()
