"""Runs llama.cpp's quantizer in a process of its own; started by `trainer.llamacpp`, not by people.

python quantize_entry.py SOURCE OUT KIND THREADS IMPORTANCE|-
"""

import ctypes
import os
import sys
from typing import Any

import llama_cpp
import numpy as np


def main() -> int:
    """The quantizer's own exit code."""
    source, out, kind, threads, importance = sys.argv[1:]
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{kind}")
    parameters.nthread = int(threads)
    kept: Any = None  # what the C side points to must outlive the call
    if importance != "-":
        kept = _matrix(importance)
        parameters.imatrix = kept[0]
    return int(
        llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(out), ctypes.byref(parameters))
    )


def _matrix(path: str) -> tuple[Any, list[Any]]:
    """The matrix as an array of llama.cpp's own structures, ended by one without a name."""
    with np.load(path) as stored:
        vectors = {name: np.ascontiguousarray(stored[name], dtype=np.float32) for name in stored.files}
    array = (llama_cpp.llama_model_imatrix_data * (len(vectors) + 1))()
    for entry, (name, vector) in zip(array, vectors.items(), strict=False):
        entry.name = name.encode()
        entry.data = vector.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        entry.size = vector.size
    return array, list(vectors.values())


if __name__ == "__main__":
    raise SystemExit(main())
