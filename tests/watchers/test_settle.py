"""When a file may be read, and when the night is due."""

from datetime import datetime
from pathlib import Path

from watchers.schedule import due, next_run
from watchers.settle import Settler

FILE = Path("a.txt")


def test_a_growing_file_does_not_settle() -> None:
    settler = Settler(quiet=1.0)
    assert not any(settler.look(FILE, size, size, 1, float(size)) for size in range(20))


def test_a_still_file_settles_after_two_looks_and_the_quiet_time() -> None:
    settler = Settler(quiet=1.0)
    assert not settler.look(FILE, 5, 1, 1, 0.0)
    assert not settler.look(FILE, 5, 1, 1, 0.5)
    assert settler.look(FILE, 5, 1, 1, 1.0)


def test_a_replaced_file_starts_anew() -> None:
    settler = Settler(quiet=1.0)
    settler.look(FILE, 5, 1, 1, 0.0)
    assert not settler.look(FILE, 5, 1, 2, 5.0)
    assert settler.look(FILE, 5, 1, 2, 6.0)
    settler.forget(FILE)
    assert settler.waiting() == ()


def test_the_night_is_due_once_a_day_and_catches_up() -> None:
    noon = datetime(2026, 3, 4, 12, 0)
    assert next_run(noon, "02:00") == datetime(2026, 3, 5, 2, 0)
    assert due(None, noon, "02:00")
    assert not due(datetime(2026, 3, 4, 2, 5), noon, "02:00")
    assert due(datetime(2026, 3, 2, 2, 5), noon, "02:00")
    assert not due(datetime(2026, 3, 4, 13, 0), noon, "02:00")
    assert not due(None, noon, "")
