"""The page on the panel names its settings, keys and lines as they are."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "jupyterlab.md").read_text(encoding="utf-8")
SCHEMA = json.loads((ROOT / "labextension" / "schema" / "plugin.json").read_text(encoding="utf-8"))
LINES = "\n".join(
    (ROOT / "labextension" / "src" / "model" / name).read_text(encoding="utf-8")
    for name in ("state.ts", "sentences.ts", "actions.ts")
)


def test_every_setting_stands_there_with_its_default():
    told = dict(re.findall(r"^\| `(\w+)` \| `(\w+)` \|", PAGE, re.MULTILINE))
    expected = {name: str(one["default"]).lower() for name, one in SCHEMA["properties"].items()}
    assert told == expected


def test_the_shortcut_is_the_one_of_the_schema():
    assert SCHEMA["jupyter.lab.shortcuts"][0]["keys"] == ["Alt Shift P"]
    assert "| Alt Shift P | goes to the panel |" in PAGE


def test_the_lines_of_the_header_are_those_that_it_shows():
    rows = re.findall(r"^\| ([A-Z][^|]+) \| [^|]+ \| [^|]+ \|$", PAGE, re.MULTILINE)
    lines = [line for row in rows for line in row.split(" · ") if line[0].isupper()]
    assert len(lines) > 15
    texts = re.findall(r"trans\._[_n]\(\s*'((?:[^'\\]|\\.)+)'", LINES) + re.findall(r"', '([^']+)', job", LINES)
    shown = [re.compile(re.sub(r"%\d", ".+", re.escape(text)) + r"(?:, about \d+ min left)?") for text in texts]
    assert [line for line in lines if not any(one.fullmatch(line) for one in shown)] == []
