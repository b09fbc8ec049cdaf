"""Training speed: ``python -m bench.train [--examples 32]``. Tokens that carry loss a second, and peak memory.

The same examples of the simulated practice, the same base, LoRA of the same rank, each way in a process of its own:

- guide: transformers' `Trainer`, every example padded to 512 tokens, no packing, four at a time, loss on everything
- trl: `SFTTrainer` with prompt and completion, its own defaults (only what a CPU needs is set), four at a time
- packed, padded: our trainer without shared reports, and without packing
- shared: our trainer as it is

Loss tokens are the completions' tokens for all: what the tools' replies are made of. Processor time, which includes
loading the model, tells the arms apart on a machine that does other work as well.
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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ARMS = ("guide", "trl", "padded", "packed", "shared")
SEED = 5
LONGEST = 512


def main(arguments: Sequence[str] | None = None) -> None:
    """Run every arm and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=32)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument(
        "--keep", type=Path, metavar="FILE", help="add to what this file holds of earlier arms"
    )
    parser.add_argument("--arm", choices=ARMS, help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.arm:
        print(json.dumps(run(options.arm, options.examples, options.cache)))
        return
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    results: dict[str, dict[str, float]] = {}
    if options.keep and options.keep.is_file():
        results = json.loads(options.keep.read_text())
    with tempfile.TemporaryDirectory() as cache:
        for arm in options.arms:
            results[arm] = start(arm, options.examples, Path(cache)) | {"examples": options.examples}
    if len({found["examples"] for found in results.values()}) > 1:
        raise SystemExit("The kept arms had other examples.")
    if options.keep:
        options.keep.write_text(json.dumps(results))
    print(
        f"{'':8}{'loss tokens':>12}{'computed':>10}{'seconds':>9}{'loss tok/s':>12}{'× guide':>9}{'× trl':>7}"
        f"{'processor s':>13}{'× guide':>9}{'× trl':>7}{'peak GB':>9}"
    )
    for arm, found in sorted(results.items(), key=lambda item: ARMS.index(item[0])):
        rate = found["loss_tokens"] / found["seconds"]
        print(
            f"{arm:8}{found['loss_tokens']:12.0f}{found['computed']:10.0f}{found['seconds']:9.1f}{rate:12.2f}"
            f"{_times(found, results.get('guide'), 'seconds'):>9}{_times(found, results.get('trl'), 'seconds'):>7}"
            f"{found['processor']:13.1f}"
            f"{_times(found, results.get('guide'), 'processor'):>9}{_times(found, results.get('trl'), 'processor'):>7}"
            f"{found['peak'] / 1e9:9.2f}"
        )


def start(arm: str, examples: int, cache: Path) -> dict[str, float]:
    """One arm in a process of its own."""
    environment = os.environ | {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}
    command = [
        sys.executable,
        "-m",
        "bench.train",
        "--arm",
        arm,
        "--examples",
        str(examples),
        "--cache",
        str(cache),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr[-2000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def run(arm: str, count: int, cache: Path) -> dict[str, float]:
    """Time one pass over the examples."""
    from trainer.basemodel import embedded_base, load_tokenizer
    from trainer.tokens import tokenize

    base = embedded_base(cache)
    tokenizer = load_tokenizer(base)
    chosen: list[Any] = []
    for example in examples():
        if tokenize([example], tokenizer, LONGEST).examples:
            chosen.append(example)
        if len(chosen) == count:
            break
    tokens = tokenize(chosen, tokenizer, LONGEST).examples
    loss_tokens = sum(len(one.completion) for one in tokens)
    with tempfile.TemporaryDirectory() as out:
        work = {"guide": guide, "trl": plain_trl}.get(arm, ours)
        began = time.process_time()
        seconds, computed = work(base, tokenizer, chosen, Path(out), arm)
        processor = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "loss_tokens": loss_tokens,
        "computed": computed,
        "seconds": seconds,
        "processor": processor,
        "peak": peak,
    }


def examples() -> list[Any]:
    """Pairs of a small simulated practice, all of a report together."""
    from clinical.answers.report import report_from_text
    from synthetic.practice import simulate
    from trainer.pairs import build_pairs

    made = []
    for report in simulate(SEED, 60):
        if report.signed:
            made += build_pairs([report_from_text(report.text, f"r{report.number}")])
    return made


def ours(base: Any, tokenizer: Any, chosen: Sequence[Any], out: Path, arm: str) -> tuple[float, float]:
    """Our trainer; its figures tell what it computed."""
    from trainer.dataset import Dataset
    from trainer.finetune import finetune
    from trainer.recipe import Recipe

    packing: Any = arm
    recipe = Recipe(
        epochs=1, accumulate=1, max_length=LONGEST, packing=packing, report_to="none", checkpoint_steps=10**6
    )
    adapter = finetune(Dataset(tuple(chosen), (), (), {}, "bench"), base, recipe, out)
    return adapter.figures["seconds"], adapter.figures["computed_tokens"]


def guide(base: Any, tokenizer: Any, chosen: Sequence[Any], out: Path, arm: str) -> tuple[float, float]:
    """Everything padded to 512, loss on everything."""
    from datasets import Dataset as Table
    from peft import LoraConfig, get_peft_model
    from transformers import Trainer, TrainingArguments

    from trainer.basemodel import load_model
    from trainer.tokens import render

    rows = []
    for example in chosen:
        text = "".join(render(tokenizer, [dict(m) for m in example.prompt.messages], example.completion))
        row = tokenizer(text, truncation=True, max_length=512, padding="max_length")
        rows.append({**row, "labels": list(row["input_ids"])})
    model = get_peft_model(load_model(base), LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"))
    arguments = TrainingArguments(
        str(out),
        per_device_train_batch_size=4,
        num_train_epochs=1,
        learning_rate=2e-4,
        use_cpu=True,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )
    seconds = timed(Trainer(model=model, args=arguments, train_dataset=Table.from_list(rows)).train)
    return seconds, 512.0 * len(rows)


def plain_trl(base: Any, tokenizer: Any, chosen: Sequence[Any], out: Path, arm: str) -> tuple[float, float]:
    """trl as it comes."""
    from datasets import Dataset as Table
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    from trainer.basemodel import load_model

    rows = [
        {
            "prompt": [dict(m) for m in example.prompt.messages],
            "completion": [{"role": "assistant", "content": example.completion}],
        }
        for example in chosen
    ]
    arguments = SFTConfig(
        str(out),
        per_device_train_batch_size=4,
        num_train_epochs=1,
        use_cpu=True,
        bf16=False,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )
    trainer = SFTTrainer(
        model=load_model(base),
        args=arguments,
        train_dataset=Table.from_list(rows),
        processing_class=tokenizer,
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    lengths = sorted(len(row["input_ids"]) for row in trainer.train_dataset)
    return timed(trainer.train), float(sum(lengths))


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _times(found: dict[str, float], other: dict[str, float] | None, by: str) -> str:
    """By how much more loss tokens there are to a second (or to a second of processor time) than the other's."""
    if other is None:
        return "–"
    return f"{found['loss_tokens'] / found[by] / (other['loss_tokens'] / other[by]):.2f}"


if __name__ == "__main__":
    main()
