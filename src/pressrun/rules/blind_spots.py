"""Which reads a recorder inside the kernel could not see, told by what the run really loaded and started.

A library that opens files in its own C, C++ or Rust code is seen only through the watch on its functions. One that is
known to and has no watch is named; so is every compiled library of which nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pressrun.records.capture import ImportedModule, ProcessStart

NAMED = 12  # names in one sentence
NATIVE = "Files that these libraries open in their own native code are not seen: {}."
PARTLY = "{}: files that it opens {} are not seen."
MISSING = "{}: this release does not have all functions that are watched; not found: {}."
LATE = "{}: it was there before the recording began; functions that were imported from it by then are not seen."
UNKNOWN = "Whether these compiled libraries open files of their own is not known: {}."
WEB = "Over the network, only what {} fetched is recorded; of other connections of Python code only the host."
WEB_UNSEEN = "What came over the network is not recorded, only which hosts Python code connected to."
WATCHED = {
    "pyarrow": "through pyarrow.fs file systems and dataset fragments",
    "polars": "by lazy frames that were read from a file, Iceberg and catalogs",
    "duckdb": "where a query computes the file's name, or a stored view names it",
    "h5py": "through h5py.h5f, and by links to other files",
    "tables": "by links to other files",
    "netCDF4": "",
    "cv2": "by functions other than those for pictures, videos, storages and networks",
    "xgboost": "through iterators of its own in C",
    "lightgbm": "that a configuration file names",
    "catboost": "that training parameters name",
    "safetensors": "",
    "onnx": "that a model names beside itself, in native code",
    "onnxruntime": "that a model names beside itself",
    "scipy": "",
    "deltalake": "by a data set that was made from the table and handed on",
    "fsspec": "",
    "botocore": "",
    "sqlalchemy": "",
    "urllib": "",
    "requests": "",
    "httpx": "",
    "urllib3": "",
    "multiprocessing": "",
}
"""Libraries with a watch -> what of their reads it does not see."""
NETWORK = frozenset({"fsspec", "botocore", "sqlalchemy", "urllib", "requests", "httpx", "urllib3"})
READERS = frozenset(WATCHED.keys() - NETWORK - {"multiprocessing"})
_UNWATCHED = """
    _dbm _gdbm adbc_driver_manager annoy apsw arro3.io av awkward blosc blosc2 cartopy chdb connectorx cudf cupy cyvcf2
    daft datafusion decord dlib faiss fasttext fiona fitsio fitz geopandas gmsh graph_tool h2o healpy hnswlib igraph itk
    jpype kenlm lance leveldb llama_cpp lmdb lxml matlab mdtraj MDAnalysis mxnet networkit nmslib obspy open3d openbabel
    openslide openvino osgeo paddle pikepdf plyvel pyodbc pyogrio pyorc pypdfium2 pyproj pyreadr pyreadstat pyspark
    pysam pysqlite3 pyvips rasterio rdkit rocksdb rpy2 ROOT segyio sentencepiece SimpleITK soundfile tantivy tensorflow
    tflite_runtime tokenizers torch torchaudio torchvision turbodbc vaex vtk vtkmodules xapian yara
"""
UNWATCHED = frozenset(_UNWATCHED.split())
"""Modules known to open files in ways of their own, or to let another program do it, without a watch."""
_HARMLESS = """
    aiohttp arro3 asyncpg bcrypt bottleneck brotli cbor2 cffi charset_normalizer contourpy coverage cramjam cryptography
    cymem Cython cytoolz debugpy fastparquet fontTools frozenlist google greenlet httptools jiter kiwisolver
    lazy_object_proxy Levenshtein llvmlite lz4 markupsafe matplotlib ml_dtypes msgpack msgspec multidict murmurhash
    ndindex numba numcodecs numexpr numpy orjson pandas patsy PIL preshed propcache psutil pydantic_core pyrsistent pywt
    quadprog rapidfuzz regex rpds ruamel setproctitle shapely simplejson skimage sklearn snappy srsly statsmodels
    tornado ujson uvloop wcwidth websockets wrapt xxhash yaml yarl zmq zope zstandard
"""
HARMLESS = frozenset(_HARMLESS.split())
"""Compiled top-level modules whose files are opened by Python, or that open none."""
_INSTALLED = re.compile(r"/(?:site|dist)-packages/(.+)")
_COMPILED = re.compile(r"\.(so|pyd|dylib)$")
_PARTS_OF = {
    "_brotli": "brotli", "_catboost": "catboost", "_cffi_backend": "cffi", "_duckdb": "duckdb", "_yaml": "yaml",
    "_polars_runtime_32": "polars", "_pydevd_bundle": "debugpy", "_pydevd_frame_eval": "debugpy",
    "_pydevd_sys_monitoring": "debugpy", "polars_runtime_32": "polars", "netcdftime": "netCDF4", "cftime": "netCDF4",
}  # fmt: skip


def blind_spots(
    modules: Sequence[ImportedModule],
    watched: Mapping[str, Mapping[str, Any]],
    starts: Iterable[ProcessStart],
    *,
    children: bool = False,
) -> tuple[str, ...]:
    """Return a sentence for each kind of read that was possible in a run and not seen.

    Args:
        modules: what was loaded at the end.
        watched: library -> ``active``, ``late`` and ``missing``, as the watch in the kernel tells.
        starts: programs that were started and connections that were made.
        children: whether a child process has ended, however it was started.
    """
    started = list(starts)
    return (
        *_of_libraries(modules, watched),
        *_of_children([start for start in started if start.what != "socket.connect"], children=children),
        *_of_network(started, watched),
    )


def _of_libraries(modules: Sequence[ImportedModule], watched: Mapping[str, Mapping[str, Any]]) -> list[str]:
    tops = {_top(module.name) for module in modules}
    loaded = tops | {module.name for module in modules}
    active = {name for name, facts in watched.items() if facts.get("active")}
    blind = sorted(loaded & (UNWATCHED | READERS) - active)
    told = [NATIVE.format(_list(blind))] if blind else []
    for name in sorted(active & tops):
        facts = watched[name]
        told += [PARTLY.format(name, WATCHED[name])] if WATCHED.get(name) else []
        told += [MISSING.format(name, _list(facts["missing"]))] if facts.get("missing") else []
        told += [LATE.format(name)] if facts.get("late") and name in READERS else []
    compiled = {_package(module.file) for module in modules if _COMPILED.search(module.file)} - {""}
    unknown = sorted(compiled - HARMLESS - UNWATCHED - WATCHED.keys())
    return [*told, *([UNKNOWN.format(_list(unknown))] if unknown else [])]


def _of_children(starts: Sequence[ProcessStart], *, children: bool) -> list[str]:
    if not starts and not children:
        return []
    programs = sorted({start.target for start in starts if start.target and start.what != "multiprocessing"})
    workers = sorted({start.target for start in starts if start.what == "multiprocessing"})
    names = [*programs, *(f"worker processes ({method})" for method in workers)]
    return [f"Files that other processes opened are not seen{': ' + _list(names) if names else ''}."]


def _of_network(starts: Sequence[ProcessStart], watched: Mapping[str, Mapping[str, Any]]) -> list[str]:
    if all(start.what != "socket.connect" or start.target.startswith("unix:") for start in starts):
        return []
    seen = sorted(name for name in watched.keys() & NETWORK if watched[name].get("active"))
    return [WEB.format(_list(seen)) if seen else WEB_UNSEEN]


def _package(file: str) -> str:
    """Return the top-level name that a compiled module was installed under, empty for one of Python's own."""
    plain = file.replace("\\", "/")
    if "/lib-dynload/" in plain:
        return ""
    found = _INSTALLED.search(plain)
    return _top(found[1] if found else plain.rpartition("/")[2])


def _top(name: str) -> str:
    top = re.split(r"[./]", name, maxsplit=1)[0]
    return _PARTS_OF.get(top, top)


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
