"""llama.cpp's converter and quantizer, pinned: where they come from, that they are what was pinned, how they
are run.

The converter is part of llama-cpp-python's source distribution. `make install` fetches and unpacks it once
(``python -m trainer.llamacpp --fetch``); nothing here reaches for a network at run time. Quantizing below
eight bits needs the compiled llama-cpp-python; without it the converter's own Q8_0 and 16-bit outputs remain.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clinical.errors import MissingPart, TrainingError

VERSION = "0.3.36"
REQUIREMENT = f"llama-cpp-python=={VERSION}"
SDIST_SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
CONVERTER_SHA256 = "8760034a98638c804ee94dac0e06a191ce049a9dbdbe33fc8e2e9adceb4da4b0"
MANIFEST = "resident-converter.json"
_INSIDE = "vendor/llama.cpp/"
_WANTED = ("convert_hf_to_gguf.py", "convert_lora_to_gguf.py", "conversion/", "gguf-py/gguf/", "LICENSE")

Quantization = Literal["Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0", "F16", "BF16"]
QUANTIZATIONS: tuple[Quantization, ...] = ("Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0", "F16", "BF16")
CONVERTER_TYPES = {"Q8_0": "q8_0", "F16": "f16", "BF16": "bf16"}
"""What the converter writes by itself, without the compiled library."""


@dataclass(frozen=True, slots=True)
class Converter:
    """The unpacked converter: its folder, the version it came with and the hash of its files."""

    folder: Path
    version: str
    sha256: str


def default_folder() -> Path:
    """Where the converter is kept: inside the environment that Resident is installed in."""
    return Path(sys.prefix) / "share" / "resident" / f"llama.cpp-{VERSION}"


def locate_converter(folder: Path | None = None) -> Converter:
    """The converter, verified by hash.

    Raises:
        MissingPart: it was never fetched, or its files were changed.
    """
    folder = folder or default_folder()
    if not (folder / MANIFEST).is_file():
        raise MissingPart("The GGUF converter is not installed.", "Run `make install` (it fetches it once).")
    digest = tree_sha256(folder)
    if digest != CONVERTER_SHA256:
        raise MissingPart("The GGUF converter's files are not the pinned ones.", "Run `make install` again.")
    return Converter(folder, VERSION, digest)


def fetch(folder: Path | None = None, sdist: Path | None = None) -> Converter:
    """Fetches the converter with pip where it is not there yet. For install time only.

    Args:
        folder: where to keep it; default: inside the environment.
        sdist: an already downloaded source distribution.

    Raises:
        MissingPart: it cannot be had, or is not what was pinned.
    """
    folder = folder or default_folder()
    try:
        return locate_converter(folder)
    except MissingPart:
        pass
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as work:
        archive = sdist or _download(Path(work))
        with archive.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != SDIST_SHA256:
                raise MissingPart(f"{REQUIREMENT} is not the pinned file.", "Check the package index in use.")
        unpacked = Path(work) / "converter"
        _unpack(archive, unpacked)
        manifest = {"from": REQUIREMENT, "sdist": SDIST_SHA256, "files": tree_sha256(unpacked)}
        (unpacked / MANIFEST).write_text(json.dumps(manifest, indent=1))
        shutil.rmtree(folder, ignore_errors=True)
        unpacked.rename(folder)
    return locate_converter(folder)


def tree_sha256(folder: Path) -> str:
    """One hash over names and contents of the converter's files (not the manifest, not compiled files)."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != MANIFEST and "__pycache__" not in path.parts:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def convert(
    model: Path,
    out: Path,
    outtype: str,
    converter: Converter,
    *,
    name: str,
    pre_tokenizer: str | None = None,
    log: Path | None = None,
) -> None:
    """Writes a Hugging Face folder as GGUF, in a process of its own with no network.

    Args:
        model: the merged model.
        out: GGUF file to write; replaced atomically.
        outtype: ``f16``, ``bf16``, ``f32`` or ``q8_0``.
        name: ``general.name`` of the GGUF.
        pre_tokenizer: kind to assume for a tokenizer the converter does not know by hash.
        log: file that gets the converter's output.

    Raises:
        TrainingError: the converter failed; its last line is in the message, its output in ``log``.
    """
    making = out.with_suffix(".making")
    script = Path(__file__).with_name("convert_entry.py")
    arguments = [str(model), "--outfile", str(making), "--outtype", outtype, "--model-name", name]
    run = subprocess.run(
        [
            sys.executable,
            str(script),
            str(converter.folder),
            pre_tokenizer or "-",
            "convert_hf_to_gguf.py",
            *arguments,
        ],
        env=_offline_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if log is not None:
        log.write_text(run.stdout)
    if run.returncode != 0 or not making.is_file():
        making.unlink(missing_ok=True)
        last = next((line for line in reversed(run.stdout.splitlines()) if line.strip()), "no output")
        raise TrainingError(f"The GGUF converter failed: {last.strip()}", "See the release's convert.log.")
    making.replace(out)


def has_quantizer() -> bool:
    """True when the compiled llama-cpp-python is installed."""
    return importlib.util.find_spec("llama_cpp") is not None


def quantize(
    source: Path, out: Path, kind: Quantization, *, threads: int = 0, importance: Path | None = None
) -> tuple[str, ...]:
    """Quantizes a 16-bit GGUF with llama.cpp, in a process of its own.

    Args:
        importance: matrix that `trainer.importance` gathered.

    Returns:
        What to know of the result: how many tensors a K-quant does not fit and which type they got instead.

    Raises:
        MissingPart: llama-cpp-python is not compiled here.
        TrainingError: llama.cpp refused.
    """
    if not has_quantizer():
        raise MissingPart(
            "llama-cpp-python is not installed, so only Q8_0, F16 and BF16 can be made.",
            "Run `make install`.",
        )
    making = out.with_suffix(".making")
    arguments = [str(source), str(making), kind, str(threads), str(importance) if importance else "-"]
    script = Path(__file__).with_name("quantize_entry.py")
    run = subprocess.run(
        [sys.executable, str(script), *arguments],
        env=_offline_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if run.returncode != 0 or not making.is_file():
        making.unlink(missing_ok=True)
        raise TrainingError(f"llama.cpp could not quantize to {kind}.", "Choose q8_0.")
    making.replace(out)
    other = Counter(re.findall(r"falling back to\s+(\w+)", run.stdout))
    return tuple(
        f"{count} tensors are no multiple of 256 wide and are {name}." for name, count in other.items()
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m trainer.llamacpp --fetch [--sdist FILE] [--folder FOLDER]``"""
    parser = argparse.ArgumentParser(description="Fetch or check the pinned GGUF converter.")
    parser.add_argument("--fetch", action="store_true", help="fetch it with pip where it is missing")
    parser.add_argument(
        "--sdist", type=Path, help="take it from this source distribution instead of the index"
    )
    parser.add_argument("--folder", type=Path, help="where it is kept (default: inside the environment)")
    options = parser.parse_args(arguments)
    try:
        found = fetch(options.folder, options.sdist) if options.fetch else locate_converter(options.folder)
    except MissingPart as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(f"GGUF converter {found.version} at {found.folder}")
    return 0


def _download(work: Path) -> Path:
    # Without the build variables: pip only prepares metadata here, nothing is compiled.
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "llama-cpp-python"]
    run = subprocess.run([*command, "-d", str(work), REQUIREMENT], check=False)
    archive = next(work.glob("*.tar.gz"), None)
    if run.returncode != 0 or archive is None:
        raise MissingPart(
            f"{REQUIREMENT} could not be downloaded.", "Check the network and run `make install` again."
        )
    return archive


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as tar:
        for member in tar:
            _, _, inside = member.name.partition(_INSIDE)
            if member.isfile() and inside.startswith(_WANTED) and member.name.count(_INSIDE) == 1:
                target = folder / inside
                target.parent.mkdir(parents=True, exist_ok=True)
                content = tar.extractfile(member)
                assert content is not None
                target.write_bytes(content.read())


def _offline_environment() -> dict[str, str]:
    kept = {
        key: os.environ[key]
        for key in ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")
        if key in os.environ
    }
    return kept | {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1"}


if __name__ == "__main__":
    raise SystemExit(main())
