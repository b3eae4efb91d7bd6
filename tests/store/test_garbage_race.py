"""R7: collections and registering processes at one store; no live object is removed, and rubbish goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COLLECTORS = Path(__file__).with_name("collectors.py")


@pytest.mark.slow
def test_no_live_object_is_removed_while_processes_register_what_is_about_to_go():
    """300 rounds; the script next to this file runs as many as one likes, and the same on S3."""
    command = [sys.executable, COLLECTORS, "--rounds", "300"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ), timeout=280)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["failed"] == [], done.stderr
    assert told["lost"] == 0
    assert told["acknowledged"] == told["registered"] >= 200
    assert told["rubbish_left"] == 0
    assert told["removed"] + told["spared"] > 20, told
