"""Runs in a fresh process of the lean environment: writes a model in the safest format that works, or loads one.

Three jobs. ``convert`` reads the kernel's pickle and tries the data-only and typed formats; ``check`` loads one file in
the format that it is said to have, never another, and predicts on the sample; ``prove`` does both. Standard library
only, plus what the model itself needs.
"""

# ruff: noqa: PLC0415  # what the model needs is imported when it is needed

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import pickle
import platform
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

from pressrun.notebook.package.exporter import predictions
from pressrun.notebook.package.sample_codec import decode_value, difference

FORMATS = {
    "xgboost-json": "model.json.xgb",
    "lightgbm-text": "model.txt",
    "skops": "model.skops",
    "cloudpickle": "model.pkl",
}


def main(job_path: str) -> None:
    """Do the job that the file describes, and write what came of it beside it."""
    job = json.loads(Path(job_path).read_bytes())
    sys.path[:0] = job["import_paths"]
    gc.disable()  # a short life: collecting costs a tenth of it
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        answer = {"convert": convert, "check": check, "prove": prove}[job["action"]](job)
    answer["python"] = platform.python_version()
    Path(job["answer"]).write_text(json.dumps(answer), encoding="utf-8")


def prove(job: dict[str, Any]) -> dict[str, Any]:
    """Convert in a forked child, then check here, where nothing was unpickled; the imports are paid for once.

    Works where a fork is safe; elsewhere the caller runs the two jobs one after the other.
    """
    for name in job["modules"]:
        with contextlib.suppress(ImportError):  # loading the model will say it better
            importlib.import_module(name)
    scratch = Path(job["answer"] + ".child")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            scratch.write_text(json.dumps(convert(job)), encoding="utf-8")
            status = 0
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    if ended or not scratch.is_file():
        raise RuntimeError("the model cannot be read back from its pickle")
    answer: dict[str, Any] = json.loads(scratch.read_bytes())
    if answer["format"]:
        path = str(Path(job["directory"], FORMATS[answer["format"]]))
        try:
            answer["check"] = check(dict(job, path=path, format=answer["format"], trusted=answer["trusted"]))
        except Exception as error:  # noqa: BLE001  # a file that cannot be loaded may raise anything
            answer["check"] = {"failed": type(error).__name__ + ": " + str(error)[:300]}
    return answer


def convert(job: dict[str, Any]) -> dict[str, Any]:
    """Write the model in the first format that can hold it; say why each one before it could not."""
    with Path(job["pickle"]).open("rb") as file:
        model = pickle.load(file)  # noqa: S301  # written a moment ago by the kernel of this very run
    refused: dict[str, str] = {}
    for format_, write in (("xgboost-json", _xgboost), ("lightgbm-text", _lightgbm), ("skops", _skops)):
        try:
            trusted = write(model, Path(job["directory"], FORMATS[format_]))
        except Exception as error:  # noqa: BLE001  # a format that cannot hold the model may raise anything
            refused[format_] = type(error).__name__ + ": " + str(error)[:300]
            continue
        return {"format": format_, "refused": refused, "trusted": trusted}
    return {"format": "", "refused": refused, "trusted": []}


def _xgboost(model: Any, path: Path) -> list[str]:
    kind = type(model)
    if kind.__module__.split(".")[0] != "xgboost":
        raise TypeError("not a model of xgboost")
    scratch = path.with_name("scratch.json")  # xgboost chooses the format by the name's end
    model.save_model(str(scratch))
    scratch.replace(path)
    return []


def _lightgbm(model: Any, path: Path) -> list[str]:
    if type(model).__module__.split(".")[0] != "lightgbm" or type(model).__name__ != "Booster":
        raise TypeError("not a Booster of lightgbm")
    model.save_model(str(path))
    return []


def _skops(model: Any, path: Path) -> list[str]:
    import skops.io

    kept = json.dumps
    json.dumps = lambda value, **_options: kept(value)  # indented, the schema of a forest takes most of the time
    try:
        content = skops.io.dumps(model)
    finally:
        json.dumps = kept
    _write_canonical(content, path)
    trusted = skops.io.get_untrusted_types(file=str(path))
    own = [name for name in trusted if name.split(".")[0] == "__main__"]
    if own:
        path.unlink()
        raise TypeError("holds types that the notebook defines: " + ", ".join(own))
    return sorted(trusted)


def _write_canonical(content: bytes, path: Path) -> None:
    """Write a skops archive without times and addresses: equal models give equal bytes."""
    source = zipfile.ZipFile(io.BytesIO(content))
    schema = json.loads(source.read("schema.json"))
    numbers: dict[int, int] = {}
    files: dict[str, str] = {}
    pending = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if isinstance(node.get("__id__"), int):
                node["__id__"] = numbers.setdefault(node["__id__"], len(numbers) + 1)
            if isinstance(node.get("file"), str) and node["file"] in source.NameToInfo:
                end = Path(node["file"]).suffix
                node["file"] = files.setdefault(node["file"], str(len(files) + 1) + end)
            pending += [value for value in reversed(list(node.values())) if isinstance(value, (dict, list))]
        else:
            pending += [value for value in reversed(node) if isinstance(value, (dict, list))]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_member("schema.json"), json.dumps(schema))
        for old, new in files.items():
            archive.writestr(_member(new), source.read(old))


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.create_system = 3
    info.external_attr = 0o644 << 16
    return info


def check(job: dict[str, Any]) -> dict[str, Any]:
    """Load the model in the format it is said to have, and compare its predictions with the kernel's."""
    model = load(Path(job["path"]), job["format"], job["trusted"], job["class"])
    function = None
    if job["predict_path"]:
        with Path(job["predict_path"]).open("rb") as file:
            function = pickle.load(file)  # noqa: S301  # as above
    answer: dict[str, Any] = {
        "class": type(model).__module__ + "." + type(model).__qualname__,
        "difference": "",
        "relative": 0.0,
    }
    if job["sample"] is not None:
        found = predictions(model, function, job["predict"], decode_value(job["sample"]))
        answer["difference"], answer["relative"] = difference(job["predictions"], found, job["tolerance"])
    return answer


def load(path: Path, format_: str, trusted: list[str], class_: str) -> Any:
    """Load one model file; the format is told, the file's first bytes have to agree, and there is no second try."""
    with path.open("rb") as file:
        head = file.read(8)
    if not agrees(format_, head):
        raise ValueError(path.name + " is no file of format " + format_)
    if format_ == "skops":
        import skops.io

        return skops.io.load(str(path), trusted=trusted)
    if format_ == "xgboost-json":
        module, name = class_.rsplit(".", 1)
        model = getattr(importlib.import_module(module), name)()
        model.load_model(bytearray(path.read_bytes()))
        return model
    if format_ == "lightgbm-text":
        import lightgbm  # type: ignore[import-not-found,unused-ignore]

        return lightgbm.Booster(model_file=str(path))
    with path.open("rb") as file:
        return pickle.load(file)  # noqa: S301  # format cloudpickle, and marked unsafe in the manifest


def agrees(format_: str, head: bytes) -> bool:
    """Return whether the first bytes of a file are those of the format."""
    if format_ == "skops":
        return head.startswith(b"PK\x03\x04")
    if format_ == "xgboost-json":
        return head.startswith(b"{")
    if format_ == "lightgbm-text":
        return head.startswith(b"tree")
    return format_ == "cloudpickle" and len(head) > 1 and head[0] == 0x80 and head[1] in range(2, 6)
