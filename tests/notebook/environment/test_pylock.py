"""The lock file: fixed bytes out, nothing untrusted in."""

from __future__ import annotations

import hashlib

import pytest
from packaging.pylock import Pylock

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.environment import toml
from pressrun.notebook.environment.pylock import LockedPackage, read_lock, render_lock
from pressrun.records.capture import Environment

SHA = "a" * 64
ENVIRONMENT = Environment(
    python="3.11.7", implementation="cpython", platform="p", machine="x86_64", executable="/py", prefix="/",
    markers={"implementation_name": "cpython", "platform_machine": "x86_64", "sys_platform": "linux"},
)  # fmt: skip
PACKAGES = (
    LockedPackage(
        name="six", version="1.17.0", kind="wheel", url="https://e/p/six-1.17.0-py3-none-any.whl", sha256=SHA
    ),
    LockedPackage(name="docopt", version="0.6.2", kind="sdist", url="https://e/p/docopt-0.6.2.tar.gz", sha256=SHA),
    LockedPackage(name="zipped", version="1", kind="archive", url="https://e/main.zip", sha256=SHA),
    LockedPackage(
        name="cloned", version="2", kind="vcs", url="https://e/r.git", revision="0" * 40, subdirectory="python"
    ),
)


def lock(tmp_path, body, head='lock-version = "1.0"\ncreated-by = "x"\n'):
    path = tmp_path / "pylock.toml"
    path.write_text(head + body)
    return path


def package(name="six", version="1.17.0", **fields):
    wheel = {"url": f"https://e/{name}-{version}-py3-none-any.whl", "hashes": {"sha256": SHA}}
    return toml.dumps({"packages": [{"name": name, "version": version, **(fields or {"wheels": [wheel]})}]})


def test_the_bytes_are_fixed():
    expected = b"""lock-version = "1.0"
environments = ["implementation_name == 'cpython' and platform_machine == 'x86_64' and sys_platform == 'linux'"]
requires-python = "==3.11.*"
created-by = "pressrun"

[[packages]]
name = "six"
version = "1.17.0"
wheels = [{ name = "six-1.17.0-py3-none-any.whl", url = "https://e/p/six-1.17.0-py3-none-any.whl", \
hashes = { sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" } }]

[tool.pressrun]
python = "3.11.7"
"""
    assert render_lock(ENVIRONMENT, PACKAGES[:1]) == expected.replace(b"[tool.pressrun]", b"[tool]").replace(
        b'python = "3.11.7"\n', b'pressrun = { python = "3.11.7" }\n'
    )


def test_the_order_of_the_environment_does_not_matter():
    assert render_lock(ENVIRONMENT, PACKAGES) == render_lock(ENVIRONMENT, reversed(PACKAGES))


def test_it_is_what_the_standard_says():
    Pylock.from_dict(toml.loads(render_lock(ENVIRONMENT, PACKAGES).decode())).validate()


def test_what_was_written_is_read_back(tmp_path):
    path = tmp_path / "pylock.toml"
    path.write_bytes(render_lock(ENVIRONMENT, PACKAGES))
    found = read_lock(path)
    assert found.python == "3.11.7"
    assert found.names == ("cloned", "docopt", "six", "zipped")
    assert found.versions["docopt"] == "0.6.2"


def test_two_spellings_of_one_name_are_refused(tmp_path):
    both = package("Foo_Bar", "1.0") + package("foo-bar", "1.0")
    with pytest.raises(EnvironmentRestoreError, match="'foo-bar' is there twice"):
        read_lock(lock(tmp_path, both))


def test_a_file_named_after_another_package_is_refused(tmp_path):
    wheel = {"url": "https://e/sixx-1.17.0-py3-none-any.whl", "hashes": {"sha256": SHA}}
    with pytest.raises(EnvironmentRestoreError, match="names something else"):
        read_lock(lock(tmp_path, package(wheels=[wheel])))


def test_a_file_of_another_version_is_refused(tmp_path):
    wheel = {"url": "https://e/six-1.16.0-py3-none-any.whl", "hashes": {"sha256": SHA}}
    with pytest.raises(EnvironmentRestoreError, match="names something else"):
        read_lock(lock(tmp_path, package(wheels=[wheel])))


def test_every_spelling_in_a_file_name_is_accepted(tmp_path):
    wheel = {"url": "https://e/Foo.Bar-1.0-py3-none-any.whl", "hashes": {"sha256": SHA}}
    assert read_lock(lock(tmp_path, package("foo_bar", "1.0", wheels=[wheel]))).names == ("foo-bar",)


URL = "https://e/six-1.17.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"wheels": [{"url": URL}]}, "without a sha256"),
        ({"wheels": [{"url": URL, "hashes": {}}]}, "without a sha256"),
        ({"wheels": [{"url": URL, "hashes": {"md5": "0" * 32}}]}, "without a sha256"),
        ({"wheels": [{"url": URL, "hashes": {"sha256": "0"}}]}, "without a sha256"),
        ({"wheels": [{"url": URL, "hashes": {"sha256": SHA}}, {"url": URL}]}, "without a sha256"),
        ({"sdist": {"url": "https://e/six-1.17.0.tar.gz"}}, "without a sha256"),
        ({"archive": {"url": "https://e/x.zip"}}, "without a sha256"),
        ({"directory": {"path": "six"}}, "folder"),
        ({"vcs": {"type": "git", "url": "https://e/r", "commit-id": "main"}}, "commit id"),
        ({"vcs": {"type": "git", "url": "https://e/r"}}, "commit id"),
        ({"index": "https://e"}, "names no file"),
        ({"wheels": [{"url": "file:///six-1.17.0-py3-none-any.whl", "hashes": {"sha256": SHA}}]}, "'file'"),
        ({"wheels": [{"path": "../six-1.17.0-py3-none-any.whl", "hashes": {"sha256": SHA}}]}, "out of the bundle"),
        ({"wheels": [{"path": "/six-1.17.0-py3-none-any.whl", "hashes": {"sha256": SHA}}]}, "out of the bundle"),
        ({"wheels": [{"path": "six-1.17.0-py3-none-any.whl", "hashes": {"sha256": SHA}}]}, "missing"),
    ],
)
def test_what_is_not_pinned_is_refused(tmp_path, fields, told):
    with pytest.raises(EnvironmentRestoreError, match=told):
        read_lock(lock(tmp_path, package(**fields)))


def test_a_shipped_wheel_that_was_swapped_is_refused(tmp_path):
    name = "six-1.17.0-py3-none-any.whl"
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / name).write_bytes(b"one")
    digest = hashlib.sha256(b"one").hexdigest()
    body = package(wheels=[{"path": f"wheels/{name}", "hashes": {"sha256": digest}}])
    assert read_lock(lock(tmp_path, body)).shipped == (f"wheels/{name}",)
    (tmp_path / "wheels" / name).write_bytes(b"two")
    with pytest.raises(EnvironmentRestoreError, match=f"the lock says {digest}"):
        read_lock(lock(tmp_path, body))


def test_a_shipped_wheel_may_not_be_a_link(tmp_path):
    name = "six-1.17.0-py3-none-any.whl"
    (tmp_path / "real").write_bytes(b"one")
    (tmp_path / name).symlink_to(tmp_path / "real")
    body = package(wheels=[{"path": name, "hashes": {"sha256": hashlib.sha256(b"one").hexdigest()}}])
    with pytest.raises(EnvironmentRestoreError, match="missing"):
        read_lock(lock(tmp_path, body))


@pytest.mark.parametrize("text", ["", "lock-version = '2.0'", "not toml", "lock-version = 3"])
def test_what_is_no_lock_is_refused(tmp_path, text):
    with pytest.raises(EnvironmentRestoreError):
        read_lock(lock(tmp_path, "", head=text))


def test_an_absent_lock_is_an_error_of_ours(tmp_path):
    with pytest.raises(EnvironmentRestoreError, match="no lock can be read"):
        read_lock(tmp_path / "pylock.toml")
