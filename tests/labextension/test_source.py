"""What the panel's source keeps to: nothing untyped, no markup made of text, theme colours, every text translated."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PANEL = ROOT / "labextension"
WRITTEN = sorted(path for path in (PANEL / "src").rglob("*.ts*") if path.name != "records.ts")
STYLES = sorted((PANEL / "style").glob("*.css"))
COMMENT = re.compile(r"/\*.*?\*/|(?<![:'\"`])//[^\n]*", re.DOTALL)

# A tag's text in JSX: words between `>` and `<` that are no expression.
JSX_TEXT = re.compile(r"<[A-Za-z][^<>]*(?<!=)>\s*([^<>{}]*[A-Za-z]{2}[^<>{}]*?)\s*</")
ATTRIBUTE = re.compile(r"\b(?:title|label|caption|alt|placeholder|aria-label|term|name)=\"([^\"]*[a-z]{3}[^\"]*)\"")
PROPERTY = re.compile(
    r"\b(?:title|label|caption|help|accept|word|line|hint)\s*[:=]\s*[`'\"]([A-Za-z][^'\"`]{2,})[`'\"]"
)
CODE = {"%%register step NAME"}


def source(path):
    """Return a file's text with comments blanked, line numbers kept."""
    text = path.read_text(encoding="utf-8")
    return COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def untranslated(text):
    """Return texts for readers that are not handed to the translation bundle."""
    found = [match[1] for pattern in (JSX_TEXT, ATTRIBUTE, PROPERTY) for match in pattern.finditer(text)]
    return [one for one in found if one not in CODE]


def everywhere(pattern, paths):
    """Return ``file:line: text`` of each match."""
    return [
        f"{path.relative_to(PANEL)}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for path in paths
        for text in [source(path)]
        for match in re.finditer(pattern, text)
    ]


def test_nothing_is_untyped():
    assert everywhere(r"[:<,|&(]\s*any\b|\bas any\b|@ts-ignore|@ts-nocheck|@ts-expect-error", WRITTEN) == []


def test_no_text_becomes_markup():
    ways = "dangerouslySetInnerHTML innerHTML outerHTML insertAdjacentHTML srcDoc createContextualFragment javascript:"
    pattern = "|".join([*ways.split(), r"document\.write", r"\beval\(", "new Function"])
    assert everywhere(pattern, WRITTEN) == []


def test_colours_are_those_of_the_theme():
    assert everywhere(r"#[0-9a-fA-F]{3,8}\b(?=[;\s\"')])|\brgba?\(|\bhsla?\(", [*STYLES, *WRITTEN]) == []
    named = everywhere(
        r"(?:color|background|border[a-z-]*|fill):[^;{]*\b(?:red|green|blue|orange|black|gray|grey)\b", STYLES
    )
    assert named == []


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_every_text_for_readers_is_translated(path):
    assert untranslated(source(path)) == []


@pytest.mark.parametrize(
    "text",
    ["<p>Some words</p>", '<button title="Press it">{x}</button>', "{ label: 'Press it' }", "<b>\n  two words\n</b>"],
)
def test_a_text_that_is_not_translated_is_found(text):
    assert untranslated(text)


def test_files_are_short():
    assert [path.name for path in [*WRITTEN, *STYLES] if path.read_text(encoding="utf-8").count("\n") >= 400] == []


def test_pure_modules_know_neither_jupyterlab_nor_react():
    pure = [path for path in WRITTEN if path.parent.name in {"grammar", "kernel", "model", "server"}]
    assert len(pure) >= 12
    found = everywhere(r"from '(?:@jupyterlab/[^']*|react|\.\./(?:lab|commands|view)/[^']*)'", pure)
    assert found == []


def commands():
    text = "\n".join(source(path) for path in WRITTEN)
    found = set(re.findall(r"\b(?:addCommand\(deps|add\()\s*,?\s*'([a-z-]+)'", text))
    found |= {f"{name}-file" for name in re.findall(r"onFile\('([a-z]+)'", text)}
    return found | set(re.findall(r"addCommand\(`\$\{COMMANDS\}:([a-z-]+)`", text))


def test_every_command_that_is_named_exists():
    known = commands()
    text = "\n".join(source(path) for path in WRITTEN)
    schema = (PANEL / "schema" / "plugin.json").read_text(encoding="utf-8")
    actions = re.search(r"ACTIONS = \[(.*?)\]", text, re.DOTALL)
    palette = re.search(r"IN_PALETTE = \[(.*?)\]", text, re.DOTALL)
    assert actions
    assert palette
    named = {
        *re.findall(r"'([a-z-]+)'", actions[1] + palette[1]),
        *re.findall(r"\brun\('([a-z-]+)'", text),
        *re.findall(r"\"command\": \"pressrun:([a-z-]+)\"", schema),
        *re.findall(r"(?:\$\{COMMANDS\}|execute\('pressrun):([a-z-]+)", text),
    }
    assert len(named) > 30
    assert named - known == set()


def test_every_setting_is_read():
    schema = json.loads((PANEL / "schema" / "plugin.json").read_text(encoding="utf-8"))
    text = (PANEL / "src" / "lab" / "settings.ts").read_text(encoding="utf-8")
    assert {name for name in schema["properties"] if f"'{name}'" not in text} == set()
