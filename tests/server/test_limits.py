"""The rate limit, with a clock of our own."""

from server.limits import MAX_KEYS, RateLimit


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_full_bucket_empties_and_refills_evenly() -> None:
    clock = Clock()
    limit = RateLimit(60, clock)
    assert all(limit.allow("a") for _ in range(60))
    assert not limit.allow("a")
    clock.now = 1.0
    assert limit.allow("a")
    assert not limit.allow("a")


def test_one_key_does_not_use_up_another() -> None:
    limit = RateLimit(1, Clock())
    assert limit.allow("a")
    assert limit.exhausted("a")
    assert limit.allow("b")


def test_keys_are_not_remembered_without_end() -> None:
    limit = RateLimit(5, Clock())
    for number in range(MAX_KEYS + 500):
        limit.allow(str(number))
    assert len(limit._buckets) == MAX_KEYS
