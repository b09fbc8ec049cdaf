"""Intake killed at random moments: every report exactly once."""

from pathlib import Path

import pytest

from bench.intake_soak import soak


@pytest.mark.slow
def test_twenty_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    found = soak(tmp_path, files=400, kills=20, seed=3, between=(0.5, 2.4))
    assert found.kills == 20
    assert (found.kept, found.quarantined, found.left) == (found.dropped.reports, found.dropped.bad, 0)
