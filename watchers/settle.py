"""When a file that is being written may be read: size and time stood still twice, a while apart.

Pure: it takes observations and a clock and keeps no files.
"""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was last looked at."""

    size: int
    mtime_ns: int
    inode: int
    since: float
    still: int = 0


@dataclass(slots=True)
class Settler:
    """Tells which files stopped changing.

    Attributes:
        quiet: seconds that a file must stand still; measured on a clock that never goes back.
        looks: how many looks in a row must agree.
    """

    quiet: float = 1.0
    looks: int = 2
    _seen: dict[Path, Seen] = field(default_factory=dict, repr=False)

    def look(self, path: Path, size: int, mtime_ns: int, inode: int, now: float) -> bool:
        """Note what the file looks like now; True once it has settled."""
        before = self._seen.get(path)
        if before is None or (before.size, before.mtime_ns, before.inode) != (size, mtime_ns, inode):
            self._seen[path] = Seen(size, mtime_ns, inode, now)
            return False
        after = Seen(size, mtime_ns, inode, before.since, before.still + 1)
        self._seen[path] = after
        return after.still + 1 >= self.looks and now - after.since >= self.quiet

    def forget(self, path: Path) -> None:
        """The file is gone or taken."""
        self._seen.pop(path, None)

    def waiting(self) -> tuple[Path, ...]:
        """Files that were seen and have not settled or been forgotten."""
        return tuple(self._seen)
