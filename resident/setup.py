"""``resident init``, and how every command opens a practice home."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from practice.home import Home, write_atomically
from practice.keys import Keys, key_path, recover
from practice.settings import Physician, Settings, load_settings, write_default
from practice.store import Store


@dataclass(frozen=True, slots=True)
class Practice:
    """An opened practice home."""

    home: Home
    keys: Keys = field(repr=False)
    settings: Settings = field(repr=False)
    store: Store = field(repr=False)


@contextmanager
def open_practice(path: Path) -> Iterator[Practice]:
    """The practice at ``path``: home, key, settings and the open store.

    Raises:
        HomeError, KeyMissing, SettingsError: each with what to do.
    """
    home = Home.open(path)
    settings = load_settings(home.root)
    keys = Keys.load(home, key_file(home))
    store = Store.open(home, keys)
    try:
        yield Practice(home, keys, settings, store)
    finally:
        store.close()


def key_file(home: Home) -> Path | None:
    """Where this home's key lies, if ``init --key`` put it elsewhere than the default."""
    pointer = home.root / "key.path"
    return Path(pointer.read_text("utf-8").strip()) if pointer.exists() else None


def make_practice(
    path: Path, base: str, physicians: tuple[Physician, ...] = (), key: Path | None = None
) -> Home:
    """A new practice home with its key outside of it and a commented config.toml."""
    home = Home.create(path)
    if key is not None:
        write_atomically(home.root / "key.path", f"{key.expanduser().resolve()}\n".encode())
    Keys.create(home, key)
    config = write_default(home.root, base)
    if physicians:
        blocks = "".join(
            f'\n[[physicians]]\nname = "{p.name}"\naliases = {list(p.aliases)!r}\n' for p in physicians
        )
        write_atomically(config, (config.read_text("utf-8") + blocks.replace("'", '"')).encode())
    load_settings(home.root)
    return home


def init(options: Namespace) -> int:
    """Makes the home, shows the recovery key once and says what to do next."""
    home = make_practice(
        options.practice_home, options.base, tuple(Physician(name) for name in options.physician), options.key
    )
    keys = Keys.load(home, key_file(home))
    print(f"practice home   {home.root}")
    print(f"watched folder  {load_settings(home.root).inbox}")
    print(f"key             {options.key or key_path(home)} (not inside the home: back it up apart from it)")
    print("\nRecovery key, shown only now: write it on paper. Without key and paper nothing can be read.\n")
    print(f"    {keys.recovery_code()}\n")
    if not options.physician:
        print(f"Next: name the physicians who sign in {home.config}, then run 'resident up'.")
    else:
        print("Next: run 'resident up' and drop a signed report into the watched folder.")
    if options.base == "embedded":
        print("The embedded base model is a demonstration, not for clinical use: see 'resident models'.")
    return 0


def restore_key(options: Namespace) -> int:
    """``resident recover``: writes the key file again from the recovery key typed on standard input."""
    home = Home.open(options.practice_home)
    print("Type the recovery key:", file=sys.stderr)
    keys = recover(sys.stdin.readline())
    keys.check(home)
    print(f"key restored to {keys.write(home, key_file(home))}")
    return 0
