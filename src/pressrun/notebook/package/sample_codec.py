"""Samples and predictions as data: frames, series, arrays, sparse matrices and lists to JSON and back, without pickle.

Runs inside other people's kernels as well: standard library only (Python 3.7 and later); numpy, pandas and scipy are
used where the values come from them. Numbers are written so that they read back equal; what cannot be written raises
`TypeError`, and nothing is guessed.
"""

# ruff: noqa: PLC0415  # imported only where a value needs it

from __future__ import annotations

import datetime
import math
import sys
from decimal import Decimal
from typing import Any

MAX_ROWS = 100
MAX_VALUES = 200_000


def encode_value(value: Any) -> dict[str, Any]:
    """Return `value` as what JSON can hold.

    Raises:
        TypeError: it is of a kind that has no data-only form here.
    """
    pandas, numpy = sys.modules.get("pandas"), sys.modules.get("numpy")
    if pandas is not None and isinstance(value, pandas.DataFrame):
        return _encode_frame(value)
    if pandas is not None and isinstance(value, pandas.Series):
        column = _encode_column(value)
        return {"kind": "series", "name": _scalar(value.name), "index": _encode_index(value.index), "column": column}
    if numpy is not None and isinstance(value, numpy.ndarray):
        return _encode_array(value)
    if hasattr(value, "tocsr") and hasattr(value, "nnz"):
        matrix = value.tocsr()
        parts = {name: _encode_array(getattr(matrix, name)) for name in ("data", "indices", "indptr")}
        return {"kind": "sparse", "shape": list(matrix.shape), **parts}
    if isinstance(value, (list, tuple)):
        return {"kind": type(value).__name__, "values": [_scalar(item, nested=True) for item in value]}
    return {"kind": "scalar", "value": _scalar(value)}


def decode_value(data: dict[str, Any]) -> Any:
    """Return the value that `encode_value` wrote."""
    kind = data["kind"]
    if kind == "frame":
        return _decode_frame(data)
    if kind == "series":
        return _decode_column(data["column"], _decode_index(data["index"]), name=_plain(data["name"]))
    if kind == "array":
        return _decode_array(data)
    if kind == "sparse":
        from scipy.sparse import csr_matrix  # type: ignore[import-untyped,unused-ignore]

        parts = [_decode_array(data[name]) for name in ("data", "indices", "indptr")]
        return csr_matrix(tuple(parts), shape=tuple(data["shape"]))
    if kind in ("list", "tuple"):
        values = [_plain(item) for item in data["values"]]
        return values if kind == "list" else tuple(values)
    if kind == "scalar":
        return _plain(data["value"])
    raise TypeError("unknown kind of value: " + str(kind))


def first_rows(value: Any, rows: int = MAX_ROWS) -> Any:
    """Return the first rows of a table, array or list; fewer where a row is very wide.

    Raises:
        TypeError: it has no rows.
    """
    if hasattr(value, "iloc"):
        return value.iloc[:rows]
    shape = getattr(value, "shape", None)
    if shape is not None and len(shape) > 0:
        width = 1
        for length in shape[1:]:
            width *= int(length)
        return value[: max(1, min(rows, MAX_VALUES // max(1, width)))]
    if isinstance(value, (list, tuple)):
        return value[:rows]
    raise TypeError("a " + type(value).__name__ + " has no rows")


def signature_of(data: dict[str, Any]) -> dict[str, Any]:
    """Return names, types and shape of an encoded value, without its content."""
    kind = data["kind"]
    if kind == "frame":
        columns = [{"name": c["name"], "dtype": c["dtype"]} for c in data["columns"]]
        return {"kind": kind, "rows": data["rows"], "columns": columns, "index": data["index"]["dtype"]}
    if kind == "series":
        return {
            "kind": kind,
            "name": data["name"],
            "dtype": data["column"]["dtype"],
            "rows": len(data["column"]["values"]),
        }
    if kind == "array":
        return {"kind": kind, "dtype": data["dtype"], "shape": data["shape"]}
    if kind == "sparse":
        return {"kind": kind, "dtype": data["data"]["dtype"], "shape": data["shape"]}
    if kind in ("list", "tuple"):
        types = sorted({type(_plain(item)).__name__ for item in data["values"]})
        return {"kind": kind, "items": types, "rows": len(data["values"])}
    return {"kind": kind, "type": type(_plain(data["value"])).__name__}


def difference(expected: Any, found: Any, tolerance: float = 1e-9) -> tuple[str, float]:
    """Compare two encoded values.

    Returns:
        what differs (empty when equal within `tolerance`, relative), and the largest relative difference found.
    """
    largest = 0.0
    pending = [("", expected, found)]
    while pending:
        where, one, other = pending.pop()
        numbers = [x for x in (one, other) if isinstance(x, (int, float)) and not isinstance(x, bool)]
        if len(numbers) == 2:
            scale = max(abs(one), abs(other))
            relative = abs(one - other) / scale if one != other and scale else 0.0
            largest = max(largest, relative)
            if relative > tolerance and abs(one - other) > 1e-15:
                return "{0}: {1!r} instead of {2!r}".format(where or "value", other, one), largest  # noqa: UP030
        elif isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
            pending += [(where + "." + key if where else key, one[key], other[key]) for key in one]
        elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            pending += [(where + "[" + str(n) + "]", a, b) for n, (a, b) in enumerate(zip(one, other))]  # noqa: B905
        elif one != other or type(one) is not type(other):
            return "{0}: {1!r} instead of {2!r}".format(where or "value", other, one), largest  # noqa: UP030
    return "", largest


def _encode_frame(frame: Any) -> dict[str, Any]:
    if getattr(frame.columns, "nlevels", 1) > 1:
        raise TypeError("columns of several levels have no data-only form here")
    columns = [dict(_encode_column(frame.iloc[:, n]), name=_scalar(name)) for n, name in enumerate(frame.columns)]
    return {
        "kind": "frame",
        "rows": len(frame),
        "columns": columns,
        "columns_name": _scalar(frame.columns.name),
        "labels": str(frame.columns.dtype),
        "index": _encode_index(frame.index),
    }


def _decode_frame(data: dict[str, Any]) -> Any:
    import pandas

    index = _decode_index(data["index"])
    series = [_decode_column(column, index) for column in data["columns"]]
    frame = pandas.concat(series, axis=1) if series else pandas.DataFrame(index=index)
    labels = pandas.Index([_plain(column["name"]) for column in data["columns"]], name=_plain(data["columns_name"]))
    try:
        labels = labels.astype(data["labels"])
    except (TypeError, ValueError):
        labels = labels.astype(object)
    frame.columns = labels
    return frame


def _encode_index(index: Any) -> dict[str, Any]:
    pandas = sys.modules["pandas"]
    if isinstance(index, pandas.RangeIndex):
        return {"dtype": "range", "values": [index.start, index.stop, index.step], "name": _scalar(index.name)}
    if index.nlevels > 1:
        levels = [_encode_index(index.get_level_values(n)) for n in range(index.nlevels)]
        return {"dtype": "levels", "levels": levels, "name": None}
    return dict(_encode_column(index.to_series().reset_index(drop=True)), name=_scalar(index.name))


def _decode_index(data: dict[str, Any]) -> Any:
    import pandas

    if data["dtype"] == "range":
        start, stop, step = data["values"]
        return pandas.RangeIndex(start, stop, step, name=_plain(data["name"]))
    if data["dtype"] == "levels":
        levels = [_decode_index(level) for level in data["levels"]]
        return pandas.MultiIndex.from_arrays(levels)
    return pandas.Index(_decode_column(data, None), name=_plain(data["name"]))


def _encode_column(series: Any) -> dict[str, Any]:
    pandas = sys.modules["pandas"]
    dtype = str(series.dtype)
    if dtype == "category":
        categories = _encode_column(series.cat.categories.to_series().reset_index(drop=True))
        codes = [int(code) for code in series.cat.codes]
        return {"dtype": dtype, "values": codes, "categories": categories, "ordered": bool(series.cat.ordered)}
    if dtype.startswith(("datetime64", "timedelta64")):
        return {"dtype": dtype, "values": [None if pandas.isna(item) else item.isoformat() for item in series]}
    if dtype.startswith(("period", "interval", "Sparse", "complex")):
        raise TypeError("a column of " + dtype + " has no data-only form here")
    missing = [bool(absent) for absent in pandas.isna(series)]
    if dtype == "object":
        return {"dtype": dtype, "values": [_scalar(item, nested=True) for item in series]}
    if series.dtype.kind in "fiub" and not hasattr(series.dtype, "na_value"):
        return {"dtype": dtype, "values": [_scalar(item) for item in series.tolist()]}
    values = [None if absent else _scalar(item) for item, absent in zip(series.tolist(), missing)]  # noqa: B905
    return {"dtype": dtype, "values": values}


def _decode_column(data: dict[str, Any], index: Any, name: Any = None) -> Any:
    import pandas

    dtype, values = data["dtype"], data["values"]
    if dtype == "category":
        categories = pandas.Index(_decode_column(data["categories"], None))
        content: Any = pandas.Categorical.from_codes(values, categories, ordered=data["ordered"])
        return pandas.Series(content, index=index, name=name)
    if dtype.startswith("datetime64"):
        values = [pandas.NaT if item is None else pandas.Timestamp(item) for item in values]
    elif dtype.startswith("timedelta64"):
        values = [pandas.NaT if item is None else pandas.Timedelta(item) for item in values]
    else:
        values = [_plain(item) for item in values]
    return pandas.Series(values, index=index, name=name, dtype=dtype)


def _encode_array(array: Any) -> dict[str, Any]:
    if array.dtype.names or array.dtype.kind in "cV":
        raise TypeError("an array of " + str(array.dtype) + " has no data-only form here")
    if array.dtype.kind in "mM":
        values = [None if item is None else str(item) for item in array.reshape(-1).astype(str).tolist()]
    else:
        values = [_scalar(item, nested=True) for item in array.reshape(-1).tolist()]
    return {"kind": "array", "dtype": array.dtype.str, "shape": list(array.shape), "values": values}


def _decode_array(data: dict[str, Any]) -> Any:
    import numpy

    flat = numpy.empty(len(data["values"]), dtype=data["dtype"])
    for position, item in enumerate(data["values"]):
        flat[position] = _plain(item)
    return flat.reshape(data["shape"])


def _scalar(value: Any, nested: bool = False) -> Any:
    """Return one value as JSON; what JSON lacks is an object with a single key."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": repr(float(value))}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if type(value).__name__ == "NAType":
        return {"na": True}
    if isinstance(value, (datetime.datetime, datetime.date)) and type(value).__module__ == "datetime":
        return {type(value).__name__: value.isoformat()}
    if nested and isinstance(value, (list, tuple)):
        return {type(value).__name__: [_scalar(item, nested=True) for item in value]}
    if nested and isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {key: _scalar(item, nested=True) for key, item in value.items()}}
    raise TypeError("a " + type(value).__name__ + " has no data-only form here")


def _plain(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    ((kind, value),) = data.items()
    if kind in ("list", "tuple"):
        items = [_plain(item) for item in value]
        return items if kind == "list" else tuple(items)
    if kind == "dict":
        return {key: _plain(item) for key, item in value.items()}
    if kind == "na":
        import pandas

        return pandas.NA
    readers: dict[str, Any] = {
        "float": float,
        "decimal": Decimal,
        "datetime": datetime.datetime.fromisoformat,
        "date": datetime.date.fromisoformat,
    }
    return readers[kind](value)
