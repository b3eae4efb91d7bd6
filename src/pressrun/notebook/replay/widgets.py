"""The part of a front end that interactive widgets need: their state, and Output widgets that capture outputs."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

STATE_MIME = "application/vnd.jupyter.widget-state+json"
TARGET = "jupyter.widget"
OUTPUT_MODULE = "@jupyter-widgets/output"
OUTPUT_MODEL = "OutputModel"

Send = Callable[[str, dict[str, Any], str], None]


class Area(Protocol):
    """What outputs are added to."""

    def add(self, output: dict[str, Any]) -> None:
        """Append an output."""

    def clear(self, *, wait: bool) -> None:
        """Remove all outputs."""

    def finished(self) -> list[dict[str, Any]]:
        """Return the outputs."""


class Widgets:
    """State of all widgets that a kernel opened.

    Args:
        new_area: makes an empty output area for an Output widget.
        send: as in `pressrun.notebook.replay.outputs.NotebookOutputs`.
    """

    def __init__(self, new_area: Callable[[], Any], send: Send | None = None) -> None:
        self._new_area = new_area
        self._send = send
        self._state: dict[str, dict[str, Any]] = {}
        self._buffers: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}
        self._areas: dict[str, Any] = {}  # comm id of an Output widget -> what it captured
        self._captures: dict[
            str, list[str]
        ] = {}  # request -> comm ids of the Output widgets that capture, innermost last

    def apply(self, kind: str, content: Mapping[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """Take one comm message into account."""
        comm = content["comm_id"]
        data = content.get("data") or {}
        if kind == "comm_open" and content.get("target_name") == TARGET:
            self._open(comm, data.get("state") or {})
        if kind == "comm_close" or "state" not in data:
            return
        self._state.setdefault(comm, {}).update(data["state"])
        for path, buffer in zip(data.get("buffer_paths") or [], buffers, strict=False):
            encoded = {"data": base64.b64encode(buffer).decode("ascii"), "encoding": "base64", "path": path}
            self._buffers.setdefault(comm, {})[tuple(path)] = encoded
        if comm in self._areas and "msg_id" in data["state"]:
            self._capture(comm, data["state"]["msg_id"])

    def capturing(self, request: str) -> Any:
        """Return the area of the Output widget that captures the outputs of a request, None when there is none."""
        comms = self._captures.get(request)
        return self._areas[comms[-1]] if comms else None

    def sync(self, request: str) -> None:
        """Tell the kernel what the Output widget that captures a request now holds."""
        comms = self._captures.get(request)
        if not comms:
            return
        outputs = self._areas[comms[-1]].finished()
        self._state[comms[-1]]["outputs"] = outputs
        if self._send is not None:
            update = {"method": "update", "state": {"outputs": outputs}, "buffer_paths": []}
            self._send(comms[-1], update, request)

    def metadata(self) -> dict[str, Any] | None:
        """Return the notebook metadata that lets a viewer draw the widgets, None without widgets."""
        models = {comm: self._model(comm) for comm, state in self._state.items() if "_model_name" in state}
        if not models:
            return None
        return {STATE_MIME: {"state": models, "version_major": 2, "version_minor": 0}}

    def _open(self, comm: str, state: Mapping[str, Any]) -> None:
        if state.get("_model_module") == OUTPUT_MODULE and state.get("_model_name") == OUTPUT_MODEL:
            self._areas[comm] = self._new_area()

    def _capture(self, comm: str, request: str) -> None:
        for comms in self._captures.values():
            if comm in comms:
                comms.remove(comm)
        if request:
            self._captures.setdefault(request, []).append(comm)

    def _model(self, comm: str) -> dict[str, Any]:
        state = self._state[comm]
        model = {
            "model_name": state.get("_model_name"),
            "model_module": state.get("_model_module"),
            "model_module_version": state.get("_model_module_version"),
            "state": state,
        }
        if comm in self._buffers:
            model["buffers"] = list(self._buffers[comm].values())
        return model
