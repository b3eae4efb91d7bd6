"""Every kind of secret is found in every kind of place, and its value is never told."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from pressrun.records.cells import Cell, CellType, Declaration
from pressrun.records.digest import digest_text
from pressrun.records.findings import SecretFinding
from pressrun.rules.secrets.scan import find_in_text, find_secrets
from pressrun.testing.plants import in_source, planted_secrets

KINDS = sorted(planted_secrets())
SEEDS = range(5)


def cell(source: str, *outputs: dict[str, Any], type: CellType = "code", **more: Any) -> Cell:  # noqa: A002
    return Cell(
        index=3, id=None, type=type, source=source, body=source, digest=digest_text(source), outputs=outputs, **more
    )


def stream(text: str) -> Cell:
    return cell("f()", {"output_type": "stream", "name": "stdout", "text": text})


def display(**data: Any) -> Cell:
    return cell("f()", {"output_type": "display_data", "metadata": {}, "data": data})


def traceback(secret: str) -> Cell:
    lines = [
        "\x1b[0;31mOSError\x1b[0m  Traceback (most recent call last)",
        f"\x1b[0;32m----> 1\x1b[0m connect(password\x1b[38;5;241m=\x1b[39m\x1b[33m{secret!r}\x1b[39m)",
    ]
    return cell("f()", {"output_type": "error", "ename": "OSError", "evalue": "refused", "traceback": lines})


PLACES: dict[str, Callable[[str, str], Cell]] = {
    "source": lambda kind, secret: cell(f"import os\n{in_source(kind, secret)}\nprint(1)"),
    "two halves": lambda kind, secret: cell(
        f"{'password' if kind == 'password' else 'x'} = {secret[: len(secret) // 2]!r} + {secret[len(secret) // 2 :]!r}"
    ),
    "keyword": lambda kind, secret: cell(f"connect(host='db', password={secret!r})"),
    "nested dictionary": lambda kind, secret: cell(f"settings = {{'auth': {{'password': {secret!r}}}}}"),
    "environment": lambda kind, secret: cell(f"import os\nos.environ['DB_PASSWORD'] = {secret!r}"),
    "markdown": lambda kind, secret: cell(f"Log in with `password = {secret!r}`.", type="markdown"),
    "parameter": lambda kind, secret: cell(
        f"db_password: str = {secret!r}  # of the warehouse", declaration=Declaration(kind="parameters")
    ),
    "stream": lambda kind, secret: stream(f"row 1\npassword={secret} accepted\n"),
    "JSON within JSON": lambda kind, secret: stream(json.dumps(json.dumps({"password": secret}))),
    "JSON output": lambda kind, secret: display(**{"application/json": {"settings": {"db_password": secret}}}),
    "HTML output": lambda kind, secret: display(**{"text/html": f"<td>password: &quot;{secret}&quot;</td>"}),
    "repr": lambda kind, secret: display(**{"text/plain": repr({"password": secret})}),
    "traceback": lambda kind, secret: traceback(secret),
}


def certain(found: tuple[SecretFinding, ...]) -> tuple[SecretFinding, ...]:
    return tuple(finding for finding in found if finding.certain)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_secret_is_found_for_certain_and_masked(kind: str, place: str) -> None:
    for seed in SEEDS:
        secret = planted_secrets(seed)[kind]
        if kind == "private-key" and place == "two halves":
            secret = secret.replace("\n", "\\n")
        found = certain(find_secrets([PLACES[place](kind, secret)], {}))
        assert found, (seed, kind)
        for finding in found:
            assert finding.cell == 3
            told = repr(finding)
            assert secret not in told
            assert secret[-12:] not in told


@pytest.mark.parametrize("address", ["https://oauth2:{}@git.example.com/a.git", "https://u:{}@packages.internal/simple",
                                     "mysql+pymysql://root:{}@db.internal:3306/sales"])  # fmt: skip
@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_in_the_address_of_a_repository_index_or_database_is_found(kind: str, address: str) -> None:
    for seed in SEEDS:
        secret = planted_secrets(seed)[kind]
        assert certain(find_in_text(address.format(quote(secret, safe="")), place="url", where="remote"))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "password"])
def test_a_token_in_base64_is_found(kind: str) -> None:
    secret = planted_secrets()[kind]
    text = base64.b64encode(f"key: {secret}".encode()).decode()
    assert certain(find_secrets([cell(f"data = {text!r}")], {}))


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_in_the_metadata_is_found(kind: str) -> None:
    assert certain(find_secrets([], {"papermill": {"parameters": {"db_password": planted_secrets()[kind]}}}))


def test_the_place_and_the_line_are_told() -> None:
    secret = planted_secrets()["github"]
    cells = [PLACES[place]("github", secret) for place in ("source", "stream", "traceback", "parameter")]
    found = [certain(find_secrets([one], {}))[0] for one in cells]
    assert [(finding.place, finding.where, finding.line) for finding in found] == [
        ("source", "cell 3", 2),
        ("output", "cell 3, output 0", 2),
        ("traceback", "cell 3, output 0", 4),
        ("parameter", "cell 3", 1),
    ]


def test_a_finding_has_the_same_name_wherever_the_secret_stands() -> None:
    secret = planted_secrets()["stripe"]
    names = {certain(find_secrets([PLACES[place]("stripe", secret)], {}))[0].name for place in PLACES}
    assert len(names) == 1
    assert names.pop().startswith("stripe-key:")


def test_a_secret_as_a_default_of_a_function_and_of_an_environment_lookup_is_found() -> None:
    secret = planted_secrets()["password"]
    for source in (f"def connect(user, password={secret!r}): ...", f"x = os.getenv('DB_PASSWORD', {secret!r})",
                   f"requests.get(url, auth=('me', {secret!r}))", f"%env DB_PASSWORD={secret}",
                   f"!mysql --password {secret} -u me"):  # fmt: skip
        assert certain(find_secrets([cell(source)], {})), source


def test_the_secret_beside_an_aws_key_id_is_found() -> None:
    """It has no prefix: forty letters are told only by what stands near."""
    ident, secret = (
        planted_secrets()["aws-access-key"],
        planted_secrets(1)["wandb-local"][6:26] + "aZ/+" + "Qx9" * 5 + "k",
    )
    assert len(secret) == 40
    found = certain(find_secrets([cell(f"a = '{ident}'\nb = '{secret}'")], {}))
    assert {finding.rule for finding in found} == {"aws-access-key", "aws-secret-key"}
    assert not find_secrets([cell(f"b = '{secret}'")], {})


def test_an_image_is_not_looked_at() -> None:
    secret = planted_secrets()["github"]
    assert not find_secrets([display(**{"image/png": secret})], {})


@pytest.mark.parametrize("kind", ["gitlab", "slack", "database-url", "sendgrid"])
def test_a_secret_whose_signs_json_has_escaped_is_found(kind: str) -> None:
    """Some writers of JSON escape slashes, others everything that is no letter."""
    secret = planted_secrets()[kind]
    slashes = f'{{"a": "https://oauth2:{quote(secret, safe="")}@git.internal/a"}}'.replace("/", "\\/")
    signs = "".join(c if c.isalnum() or c in "._" else f"\\u{ord(c):04x}" for c in secret)
    assert certain(find_secrets([stream(slashes)], {}))
    assert certain(find_secrets([stream(f'{{"a": "{signs}"}}')], {}))
