"""Servers that several of these tests talk to."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVER = Path(__file__).parent.parent / "servers" / "s3.py"


@pytest.fixture(scope="module")
def s3_server(make_environment) -> Iterator[str]:
    """Give the URL of a running S3 server with the bucket ``bucket``."""
    python = make_environment("s3-server", "moto[s3]==5.2.5", "flask>=3", "flask-cors>=6")
    with subprocess.Popen([python, SERVER, "bucket"], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.kill()
