"""Libraries that open files, or read over a network, where Python's audit events do not tell; and how each is asked.

Sent into the kernel together with `pressrun.observer.recorder`: standard library only, Python 3.7 and later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from pressrun.observer.library_calls import (
    after_delta_opened,
    after_process_started,
    after_write,
    collect_frames,
    construct_lightgbm,
    open_array_file,
    open_arrow_file,
    open_database,
    open_storage,
    read_all,
    read_arrow,
    read_catboost,
    read_delta,
    read_lightgbm,
    read_onnx,
    read_path,
    read_video,
    read_xgboost,
    run_query,
    scan_lazily,
    sink_frame,
    write_arrow,
    write_delta,
    write_path,
)
from pressrun.observer.remote_calls import (
    after_botocore,
    after_httpx,
    after_requests,
    after_rows,
    after_store_opened,
    after_store_read,
    after_store_synced,
    after_urllib,
    after_urllib3,
)
from pressrun.observer.sight import Call, Sight


class Use(NamedTuple):
    """What is told of a call.

    Attributes:
        before: given the argument that the row names; what it returns goes to `after`.
        after: given what `before` returned, and the result.
        inner: as for `pressrun.observer.patching.watched`.
        asked: only where the results of queries are to be digested, because each row costs.
    """

    before: Callable[[Sight, Call, Any], Any] | None = None
    after: Callable[[Sight, Call, Any, Any], None] | None = None
    inner: bool = False
    asked: bool = False


class Row(NamedTuple):
    """Functions of one module that are watched.

    Attributes:
        module: full name; when it has run, what is here is looked for.
        names: functions and methods by their path in the module, apart by spaces. A ``*`` stands for any letters; what
            is marked with ``?`` is not there in every release.
        place: position of the argument that tells, the object itself counted for methods, and its names.
        use: what is told.
    """

    module: str
    names: str
    place: tuple[Any, ...]
    use: Use


READ = Use(read_path)
READ_ALL = Use(read_all)
WRITE = Use(write_path, after_write)
ARROW = Use(read_arrow)
ARROW_WRITE = Use(write_arrow, after_write)
ARRAYS = Use(open_array_file)
QUERY = Use(run_query)
COLLECT = Use(collect_frames)
LIGHTGBM = Use(read_lightgbm)
DELTA = Use(read_delta)
FIRST = (0, "source", "input_file", "path", "where", "filename")
SECOND = (1, "source", "path_or_paths", "where", "filename", "name", "data", "path")
TARGET = (1, "file", "target", "path", "where", "output_file", "sink", "dest", "file_name", "workbook", "fname")
TABLES = (0, "path_or_buffer", "file_glob", "file_globs", "name")

LIBRARIES: dict[str, tuple[Row, ...]] = {
    "pyarrow": (
        Row("pyarrow", "memory_map", FIRST, Use(open_arrow_file)),
        Row("pyarrow", "OSFile", SECOND, ARRAYS),
        Row("pyarrow", "input_stream", FIRST, READ),
        Row("pyarrow", "create_memory_map output_stream", FIRST, WRITE),
        Row("pyarrow.ipc", "open_file open_stream", FIRST, READ),
        Row("pyarrow.ipc", "RecordBatchFileReader.__init__ RecordBatchStreamReader.__init__", SECOND, READ),
        Row("pyarrow.ipc", "RecordBatchFileWriter.__init__ RecordBatchStreamWriter.__init__", TARGET, WRITE),
        Row("pyarrow.parquet", "read_table read_metadata read_schema", FIRST, ARROW),
        Row("pyarrow.parquet", "ParquetFile.__init__ ParquetDataset.__init__", SECOND, ARROW),
        Row("pyarrow.parquet", "ParquetWriter.__init__", TARGET, ARROW_WRITE),
        Row("pyarrow.dataset", "dataset", FIRST, ARROW),
        Row("pyarrow.dataset", "parquet_dataset", (0, "metadata_path"), ARROW),
        Row("pyarrow.dataset", "write_dataset", (1, "base_dir"), ARROW_WRITE),
        Row("pyarrow.csv", "read_csv open_csv", FIRST, READ),
        Row("pyarrow.csv", "write_csv ?CSVWriter", TARGET, WRITE),
        Row("pyarrow.json", "read_json ?open_json", FIRST, READ),
        Row("pyarrow.feather", "read_table", FIRST, READ),
        Row("pyarrow.feather", "write_feather", TARGET, WRITE),
        Row("pyarrow.orc", "?read_table", FIRST, ARROW),
        Row("pyarrow.orc", "ORCFile.__init__", SECOND, READ),
        Row("pyarrow.orc", "?ORCWriter.__init__", TARGET, WRITE),
    ),
    "polars": (
        Row("polars", "read_*", FIRST, READ),
        Row("polars", "scan_*", FIRST, Use(scan_lazily)),
        Row("polars", "?sql", (0, "query"), QUERY),
        Row("polars", "?SQLContext.execute", (1, "query"), QUERY),
        Row("polars", "collect_all*", (0, "lazy_frames"), COLLECT),
        Row("polars", "LazyFrame.collect LazyFrame.collect_* ?LazyFrame.fetch ?LazyFrame.profile", (0,), COLLECT),
        Row("polars", "LazyFrame.sink_*", TARGET, Use(sink_frame, after_write)),
        Row("polars", "DataFrame.write_*", TARGET, WRITE),
        Row("polars", "?DataFrame.deserialize ?LazyFrame.deserialize", SECOND, READ),
    ),
    "duckdb": (
        Row("duckdb", "connect", (0, "database"), Use(open_database)),
        Row("duckdb", "sql query execute executemany ?from_query", (0, "query"), QUERY),
        Row("duckdb", "?query_df ?DuckDBPyRelation.query", (2, "sql_query"), QUERY),
        Row("duckdb", "read_* from_csv_auto from_parquet", TABLES, READ),
        Row("duckdb", "?table_function ?tf", (1, "parameters"), READ),
        Row("duckdb", "DuckDBPyConnection.sql DuckDBPyConnection.query ?DuckDBPyConnection.from_query "
            "DuckDBPyConnection.execute DuckDBPyConnection.executemany", (1, "query"), QUERY),
        Row("duckdb", "DuckDBPyConnection.read_* DuckDBPyConnection.from_csv_auto DuckDBPyConnection.from_parquet",
            (1, *TABLES[1:]), READ),
        Row("duckdb", "?DuckDBPyConnection.table_function ?DuckDBPyConnection.tf", (2, "parameters"), READ),
        Row("duckdb", "DuckDBPyRelation.to_csv DuckDBPyRelation.to_parquet DuckDBPyRelation.write_*", TARGET, WRITE),
    ),
    "h5py": (Row("h5py", "File.__init__", SECOND, ARRAYS),),
    "tables": (Row("tables", "File.__init__", SECOND, ARRAYS),),
    "netCDF4": (
        Row("netCDF4", "Dataset.__init__", SECOND, ARRAYS),
        Row("netCDF4", "?MFDataset.__init__", (1, "files"), READ),
    ),
    "cv2": (
        Row("cv2", "imread* ?imcount", FIRST, READ),
        Row("cv2", "imwrite*", FIRST, WRITE),
        Row("cv2", "VideoCapture.__init__ VideoCapture.open", SECOND, Use(read_video)),
        Row("cv2", "VideoWriter.__init__ VideoWriter.open", SECOND, WRITE),
        Row("cv2", "FileStorage.__init__ FileStorage.open", SECOND, Use(open_storage)),
        Row("cv2", "?CascadeClassifier.__init__ ?CascadeClassifier.load", SECOND, READ),
        Row("cv2", "?dnn.readNet* ?dnn.readTensorFromONNX", (None,), READ_ALL),
    ),
    "xgboost": (
        Row("xgboost", "DMatrix.__init__", SECOND, Use(read_xgboost)),
        Row("xgboost", "Booster.__init__", (3, "model_file"), READ),
        Row("xgboost", "Booster.load_model", (1, "fname"), READ),
        Row("xgboost", "Booster.save_model DMatrix.save_binary", TARGET, WRITE),
    ),
    "lightgbm": (
        Row("lightgbm", "Dataset.__init__", SECOND, LIGHTGBM),
        Row("lightgbm", "Dataset.construct", (0,), Use(construct_lightgbm)),
        Row("lightgbm", "Booster.__init__", (3, "model_file"), READ),
        Row("lightgbm", "Booster.predict Booster.refit", SECOND, LIGHTGBM),
        Row("lightgbm", "Booster.save_model Dataset.save_binary", TARGET, WRITE),
    ),
    "catboost": (
        Row("catboost", "Pool.__init__", SECOND, Use(read_catboost)),
        Row("catboost", "CatBoost.load_model", (1, "fname"), READ),
        Row("catboost", "CatBoost.save_model Pool.save", TARGET, WRITE),
    ),
    "safetensors": (
        Row("safetensors", "safe_open.__init__", SECOND, READ),
        Row("safetensors", "serialize_file", TARGET, WRITE),
    ),
    "onnxruntime": (Row("onnxruntime", "InferenceSession.__init__", (1, "path_or_bytes"), Use(read_onnx)),),
    "onnx": (
        Row("onnx.checker", "check_model", (0, "model"), Use(read_onnx)),
        Row("onnx.shape_inference", "infer_shapes_path", (0, "model_path"), Use(read_onnx)),
        Row("onnx.shape_inference", "infer_shapes_path", (1, "output_path"), WRITE),
    ),
    "scipy": (
        Row("scipy.io", "mmread mminfo", FIRST, READ),
        Row("scipy.io", "mmwrite", (0, "target"), WRITE),
    ),
    "deltalake": (
        Row("deltalake", "DeltaTable.__init__ ?DeltaTable.load_as_version ?DeltaTable.update_incremental", (0,),
            Use(None, after_delta_opened)),
        Row("deltalake", "DeltaTable.to_pandas DeltaTable.to_pyarrow_dataset DeltaTable.to_pyarrow_table", (0,), DELTA),
        Row("deltalake", "?DeltaTable.scan ?DeltaTable.load_cdf ?DeltaTable.merge ?DeltaTable.update", (0,), DELTA),
        Row("deltalake", "?QueryBuilder.register", (2, "delta_table"), DELTA),
        Row("deltalake", "write_deltalake", (0, "table_or_uri"), Use(write_delta, after_write)),
    ),
    "fsspec": (
        Row("fsspec.spec", "AbstractFileSystem.open", (1, "path"), Use(None, after_store_opened, inner=True)),
        Row("fsspec.spec", "AbstractFileSystem.cat_file AbstractFileSystem.get_file", (1, "path", "rpath"),
            Use(None, after_store_read, inner=True)),
        Row("fsspec.asyn", "sync", (1, "func"), Use(None, after_store_synced, inner=True)),
    ),
    "botocore": (Row("botocore.client", "BaseClient._make_api_call", (1,), Use(None, after_botocore, inner=True)),),
    "sqlalchemy": (
        Row("sqlalchemy.engine.cursor", "CursorFetchStrategy.fetchall CursorFetchStrategy.fetchmany "
            "?BufferedRowCursorFetchStrategy.fetchall ?BufferedRowCursorFetchStrategy.fetchmany "
            "?FullyBufferedCursorFetchStrategy.fetchall ?FullyBufferedCursorFetchStrategy.fetchmany",
            (1, "result"), Use(None, after_rows, inner=True)),
        Row("sqlalchemy.engine.cursor", "CursorFetchStrategy.fetchone ?BufferedRowCursorFetchStrategy.fetchone "
            "?FullyBufferedCursorFetchStrategy.fetchone", (1, "result"), Use(None, after_rows, inner=True, asked=True)),
    ),
    "urllib": (Row("urllib.request", "OpenerDirector.open", (1, "fullurl"), Use(None, after_urllib, inner=True)),),
    "requests": (Row("requests.sessions", "Session.send", (1, "request"), Use(None, after_requests, inner=True)),),
    "httpx": (Row("httpx", "Client.send AsyncClient.send", (1, "request"), Use(None, after_httpx)),),
    "urllib3": (Row("urllib3.poolmanager", "PoolManager.urlopen", (2, "url"), Use(None, after_urllib3, inner=True)),),
    "multiprocessing": (
        Row("multiprocessing.process", "BaseProcess.start", (0,), Use(None, after_process_started, inner=True)),
    ),
}  # fmt: skip
