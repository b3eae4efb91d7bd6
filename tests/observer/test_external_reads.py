"""What is read that is no file: queries, pages, objects of a store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.network]

Watch = Callable[..., Any]


def test_a_query_is_told_by_its_database_text_rows_and_on_request_its_result(
    watch: Watch, readers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = """
import pandas as pd, sqlalchemy as sa
engine = sa.create_engine("sqlite:///a.db")
with engine.begin() as c:
    c.execute(sa.text("create table t (a int)")); c.execute(sa.text("insert into t values (1), (2), (3)"))
cell(1)
with engine.connect() as c: c.execute(sa.text("select a from t order by a")).all()
cell(2); pd.read_sql("select a from t where a > 1", engine)
with engine.connect() as c:
    for row in c.execute(sa.text("select a as b from t")): pass
"""
    plain = watch(script, python=readers)
    assert plain.stderr == ""
    rows = [(read.target, read.cells, read.rows, read.result_digest) for read in plain.observation.external]
    # the last is fetched row by row, and is not counted: that would cost for every row
    assert rows == [
        ("sqlite:///a.db", (1,), 3, ""),
        ("sqlite:///a.db", (2,), 2, ""),
        ("sqlite:///a.db", (2,), None, ""),
    ]
    assert len({read.digest for read in plain.observation.external}) == 3
    Path(plain.observation.working_directory, "a.db").unlink()
    monkeypatch.setenv("PRESSRUN_RESULT_DIGESTS", "1")
    asked = watch(script, python=readers)
    results = {read.digest: (read.rows, len(read.result_digest)) for read in asked.observation.external if read.rows}
    assert sorted(results.values()) == [(2, 64), (3, 64), (3, 64)]


def test_pages_are_told_without_secrets_with_what_the_server_says_of_their_version(seen: Callable[[str], Any]) -> None:
    result = seen(
        """
        import asyncio, http.server, threading
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(404 if "gone" in self.path else 200)
                self.send_header("ETag", '"e1"'); self.send_header("Content-Length", "8"); self.end_headers()
                self.wfile.write(b"a,b\\n1,2\\n")
            def log_message(self, *args): pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        import httpx, pandas as pd, requests, urllib.request, urllib3
        print(urllib.request.urlopen(f"{url}/urllib?token=abc&page=1").read())
        print(requests.get(f"{url.replace('//', '//me:pw@')}/requests").content)
        print(requests.get(f"{url}/stream", stream=True).raw.read())
        print(requests.get(f"{url}/gone").status_code)
        print(httpx.get(f"{url}/httpx").content)
        async def later():
            async with httpx.AsyncClient() as client:
                print((await client.get(f"{url}/later")).content)
                async with client.stream("GET", f"{url}/flow") as answer: print(await answer.aread())
        asyncio.run(later())
        print(urllib3.request("GET", f"{url}/urllib3").data)
        print(pd.read_csv(f"{url}/pandas").shape)
        """
    )
    assert result.stdout.count(r"b'a,b\n1,2\n'") == 7
    told = {
        read.target.partition("/")[2].partition("/")[2].partition("/")[2]: (
            read.event,
            read.version,
            read.status,
            bool(read.digest),
        )
        for read in result.observation.external
    }
    assert told == {
        "urllib?token=***&page=1": ("urllib", "e1", 200, False),
        "requests": ("requests", "e1", 200, True),
        "stream": ("requests", "e1", 200, False),
        "gone": ("requests", "e1", 404, True),
        "httpx": ("httpx", "e1", 200, True),
        "later": ("httpx", "e1", 200, True),
        "flow": ("httpx", "e1", 200, False),
        "urllib3": ("urllib3", "e1", 200, True),
        "pandas": ("urllib", "e1", 200, False),
    }
    assert not any("me" in read.target or "pw" in read.target for read in result.observation.external)
    assert "urllib3 fetched is recorded" in "\n".join(result.observation.coverage.blind_spots)


def test_objects_of_a_store_are_told_with_their_version_and_no_request_more(seen: Callable[[str], Any]) -> None:
    script = """
import os, logging
logging.getLogger("werkzeug").disabled = True
os.environ.update(AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s", AWS_DEFAULT_REGION="us-east-1")
from moto.server import ThreadedMotoServer
import moto.server
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False); server.start()
host, port = server.get_host_and_port(); url = f"http://{host}:{port}"
import boto3, pandas as pd, polars as pl, pyarrow as pa, pyarrow.fs, pyarrow.parquet as pq, s3fs
client = boto3.client("s3", endpoint_url=url)
client.create_bucket(Bucket="data")
client.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
pq.write_table(pa.table({"a": [1]}), "t.parquet")
for key in ("pandas.csv", "open", "cat"): client.put_object(Bucket="data", Key=key, Body=b"a\\n1\\n")
for key in ("arrow", "polars", "boto"): client.upload_file("t.parquet", "data", key)
options = {"endpoint_url": url}
system = s3fs.S3FileSystem(**options)
from botocore.httpsession import URLLib3Session
from aiobotocore.httpsession import AIOHTTPSession
requests = []
def counted(owner, name):
    original = getattr(owner, name)
    def send(self, request, *args, **kwargs):
        requests.append((request.method, request.url))
        return original(self, request, *args, **kwargs)
    setattr(owner, name, send)
counted(URLLib3Session, "send"); counted(AIOHTTPSession, "send")
pd.read_csv("s3://data/pandas.csv", storage_options=options)
with system.open("data/open") as file: file.read()
system.cat("data/cat")
client.get_object(Bucket="data", Key="boto")["Body"].read()
print(len(requests))
WATCHED_ONLY
server.stop()
"""
    more = """
pq.read_table("data/arrow", filesystem=pa.fs.S3FileSystem(endpoint_override=url, access_key="k", secret_key="s"))
pl.scan_parquet("s3://data/polars", storage_options={"aws_endpoint_url": url, "aws_access_key_id": "k",
    "aws_secret_access_key": "s", "aws_region": "us-east-1", "aws_allow_http": "true"}).collect()
"""
    watched = seen(script.replace("WATCHED_ONLY", more))
    told = {
        read.target: (read.kind, read.event, bool(read.version), bool(read.digest))
        for read in watched.observation.external
    }
    assert told == {
        "s3://data/pandas.csv": ("object-store", "fsspec", True, False),
        "s3://data/open": ("object-store", "fsspec", True, False),
        "s3://data/cat": ("object-store", "fsspec", False, True),
        "s3://data/boto": ("object-store", "botocore", True, False),
        "s3://data/arrow": ("object-store", "pyarrow", False, False),
        "s3://data/polars": ("object-store", "polars", False, False),
    }
    unwatched = seen("observer.recorder.libraries.uninstall()\n" + script.replace("WATCHED_ONLY", ""))
    assert watched.stdout == unwatched.stdout
    assert int(watched.stdout) >= 4
