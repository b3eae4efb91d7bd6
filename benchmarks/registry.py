"""The registry beside MLflow's: log a run, register a version, move a pointer, search 10,000 runs, search versions.

Both keep their data in SQLite, each as it comes: pressrun with a write-ahead log and ``synchronous=FULL``, MLflow with
SQLite's defaults; both are durable once a call has returned. Each side runs in a process of its own, in turns; CPU
milliseconds of that process (user and system) a call, the median of the rounds. One JSON line a figure.

A run has 5 parameters and 5 metrics; MLflow's has 2 tags as well, and pressrun's what every run of its own has (time,
duration, environment, outcome, ...). The large population is 10,000 runs. pressrun's are appended as entries; MLflow's
are copies of one logged run made inside its own tables by SQL, because logging them takes several minutes, and with no
difference to the plan of a search. MLflow searches a second time after ``ANALYZE``, which it never runs by itself.
A search gives the 100 best of about 5,000 runs with all their values.

pressrun makes an entry searchable when somebody searches, not when it is appended; what that costs is a figure of its
own, and belongs to each entry that is ever searched for.

The name has 1,000 versions on both sides before one is registered, and 1,501 when they are moved to and searched for:
a registry in use has a history.

usage: registry.py [--peer PYTHON] [--runs N] [--rounds N]

`--peer` is the interpreter of an environment with mlflow; without it one is made from ``peers/mlflow.txt`` by uv.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent

COMMON = """
import json, random, resource, sys, uuid
from pathlib import Path

def cpu():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)

draw = random.Random(0)
VERSIONS = 1000
many, place = int(sys.argv[1]), Path(sys.argv[2])
figures = {}

def timed(figure, calls, call):
    call(0)  # the first one compiles statements
    before = cpu()
    for number in range(1, calls + 1):
        found = call(number)
    figures[figure] = (cpu() - before) / calls * 1000
    return found
"""

PRESSRUN = """
import os
os.environ.update(PRESSRUN_ACTOR="ana@example.org", PRESSRUN_JOURNAL_KEY=str(place / "key"))
from pressrun.actions.registry import open_registry
from pressrun.actions.versions import SearchRequest, search_registry
from pressrun.records.entries import Draft
from pressrun.records.events import Deployed, DeployRequested, Registered, RunRecorded
from pressrun.records.metric import Metric
from pressrun.store.journal.indexing import index

DIGEST = "sha256:" + "0" * 64

def run():
    return RunRecorded(
        run=uuid.UUID(int=draw.getrandbits(128)).hex, what="replay", notebook="churn.ipynb", source=DIGEST,
        outcome="completed", started="2026-08-03T14:00:00.000000+00:00", duration_s=12.5, cpu_s=10.0, python="3.11.7",
        environment=DIGEST, parameters={f"p{k}": draw.random() for k in range(5)},
        metrics={f"m{k}": draw.random() * 10 for k in range(5)},
    )

def registered(number):
    return Registered(
        name="churn", number=number, bundle=DIGEST, manifest=DIGEST, facts=DIGEST, author="ana@example.org",
        owner="ana@example.org", metrics={f"m{k}": Metric(value=draw.random()) for k in range(5)},
    )

def moved(number):
    same = {"deployment": uuid.UUID(int=draw.getrandbits(128)).hex, "name": "churn", "number": number % 2 + 1,
            "environment": "production", "bundle": DIGEST}
    previous = {"previous": (number - 1) % 2 + 1 if number else 0}
    registry.offer(lambda _: [DeployRequested(**same, **previous, target="record", policy=DIGEST, verdict=DIGEST,
                                              decision=DIGEST)])
    registry.offer(lambda _: [Deployed(**same)])

with open_registry(place) as registry:
    registry.standing()
    # a name has a history: neither side is measured on an empty one
    for first in range(1, VERSIONS + 1, 500):
        drafts = [Draft(event=registered(first + k), actor="ana", via="local", time=registry.now()) for k in range(500)]
        registry.journal.append(drafts, after=registry.journal.head())
    registry.standing()
    timed("log a run", 500, lambda _: registry.record(run()))
    timed("register a version", 500, lambda number: registry.offer(lambda _: [registered(VERSIONS + number + 1)]))
    timed("move a pointer", 250, moved)
    index(registry.journal.database)
    while registry.journal.head() < many:
        drafts = [Draft(event=run(), actor="ana", via="local", time=registry.now()) for _ in range(500)]
        registry.journal.append(drafts, after=registry.journal.head())
        before = cpu()
        index(registry.journal.database)
        figures["make a run searchable, with the first search after it"] = (cpu() - before) / 500 * 1000
    best = SearchRequest(kind="run", query="metrics.m0 > 5", sort="metrics.m0")
    found = timed("search runs", 100, lambda _: search_registry(registry, best))
    assert len(found.found) == 100 and found.more and "params.p4" in found.found[0].values
    named = SearchRequest(kind="version", query="name = churn")
    found = timed("search versions", 100, lambda _: search_registry(registry, named))
    assert len(found.found) == 100
print(json.dumps(figures))
"""

MLFLOW = """
import logging, os, sqlite3, warnings
warnings.simplefilter("ignore")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
import mlflow
from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient
logging.disable(logging.WARNING)

database = place / "mlflow.db"
client = MlflowClient(tracking_uri=f"sqlite:///{database}", registry_uri=f"sqlite:///{database}")
experiment = client.create_experiment("churn", artifact_location=str(place / "artifacts"))

def run(_):
    made = client.create_run(experiment, run_name="churn")
    client.log_batch(
        made.info.run_id, metrics=[Metric(f"m{k}", draw.random() * 10, 1_785_765_600_000, 0) for k in range(5)],
        params=[Param(f"p{k}", str(draw.random())) for k in range(5)], tags=[RunTag(f"t{k}", "x") for k in range(2)],
    )
    client.set_terminated(made.info.run_id)
    return made.info.run_id

first = timed("log a run", 60, run)
client.create_registered_model("churn")
for _ in range(VERSIONS):
    client.create_model_version("churn", str(place / "artifacts"), first)
timed("register a version", 60, lambda _: client.create_model_version("churn", str(place / "artifacts"), first))
for _ in range(440):  # as many as the other side has by now
    client.create_model_version("churn", str(place / "artifacts"), first)
timed("move a pointer", 40, lambda n: client.set_registered_model_alias("churn", "production", str(n % 2 + 1)))

tables = sqlite3.connect(database)
tables.row_factory = sqlite3.Row
def copies(table):
    found = [dict(row) for row in tables.execute(f"SELECT * FROM {table} WHERE run_uuid = ?", [first])]
    names = list(found[0])
    return found, f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(':' + name for name in names)})"
sources = {table: copies(table) for table in ("runs", "params", "tags", "metrics", "latest_metrics")}
for number in range(many - 61):
    fresh = uuid.UUID(int=draw.getrandbits(128)).hex
    values = {}
    for table, (rows, insert) in sources.items():
        for row in rows:
            row = {**row, "run_uuid": fresh}
            if table in ("metrics", "latest_metrics"):
                row["value"] = values.setdefault(row["key"], draw.random() * 10)
            tables.execute(insert, row)
tables.commit()

def search(_):
    return client.search_runs([experiment], "metrics.m0 > 5", order_by=["metrics.m0 DESC"], max_results=100)

assert len(timed("search runs", 1, search)) == 100
tables.execute("ANALYZE")
tables.commit()
tables.close()
found = timed("search runs after ANALYZE", 5, search)
assert len(found) == 100 and "p4" in found[0].data.params
found = timed("search versions", 40, lambda _: client.search_model_versions("name = 'churn'", max_results=100))
assert len(found) == 100
print(json.dumps(figures))
"""

SAME = {"search runs after ANALYZE": "search runs"}
"""Figure of MLflow -> figure of pressrun that it is compared with, where the two have different names."""


def measure(python: Path, code: str, runs: int) -> dict[str, float]:
    """Run one side in a folder of its own and return its figures, milliseconds a call."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PRESSRUN_")}
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "pyproject.toml").touch()
        command = [str(python), "-c", COMMON + code, str(runs), scratch]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=scratch)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.strip().splitlines()[-1])


def environment_of(place: Path) -> Path:
    """Make the peer's environment with uv."""
    subprocess.run(["uv", "venv", "--quiet", str(place)], check=True)
    listed = str(HERE / "peers" / "mlflow.txt")
    subprocess.run(["uv", "pip", "install", "--quiet", "--python", str(place), "-r", listed], check=True)
    return place / "bin" / "python"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        peer = args.peer or environment_of(Path(scratch) / "peer")
        rounds = [
            (measure(Path(sys.executable), PRESSRUN, args.runs), measure(peer, MLFLOW, args.runs))
            for _ in range(args.rounds)
        ]
    ours = {figure: statistics.median(one[figure] for one, _ in rounds) for figure in rounds[0][0]}
    theirs = {figure: statistics.median(other[figure] for _, other in rounds) for figure in rounds[0][1]}
    for figure, spent in ours.items():
        print(json.dumps({"figure": figure, "side": "pressrun", "cpu_ms": round(spent, 3)}))
    for figure, spent in theirs.items():
        ratio = spent / ours[SAME.get(figure, figure)]
        line = {"figure": figure, "side": "mlflow", "cpu_ms": round(spent, 3), "times_pressrun": round(ratio, 1)}
        print(json.dumps(line))


if __name__ == "__main__":
    main()
