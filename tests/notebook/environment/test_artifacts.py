"""Finding the index file that a distribution was installed from."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading

import msgspec
import pytest

from pressrun.notebook.environment.artifacts import Artifact, ArtifactFinder, choose_artifact
from pressrun.notebook.environment.probe import probe_environment
from pressrun.notebook.environment.settings import IndexSettings
from pressrun.records.capture import Distribution

SHA = {"sha256": "a" * 64}


def wheel(name):
    return {"url": f"https://u:p@e/{name}", "hashes": SHA}


def dist(*tags, built=False):
    return Distribution(name="a", version="1", origin="index", tags=tags, built_here=built)


PLATFORM = wheel("a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl")
PURE = wheel("a-1-py3-none-any.whl")
SDIST = {"url": "https://e/a-1.tar.gz", "hashes": SHA}


@pytest.mark.parametrize(
    ("package", "distribution", "expected"),
    [
        ({"wheels": [PLATFORM, PURE], "sdist": SDIST}, dist("py3-none-any"), "a-1-py3-none-any.whl"),
        ({"wheels": [PURE, PLATFORM]}, dist("cp311-cp311-manylinux2014_x86_64"), PLATFORM["url"].rpartition("/")[2]),
        ({"wheels": [PLATFORM], "sdist": SDIST}, dist("cp311-cp311-linux_x86_64", built=True), "a-1.tar.gz"),
        ({"wheels": [PLATFORM], "sdist": SDIST}, dist("py3-none-any"), PLATFORM["url"].rpartition("/")[2]),
        ({"wheels": [PLATFORM]}, dist("cp311-cp311-linux_x86_64", built=True), PLATFORM["url"].rpartition("/")[2]),
        ({"sdist": SDIST}, dist("py3-none-any", built=True), "a-1.tar.gz"),
        ({}, dist("py3-none-any"), None),
        ({"wheels": [{"url": "https://e/a-1-py3-none-any.whl"}]}, dist("py3-none-any"), None),
    ],
)
def test_the_file_that_was_installed_is_chosen(package, distribution, expected):
    found = choose_artifact(package, distribution)
    assert (found and found.url) == (expected and f"https://e/{expected}")


class Index:
    """A package index on this machine: folders of wheels, over HTTP; counts what it is asked."""

    def __init__(self, root):
        self.asked = []
        outer = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                super().do_GET()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(root)))
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def index(world, tmp_path):
    root = tmp_path / "simple"
    for path in (world.folder / "links").glob("*.whl"):
        name = path.name.split("-")[0].replace("_", "-").lower()
        (root / name).mkdir(parents=True)
        shutil.copy(path, root / name)
    one = Index(root)
    yield one
    one.server.shutdown()
    one.server.server_close()


def settings(index, **more):
    return IndexSettings({"UV_DEFAULT_INDEX": index.url, "UV_HTTP_RETRIES": "0", **more}, "pip")


def index_ones(environment):
    return [d for d in environment.distributions if d.origin == "index"]


def test_the_index_is_asked_once_and_then_remembered(world, index, tmp_path):
    environment = probe_environment(world.python)
    finder = ArtifactFinder(environment, settings(index), folder=tmp_path, cache=tmp_path / "cache")
    found, notes = finder.find(index_ones(environment))
    assert {name: one.url.rpartition("/")[2] for name, one in found.items()} == {
        "foo-bar": "Foo_Bar-1.0-py3-none-any.whl",
        "baz-qux": "baz_qux-1.2-py3-none-any.whl",
        "space-one": "space_one-1.0-py3-none-any.whl",
        "space-two": "space_two-1.0-py3-none-any.whl",
        "unused": "unused-3.0-py3-none-any.whl",
    }
    assert notes == ()
    index.asked.clear()
    assert finder.find(index_ones(environment))[0] == found
    assert index.asked == []


def test_what_the_index_has_not_does_not_hide_the_rest(world, index, tmp_path):
    environment = probe_environment(world.python)
    wanted = index_ones(environment)
    wanted += [
        msgspec.structs.replace(wanted[0], name="no-such-thing"),
        msgspec.structs.replace(wanted[0], name="unused", version="99"),
    ]
    wanted = [d for d in wanted if (d.name, d.version) != ("unused", "3.0")]
    found, _ = ArtifactFinder(environment, settings(index), folder=tmp_path).find(wanted)
    assert sorted(found) == ["baz-qux", "foo-bar", "space-one", "space-two"]


def test_an_index_that_cannot_be_reached_is_noted(world, tmp_path):
    environment = probe_environment(world.python)
    dead = IndexSettings({"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0"}, "pip")
    dead = msgspec.structs.replace(dead, additions={**dead.additions, "UV_CACHE_DIR": str(tmp_path / "uv")})
    found, notes = ArtifactFinder(environment, dead, folder=tmp_path).find(index_ones(environment)[:2])
    assert found == {}
    assert any("could not be reached" in note for note in notes)


def test_a_file_on_this_machine_is_taken_from_the_index_where_that_has_the_same(world, index, tmp_path):
    environment = probe_environment(world.python)
    here = {"UV_FIND_LINKS": str(world.folder / "links")}
    both = msgspec.structs.replace(settings(index, **here), has_local=True)
    found, _ = ArtifactFinder(environment, both, folder=tmp_path).find(index_ones(environment))
    assert {one.is_local for one in found.values()} == {False}
    local = IndexSettings({"UV_NO_INDEX": "1", **here}, "pip", True)
    found, _ = ArtifactFinder(environment, local, folder=tmp_path).find(index_ones(environment))
    assert {one.is_local for one in found.values()} == {True}


def test_a_damaged_answer_in_the_cache_is_asked_for_again(world, index, tmp_path):
    environment = probe_environment(world.python)
    finder = ArtifactFinder(environment, settings(index), folder=tmp_path, cache=tmp_path / "cache")
    found, _ = finder.find(index_ones(environment))
    for path in (tmp_path / "cache").rglob("*.json"):
        path.write_bytes(b'{"kind": "wheel"')
    assert finder.find(index_ones(environment))[0] == found


def test_an_answer_has_no_credentials():
    assert choose_artifact({"wheels": [PURE]}, dist("py3-none-any")) == Artifact(
        kind="wheel", url="https://e/a-1-py3-none-any.whl", sha256="a" * 64
    )
