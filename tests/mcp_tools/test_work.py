"""Long work: waits, owners, age, limits."""

import threading

import pytest

from clinical.errors import NotFound, Refused
from mcp_tools.work import KEEP_SECONDS, MAX_WAITING, Work


def test_work_is_done_and_given_to_its_owner_only(work: Work) -> None:
    job = work.start("t-1", "summarize", lambda: 7)
    assert job.wait(5)
    assert work.get(job.id, "t-1").result() == 7
    with pytest.raises(NotFound):
        work.get(job.id, "t-2")


def test_old_work_is_forgotten() -> None:
    now = [0.0]
    work = Work(clock=lambda: now[0])
    job = work.start("t-1", "ask", lambda: 1)
    now[0] = KEEP_SECONDS + 1
    with pytest.raises(NotFound):
        work.get(job.id, "t-1")
    work.close()


def test_too_much_waiting_work_is_refused() -> None:
    work = Work(workers=1)
    go = threading.Event()
    for _ in range(MAX_WAITING):
        work.start("t-1", "ask", lambda: go.wait(10))
    with pytest.raises(Refused, match="Too many"):
        work.start("t-1", "ask", lambda: True)
    go.set()
    work.close()


def test_dropped_work_that_waits_is_not_begun() -> None:
    work = Work(workers=1)
    go, ran = threading.Event(), []
    first = work.start("t-1", "ask", lambda: go.wait(10))
    second = work.start("t-1", "ask", lambda: ran.append(1))
    work.drop(second.id)
    go.set()
    assert first.wait(5)
    work.close()
    assert ran == []
