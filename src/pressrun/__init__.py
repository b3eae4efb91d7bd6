"""pressrun turns a notebook into something production can trust.

It reads the notebook as it is, replays it headlessly, proves that a clean replay gives the same result, and packages
it as an immutable bundle that runs without pressrun.

The names in `__all__` are the public surface and are imported when they are first used, so that ``%load_ext
pressrun`` and ``import pressrun`` stay cheap. Everything else may change without notice.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pressrun.actions.compare import compare
    from pressrun.actions.inspect import inspect
    from pressrun.actions.package import package
    from pressrun.actions.press import PackageRequest
    from pressrun.actions.replay import replay
    from pressrun.actions.verify import VerifyRequest, verify
    from pressrun.errors import PressrunError
    from pressrun.interfaces.magics import load_ipython_extension, unload_ipython_extension
    from pressrun.interfaces.panel_view import panel

__all__ = [
    "PackageRequest",
    "PressrunError",
    "VerifyRequest",
    "compare",
    "inspect",
    "load_ipython_extension",
    "package",
    "panel",
    "replay",
    "unload_ipython_extension",
    "verify",
]

_HOMES = {
    "PackageRequest": "pressrun.actions.press",
    "PressrunError": "pressrun.errors",
    "VerifyRequest": "pressrun.actions.verify",
    "compare": "pressrun.actions.compare",
    "inspect": "pressrun.actions.inspect",
    "load_ipython_extension": "pressrun.interfaces.magics",
    "package": "pressrun.actions.package",
    "panel": "pressrun.interfaces.panel_view",
    "replay": "pressrun.actions.replay",
    "unload_ipython_extension": "pressrun.interfaces.magics",
    "verify": "pressrun.actions.verify",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pressrun' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
