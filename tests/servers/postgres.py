"""A real PostgreSQL server for tests: started when the first test asks for it, shared by all workers of a run.

Give the fixtures to a folder of tests from its ``conftest.py``:

    sys.path.insert(0, str(Path(__file__).parent.parent / "servers"))
    from postgres import postgres, postgres_server

A keeper process starts the server and watches a lock file that every user holds shared. The system lets go of a lock
when its holder ends, however it ends; once nobody holds it, the keeper stops the server and removes its folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

USER = "pressrun"
START_S = 60.0
_BEAT_S = 0.2


def programs() -> Path | None:
    """Return the folder with ``postgres`` and ``initdb``, None where they are not installed."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    path = shutil.which("postgres")
    folders = [*([Path(path).resolve().parent] if path else []), *debian]
    return next((folder for folder in folders if (folder / "postgres").exists() and (folder / "initdb").exists()), None)


@contextlib.contextmanager
def server(shared: Path, *, durable: bool = False) -> Iterator[str]:
    """Give the address of a running server; everybody who names the same `shared` folder gets the same one.

    Args:
        shared: a folder that all users of the server see.
        durable: whether commits go to the disk, as in production; tests of nothing but SQL need not wait for it.
    """
    with (shared / "postgres.users").open("w") as users, (shared / "postgres.start").open("w") as start:
        fcntl.flock(users, fcntl.LOCK_SH)
        fcntl.flock(start, fcntl.LOCK_EX)
        address = shared / "postgres.address"
        if not address.exists():
            command = [sys.executable, __file__, str(shared), "on" if durable else "off"]
            log = shared / "postgres.log"
            with log.open("ab") as output:
                keeper = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
            deadline = time.monotonic() + START_S
            while not address.exists():
                assert keeper.poll() is None, f"the server did not start:\n{log.read_text(errors='replace')}"
                assert time.monotonic() < deadline, f"the server took too long:\n{log.read_text(errors='replace')}"
                time.sleep(0.02)
            keeper.returncode = 0  # it outlives us where others still use it; nobody waits for it
        fcntl.flock(start, fcntl.LOCK_UN)
        yield address.read_text()


def statement(address: str, sql: str) -> None:
    """Run one statement outside a transaction."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql)


@contextlib.contextmanager
def empty_database(server_address: str) -> Iterator[str]:
    """Give the address of a new database, dropped afterwards."""
    name = f"test_{secrets.token_hex(6)}"
    statement(server_address, f"CREATE DATABASE {name}")
    try:
        yield server_address.replace("/postgres?", f"/{name}?")
    finally:
        statement(server_address, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory, request):
    """The address of a server, as ``postgresql://``; skips where PostgreSQL is not installed."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    base = tmp_path_factory.getbasetemp()
    with server(base.parent if hasattr(request.config, "workerinput") else base) as address:
        yield address


@pytest.fixture
def postgres(postgres_server):
    """The address of an empty database of its own."""
    with empty_database(postgres_server) as address:
        yield address


def _keep(shared: Path, *, durable: str) -> None:
    found = programs()
    assert found is not None
    # a path to a socket has at most 107 bytes, so not below the test's own folder
    home = Path(tempfile.mkdtemp(prefix="pressrun-postgres-"))
    user = _somebody() if os.geteuid() == 0 else None  # the server refuses to be run by root
    as_user: dict = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    if user:
        os.chown(home, user.pw_uid, user.pw_gid)
    data = home / "data"
    process: subprocess.Popen | None = None
    try:
        words = [
            "--auth=trust",
            f"--username={USER}",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]
        subprocess.run([found / "initdb", "-D", data, *words], check=True, cwd=home, **as_user)
        options = {
            "listen_addresses": "", "unix_socket_directories": str(home), "fsync": durable, "max_connections": "200",
            "full_page_writes": durable, "shared_buffers": "32MB", "synchronous_commit": durable,
        }  # fmt: skip
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        process = subprocess.Popen([found / "postgres", "-D", data, *settings], cwd=home, **as_user)
        address = f"postgresql:///postgres?host={home}&user={USER}"
        _wait_for(address, process)
        partial = shared / "postgres.address.part"
        partial.write_text(address)
        partial.rename(shared / "postgres.address")
        _wait_until_unused(shared, process)
    finally:
        if process is not None:
            process.send_signal(signal.SIGQUIT)  # at once, whoever is still connected
            process.wait()
        shutil.rmtree(home, ignore_errors=True)


def _wait_for(address: str, process: subprocess.Popen) -> None:
    import psycopg

    deadline = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(address, connect_timeout=5).close()
        except psycopg.OperationalError:
            assert process.poll() is None, "the server ended"
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _wait_until_unused(shared: Path, process: subprocess.Popen) -> None:
    with (shared / "postgres.users").open("w") as users:
        while process.poll() is None and shared.exists():
            time.sleep(_BEAT_S)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # whoever comes now waits for this lock, and then starts another server
                (shared / "postgres.address").unlink(missing_ok=True)
                return


def _somebody() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("no user other than root to run the server")


if __name__ == "__main__":
    _keep(Path(sys.argv[1]), durable=sys.argv[2])
