"""``resident backup`` and ``resident audit``: keeping what there is, and knowing that it is whole."""

import sys
from argparse import Namespace

from practice import backup as backups
from practice.audit import Audit
from practice.keys import Keys, key_path, recover
from resident.setup import open_practice


def backup(options: Namespace) -> int:
    """Makes, checks or restores a backup. The key is never in it: keep it apart."""
    if options.action == "make":
        with open_practice(options.practice_home) as practice:
            count = backups.export(practice.store, options.folder)
        print(f"{count} files in {options.folder}; the key is not among them")
        return 0
    if options.action == "restore":
        keys = asked_for_keys()
        home = backups.restore(options.folder, options.practice_home, keys)
        if not key_path(home).exists():
            keys.write(home)
        print(f"restored to {options.practice_home}")
        return 0
    found = backups.check(options.folder, asked_for_keys())
    print("the backup is whole" if found.whole else f"the backup is not whole: {'; '.join(found.faults)}")
    return 0 if found.whole else 1


def asked_for_keys() -> Keys:
    """The practice's keys from the recovery key: a backup must open when the machine is gone."""
    print("Type the recovery key:", file=sys.stderr)
    return recover(sys.stdin.readline())


def audit(options: Namespace) -> int:
    """Says whether a line of the audit trail was changed, removed or put in."""
    with open_practice(options.practice_home) as practice:
        trail = Audit.open(practice.home, practice.keys)
        found = trail.verify()
        head = trail.head()
    print("the audit trail is whole" if found.whole else f"the audit trail was tampered with: {found}")
    print(f"head {head} (note it elsewhere: an old copy of the whole trail would not be noticed)")
    return 0 if found.whole else 1
