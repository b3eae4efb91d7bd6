"""Memory is measured, and only evidence makes a kill a lack of memory."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil

from pressrun.notebook.replay.memory import MemoryLimit, MemorySampler, memory_limit


def test_the_largest_size_of_a_cell_is_found_without_any_sample() -> None:
    sampler = MemorySampler(os.getpid())
    sampler.begin_cell()
    block = bytearray(b"x" * 80_000_000)
    size = len(block)
    del block
    assert sampler.end_cell() >= size
    sampler.begin_cell()
    assert 0 < sampler.end_cell() <= sampler.peak_bytes


def test_descendants_count() -> None:
    source = "x = bytearray(b'x' * 60_000_000); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        sampler = MemorySampler(os.getpid())
        sampler.begin_cell()
        alone = psutil.Process().memory_info().rss
        assert sampler.sample() >= alone + 50_000_000
        assert sampler.due() > 0
        child.kill()


def test_a_process_that_is_gone_has_no_size() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    sampler = MemorySampler(child.pid)
    sampler.begin_cell()
    assert (sampler.sample(), sampler.end_cell()) == (0, 0)


def test_a_kill_is_a_lack_of_memory_only_near_the_limit() -> None:
    limit = MemoryLimit()
    assert limit.evidence(50_000_000) == ""
    assert "MiB there are" in limit.evidence(memory_limit())


def test_the_limit_is_no_more_than_the_machine_has() -> None:
    assert 0 < memory_limit() <= psutil.virtual_memory().total
