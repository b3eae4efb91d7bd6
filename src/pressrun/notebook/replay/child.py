"""The child process of a replay, run as a script by its path: ``python child.py ORDER``.

Run so, and not with ``-m``, because then neither the working directory nor the notebook's folder is ever a place that
modules are imported from; the only folder that Python adds is this one, and it is taken out first of all.
"""

import sys

if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False):
    del sys.path[0]

import ctypes
import importlib
import os
import types
from pathlib import Path
from typing import Any

import msgspec

from pressrun.notebook.replay.request import ChildOrder

LAZY = ("requests",)
"""papermill imports it and a local notebook never makes it do anything: loaded when it is first used."""

UNUSED = ("rfc3987_syntax", "pyarrow", "boto3", "azure", "gcsfs", "github")
"""Not needed to run a local notebook, and half of what importing papermill costs where they are installed."""

MANY_CELLS = 50
PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Read the order and let papermill run the notebook."""
    adopt_orphans()
    order = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=ChildOrder)
    # nbformat's fast validator is made anew in every process, which pays for many cells only.
    os.environ.setdefault("NBFORMAT_VALIDATOR", "fastjsonschema" if len(order.indices) > MANY_CELLS else "jsonschema")
    for name in UNUSED:
        sys.modules[name] = None  # type: ignore[assignment]  # the documented way to make an import fail
    for name in LAZY:
        load_when_used(name)
    # only now, when nothing of the above is imported with them
    import papermill  # noqa: PLC0415
    from papermill.engines import papermill_engines  # noqa: PLC0415

    from pressrun.notebook.replay.engine import PressrunEngine  # noqa: PLC0415

    papermill_engines.register("pressrun", PressrunEngine)  # also where the entry point is not installed
    settings: dict[str, Any] = {
        "engine_name": "pressrun",
        "kernel_name": "python3",
        "progress_bar": False,
        "request_save_on_cell_execute": False,
        "cwd": order.working_directory,
        "pressrun_order": order,
    }
    prepared = order.prepared.replace("{", "{{").replace("}", "}}")  # papermill formats the path
    papermill.execute_notebook(prepared, None, **settings)


def load_when_used(name: str) -> None:
    """Put a stand-in for a module in place, which becomes the module when anything is asked of it.

    `importlib.util.LazyLoader` does not serve: a second import statement already makes it load.
    """
    stand_in = types.ModuleType(name)

    def load(attribute: str) -> Any:
        del stand_in.__getattr__, sys.modules[name]
        module = importlib.import_module(name)
        vars(stand_in).update(vars(module))
        return getattr(module, attribute)

    stand_in.__getattr__ = load  # type: ignore[method-assign]
    sys.modules[name] = stand_in


def adopt_orphans() -> None:
    """Become the parent of processes whose own parent ends, so that they can be found and ended with the replay."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


if __name__ == "__main__":
    main()
