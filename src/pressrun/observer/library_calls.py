"""How calls of the libraries in `pressrun.observer.libraries` are read: what a plain argument does not tell.

Each function is told of a call before it is made, or after it. Sent into the kernel together with
`pressrun.observer.recorder`: standard library only, Python 3.7 and later.
"""

# Standard library of Python 3.7, and pathlib would cost what a cell should not notice; private names are others':
# ruff: noqa: PTH110, PTH118, PTH119, SLF001

from __future__ import annotations

import os
import re
import sys
from typing import Any

from pressrun.observer.naming import files_named, folder_files, is_url, local_path, query_files, texts_in
from pressrun.observer.sight import Call, Sight

SCAN_LIMIT = 2000  # lazy sources that are remembered
NO_FILE = ("", ":memory:", ":default:")
LIGHTGBM_BESIDE = (".weight", ".query", ".group", ".init", ".position", ".bin")
XGBOOST_BESIDE = (".group", ".weight", ".base_margin")
ONNX_BESIDE = (".data", "_data")
MEMORY_FLAG = 4  # cv2.FILE_STORAGE_MEMORY
WRITE_FLAGS = 3  # cv2.FILE_STORAGE_WRITE, cv2.FILE_STORAGE_APPEND


def read_path(see: Sight, call: Call, value: Any) -> None:
    """A path, pattern, folder, or list of such; bytes are content."""
    see.read(value)


def write_path(see: Sight, call: Call, value: Any) -> Any:
    """A file or folder that is written."""
    return see.write(value)


def after_write(see: Sight, call: Call, noted: Any, result: Any) -> None:
    """See which files of a folder were written."""
    see.written(noted)


def read_all(see: Sight, call: Call, value: Any) -> None:
    """Any argument may be a path, also as bytes."""
    see.read([*call.args, *call.kwargs.values()])


# pyarrow


def in_file_system(see: Sight, call: Call, value: Any) -> tuple[Any, bool]:
    """Return the paths that a call means, given its ``filesystem``, and whether they are local files."""
    system = call.kwargs.get("filesystem")
    if system is None:
        return value, True
    base = ""
    while getattr(system, "type_name", "") == "subtree":
        base = os.path.join(system.base_path, base)
        system = system.base_fs
    kind = str(getattr(system, "type_name", ""))
    texts = [os.path.join(base, text) for text in texts_in(value)]
    if kind == "local":
        return texts, True
    if kind and not kind.startswith("py::"):  # those tell by themselves what they read
        for text in texts:
            see.elsewhere(text if is_url(text) else f"{kind}://{text}", "object-store")
    return [], False


def read_arrow(see: Sight, call: Call, value: Any) -> None:
    """A source for pyarrow, in the file system that is given."""
    texts, local = in_file_system(see, call, value)
    if local:
        see.read(texts)


def write_arrow(see: Sight, call: Call, value: Any) -> Any:
    """A destination for pyarrow, in the file system that is given."""
    system = call.kwargs.get("filesystem")
    if system is None or getattr(system, "type_name", "") == "local":
        return see.write(value)
    return None


# polars


def scan_lazily(see: Sight, call: Call, value: Any) -> None:
    """A lazy frame is made: it reads now what tells its columns, and the rest when it is collected."""
    see.read(value)
    texts = tuple(texts_in(value))
    scans = see.recorder.scans
    if texts and len(scans) < SCAN_LIMIT:
        scans[texts] = None


def collect_frames(see: Sight, call: Call, value: Any) -> None:
    """Lazy frames are collected: what they were made from is read."""
    scans = list(see.recorder.scans)
    frames = value if isinstance(value, (list, tuple)) else [value]
    plans = [plan_of(frame) for frame in frames] if len(scans) > 1 else [None]
    for texts in scans:
        named = [files_named(local_path(text)) for text in texts if not is_url(text)]
        first = [files[0] for files, _ in named if files]
        if None in plans or any(path in str(plan) for plan in plans for path in [*first, *texts]):
            see.read(list(texts))


def plan_of(frame: Any) -> str | None:
    """Return what polars tells of a lazy frame's sources, None when it tells nothing."""
    try:
        return str(frame._ldf.describe_plan())
    except Exception:  # noqa: BLE001  then every source counts as read
        return None


def sink_frame(see: Sight, call: Call, value: Any) -> Any:
    """A lazy frame is collected into a file, or into a folder."""
    collect_frames(see, call, call.args[0] if call.args else None)
    base = getattr(value, "base_path", None) or getattr(value, "_base_path", None)
    return see.write(value if base is None else base)


# duckdb


def run_query(see: Sight, call: Call, value: Any) -> None:
    """A query may name files, and so may its parameters."""
    text = value if isinstance(value, str) else getattr(value, "query", None)
    if not isinstance(text, str):
        return
    found, gaps = query_files(text)
    for name, use in found:
        if use == "w":
            see.write(name)
        elif use == "a" and "read_only" not in text.lower():
            open_database(see, call, name)
        else:
            see.read(name)
    if gaps:
        given = [one for one in (*call.args, *call.kwargs.values()) if isinstance(one, (list, tuple, dict))]
        values = [list(one.values()) if isinstance(one, dict) else one for one in given]
        see.read([text for text in texts_in(values) if is_url(text) or files_named(local_path(text))[0]])


def open_database(see: Sight, call: Call, value: Any) -> None:
    """A database file; the service behind ``md:`` is none."""
    text = next(iter(texts_in(value)), "")
    if text in NO_FILE or text.startswith(":memory:"):
        return
    if text.lower().startswith(("md:", "motherduck:")):
        see.elsewhere(text.partition("?")[0], "query")
    elif ":" in text.partition("/")[0] and not os.path.exists(text):
        see.elsewhere(text.partition(":")[0] + "://", "query")
    elif call.get((1, "read_only")) is True:
        see.read(text)
    else:
        see.update(text)


# arrays and pictures


def open_array_file(see: Sight, call: Call, value: Any) -> None:
    """A file that is opened in a mode: HDF5, netCDF and the like. One that lies in memory is none."""
    if call.kwargs.get("memory") is not None or call.kwargs.get("driver_core_image") is not None:
        return
    see.opened(value, call.get((2, "mode"), "r"), with_bytes=True)


def open_arrow_file(see: Sight, call: Call, value: Any) -> None:
    """A file that pyarrow maps or opens in a mode."""
    see.opened(value, call.get((1, "mode"), "r"))


def read_video(see: Sight, call: Call, value: Any) -> None:
    """A video, a stream, or pictures with a number in their names (``picture_%03d.png``)."""
    for text in texts_in(value):
        see.read(re.sub(r"%\d*d", "*", text))


def open_storage(see: Sight, call: Call, value: Any) -> None:
    """An OpenCV file storage: its flags tell how it is used."""
    flags = call.get((2, "flags"), 0)
    if isinstance(flags, int) and not flags & MEMORY_FLAG:
        see.opened(value, "w" if flags & WRITE_FLAGS else "r")


# learners


def read_beside(see: Sight, value: Any, ends: tuple[str, ...]) -> None:
    """A file, and what the library reads beside it when it is there."""
    for text in texts_in(value):
        see.read([text, *(text + end for end in ends)])


def read_xgboost(see: Sight, call: Call, value: Any) -> None:
    """A path with options behind it: ``data.csv?format=csv#cache``."""
    texts = [text.partition("#")[0].partition("?")[0] for text in texts_in(value)]
    read_beside(see, texts, XGBOOST_BESIDE)


def read_lightgbm(see: Sight, call: Call, value: Any) -> None:
    """A file with weights and queries in files beside it."""
    read_beside(see, value, LIGHTGBM_BESIDE)


def construct_lightgbm(see: Sight, call: Call, value: Any) -> None:
    """A data set that is lazy reads its file now."""
    read_beside(see, getattr(value, "data", None), LIGHTGBM_BESIDE)


def read_catboost(see: Sight, call: Call, value: Any) -> None:
    """A path, maybe with a scheme of catboost's own, and files that describe it."""
    names = ("column_description", "pairs", "graph", "feature_names_path", "baseline", "timestamps")
    for one in [value, *(call.kwargs.get(name) for name in names)]:
        if isinstance(one, (str, os.PathLike)):
            see.read(re.sub(r"^(quantized|dsv|dsv-flat|libsvm|tsv)://", "", os.fspath(one)))


def read_onnx(see: Sight, call: Call, value: Any) -> None:
    """A model, with its large tensors in a file beside it."""
    read_beside(see, value, ONNX_BESIDE)


# deltalake


def after_delta_opened(see: Sight, call: Call, noted: Any, result: Any) -> None:
    """A table was opened at a version: it read the log up to there."""
    table = call.args[0]
    where = str(table.table_uri() if callable(table.table_uri) else table.table_uri)
    version = str(table.version())
    if is_url(where):
        see.elsewhere(where, "object-store", version=version)
        return
    log = os.path.join(local_path(where), "_delta_log")
    files, _ = folder_files(log, hidden=True)
    see.read_files([path for path in files if log_version(path) <= int(version)], [])


def log_version(path: str) -> int:
    """Return the version that a file of a Delta log belongs to, 0 when it belongs to none."""
    number = re.match(r"\d+", os.path.basename(path))
    return int(number.group()) if number else 0


def read_delta(see: Sight, call: Call, value: Any) -> None:
    """The rows of a table are read."""
    uris = getattr(value, "file_uris", None)
    if uris is not None:
        see.read([str(uri) for uri in uris()])


def write_delta(see: Sight, call: Call, value: Any) -> Any:
    """A table is written."""
    where = getattr(value, "table_uri", value)
    return see.write(str(where()) if callable(where) else where)


# processes


def after_process_started(see: Sight, call: Call, noted: Any, result: Any) -> None:
    """A worker process was started; one that is forked goes on recording."""
    method = getattr(type(call.args[0]), "_start_method", None)
    contexts = sys.modules.get("multiprocessing.context")
    if method is None and contexts is not None:
        method = contexts._default_context.get_start_method()
    if method != "fork":
        see.recorder.on_start("multiprocessing", str(method))
