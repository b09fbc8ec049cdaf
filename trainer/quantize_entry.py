"""Runs llama.cpp's quantizer in a process of its own; started by `trainer.llamacpp`, not by people.

python quantize_entry.py SOURCE OUT KIND THREADS IMATRIX|-
"""

import ctypes
import os
import sys

import llama_cpp


def main() -> int:
    source, out, kind, threads, imatrix = sys.argv[1:]
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{kind}")
    parameters.nthread = int(threads)
    if imatrix != "-":
        raise SystemExit("an importance matrix is not taken yet")
    return int(
        llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(out), ctypes.byref(parameters))
    )


if __name__ == "__main__":
    raise SystemExit(main())
