"""From the kernel's messages to the outputs of cells, as a Jupyter front end shows them.

Pure: messages in, outputs out. Streams of one name that follow each other are joined, ``clear_output`` clears,
``update_display_data`` reaches every output with that display id, in whichever cell it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pressrun.notebook.replay.rawtext import RawText, join, join_raw
from pressrun.notebook.replay.widgets import Widgets

Output = dict[str, Any]
OUTPUT_TYPES = {"stream", "display_data", "execute_result", "error"}
NEVER_SPLIT = "application/json"
SPLIT_MIMES = {"application/javascript", "image/svg+xml"}


def output_of(kind: str, content: Mapping[str, Any]) -> Output:
    """Return the nbformat output for one message; a stream's text is a list of parts until it is finished."""
    if kind == "stream":
        return {"output_type": "stream", "name": content["name"], "text": [content["text"]]}
    if kind == "error":
        return {
            "output_type": "error",
            "ename": content["ename"],
            "evalue": content["evalue"],
            "traceback": content["traceback"],
        }
    output = {"output_type": kind, "data": content["data"], "metadata": content.get("metadata") or {}}
    if kind == "execute_result":
        output["execution_count"] = content.get("execution_count")
    return output


class OutputArea:
    """A list of outputs that messages are added to, as a front end does below a cell or in an Output widget."""

    def __init__(self) -> None:
        self.outputs: list[Output] = []
        self._clear_first = False

    def add(self, output: Output) -> None:
        """Append, or join to the stream before it."""
        if self._clear_first:
            self.clear(wait=False)
        last = self.outputs[-1] if self.outputs else None
        if last and output["output_type"] == "stream" == last["output_type"] and last["name"] == output["name"]:
            last["text"].extend(output["text"])
            return
        self.outputs.append(output)

    def clear(self, *, wait: bool) -> None:
        """Remove all outputs: now, or when the next one comes."""
        self._clear_first = wait
        if not wait:
            self.outputs.clear()

    def finished(self, *, raw: bool = False) -> list[Output]:
        """Return the outputs with each stream's text as one string.

        Args:
            raw: leave text undecoded that came so.
        """
        one = join_raw if raw else join
        return [
            {**output, "text": one(output["text"])} if output["output_type"] == "stream" else output
            for output in self.outputs
        ]


class NotebookOutputs:
    """The outputs and execution counts of all cells of one run, and the state of its widgets.

    Args:
        send: called with (comm id, data, request) when a front end would answer the kernel; None where no kernel is.
    """

    def __init__(self, send: Callable[[str, dict[str, Any], str], None] | None = None) -> None:
        self.execution_counts: dict[int, int] = {}
        self.widgets = Widgets(OutputArea, send)
        self._areas: dict[int, OutputArea] = {}
        self._displayed: dict[str, list[Output]] = {}

    def apply(
        self, position: int, kind: str, request: str, content: Mapping[str, Any], buffers: Sequence[bytes] = ()
    ) -> None:
        """Take one message into account.

        Args:
            position: the cell that the request belongs to.
            kind: message type.
            request: id of the request.
            content: decoded content.
            buffers: binary buffers of a comm message.
        """
        if kind == "execute_input":
            self.execution_counts[position] = content["execution_count"]
        elif kind.startswith("comm_"):
            self.widgets.apply(kind, content, buffers)
        elif kind == "clear_output":
            self._area(position, request).clear(wait=bool(content.get("wait")))
            self.widgets.sync(request)
        elif kind == "update_display_data":
            self._update(content)
        elif kind in OUTPUT_TYPES:
            self._add(position, kind, request, content)

    def of(self, position: int, *, raw: bool = False) -> list[Output]:
        """Return the outputs of one cell; `raw` as in `OutputArea.finished`."""
        area = self._areas.get(position)
        return area.finished(raw=raw) if area else []

    def _area(self, position: int, request: str) -> OutputArea:
        captured = self.widgets.capturing(request)
        return captured or self._areas.setdefault(position, OutputArea())

    def _add(self, position: int, kind: str, request: str, content: Mapping[str, Any]) -> None:
        output = output_of(kind, content)
        name = (content.get("transient") or {}).get("display_id")
        if name:
            self._update(content)
            self._displayed.setdefault(str(name), []).append(output)
        self._area(position, request).add(output)
        self.widgets.sync(request)

    def _update(self, content: Mapping[str, Any]) -> None:
        name = (content.get("transient") or {}).get("display_id")
        for output in self._displayed.get(str(name), []):
            output["data"] = content["data"]
            output["metadata"] = content.get("metadata") or {}


def split_lines(outputs: Sequence[Output]) -> list[Output]:
    """Return the outputs as they stand in a file: text as a list of lines, undecoded text as it is."""
    return [_split(output) for output in outputs]


def _split(output: Output) -> Output:
    if output["output_type"] == "stream":
        text = output["text"]
        return output if isinstance(text, RawText) else {**output, "text": text.splitlines(True)}
    if "data" not in output:
        return output
    data = {
        mime: value.splitlines(True) if isinstance(value, str) and _is_text(mime) else value
        for mime, value in output["data"].items()
    }
    return {**output, "data": data}


def _is_text(mime: str) -> bool:
    return mime != NEVER_SPLIT and (mime.startswith("text/") or mime in SPLIT_MIMES)
