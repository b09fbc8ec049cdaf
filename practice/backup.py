"""Backups of the practice home, without the key: export, check, restore.

What is copied is as encrypted as the home is, except for models, which count as patient data and are in plain
files: keep a backup as safe as the home. Without key or recovery code nothing in it can be read.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clinical.errors import HomeError, NotFound, Refused
from practice.database import Database
from practice.home import FORMAT, Home, sync_folder, write_atomically
from practice.keys import Keys
from practice.originals import Originals, Sealed
from practice.store import Store

MANIFEST = "backup.json"
_SMALL = ("home.json", "key.json", "config.toml")


@dataclass(frozen=True, slots=True)
class BackupCheck:
    """What a check of a backup found."""

    files: int
    reports: int
    originals: int
    faults: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether everything is there and opens."""
        return not self.faults


def export(store: Store, target: Path, *, releases: bool = True) -> int:
    """Copy a home, while it is in use, into an empty folder; how many files.

    Raises:
        Refused: the folder is not empty, or lies inside the home.
        HomeError: the disk is full or failing.
    """
    target = target.expanduser().resolve()
    if target.is_relative_to(store.home.root):
        raise Refused("A backup may not lie inside the home.", "Name a folder elsewhere.")
    if target.exists() and any(target.iterdir()):
        raise Refused("The folder for the backup is not empty.", "Name a new folder.")
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in _SMALL:
            if (store.home.root / name).exists():
                shutil.copyfile(store.home.root / name, target / name)
        with store.originals.writing():  # no sweep between the database and its originals
            store.database.copy_to(target / "store.db", store.keys.database)
            folders = ["originals", "logs", *(["releases"] if releases else [])]
            for folder in folders:
                shutil.copytree(store.home.root / folder, target / folder, ignore_dangling_symlinks=True)
        hashes = {str(path.relative_to(target)): _hash(path) for path in _files(target)}
        write_atomically(target / MANIFEST, json.dumps({"format": FORMAT, "sha256": hashes}).encode())
        sync_folder(target)
    except OSError:
        raise HomeError(
            "The backup could not be written.", "Make room, and start with a new folder."
        ) from None
    return len(hashes)


def check(source: Path, keys: Keys) -> BackupCheck:
    """Prove that a backup is whole and opens with the key: every hash, page and original.

    Raises:
        NotFound: this is no backup, or it was not finished.
        KeyMissing: it is the key of another home.
    """
    hashes = _manifest(source)
    faults = [
        f"{name} is missing or changed" for name, value in hashes.items() if _differs(source / name, value)
    ]
    if any(not (source / name).exists() for name in ("home.json", "key.json", "store.db")):
        return BackupCheck(len(hashes), 0, 0, (*faults, "the store or its description is missing"))
    about = json.loads((source / "home.json").read_text("utf-8"))
    keys.check(Home(source, str(about["id"])))
    database = Database(source / "store.db", keys.database, read_only=True)
    try:
        if not database.check():
            faults.append("the store is damaged")
        rows = database.all("SELECT id, sealed_name, sealed_key FROM files")
        counted = database.one("SELECT count(*) AS n FROM reports")
        originals = Originals(source / "originals", keys.originals, source / "originals.lock")
        for row in rows:
            try:
                originals.read(Sealed(row["sealed_name"], row["sealed_key"]))
            except HomeError:
                faults.append(f"the original of {row['id']} does not open")
    finally:
        database.close()
    return BackupCheck(len(hashes), int(counted["n"]) if counted else 0, len(rows), tuple(faults))


def restore(source: Path, root: Path, keys: Keys) -> Home:
    """Make a home from a backup that was checked, at a place where none is.

    Raises:
        HomeError: the backup is damaged, or there is a home already.
    """
    found = check(source, keys)
    if not found.whole:
        raise HomeError("The backup is damaged.", "Use an older one; a check names what is broken.")
    root = root.expanduser().resolve()
    if root.exists() and any(root.iterdir()):
        raise HomeError("There is something at the place of the home already.", "Name an empty folder.")
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in _manifest(source):
        if name == "home.json":
            continue
        (root / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(source / name, root / name)
        (root / name).chmod(0o600)
    write_atomically(root / "home.json", (source / "home.json").read_bytes())  # last: now it is a home
    return Home.open(root)


def _manifest(source: Path) -> dict[str, str]:
    try:
        hashes: dict[str, str] = json.loads((source / MANIFEST).read_text("utf-8"))["sha256"]
    except (OSError, ValueError, KeyError):
        raise NotFound(
            "This is no finished backup.", "Name the folder that was given to the backup."
        ) from None
    return hashes


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != MANIFEST)


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _differs(path: Path, value: str) -> bool:
    try:
        return _hash(path) != value
    except OSError:
        return True
