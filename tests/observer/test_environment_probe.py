"""The script that a kernel's interpreter runs to say what it is."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from pressrun.observer import environment_probe
from pressrun.observer.environment_probe import MARKER, Metadata, Owners

SCRIPT = Path(environment_probe.__file__)


def ask(script=SCRIPT, python=sys.executable, modules=(), cwd=None):
    request = json.dumps({"modules": list(modules)})
    answer = subprocess.run([python, script], input=request, capture_output=True, text=True, check=True, cwd=cwd)
    return json.loads(answer.stdout.partition(MARKER)[2])


def info(folder, name, **files):
    place = folder / name
    place.mkdir(parents=True)
    for file, text in files.items():
        (place / file.replace("__", ".")).write_text(text)
    return Metadata(str(place))


def test_it_tells_what_importlib_metadata_tells():
    mine = {d["name"]: (d["version"], [" ".join(r.split()) for r in d["requires"]]) for d in ask()["distributions"]}
    theirs = {}
    for one in metadata.distributions():
        name = re.sub(r"[-_.]+", "-", one.metadata["Name"]).lower()
        theirs.setdefault(name, (one.version, [" ".join(r.split()) for r in one.requires or []]))
    assert theirs == mine


def test_reading_by_hand_finds_what_importlib_metadata_finds():
    by_hand = sorted(meta.path for meta in environment_probe.discover_by_hand() if Path(meta.path).parent.is_dir())
    assert sorted(meta.path for meta in environment_probe.discover()) == by_hand


def test_it_parses_as_python_3_7():
    ast.parse(SCRIPT.read_text(), feature_version=(3, 7))


def test_it_runs_on_python_3_7(python37):
    assert ask(python=python37)["markers"]["python_version"] == "3.7"


def test_neither_its_own_folder_nor_the_working_directory_is_imported_from(tmp_path):
    for folder in (tmp_path, tmp_path / "cwd"):
        folder.mkdir(exist_ok=True)
        (folder / "json.py").write_text("raise SystemExit('the wrong json')")
    script = Path(shutil.copy(SCRIPT, tmp_path / "probe.py"))
    assert ask(script, cwd=tmp_path / "cwd")["implementation"] == "cpython"


def test_a_header_goes_on_after_a_line_of_white_space(tmp_path):
    text = "Name: a\nVersion: 1\nLicense: BSD\n        \n        more\nRequires-Dist: b\n\nbody: no\n"
    described = environment_probe.describe(info(tmp_path, "a-1.dist-info", METADATA=text), {})
    assert described["requires"] == ["b"]


def test_a_distribution_without_a_name_is_left_out(tmp_path):
    assert environment_probe.describe(info(tmp_path, "a-1.dist-info", METADATA="Version: 1\n\n"), {}) is None


def test_old_requirement_sections_become_markers():
    text = "six\n\n[extra]\nnumpy>=1\n\n[:python_version < '3']\nfutures\n\n[more:os_name == 'nt']\npywin32\n"
    assert environment_probe.egg_requirements(text) == [
        "six",
        'numpy>=1; extra == "extra"',
        "futures; (python_version < '3')",
        "pywin32; (os_name == 'nt') and extra == \"more\"",
    ]


@pytest.mark.parametrize(
    ("direct", "expected"),
    [
        ({"url": "file:///a/b", "dir_info": {"editable": True}}, ("editable", "/a/b", "", "")),
        ({"url": "file:///a/b", "dir_info": {}}, ("directory", "/a/b", "", "")),
        ({"url": "file:///a/c.whl", "archive_info": {}}, ("wheel", "/a/c.whl", "", "")),
        (
            {"url": "https://e/c.whl", "archive_info": {"hash": "sha256=ab"}},
            ("wheel", "https://e/c.whl", "", "sha256:ab"),
        ),
        ({"url": "https://e/r", "vcs_info": {"vcs": "git", "commit_id": "c0"}}, ("vcs", "git+https://e/r", "c0", "")),
        (
            {"url": "https://e/r", "subdirectory": "s", "vcs_info": {"vcs": "git", "commit_id": "c0"}},
            ("vcs", "git+https://e/r#subdirectory=s", "c0", ""),
        ),
    ],
)
def test_the_origin_is_read_from_direct_url(tmp_path, direct, expected):
    meta = info(tmp_path, "a-1.dist-info", METADATA="", direct_url__json=json.dumps(direct))
    origin = environment_probe.origin_of(meta, {})
    assert (origin["origin"], origin["url"], origin["revision"], origin["archive_digest"]) == expected


def test_a_develop_install_is_editable(tmp_path):
    meta = info(tmp_path / "tree", "a.egg-info", PKG__INFO="Name: a\nVersion: 1\n")
    links = {str((tmp_path / "tree").resolve()): "a.egg-link"}
    assert environment_probe.origin_of(meta, links)["origin"] == "editable"


def test_the_paths_of_a_generated_finder_are_found():
    source = (
        "MAPPING: dict = {'pkg': '/t/src/pkg'}\nNAMESPACES = {'n': ['/t/n']}\nF.map_module('m', '/t/m/__init__.py')\n"
    )
    assert environment_probe.finder_paths(source) == ["/t/src/pkg", "/t/m/__init__.py"]


def test_a_module_of_an_editable_finder_belongs_to_its_distribution(tmp_path):
    tree = tmp_path / "elsewhere" / "pkg"
    tree.mkdir(parents=True)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "__editable___pkg_finder.py").write_text(f"MAPPING = {{'pkg': {str(tree)!r}}}\n")
    meta = info(tmp_path / "site", "pkg-1.dist-info", RECORD="__editable___pkg_finder.py,,\n")
    module = str(tree / "deep" / "mod.py")
    owners = Owners([module])
    owners.add("pkg", meta, {"origin": "editable", "url": str(tmp_path / "gone")})
    assert owners.of(module) == "pkg"


def test_the_deepest_tree_owns_a_module(tmp_path):
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    module = str(inner / "m.py")
    owners = Owners([module])
    for name, tree in (("outer", tmp_path / "outer"), ("inner", inner)):
        owners.add(name, info(tmp_path / name, f"{name}-1.dist-info"), {"origin": "editable", "url": str(tree)})
    assert owners.of(module) == "inner"


def test_what_a_pth_file_imported_is_not_imported_by_the_notebook():
    name, module = next((n, m) for n, m in sys.modules.items() if n == "json")
    assert name not in environment_probe.STARTUP_MODULES or module
    startup = next(iter(environment_probe.STARTUP_MODULES))
    assert environment_probe.probe([[startup, metadata.__file__]])["imported"] == []


def test_only_features_that_change_numbers_are_told():
    assert set(environment_probe.cpu_features()) <= {f for f in environment_probe.cpu_features() if len(f) < 20}
    for name in ("avx2", "avx512f", "fma", "sse4_2", "neon", "asimd"):
        assert environment_probe.CPU_FEATURES.match(name)
    for name in ("vme", "hypervisor", "sse", "tsc"):
        assert not environment_probe.CPU_FEATURES.match(name)
