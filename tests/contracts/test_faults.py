"""A sample of the fault sweep: system calls of the real command line fail or are the last, and nothing is lost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pressrun.notebook.replay.outside.command import find_tracer

sys.path.insert(0, str(Path(__file__).parent))

from fault_sweep import VERBS, sweep

POINTS_OF_EACH = 5
TRACER = find_tracer()


@pytest.mark.slow
@pytest.mark.skipif(not TRACER.works, reason=TRACER.reason or "there is no tracer")
def test_a_failing_system_call_or_a_kill_at_any_moment_leaves_everything_in_order(tmp_path):
    found = sweep(tmp_path, POINTS_OF_EACH * len(VERBS), seed=20, workers=2)
    assert found["bad"] == []
    assert found["silent"] == []
    assert found["verbs"] == {verb.name: POINTS_OF_EACH for verb in VERBS}
