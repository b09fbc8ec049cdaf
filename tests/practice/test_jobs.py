"""The queue: leased once, survives its worker, gives up after three tries."""

import threading

from practice.jobs import MAX_ATTEMPTS, Jobs
from practice.store import Store


def test_jobs_are_leased_oldest_first_and_once(store):
    jobs = Jobs(store)
    first, second = jobs.enqueue("prepare", report_id="r-1"), jobs.enqueue("prepare", report_id="r-2")
    jobs.enqueue("night")
    assert [jobs.lease(["prepare"], now=0).id, jobs.lease(["prepare"], now=0).id] == [first, second]
    assert jobs.lease(["prepare"], now=0) is None
    assert jobs.lease(["prepare", "night"], now=0).kind == "night"
    assert jobs.pending() == 3 and jobs.pending(["night"]) == 1


def test_the_same_waiting_job_is_not_added_twice(store):
    jobs = Jobs(store)
    assert jobs.enqueue("prepare", report_id="r-1") == jobs.enqueue("prepare", report_id="r-1")
    leased = jobs.lease(["prepare"], now=0)
    assert jobs.enqueue("prepare", report_id="r-1") != leased.id  # asked for anew while it is being done


def test_a_dead_workers_job_is_done_by_another(store):
    jobs = Jobs(store)
    jobs.enqueue("prepare", report_id="r-1")
    dead = jobs.lease(["prepare"], seconds=10, now=0)
    assert jobs.lease(["prepare"], now=9) is None
    alive = jobs.lease(["prepare"], seconds=10, now=11)
    assert alive.id == dead.id and alive.attempts == 2
    assert not jobs.complete(dead) and not jobs.extend(dead, 10, now=11)
    assert jobs.complete(alive) and jobs.pending() == 0 and jobs.state_of(alive.id) == "done"


def test_a_lease_can_be_extended(store):
    jobs = Jobs(store)
    jobs.enqueue("night")
    job = jobs.lease(["night"], seconds=10, now=0)
    assert jobs.extend(job, 100, now=5)
    assert jobs.lease(["night"], now=50) is None


def test_a_failing_job_is_tried_again_later_and_then_left(store):
    jobs = Jobs(store)
    jobs.enqueue("prepare", report_id="r-1")
    now = 0.0
    for attempt in range(1, MAX_ATTEMPTS + 1):
        job = jobs.lease(["prepare"], now=now)
        assert job.attempts == attempt
        assert jobs.fail(job, "EngineError", retry_in=60, now=now) == (attempt < MAX_ATTEMPTS)
        assert jobs.lease(["prepare"], now=now + 59) is None
        now += 61
    assert jobs.state_of(job.id) == "failed" and jobs.lease(["prepare"], now=now + 1e6) is None
    assert jobs.retry_failed() == 1 and jobs.lease(["prepare"], now=now).attempts == 1


def test_a_job_that_kills_its_worker_is_given_up(store):
    jobs = Jobs(store)
    number = jobs.enqueue("prepare", report_id="r-1")
    for attempt in range(MAX_ATTEMPTS):
        assert jobs.lease(["prepare"], seconds=1, now=attempt * 10).id == number
    assert jobs.lease(["prepare"], now=1000) is None
    assert jobs.state_of(number) == "failed"


def test_jobs_survive_and_are_shared_between_processes(store):
    other = Store.open(store.home, store.keys)
    for number in range(40):
        Jobs(store).enqueue("prepare", report_id=f"r-{number}")
    done: list[int] = []

    def work(jobs: Jobs) -> None:
        while job := jobs.lease(["prepare"]):
            done.append(job.id)
            assert jobs.complete(job)

    threads = [threading.Thread(target=work, args=(Jobs(chosen),)) for chosen in (store, other, store, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(set(done)) == 40
    other.close()


def test_jobs_wait_for_their_time_and_done_ones_are_cleared(store):
    jobs = Jobs(store)
    jobs.enqueue("night", run_after=100.0)
    assert jobs.lease(["night"], now=99) is None
    jobs.complete(jobs.lease(["night"], now=101))
    assert jobs.clear_done("9999") == 1 and jobs.state_of(1) is None
