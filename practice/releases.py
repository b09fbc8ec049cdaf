"""Releases: each model that was trained, in a folder of its own, and which of them answers.

A release is whole when its manifest is there, which is written last. ``current.json`` names the one that
answers and those before it; it is replaced atomically. Files are checked against their hashes when loaded.
"""

import dataclasses
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clinical.errors import HomeError, NotFound, Refused
from practice.home import Home, sync_folder, write_atomically

MANIFEST = "manifest.json"
HISTORY = 50
FORM = "rating-{}.html"
"""Name of a rating form in a release's folder, by the form's id."""


@dataclass(frozen=True, slots=True)
class Earned:
    """A task that the model may answer; for one report type, or for all (None)."""

    tool: str
    report_type: str | None = None


@dataclass(frozen=True, slots=True)
class Lineage:
    """All that went into a release: ids of reports and feedback, and the settings."""

    reports: tuple[str, ...] = ()
    feedback: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Release:
    """A published release.

    Attributes:
        gguf: path of the model file; sha256: its hash.
        files: hashes of the other files of the release (adapter, model card), by relative path.
        scores: what was measured, as the gate saw it; decision: what the gate said of it.
        held: why it may not answer; None if it may.
        forgotten: ids of reports in its lineage that were forgotten since: a reason to retire it.
    """

    id: str
    base: str
    created_at: str
    gguf: Path
    sha256: str
    quantization: str
    scores: Mapping[str, Any]
    earned: tuple[Earned, ...]
    lineage: Lineage = field(repr=False)
    prompt_hash: str
    decision: Mapping[str, Any]
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    held: str | None = None
    forgotten: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The folder of the release."""
        return self.gguf.parent

    def answers(self, tool: str, report_type: str | None = None) -> bool:
        """Whether the model earned this task."""
        return any(
            earned.tool == tool and earned.report_type in (None, report_type) for earned in self.earned
        )


class Releases:
    """The releases of a home."""

    def __init__(self, home: Home) -> None:
        self._folder = home.releases

    def create_dir(self) -> Path:
        """A new folder for a release in the making; its name is the release's id."""
        folder = self._folder / f"m-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        folder.mkdir(mode=0o700)
        return folder

    def publish(
        self,
        folder: Path,
        *,
        gguf: str,
        base: str,
        quantization: str,
        scores: Mapping[str, Any],
        earned: Sequence[Earned] = (),
        lineage: Lineage,
        prompt_hash: str,
        decision: Mapping[str, Any],
        files: Iterable[str] = (),
        held: str | None = None,
    ) -> Release:
        """Make a folder from ``create_dir`` a release: hash its files, make them durable, manifest last.

        Args:
            gguf: name of the model file in the folder; files: relative paths of others that belong to it.
            held: why it may not answer, if the gate held it.

        Raises:
            HomeError: a file is missing or the disk is full.
        """
        if (folder / MANIFEST).exists() or folder.parent != self._folder:
            raise Refused("This is not the folder of a new release.", "Make one with create_dir.")
        try:
            hashes = {name: _hash(folder / name, durable=True) for name in [gguf, *files]}
            manifest = {
                "id": folder.name,
                "base": base,
                "created_at": datetime.now(UTC).isoformat(timespec="microseconds"),
                "gguf": gguf,
                "sha256": hashes[gguf],
                "quantization": quantization,
                "scores": dict(scores),
                "earned": [dataclasses.asdict(part) for part in earned],
                "lineage": dataclasses.asdict(lineage),
                "prompt_hash": prompt_hash,
                "decision": dict(decision),
                "files": {name: value for name, value in hashes.items() if name != gguf},
            }
            if held is not None:
                _write_json(folder / "held.json", {"reason": held})
            _write_json(folder / MANIFEST, manifest)
            sync_folder(self._folder)
        except OSError:
            raise HomeError(
                "The release could not be written: a file is missing or the disk is full.",
                "The release that answers is untouched.",
            ) from None
        return self.get(folder.name)

    def get(self, release_id: str) -> Release:
        """One release, without reading its files.

        Raises:
            NotFound: there is no such release.
        """
        if Path(release_id).name != release_id:
            raise NotFound("There is no such release.", "`resident releases` lists them.")
        folder = self._folder / release_id
        manifest = _read_json(folder / MANIFEST)
        if manifest is None:
            raise NotFound("There is no such release.", "`resident releases` lists them.")
        lineage = manifest["lineage"]
        held = _read_json(folder / "held.json")
        forgotten = _read_json(folder / "forgotten.json") or {}
        return Release(
            id=manifest["id"],
            base=manifest["base"],
            created_at=manifest["created_at"],
            gguf=folder / manifest["gguf"],
            sha256=manifest["sha256"],
            quantization=manifest["quantization"],
            scores=manifest["scores"],
            earned=tuple(Earned(**part) for part in manifest["earned"]),
            lineage=Lineage(tuple(lineage["reports"]), tuple(lineage["feedback"]), lineage["settings"]),
            prompt_hash=manifest["prompt_hash"],
            decision=manifest["decision"],
            files=manifest["files"],
            held=held["reason"] if held else None,
            forgotten=tuple(forgotten.get("reports", ())),
        )

    def load(self, release_id: str) -> Release:
        """One release whose files were checked against their hashes.

        Raises:
            HomeError: a file is missing or was changed.
        """
        release = self.get(release_id)
        expected = {release.gguf.name: release.sha256, **release.files}
        for name, value in expected.items():
            try:
                same = _hash(release.folder / name) == value
            except OSError:
                same = False
            if not same:
                raise HomeError(
                    f"A file of release {release_id} is missing or was changed.",
                    "Promote another release, or restore this one from a backup.",
                )
        return release

    def list(self) -> tuple[Release, ...]:
        """Every whole release, oldest first."""
        found = [self.get(entry.parent.name) for entry in self._folder.glob(f"*/{MANIFEST}")]
        return tuple(sorted(found, key=lambda release: (release.created_at, release.id)))

    def current(self) -> Release | None:
        """The release that answers; None while none was promoted."""
        history = self.history()
        return self.get(history[-1]) if history else None

    def history(self) -> tuple[str, ...]:
        """Ids of the releases that answered, the current one last."""
        pointer = _read_json(self._folder / "current.json")
        return tuple(pointer["history"]) if pointer else ()

    def promote(self, release_id: str) -> Release:
        """Let a release answer from now on.

        Raises:
            Refused: it is held, or trained on a report that was forgotten.
            HomeError: a file of it is missing or was changed.
        """
        release = self.load(release_id)
        if release.held is not None:
            raise Refused(f"Release {release_id} is held: {release.held}.", "Release the hold first.")
        if release.forgotten:
            raise Refused(f"Release {release_id} trained on a forgotten report.", "Train a new one.")
        history = self.history()
        if not history or history[-1] != release_id:
            self._point((*history, release_id))
        return release

    def rollback(self) -> Release:
        """Let the release before the current one answer again.

        Raises:
            Refused: there is none before that may answer.
        """
        history = list(self.history())
        while len(history) > 1:
            history.pop()
            try:
                release = self.load(history[-1])
            except (NotFound, HomeError):
                continue
            if release.held is None and not release.forgotten:
                self._point(tuple(history))
                return release
        raise Refused(
            "There is no earlier release to go back to.", "`resident releases` lists what there is."
        )

    def withdraw(self) -> None:
        """Let no release answer: every task is answered in extract mode."""
        self._point(())

    def hold(self, release_id: str, reason: str) -> Release:
        """Keep a release from answering; if it answers now, ``rollback`` or ``withdraw`` as well."""
        release = self.get(release_id)
        _write_json(release.folder / "held.json", {"reason": reason})
        return self.get(release_id)

    def unhold(self, release_id: str) -> Release:
        """Lift the hold of a release."""
        release = self.get(release_id)
        (release.folder / "held.json").unlink(missing_ok=True)
        return self.get(release_id)

    def with_report(self, report_id: str) -> tuple[str, ...]:
        """Ids of the releases that a report helped to train."""
        return tuple(release.id for release in self.list() if report_id in release.lineage.reports)

    def mark_forgotten(self, report_ids: Sequence[str]) -> tuple[str, ...]:
        """Mark every release that trained on one of these reports; their ids. Rating forms hold texts and go."""
        for form in self._folder.glob(f"*/{FORM.format('*')}"):
            form.unlink(missing_ok=True)
        marked = []
        for release in self.list():
            found = set(report_ids) & set(release.lineage.reports)
            if found:
                every = sorted(found | set(release.forgotten))
                _write_json(release.folder / "forgotten.json", {"reports": every})
                marked.append(release.id)
        return tuple(marked)

    def prune(self, keep: int) -> tuple[str, ...]:
        """Remove old releases beyond the last ``keep``, never the current one nor the one before it."""
        safe = set(self.history()[-2:])
        names = [release.id for release in self.list()]
        gone = [name for name in names[: max(0, len(names) - keep)] if name not in safe]
        for name in gone:
            self._remove(name)
        return tuple(gone)

    def retire(self, release_id: str) -> None:
        """Remove a release for good, as after forgetting a report that trained it.

        Raises:
            Refused: it answers now.
        """
        self.get(release_id)
        if self.history()[-1:] == (release_id,):
            raise Refused("This release answers now.", "Promote or roll back to another first.")
        self._remove(release_id)

    def sweep(self) -> int:
        """Remove folders of releases that never became whole. Only while nothing is being trained."""
        broken = [
            entry for entry in self._folder.iterdir() if entry.is_dir() and not (entry / MANIFEST).exists()
        ]
        for entry in broken:
            shutil.rmtree(entry)
        return len(broken)

    def _remove(self, release_id: str) -> None:
        (self._folder / release_id / MANIFEST).unlink()  # first: without it the release is not whole
        sync_folder(self._folder / release_id)
        shutil.rmtree(self._folder / release_id)

    def _point(self, history: tuple[str, ...]) -> None:
        _write_json(self._folder / "current.json", {"history": history[-HISTORY:]})


def _hash(path: Path, durable: bool = False) -> str:
    digest = hashlib.sha256()
    with path.open("rb+" if durable else "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
        if durable:
            os.fsync(stream.fileno())
    return digest.hexdigest()


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    write_atomically(path, json.dumps(value, indent=1, sort_keys=True).encode())


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise HomeError(f"{path.name} of a release cannot be read.", "Restore it from a backup.") from None
