"""Secrets by reference: looked up where the program runs, kept nowhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote


def find_secret(reference: Any) -> Any:
    """Return the secret that ``secret://...`` names: from the environment, a file or the keyring.

    Any other value is returned as it is.
    """
    import os  # noqa: PLC0415  the function is also sent to kernels by itself
    import re  # noqa: PLC0415

    if not isinstance(reference, str) or not reference.startswith("secret://"):
        return reference
    word = "([A-Za-z0-9_][A-Za-z0-9_.@-]{0,127})"
    match = re.match(r"secret://(?:(?:(env|file)/)?%s|keyring/%s/%s)\Z" % (word, word, word), reference)  # noqa: UP031
    if match is None:
        raise LookupError("no reference to a secret: write secret://NAME, secret://env/NAME, secret://file/NAME or "
                          "secret://keyring/SERVICE/USER")  # fmt: skip
    kind, name, service, user = match.groups()
    looked = []
    if name and kind != "file":
        if os.environ.get(name):
            return os.environ[name]
        looked.append("the environment variable " + name)
    folders = [os.environ.get("PRESSRUN_SECRETS"), "/run/secrets"] if name and kind != "env" else []
    for folder in filter(None, folders):
        path = os.path.join(folder, name)  # noqa: PTH118
        try:
            with open(path, encoding="utf-8") as file:  # noqa: PTH123
                return file.read().rstrip("\r\n")
        except OSError as error:
            looked.append("the file %s (%s)" % (path, error.strerror))  # noqa: UP031
    if kind is None:
        service, user = service or "pressrun", user or name
        try:
            import keyring  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
            import keyring.errors  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
        except ImportError:
            looked.append("a keyring (the package keyring is not installed)")
        else:
            try:
                value = keyring.get_password(service, user)
            except keyring.errors.KeyringError as error:
                value = None
                looked.append("a keyring (%s)" % error)  # noqa: UP031
            if value:
                return value
            looked.append("the keyring entry %s of %s" % (user, service))  # noqa: UP031
    raise LookupError("the secret %s is not there; looked for: %s" % (reference[9:], "; ".join(looked)))  # noqa: UP031


def blotted(text: str, secrets: Mapping[str, str]) -> str:
    """Return JSON in which ``[secret NAME]`` stands for every secret, however it is written.

    Args:
        text: the JSON.
        secrets: value -> reference.
    """
    for value, reference in sorted(secrets.items(), key=lambda item: -len(item[0])):
        mark = "[secret %s]" % reference.replace("secret://", "", 1).replace("env/", "", 1)  # noqa: UP031
        for written in sorted(set(_written(value)), key=len, reverse=True):
            text = text.replace(json.dumps(written)[1:-1], mark)
    return text


def _written(value: str) -> Iterator[str]:
    raw = value.encode("utf-8", "surrogatepass")
    yield from (value, repr(value)[1:-1], json.dumps(value)[1:-1], quote(value), quote(value, safe=""))
    yield from (raw.hex(), raw.hex().upper())
    for shift in range(3):  # the part of the base64 text that does not depend on what stands around
        first, last = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
        yield base64.b64encode(b"-" * shift + raw).decode()[first:last]
        yield base64.urlsafe_b64encode(b"-" * shift + raw).decode()[first:last]
