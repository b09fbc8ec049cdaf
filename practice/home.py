"""The practice's home on disk: where each thing lies, and on which folders it may not lie.

Private to its owner (0700). It refuses network file systems and folders that a cloud client copies
away, since the store needs real locks and the practice did not mean to publish it.
"""

import fcntl
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from clinical.errors import HomeError, HomeLocked

NETWORK_TYPES = frozenset(
    {"9p", "afs", "afpfs", "beegfs", "ceph", "cifs", "coda", "davfs", "drvfs", "glusterfs", "gpfs", "lustre"}
    | {
        "ncpfs",
        "nfs",
        "nfs3",
        "nfs4",
        "ocfs2",
        "orangefs",
        "prl_fs",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "vboxsf",
    }
    | {"virtiofs", "vmhgfs", "webdav"}
)
# Any other file system in user space is taken for a remote one: sshfs, rclone, s3fs, a drive of some cloud.
LOCAL_FUSE_TYPES = frozenset(
    {"bindfs", "cryfs", "encfs", "exfat", "fuse-overlayfs", "gocryptfs", "mergerfs", "ntfs-3g", "veracrypt"}
)
SYNCED_NAMES = (
    "dropbox",
    "onedrive",
    "icloud",
    "icloud drive",
    "mobile documents",
    "com~apple~clouddocs",
    "google drive",
    "googledrive",
    "my drive",
    "nextcloud",
    "owncloud",
    "pcloud",
    "pclouddrive",
    "syncthing",
    "box sync",
    "creative cloud files",
)
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of the mount table."""

    point: Path
    kind: str


def read_mounts(table: Path = Path("/proc/mounts")) -> tuple[Mount, ...]:
    """The mount table, or nothing where the system has none at that place."""
    try:
        lines = table.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ()
    mounts = []
    for line in lines:
        fields = line.split(" ")
        if len(fields) >= 3:
            point = fields[1]
            for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
                point = point.replace(code, char)
            mounts.append(Mount(Path(point), fields[2]))
    return tuple(mounts)


def why_unfit(path: Path, mounts: tuple[Mount, ...]) -> str | None:
    """Why a home may not lie at ``path``; None if it may. Pure: ``path`` is absolute and resolved.

    What the machine itself runs from ("/") is always allowed: there is nothing more local to choose.
    """
    for part in path.parts:
        name = part.casefold()
        for synced in SYNCED_NAMES:
            if name == synced or name.startswith((synced + " -", synced + "-", synced + " (")):
                return f"it lies in a folder that is copied to a cloud service ({synced})"
    best: Mount | None = None
    for mount in mounts:
        deeper = best is None or len(mount.point.parts) >= len(best.point.parts)
        if path.is_relative_to(mount.point) and deeper:
            best = mount
    if best is not None and best.point != Path("/") and _is_network(best.kind.casefold()):
        return f"it lies on a network file system ({best.kind})"
    return None


def _is_network(kind: str) -> bool:
    return kind in NETWORK_TYPES or (kind.startswith("fuse.") and kind[5:] not in LOCAL_FUSE_TYPES)


def sync_folder(folder: Path) -> None:
    """Make a folder's entries durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace ``path`` by ``content``, durable, never seen half written."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@dataclass(frozen=True, slots=True)
class Home:
    """A practice home. ``id`` is random and names the practice's key outside the home."""

    root: Path
    id: str

    FOLDERS = ("inbox", "quarantine", "originals", "releases", "datasets", "runs", "logs", "run", "tmp")

    @staticmethod
    def create(root: Path) -> "Home":
        """Make a new home.

        Raises:
            HomeError: on a network or synced folder, or where a home already is.
        """
        root = _fit(root)
        if (root / "home.json").exists():
            raise HomeError("There is a practice home here already.", "Use it, or name another folder.")
        if root.exists() and any(root.iterdir()):
            raise HomeError("The folder for the practice home is not empty.", "Name a new folder.")
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        root.chmod(0o700)
        home = Home(root, secrets.token_hex(8))
        home._make_folders()
        content = json.dumps({"format": FORMAT, "id": home.id})
        write_atomically(root / "home.json", content.encode())
        return home

    @staticmethod
    def open(root: Path) -> "Home":
        """Open an existing home; wipes temporary files that dead processes left.

        Raises:
            HomeError: where none is, it is of a newer version, or its folder may not be used.
        """
        root = _fit(root)
        try:
            about = json.loads((root / "home.json").read_text("utf-8"))
            home = Home(root, str(about["id"]))
            newer = int(about["format"]) > FORMAT
        except FileNotFoundError:
            raise HomeError("There is no practice home here.", "Run `resident init` first.") from None
        except (OSError, ValueError, KeyError, TypeError):
            raise HomeError(
                "The practice home's home.json cannot be read.", "Restore it from a backup of the home."
            ) from None
        if newer:
            raise HomeError(
                "This practice home was made by a newer version of Resident.", "Update Resident to use it."
            )
        home._make_folders()
        home.wipe_tmp()
        return home

    @property
    def inbox(self) -> Path:
        """The watched folder, unless the settings name another."""
        return self.root / "inbox"

    @property
    def quarantine(self) -> Path:
        """One small note for each file that could not be read: opaque id and reason, no content."""
        return self.root / "quarantine"

    @property
    def originals(self) -> Path:
        """Sealed originals."""
        return self.root / "originals"

    @property
    def releases(self) -> Path:
        """Models, each in a folder of its own."""
        return self.root / "releases"

    @property
    def datasets(self) -> Path:
        """Frozen lists of what trained."""
        return self.root / "datasets"

    @property
    def runs(self) -> Path:
        """Training runs: checkpoints and their curves."""
        return self.root / "runs"

    @property
    def logs(self) -> Path:
        """Logs and the audit trail: ids only."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Locks and sockets of running services."""
        return self.root / "run"

    @property
    def tmp(self) -> Path:
        """Temporary files."""
        return self.root / "tmp"

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.root / "config.toml"

    @property
    def database(self) -> Path:
        """The encrypted store."""
        return self.root / "store.db"

    def _make_folders(self) -> None:
        for name in self.FOLDERS:
            (self.root / name).mkdir(mode=0o700, exist_ok=True)

    @contextmanager
    def private_tmp(self) -> Iterator[Path]:
        """A temporary folder of this process (0700), removed at the end; if killed, at the next start."""
        folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=self.tmp))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def wipe_tmp(self, *, strays: bool = False) -> None:
        """Remove temporary files whose process is gone; with ``strays`` also those of no process."""
        for entry in self.tmp.iterdir():
            owner = entry.name.split("-", 1)[0]
            if psutil.pid_exists(int(owner)) if owner.isdigit() else not strays:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the home as its one running service; commands beside it need no lock.

        Raises:
            HomeLocked: another `resident up` runs on this home.
        """
        with (self.run / "service.lock").open("a+") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                stream.seek(0)
                pid = stream.read().strip()
                raise HomeLocked(
                    f"Another Resident (process {pid or 'unknown'}) is running on this home.",
                    "Stop it first, or use it as it is.",
                ) from None
            stream.truncate(0)
            stream.write(str(os.getpid()))
            stream.flush()
            self.wipe_tmp(strays=True)
            try:
                yield
            finally:
                with suppress(OSError):
                    stream.truncate(0)


def _fit(root: Path) -> Path:
    root = root.expanduser().resolve()
    reason = why_unfit(root, read_mounts())
    if reason is not None:
        raise HomeError(
            f"The practice home cannot be used: {reason}.",
            "Choose a folder on a local disk that no cloud service copies.",
        )
    return root
