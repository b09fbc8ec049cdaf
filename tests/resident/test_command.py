"""The command itself: homes, errors, exit codes, and what it never prints."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from practice.audit import Audit
from practice.home import Home
from resident import cli, doctor
from resident.cli import COMMANDS, main
from resident.setup import open_practice

ROOT = Path(__file__).parents[2]


def test_init_makes_a_private_home_with_its_key_outside_and_shows_the_recovery_key_once(
    tmp_path: Path, capsys: Any
) -> None:
    home, key = tmp_path / "home", tmp_path / "keys" / "k"
    assert main(["--home", str(home), "init", "--physician", "Anna M. Weber", "--key", str(key)]) == 0
    said = capsys.readouterr().out
    assert re.search(r"(?:[0-9A-Z]{4}-){13}[0-9A-Z]{4}", said)
    assert key.exists() and home.stat().st_mode & 0o077 == 0
    assert main(["--home", str(home), "status"]) == 0
    assert main(["--home", str(home), "init"]) == 3


def test_the_recovery_key_brings_a_lost_key_back(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    home, key = tmp_path / "home", tmp_path / "k"
    main(["--home", str(home), "init", "--key", str(key)])
    match = re.search(r"(?:[0-9A-Z]{4}-){13}[0-9A-Z]{4}", capsys.readouterr().out)
    assert match
    key.unlink()
    assert main(["--home", str(home), "status"]) == 3
    monkeypatch.setattr(sys, "stdin", io.StringIO(match.group().lower() + "\n"))
    assert main(["--home", str(home), "recover"]) == 0
    assert main(["--home", str(home), "status"]) == 0


def test_a_home_that_is_not_there_says_what_to_do(tmp_path: Path, capsys: Any) -> None:
    assert main(["--home", str(tmp_path / "none"), "status"]) == 3
    assert "resident init" in capsys.readouterr().err


def test_an_unexpected_error_tells_its_place_and_never_its_text(capsys: Any, monkeypatch: Any) -> None:
    def broken(name: str) -> object:
        raise ValueError("Maria Gonzalez")

    monkeypatch.setattr(cli.importlib, "import_module", broken)
    assert main(["status"]) == 1
    said = capsys.readouterr().err
    assert "Gonzalez" not in said and "ValueError" in said


def test_every_command_leads_to_a_function_that_exists() -> None:
    import importlib

    for command in COMMANDS:
        module, function = command.target.split(":")
        assert callable(getattr(importlib.import_module(f"resident.{module}"), function)), command.name


def test_doctor_names_a_missing_part_and_its_remedy(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    real = doctor.importlib.util.find_spec
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda n: None if n == "rapidocr" else real(n))
    found = {check.part: check for check in doctor.checks(tmp_path)}
    for part in ("OCR, first reader", "tesseract program"):
        assert found[part].state == "missing" and found[part].remedy.startswith("Run '")
    assert found["store"].state == "ok"


def test_doctor_sees_a_home_that_others_can_enter(tmp_path: Path) -> None:
    main(["--home", str(tmp_path / "home"), "init", "--key", str(tmp_path / "k")])
    Home.open(tmp_path / "home").root.chmod(0o755)
    found = {check.part: check for check in doctor.checks(tmp_path / "home")}
    assert found["practice home"].state == "missing"
    assert found["physicians"].state == "missing"


CUT = """
import socket, sys
real = socket.socket.connect
def connect(self, address):
    if self.family != socket.AF_UNIX and str(address[0]) not in ("127.0.0.1", "::1"):
        print("NETWORK", address, file=sys.stderr)
        raise OSError("the network is cut")
    return real(self, address)
socket.socket.connect = connect
def lookup(host, *a, **k):
    if host not in (None, "127.0.0.1", "localhost", "::1"):
        print("NETWORK", host, file=sys.stderr)
        raise OSError("the network is cut")
    return real_lookup(host, *a, **k)
real_lookup, socket.getaddrinfo = socket.getaddrinfo, lookup
from resident.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("command", ["extract", "deidentify", "structure", "summarize", "doctor", "models"])
def test_no_command_reaches_the_network(tmp_path: Path, command: str) -> None:
    given, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    text = "FINDINGS: Mr. Okafor, seen 3/4/2026, has a cough. IMPRESSION: Bronchitis. okafor@example.org"
    given.write_text(json.dumps({"id": "1", "text": text}) + "\n", encoding="utf-8")
    rows = ["--jsonl", str(given), "--out", str(out), "--workers", "1"]
    arguments = {"extract": [str(given), "--jsonl", str(out)], "doctor": [], "models": []}.get(command, rows)
    run = subprocess.run(
        [sys.executable, "-c", CUT, "--home", str(tmp_path / "home"), command, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=120,
    )
    assert "NETWORK" not in run.stderr
    assert run.returncode == 0 or command == "doctor", run.stderr


def test_a_backup_is_checked_and_restored_with_the_recovery_key_alone(
    tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    home, key, copy = tmp_path / "home", tmp_path / "k", tmp_path / "backup"
    report = tmp_path / "a.txt"
    report.write_text("IMPRESSION: Cardiomegaly.", encoding="utf-8")
    main(["--home", str(home), "init", "--key", str(key)])
    match = re.search(r"(?:[0-9A-Z]{4}-){13}[0-9A-Z]{4}", capsys.readouterr().out)
    assert match
    assert main(["--home", str(home), "add", str(report)]) == 0
    assert main(["--home", str(home), "backup", "make", str(copy)]) == 0
    monkeypatch.setenv("HOME", str(tmp_path / "another"))
    for action in ("check", "restore"):
        monkeypatch.setattr(sys, "stdin", io.StringIO(match.group() + "\n"))
        assert main(["--home", str(tmp_path / "new"), "backup", action, str(copy)]) == 0
    assert main(["--home", str(tmp_path / "new"), "status"]) == 0
    assert re.search(r"reports\s+1", capsys.readouterr().out)
    next(copy.glob("originals/*")).write_bytes(b"changed")
    monkeypatch.setattr(sys, "stdin", io.StringIO(match.group() + "\n"))
    assert main(["--home", str(tmp_path / "new"), "backup", "check", str(copy)]) == 1


def test_the_audit_trail_of_a_home_is_whole_until_it_is_touched(tmp_path: Path) -> None:
    home = tmp_path / "home"
    main(["--home", str(home), "init", "--key", str(tmp_path / "k")])
    with open_practice(home) as practice:
        Audit.open(practice.home, practice.keys).append("tool.summarize", "t-1", {"reports": ["r-1"]})
    assert main(["--home", str(home), "audit"]) == 0
    (trail,) = [path for path in (home / "logs").iterdir() if b"r-1" in path.read_bytes()]
    trail.write_bytes(trail.read_bytes().replace(b"r-1", b"r-2"))
    assert main(["--home", str(home), "audit"]) == 1
