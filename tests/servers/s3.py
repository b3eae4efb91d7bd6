"""A real S3 server in a process of its own: run by a Python that has moto; prints its URL and serves until it is ended.

``python tests/servers/s3.py BUCKET`` serves one empty bucket on a free port of 127.0.0.1.
"""

from __future__ import annotations

import logging
import os
import sys
import time

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


def main() -> None:
    """Serve until the parent is gone."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").disabled = True
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    os.environ.update(KEYS)
    boto3.client("s3", endpoint_url=url).create_bucket(Bucket=sys.argv[1])
    print(url, flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.2)


if __name__ == "__main__":
    main()
