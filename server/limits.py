"""Rate limits: so many requests a minute, with a clock given from outside."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MAX_KEYS = 10_000


class RateLimit:
    """A token bucket a key; full at first, it refills evenly.

    Args:
        per_minute: requests a minute in the long run, and at most at once.
    """

    def __init__(self, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def allow(self, key: str) -> bool:
        """Take one from the key's bucket; False when it is empty."""
        with self._lock:
            left = self._left(key)
            if left < 1:
                return False
            self._buckets[key] = (left - 1, self._clock())
            return True

    def exhausted(self, key: str) -> bool:
        """Whether the key's bucket is empty, without taking from it."""
        with self._lock:
            return self._left(key) < 1

    def _left(self, key: str) -> float:
        now = self._clock()
        left, since = self._buckets.pop(key, (self._per_minute, now))
        left = min(self._per_minute, left + (now - since) * self._per_minute / 60)
        self._buckets[key] = (left, now)
        while len(self._buckets) > MAX_KEYS:
            self._buckets.popitem(last=False)
        return left
