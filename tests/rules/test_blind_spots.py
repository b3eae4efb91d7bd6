"""What a run could have read unseen, told from what it loaded and started."""

from __future__ import annotations

from typing import Any

from pressrun.records.capture import ImportedModule, ProcessStart
from pressrun.rules.blind_spots import HARMLESS, UNWATCHED, WATCHED, blind_spots

SITE = "/env/lib/python3.12/site-packages"
ACTIVE = {"active": True, "late": False, "missing": []}


def modules(*names: str) -> tuple[ImportedModule, ...]:
    return tuple(ImportedModule(name=name, file=f"{SITE}/{name}/__init__.py") for name in names)


def told(*names: str, watched: dict[str, Any] | None = None, **more: Any) -> str:
    starts = more.pop("starts", ())
    return "\n".join(blind_spots(modules(*names), watched or {}, starts, **more))


def test_a_run_that_loaded_nothing_and_started_nothing_has_no_blind_spot() -> None:
    assert blind_spots(modules("json", "numpy", "pandas", "sklearn"), {}, ()) == ()


def test_a_native_reader_without_a_watch_is_named() -> None:
    assert "native code are not seen: lxml, torch." in told("torch", "lxml", "numpy")


def test_a_native_reader_whose_watch_is_not_active_is_named() -> None:
    assert "native code are not seen: polars." in told("polars", watched={"polars": {**ACTIVE, "active": False}})
    assert "native code are not seen: polars." in told("polars")


def test_a_watched_reader_is_named_with_what_the_watch_does_not_see() -> None:
    text = told("h5py", watched={"h5py": ACTIVE})
    assert text == "h5py: files that it opens through h5py.h5f, and by links to other files are not seen."


def test_a_watch_that_does_not_fit_the_release_says_so() -> None:
    text = told("netCDF4", watched={"netCDF4": {**ACTIVE, "missing": ["netCDF4.Dataset.__init__"]}})
    assert "netCDF4: this release does not have all functions that are watched; not found: netCDF4.Dataset" in text


def test_a_library_that_was_there_first_is_named() -> None:
    assert "netCDF4: it was there before" in told("netCDF4", watched={"netCDF4": {**ACTIVE, "late": True}})


def test_a_compiled_library_of_which_nothing_is_known_is_named_by_its_package() -> None:
    loaded = (
        ImportedModule(name="strange._core", file=f"{SITE}/strange/_core.cpython-312-x86_64-linux-gnu.so"),
        ImportedModule(name="odd", file=f"{SITE}/odd.abi3.so"),
        ImportedModule(name="_csparse", file=f"{SITE}/scipy/_csparse.so"),
        ImportedModule(name="_heapq", file="/usr/lib/python3.12/lib-dynload/_heapq.cpython-312-x86_64-linux-gnu.so"),
        ImportedModule(name="numpy.core", file=f"{SITE}/numpy/core.so"),
    )
    assert blind_spots(loaded, {}, ()) == (
        "Whether these compiled libraries open files of their own is not known: odd, strange.",
    )


def test_children_are_named_where_any_were_started() -> None:
    start = ProcessStart(what="subprocess.Popen", target="git", cell=0)
    worker = ProcessStart(what="multiprocessing", target="loky", cell=0)
    sentence = "Files that other processes opened are not seen"
    assert told(starts=[start, worker]) == f"{sentence}: git, worker processes (loky)."
    assert told(children=True) == f"{sentence}."
    assert told(starts=[ProcessStart(what="socket.connect", target="unix:/x", cell=0)]) == ""


def test_the_network_is_told_where_python_code_connected() -> None:
    start = ProcessStart(what="socket.connect", target="example.org:443", cell=0)
    assert "only what requests fetched is recorded" in told(starts=[start], watched={"requests": ACTIVE})
    assert (
        told(starts=[start]) == "What came over the network is not recorded, only which hosts Python code connected to."
    )


def test_long_lists_are_cut() -> None:
    starts = [ProcessStart(what="os.system", target=f"p{n:02}", cell=0) for n in range(15)]
    assert told(starts=starts).endswith("p10, p11 and 3 more.")


def test_no_library_is_in_two_lists() -> None:
    assert not HARMLESS & UNWATCHED
    assert not (HARMLESS | UNWATCHED) & WATCHED.keys()
