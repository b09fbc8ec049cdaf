"""Measures the machine that a training would run on: memory, disk, and speed of matrix products."""

import os
import shutil
import time
from pathlib import Path

import psutil
import torch

from trainer.plan import Machine

_PEAK = {
    "H200": 989e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40": 181e12,
    "A6000": 155e12,
    "4090": 165e12,
    "3090": 71e12,
}
"""Stated dense 16-bit peaks, operations a second, by a part of the GPU's name."""
_SIZE = 1024


def look(folder: Path, seconds: float = 0.5) -> Machine:
    """What there is.

    Args:
        folder: on the disk that export would write to.
        seconds: how long the CPU is measured.
    """
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    name = torch.cuda.get_device_name(0) if gpus else ""
    memory = torch.cuda.get_device_properties(0).total_memory if gpus else 0
    peak = next((speed for part, speed in _PEAK.items() if part in name), 60e12) if gpus else 0.0
    return Machine(
        gpus=gpus,
        gpu_bytes=float(memory),
        gpu_speed=peak,
        ram_bytes=float(psutil.virtual_memory().available),
        disk_bytes=float(shutil.disk_usage(folder).free),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        cpu_speed=cpu_speed(seconds),
        gpu_name=name,
    )


def cpu_speed(seconds: float) -> float:
    """Operations a second of float32 matrix products."""
    one, other = torch.rand(_SIZE, _SIZE), torch.rand(_SIZE, _SIZE)
    one @ other
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        one @ other
        done += 1
    return done * 2 * float(_SIZE) ** 3 / (time.perf_counter() - began)
