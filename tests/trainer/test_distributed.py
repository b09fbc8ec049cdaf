"""Two processes train as one does: the same rows a step, the same adapter, one checkpoint that either resumes."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.trainer.conftest import SECRET
from tests.trainer.test_finetune import RECIPE
from trainer.basemodel import BaseModel
from trainer.dataset import freeze
from trainer.example import Example
from trainer.finetune import finetune

SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path
import torch
from tests.trainer.conftest import SECRET, radiograph
from tests.trainer.test_finetune import RECIPE
from trainer.basemodel import check_base
from trainer.dataset import freeze
from trainer.finetune import finetune
from trainer.pairs import build_pairs

base, out, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
data = freeze(build_pairs([radiograph(n) for n in range(60)]), SECRET)
recipe = replace(RECIPE, max_steps=steps, accumulate=1, report_to="none", warmup=0.0, schedule="constant", dropout=0.0)
finetune(data, check_base(Path(base), "tiny-llama"), recipe, Path(out))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def two_processes(base: BaseModel, out: Path, steps: int) -> None:
    port = str(free_port())
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(base.path), str(out), str(steps)],
            env=os.environ
            | {
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "WORLD_SIZE": "2",
                "LOCAL_WORLD_SIZE": "2",
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": port,
                "ACCELERATE_USE_CPU": "true",
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    ends = [run.communicate(timeout=240) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], ends


@pytest.mark.slow
def test_two_processes_train_the_adapter_that_one_does(
    examples: Sequence[Example], tiny_base: BaseModel, tmp_path: Path
) -> None:
    two_processes(tiny_base, tmp_path / "two", 4)
    # One process takes two rows a step where each of two takes one.
    recipe = replace(RECIPE, max_steps=4, accumulate=2, report_to="none", warmup=0.0, schedule="constant")
    one = finetune(freeze(examples, SECRET), tiny_base, recipe, tmp_path / "one")
    wanted = load_file(one.path / "adapter_model.safetensors")
    found = load_file(tmp_path / "two" / "adapter" / "adapter_model.safetensors")
    assert wanted.keys() == found.keys()
    for name, value in wanted.items():
        assert torch.allclose(value, found[name], atol=2e-4), name
