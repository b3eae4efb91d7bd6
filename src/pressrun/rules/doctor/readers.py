"""Which calls read and write files, and which path they name."""

from __future__ import annotations

import re

from pressrun.rules.doctor.events import Call

_READERS = frozenset(
    {
        "numpy.load", "numpy.loadtxt", "numpy.genfromtxt", "numpy.fromfile", "numpy.memmap", "joblib.load",
        "pickle.load_file", "matplotlib.pyplot.imread", "PIL.Image.open", "cv2.imread", "skimage.io.imread",
        "imageio.imread", "scipy.io.loadmat", "scipy.io.wavfile.read", "h5py.File", "pyarrow.parquet.read_table",
        "pyarrow.parquet.ParquetFile", "pyarrow.csv.read_csv", "pyarrow.feather.read_table", "netCDF4.Dataset",
        "xarray.open_dataset", "torch.load", "keras.models.load_model", "tensorflow.keras.models.load_model",
        "geopandas.read_file", "librosa.load", "soundfile.read", "xgboost.DMatrix", "polars.scan_csv",
        "polars.scan_parquet", "polars.scan_ipc", "polars.scan_ndjson", "dask.dataframe.read_csv", "os.listdir",
        "os.scandir", "zipfile.ZipFile", "tarfile.open", "gzip.open", "bz2.open", "lzma.open", "fitz.open",
        "wave.open", "yaml.full_load_file", "pandas.ExcelFile", "pandas.HDFStore",
        "statsmodels.iolib.smpickle.load_pickle",
    }
)  # fmt: skip
_FRAME_READER = re.compile(r"^(?:pandas|polars|geopandas|modin\.pandas|cudf|dask\.dataframe)\.read_\w+$")
_NO_FILE = frozenset(
    {"read_sql", "read_sql_query", "read_sql_table", "read_gbq", "read_clipboard", "read_html", "read_database"}
)
_PATH_NAMES = (
    "filepath_or_buffer",
    "path_or_buf",
    "path",
    "io",
    "source",
    "file",
    "fname",
    "filename",
    "fp",
    "path_or_buffer",
)
_OPENERS = frozenset(
    {
        "open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open", "zipfile.ZipFile", "tarfile.open",
        "h5py.File", "netCDF4.Dataset", "wave.open", "pandas.HDFStore",
    }
)  # fmt: skip
_WRITERS = frozenset(
    {
        "os.makedirs", "os.mkdir", "shutil.copy", "shutil.copyfile", "shutil.copytree", "shutil.move", "os.rename",
        "urllib.request.urlretrieve", "wget.download", "gdown.download", "requests.get", "numpy.save", "numpy.savez",
        "numpy.savetxt", "joblib.dump", "torch.save", "subprocess.run", "subprocess.call", "subprocess.check_call",
        "subprocess.check_output", "subprocess.Popen", "os.system", "shutil.unpack_archive", "cv2.imwrite",
        "urllib.urlretrieve", "nbformat.write", "tensorflow.keras.utils.get_file", "keras.utils.get_file",
        "matplotlib.pyplot.savefig", "PIL.Image.Image.save", "pyarrow.parquet.write_table",
    }
)  # fmt: skip
_WRITING_METHOD = re.compile(
    r"^(?:to_(?:csv|parquet|json|excel|pickle|feather|hdf|stata|html|sql|markdown|latex|zarr|netcdf)|save\w*|write_\w+"
    r"|extractall|extract|download\w*|sink_\w+|touch|mkdir|dump|write_text|write_bytes|export\w*|fetch\w*|urlretrieve"
    r"|render|log_artifacts?|unpack\w*|get_file|retrieve)$"
)
_WRITE_PATH = {
    "joblib.dump": 1, "torch.save": 1, "shutil.copy": 1, "shutil.copyfile": 1, "shutil.copytree": 1,
    "shutil.move": 1, "os.rename": 1, "urllib.request.urlretrieve": 1, "pyarrow.parquet.write_table": 1,
}  # fmt: skip


def is_read(call: Call) -> bool:
    """Whether a call opens a file for reading."""
    if call.name in _OPENERS:
        mode = call.text(1, "mode")
        if mode is None:
            return call.argument(1, "mode") is None
        return not set(mode) & set("wax") and "r+" not in mode
    if _FRAME_READER.match(call.name):
        return call.last not in _NO_FILE
    return call.name in _READERS


def read_path(call: Call) -> str | None:
    """Return the path that a call reads, None where it reads none or the path is not known."""
    if not is_read(call):
        return None
    text = call.text(0, *_PATH_NAMES)
    if (
        text is None
        or "://" in text
        or (call.last in {"read_json", "read_html", "read_xml"} and text.lstrip()[:1] in "{[<")
    ):
        return None
    return text


def is_write(call: Call) -> bool:
    """Whether a call may make files."""
    if call.name in _OPENERS:
        return not is_read(call)
    return call.name in _WRITERS or bool(_WRITING_METHOD.match(call.last))


def written_path(call: Call) -> str | None:
    """Return the path that a call writes, None where it writes none or the path is not known."""
    if not is_write(call):
        return None
    text = call.text(_WRITE_PATH.get(call.name, 0), *_PATH_NAMES, "dst", "name", "path_or_buf", "dest")
    if text is None and call.last in {"touch", "mkdir", "write_text", "write_bytes"}:
        return None
    return text
