"""Packaging and verifying as jobs: a bundle in the store, both sides of what differs, an end when it is wanted."""

from __future__ import annotations

import psutil
import pytest
from tests.actions.job_places import ended, place_in, printed, wait_until, write_notebook

from pressrun.actions.exchange import store_of
from pressrun.actions.job_view import command_of, comparison_of
from pressrun.actions.jobs import begin_job, stop_job
from pressrun.actions.panel import notebook_state
from pressrun.actions.panel_orders import order_version
from pressrun.actions.registry import open_registry
from pressrun.notebook.environment import toml
from pressrun.records.panel.orders import JobOrder, RegisterOrder
from pressrun.store.jobs import PROGRESS

pytestmark = [pytest.mark.slow, pytest.mark.network]
PATH = "project/sums.ipynb"


def test_a_notebook_is_packaged_and_its_bundle_verified(tmp_path):
    write_notebook(
        tmp_path / PATH,
        "# %register parameters\nn: int = 2",
        ("# %register step sum\nprint('sum', sum(range(n)))", printed("sum 5\n")),
        "# %register metrics\nmean = sum(range(n)) / n",
    )
    place = place_in(tmp_path, PATH)
    folder = begin_job(place, JobOrder(kind="package", notebook=PATH, name="sums-of-may"), "ana")
    job = ended(folder, place)
    assert (job.state, job.grade, job.bundle_name) == ("differs", "R4", "sums-of-may"), job.message
    assert (job.different, job.comparable) == (1, True)
    assert store_of(place.project).has(job.bundle)
    (pair,) = comparison_of(folder).pairs
    assert [(line.left, line.right) for line in pair.lines] == [("sum 5", "sum 1")]
    assert command_of(folder) == "pressrun package sums.ipynb --name sums-of-may"

    state = notebook_state(place)
    assert (state.name, state.environment.from_job) == ("sums-of-may", job.id)
    assert state.environment.lock.startswith("sha256:")
    pinned = toml.loads(store_of(place.project).objects.read(state.environment.lock).decode())["packages"]
    assert state.environment.packages == len(pinned) > 5

    with open_registry(place.project) as registry:
        assert order_version(registry, RegisterOrder(notebook=PATH, bundle=job.bundle)).reference == "sums-of-may@1"
    versions = notebook_state(place).versions
    assert versions is not None
    (version,) = versions.versions
    assert (version.bundle, version.source, version.grade, version.state) == (
        job.bundle,
        job.source,
        "R4",
        "registered",
    )

    order = JobOrder(kind="verify", notebook=PATH, bundle=job.bundle)
    verified = ended(begin_job(place, order), place)
    assert (verified.state, verified.grade, verified.bundle) == ("completed", "R4", job.bundle), verified.message
    assert verified.number == 2


def test_a_failing_notebook_is_not_packaged_and_the_cell_is_named(tmp_path):
    write_notebook(tmp_path / PATH, "x = 1", "raise KeyError('age')")
    place = place_in(tmp_path, PATH)
    job = ended(begin_job(place, JobOrder(kind="package", notebook=PATH)), place)
    assert job.state == "failed"
    assert job.failure is not None
    assert (job.failure.cell, job.failure.cell_id, job.failure.verdict) == (1, "cell-1", "cell-error")


def test_packaging_is_stopped_whatever_it_is_doing(tmp_path):
    write_notebook(tmp_path / PATH, "x = 1")
    place = place_in(tmp_path, PATH)
    folder = begin_job(place, JobOrder(kind="package", notebook=PATH))
    # the lock is made in a moment where its packages are known, so its line is looked for, not the stage of the moment
    wait_until(lambda: b'"Locking' in (folder.read(PROGRESS) or b""), "the lock")
    runner = psutil.Process(folder.pid())
    family = [runner, *runner.children(recursive=True)]
    stop_job(folder)
    job = ended(folder, place)
    assert (job.state, job.bundle) == ("stopped", "")
    _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []
