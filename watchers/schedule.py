"""When the nightly training is due: pure, on the wall clock, safe against jumps of it."""

from datetime import datetime, time, timedelta


def next_run(after: datetime, at: str) -> datetime | None:
    """The first moment later than ``after`` at local time ``at`` ("02:00"); None where ``at`` is empty.

    Raises:
        ValueError: ``at`` is no time of day.
    """
    if not at.strip():
        return None
    hour, minute = at.strip().split(":")
    due = datetime.combine(after.date(), time(int(hour), int(minute)), tzinfo=after.tzinfo)
    return due if due > after else due + timedelta(days=1)


def due(last_run: datetime | None, now: datetime, at: str) -> bool:
    """Whether a run is owed: the last time of day ``at`` before ``now`` lies after the last run.

    A machine that was off at that time catches up once; a clock set back does not run the night twice.
    """
    following = next_run(now - timedelta(days=1), at)
    if following is None:
        return False
    latest = following if following <= now else following - timedelta(days=1)
    return last_run is None or last_run < latest
