#!/usr/bin/env bash
# Builds llama-cpp-python, which makes K-quants and scores GGUF files in-process. Minutes of compiling the first
# time, seconds afterwards. Without it everything else works, with Q8_0; `resident doctor` says so.
# usage: quantizer.sh BIN
set -uo pipefail
bin=$1
"$bin/python" -c 'import llama_cpp' 2>/dev/null && exit 0
echo "building llama-cpp-python (K-quants): about six minutes on two cores the first time"
# A portable build: no instruction set beyond AVX2, so that the cached wheel runs on the practice's other machines.
CMAKE_BUILD_PARALLEL_LEVEL=$(nproc) CMAKE_ARGS="-DLLAVA_BUILD=OFF -DLLAMA_BUILD_COMMON=OFF -DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON" \
  "$bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt llama-cpp-python==0.3.36 &&
  "$bin/python" -c 'import llama_cpp' ||
  echo "missing: llama-cpp-python could not be built (a C++ compiler and cmake are needed); K-quants are off, Q8_0 is used"
exit 0
