"""Cells and outputs as notebooks hold them."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import pytest

from pressrun.records.cells import Cell
from pressrun.records.comparison import Comparison, OutputComparison
from pressrun.records.digest import digest_text
from pressrun.rules.compare.notebooks import compare_cells
from pressrun.rules.compare.settings import CompareSettings


def _cell(source: str, *outputs: dict[str, Any], index: int = 0, **fields: Any) -> Cell:
    values = {
        "index": index,
        "id": None,
        "type": "code",
        "source": source,
        "body": source,
        "digest": digest_text(source),
        "execution_count": index + 1,
        "outputs": tuple(outputs),
    }
    return Cell(**(values | fields))


@pytest.fixture(scope="session")
def cell() -> Callable[..., Cell]:
    """Make a code cell from its source and outputs."""
    return _cell


@pytest.fixture(scope="session")
def stdout() -> Callable[[str], dict[str, Any]]:
    """Make an output printed to stdout."""
    return lambda text: {"output_type": "stream", "name": "stdout", "text": text}


@pytest.fixture(scope="session")
def stderr() -> Callable[[str], dict[str, Any]]:
    """Make an output printed to stderr."""
    return lambda text: {"output_type": "stream", "name": "stderr", "text": text}


@pytest.fixture(scope="session")
def shown() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Make a displayed output from its mime bundle."""
    return lambda data: {"output_type": "display_data", "data": data, "metadata": {}}


@pytest.fixture(scope="session")
def compare_one(shown: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[..., OutputComparison]:
    """Compare one representation of one cell's output."""

    def compare(mime: str, expected: Any, found: Any, *, source: str = "x", **settings: Any) -> OutputComparison:
        sides = []
        for value in (expected, found):
            stream = {"output_type": "stream", "name": "stdout", "text": value}
            sides.append([_cell(source, stream if mime == "stream/stdout" else shown({mime: value}))])
        comparison: Comparison = compare_cells(*sides, settings=CompareSettings(**settings))
        (output,) = comparison.outputs
        return output

    return compare


@pytest.fixture(scope="session")
def png() -> Callable[[Any], str]:
    """Encode a pillow image as the base64 text that a notebook holds."""

    def encode(image: Any, **options: Any) -> str:
        buffer = io.BytesIO()
        image.save(buffer, "PNG", **options)
        return base64.b64encode(buffer.getvalue()).decode("ascii")

    return encode
