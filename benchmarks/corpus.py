"""Replay real public notebooks twice each and compare the two runs; one JSON line a notebook, one line of totals.

The notebooks are third-party work and are not part of this repository. `--manifest` names them: a JSON list of objects
with ``repo`` (owner/name), ``path``, ``env`` (a name given by `--env`), ``status`` (``runs`` or ``fails``) and, where
known, ``same_outputs``. `--tree` holds one folder ``owner+name`` a repository. Each run gets a throw-away copy of its
repository, and no network where ``unshare`` allows that. The kernel runs in the environment named by ``env``;
pressrun runs in its own.

usage: corpus.py --tree DIR --manifest FILE --env new=PYTHON [--env mid=PYTHON] [--only TEXT] [--timeout S] [--output
FILE]
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PRESSRUN = [sys.executable, "-m", "pressrun"]


def offline() -> list[str]:
    """Return the words to put before a command so that it runs without network, none where that is not allowed."""
    for base in (["unshare", "-n"], ["unshare", "-rn"]):
        words = [*base, "sh", "-c", 'ip link set lo up 2>/dev/null; exec "$@"', "sh"]
        if (
            shutil.which("unshare")
            and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
        ):
            return words
    return []


def copy_of(tree: Path, record: dict, place: Path) -> Path:
    """Copy the record's repository into `place` and return the notebook's path there."""
    folder = record["repo"].replace("/", "+")
    subprocess.run(["cp", "-a", "--reflink=auto", str(tree / folder), str(place)], check=True)
    return place / folder / record["path"]


def replay_once(record: dict, args: argparse.Namespace, place: Path) -> dict:
    """Replay a fresh copy and return pressrun's own JSON with the exit code and the executed notebook's path."""
    notebook = copy_of(args.tree, record, place)
    executed = place / "executed.ipynb"
    command = [*offline(), *PRESSRUN, "replay", notebook.name, "-o", str(executed), "--json"]
    command += ["--python", args.envs[record["env"]], "--timeout", str(args.timeout)]
    started = time.monotonic()
    done = subprocess.run(command, cwd=notebook.parent, capture_output=True, text=True, check=False)
    try:
        result = json.loads(done.stdout)
    except json.JSONDecodeError:
        result = {"error": done.stderr[-2000:]}
    return {"exit": done.returncode, "seconds": time.monotonic() - started, "executed": executed, "json": result}


def measure(record: dict, args: argparse.Namespace) -> dict:
    """Replay one notebook twice, compare the runs, and return what a reader wants to know."""
    with (
        tempfile.TemporaryDirectory(prefix="corpus-") as first,
        tempfile.TemporaryDirectory(prefix="corpus-") as second,
    ):
        one = replay_once(record, args, Path(first))
        row = {"notebook": f"{record['repo']}/{record['path']}", "env": record["env"], "expected": record["status"]}
        row |= {"exit": one["exit"], "seconds": round(one["seconds"], 1)}
        failure = one["json"].get("failure") or one["json"].get("error")
        if failure:
            row["failure"] = (
                {key: failure.get(key) for key in ("verdict", "cell", "line", "exception", "message", "what")}
                if isinstance(failure, dict)
                else failure
            )
        if one["exit"] == 0:
            two = replay_once(record, args, Path(second))
            row |= {"second_exit": two["exit"], "known": record.get("same_outputs")}
            row |= compared(one["executed"], two["executed"])
        return row


def compared(one: Path, two: Path) -> dict:
    """Compare two executed notebooks and return sameness and the first difference."""
    done = subprocess.run(
        [*PRESSRUN, "compare", str(one), str(two), "--json"], capture_output=True, text=True, check=False
    )
    if done.returncode not in {0, 4}:
        return {"compare_error": done.stdout[-500:] + done.stderr[-500:]}
    comparison = json.loads(done.stdout)
    comparison = comparison.get("comparison", comparison)
    different = [o for o in comparison["outputs"] if o["sameness"] in {"different", "missing", "extra"}]
    row = {"sameness": comparison["sameness"], "different_cells": sorted({o["cell"] for o in different})}
    if different:
        row["first"] = {key: different[0].get(key) for key in ("cell", "output", "reason", "expected", "found")}
    row["masks"] = {mask["rule"]: mask["count"] for mask in comparison.get("masks", [])}
    return row


def main() -> None:
    """Measure every notebook that the manifest names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--env", action="append", default=[], help="NAME=PYTHON")
    parser.add_argument("--only", default="")
    parser.add_argument("--timeout", type=int, default=600)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    args.envs = dict(word.split("=", 1) for word in args.env)
    records = json.loads(args.manifest.read_text(encoding="utf-8"))
    records = records["notebooks"] if isinstance(records, dict) else records
    rows = []
    for record in records:
        if args.only not in f"{record['repo']}/{record['path']}" or record["env"] not in args.envs:
            continue
        rows.append(measure(record, args))
        line = json.dumps(rows[-1])
        print(line, flush=True)
        if args.output:
            with args.output.open("a", encoding="utf-8") as out:
                out.write(line + "\n")
    running = [row for row in rows if row["expected"] == "runs"]
    failing = [row for row in rows if row["expected"] == "fails"]
    totals = {
        "running": len(running),
        "replayed": sum(row["exit"] == 0 for row in running),
        "same": sum(row.get("sameness") in {"identical", "normalised", "within-tolerance"} for row in running),
        "failing": len(failing),
        "failures_reported": sum(row["exit"] == 1 and bool(row.get("failure")) for row in failing),
        "failures_called_success": sum(row["exit"] == 0 for row in failing),
    }
    print(json.dumps({"totals": totals}))


if __name__ == "__main__":
    main()
