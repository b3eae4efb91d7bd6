"""What a bundle keeps of a run's results, in ``outputs.json``: normalised, so that an equal run gives equal bytes."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from pressrun.records.digest import Digest

ValueKind = Literal["metric", "predictions", "product"]


class CapturedValue(msgspec.Struct, frozen=True, kw_only=True):
    """A declared metric, a model's predictions on the captured sample, or the digest of a written file.

    Attributes:
        value: a number, text, or lists and objects of them; floats rounded to 12 significant digits when stored.
        tolerance: relative; 0 means that the settings' tolerance holds.
    """

    name: str
    kind: ValueKind = "metric"
    value: Any = None
    tolerance: float = 0.0


class ComparedOutput(msgspec.Struct, frozen=True, kw_only=True):
    """One output in the representation that is compared, volatile parts replaced by their placeholders.

    Attributes:
        mime: ``stream/stdout``, ``error``, or a mime type.
        value: text, base64 text for images, or plain JSON.
    """

    mime: str
    value: Any


class ComparedCell(msgspec.Struct, frozen=True, kw_only=True):
    """The compared outputs of one cell.

    Attributes:
        cell: index in the source notebook, all cells counted from 0, an injected parameters cell not counted.
        code: digest of the cell's code without comments and blank lines, by which it is found again.
    """

    cell: int
    code: Digest
    tags: tuple[str, ...] = ()
    outputs: tuple[ComparedOutput, ...] = ()


class ComparedOutputs(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in ``outputs.json``.

    Attributes:
        tolerance: relative tolerance up to which floats count as equal.
        rules: names of the normalisations that were applied wherever they match.
        varying: cells whose outputs differed between two runs in one environment; they are not in `cells`. Likewise
            `varying_values` by name.
    """

    format: int = 1
    tolerance: float
    rules: tuple[str, ...] = ()
    cells: tuple[ComparedCell, ...] = ()
    values: tuple[CapturedValue, ...] = ()
    varying: tuple[int, ...] = ()
    varying_values: tuple[str, ...] = ()
