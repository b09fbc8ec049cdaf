"""One walk through the whole loop with made-up identifiers, then a search of every byte that it wrote.

Nothing of them may be anywhere but in the sealed store: not in logs, exports, training files, TensorBoard,
checkpoints, releases, tool results or temporary files; also after the loop was killed in its middle.
"""

import gzip
import os
import re
import resource
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
import torch
from fpdf import FPDF
from transformers import LlamaConfig, LlamaForCausalLM

from mcp_tools.session import Call, call_over_stdio
from practice.releases import Releases
from practice.settings import Physician
from practice.tokens import Tokens
from resident.setup import make_practice, open_practice
from synthetic.practice import simulate
from trainer.basemodel import embedded_base, load_tokenizer

CANARIES = ("Zephyrine", "Quackenbosh", "88417-KX", "0417763390", "Thistlewick", "zq.quackenbosh")
ROOT = Path(__file__).parents[2]
PHYSICIAN = "Ingrid Thistlewick-Marsh, MD"


def reports(count: int) -> list[str]:
    """Simulated reports, each of another patient with canary identifiers in its header and its prose."""
    made = []
    for simulated in simulate(5, count * 3):
        if not simulated.truth.sections or simulated.prior is not None:
            continue
        number = len(made)
        body = simulated.text[simulated.truth.sections[0].start : simulated.truth.sections[-1].end]
        day = f"2026-0{1 + number % 9}-1{number % 10}"
        made.append(
            f"""Thistlewick Imaging Center
Patient: Zephyrine Quackenbosh   MRN: 88417-KX{number}   DOB: 04/17/19{30 + number}
Phone: (041) 776-3390   Email: zq.quackenbosh@example.org
Date: {day}

{body}

Ms. Quackenbosh was told of this by phone.

Electronically signed by: {PHYSICIAN} on {day} 14:22
"""
        )
        if len(made) == count:
            break
    return made


def pdf(text: str) -> bytes:
    document = FPDF()
    document.set_title("Zephyrine Quackenbosh 88417-KX")
    document.set_author("Ingrid Thistlewick-Marsh")
    document.add_page()
    document.set_font("Courier", size=9)
    document.multi_cell(0, 4, text)
    return bytes(document.output())


def found_in(folder: Path) -> list[str]:
    """Files below a folder whose name or bytes, packed or plain, hold a canary."""
    hits = []
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        content = b"" if path.is_dir() else path.read_bytes()
        if name == "config.toml":
            content = content.replace(PHYSICIAN.encode(), b"")  # the practice wrote it there itself
        for packed in (b"\x1f\x8b", b"x\x9c"):
            if content.startswith(packed):
                content += gzip.decompress(content) if packed[0] == 0x1F else zlib.decompress(content)
        for canary in CANARIES:
            every = (canary, canary.lower(), canary.upper())
            if any(c in name or c.encode() in content or c.encode("utf-16-le") in content for c in every):
                hits.append(f"{canary[:2]}… in {name}")
    return hits


def tiny_base(folder: Path) -> Path:
    """A Llama with random weights and the embedded base's tokenizer: small, and convertible as it is."""
    embedded = embedded_base(folder.parent / "cache")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=49152,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    load_tokenizer(embedded).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("canary")
    base = tiny_base(folder / "base")
    made = make_practice(folder / "home", str(base), (Physician(PHYSICIAN),), folder / "key")
    text = made.config.read_text("utf-8")
    for name, value in (("epochs", "1.0"), ("rank", "4"), ("max_length", "4096")):
        text = re.sub(rf"(?m)^#? ?{name} = .*$", f"{name} = {value}", text)
    made.config.write_text(text, "utf-8")
    return made.root


def resident(
    home: Path, *arguments: str, largest_file: int = resource.RLIM_INFINITY
) -> subprocess.Popen[str]:
    tmp = home.parent / "tmp"
    tmp.mkdir(exist_ok=True)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))

    return subprocess.Popen(
        [sys.executable, "-m", "resident", "--home", str(home), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp)},
        preexec_fn=limit,
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_identifier_leaves_the_sealed_store(home: Path) -> None:
    drops = home.parent / "drops"
    drops.mkdir()
    for number, text in enumerate(reports(80)):
        name = f"Quackenbosh Zephyrine {number}"
        if number % 6 == 0:
            (drops / f"{name}.pdf").write_bytes(pdf(text))
        else:
            (drops / f"{name}.txt").write_text(text, "utf-8")
    (drops / "88417-KX broken.pdf").write_bytes(b"%PDF-1.7 Zephyrine Quackenbosh")
    taking = resident(home, "add", str(drops))
    told, _ = taking.communicate(timeout=300)
    assert taking.returncode == 1, told  # the broken one was quarantined

    killed = resident(home, "retrain", "--now")
    deadline = time.monotonic() + 240
    while not list((home / "runs").glob("*")) and time.monotonic() < deadline and killed.poll() is None:
        time.sleep(0.2)
    time.sleep(3)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert found_in(home) == []

    whole = resident(home, "retrain", "--now")
    said, _ = whole.communicate(timeout=600)
    assert whole.returncode == 0, said
    assert not any(canary in said for canary in CANARIES)

    with open_practice(home) as practice:
        rows = practice.store.reports()
        secret = Tokens(practice.store).create("editor").secret
    up = resident(home, "up")
    assert up.stdout is not None
    for line in up.stdout:
        if line.startswith("stop with"):
            break
    try:
        session = call_over_stdio(
            sys.executable,
            ["-m", "resident", "--home", str(home), "mcp"],
            {"RESIDENT_TOKEN": secret, "PYTHONPATH": str(ROOT)},
            [
                Call("list_reports", {"limit": 100}),
                Call("find", {"query": "effusion"}),
                *(Call(t, {"report_id": rows[0].id}) for t in ("summarize", "diagnose", "anomalies")),
                Call("ask", {"report_id": rows[0].id, "question": "Who is the patient? Zephyrine?"}),
            ],
        )
    finally:
        up.send_signal(signal.SIGTERM)
        last, _ = up.communicate(timeout=60)
    given = str([reply.content for reply in session.replies]) + last
    assert not [canary for canary in CANARIES if canary.lower() in given.lower()]
    assert list((home / "releases").glob("*/manifest.json")), (
        "a release was made, so its bytes were searched too"
    )
    assert list((home / "runs").rglob("events.out.tfevents*")), (
        "TensorBoard was written, so it was searched too"
    )
    assert found_in(home) == []
    assert found_in(home.parent / "tmp") == []


def test_the_search_would_find_what_it_looks_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100 + b"QUACKENBOSH")
    (tmp_path / "b").write_bytes(gzip.compress(b"mail zq.quackenbosh@example.org"))
    (tmp_path / "Zephyrine.txt").write_bytes(b"")
    assert len(found_in(tmp_path)) == 4


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_night_on_a_full_disk_or_killed_leaves_the_release_that_answers(home: Path) -> None:
    with open_practice(home) as practice:
        releases = Releases(practice.home)
        answering = releases.list()[-1]
        (answering.folder / "held.json").unlink(missing_ok=True)  # as if it had earned its place
        releases.promote(answering.id)
        before = len(releases.list())
    config = home / "config.toml"
    config.write_text(config.read_text("utf-8").replace("rank = 4", "rank = 8"), "utf-8")

    full = resident(
        home, "retrain", "--now", largest_file=4_000_000
    )  # no file may grow beyond: as on a full disk
    said, _ = full.communicate(timeout=600)
    assert full.returncode not in (0, None) and "Traceback" not in said, said
    assert "the disk is full" in said, said
    still_answers(home, answering.id, before)

    known = set((home / "releases").iterdir())
    killed = resident(home, "retrain", "--now")
    deadline = time.monotonic() + 240
    while not set((home / "releases").iterdir()) - known and time.monotonic() < deadline:
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)  # while the release is in the making
    killed.communicate()
    still_answers(home, answering.id, before)

    whole = resident(home, "retrain", "--now")
    said, _ = whole.communicate(timeout=600)
    assert whole.returncode == 0, said
    with open_practice(home) as practice:
        assert len(Releases(practice.home).list()) == before + 1


def still_answers(home: Path, release: str, count: int) -> None:
    """The release that answered is whole and answers, and no half one stands beside it."""
    with open_practice(home) as practice:
        current = Releases(practice.home).current()
        assert current is not None and current.id == release
        Releases(practice.home).load(release)
        assert len(Releases(practice.home).list()) == count
