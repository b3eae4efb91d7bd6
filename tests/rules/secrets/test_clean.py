"""What is no secret is none: digests, ids, placeholders, names of tokens in language models, the examples."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

import pytest

from pressrun.notebook.read import read_notebook
from pressrun.records.cells import Cell
from pressrun.records.digest import digest_text
from pressrun.rules.secrets.scan import find_in_text, find_secrets

EXAMPLES = sorted((Path(__file__).parents[3] / "example_notebooks").glob("*.ipynb"))


def found_in(source: str) -> tuple[str, ...]:
    one = Cell(index=0, id=None, type="code", source=source, body=source, digest=digest_text(source))
    return tuple(finding.rule for finding in find_secrets([one], {}))


@pytest.mark.parametrize("notebook", EXAMPLES, ids=lambda path: path.stem)
def test_the_clean_examples_hold_nothing_that_looks_like_a_secret(notebook: Path) -> None:
    read = read_notebook(notebook)
    assert find_secrets(read.cells, read.metadata) == ()


def test_there_are_clean_examples() -> None:
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize(
    "source",
    [
        "password = os.environ['DB_PASSWORD']",
        "password = getpass()",
        "api_key = '<your api key>'",
        "api_key = 'YOUR_API_KEY'",
        "api_key = 'your-api-key-here'",
        "API_KEY = ''",
        "password = 'changeme'",
        "password = '********'",
        "token = 'xxxxxxxxxxxxxxxx'",
        "token = f'{prefix}-{number}'",
        "token = 'secret://API_TOKEN'",
        "openai.api_key = 'sk-...'",
        "url = 'postgresql://user:password@localhost/db'.replace('password', pw)",
        "url = f'postgresql://{user}:{password}@{host}/db'",
        "url = 'postgresql://<user>:<password>@host/db'",
        "tokenizer.pad_token = tokenizer.eos_token = '<|endoftext|>'",
        "placeholder_token = 'cat-toy-9x'",
        "max_tokens = '4096-long-9'",
        "tokens = ['the', 'quick', 'brown']",
        "credentials_file = 'service-account-7.json'",
        "secret_name = 'prod/db-1/password'",
        "key = 'customer_id_9x2'",
        "df.sort_values(key='a1b2c3d4e5f6')",
        "cryptic = '550e8400-e29b-41d4-a716-446655440000'",
        "if word.startswith('sk-') and len(word) > 3: pass",
    ],
)
def test_what_holds_the_place_of_a_secret_or_names_something_else_is_none(source: str) -> None:
    assert [rule for rule in found_in(source) if rule != "url-password"] == []


def test_digests_and_ids_are_no_secrets_wherever_they_stand() -> None:
    digests = [hashlib.new(name, str(i).encode()).hexdigest() for name in ("md5", "sha1", "sha256") for i in range(50)]
    ids = [str(uuid.UUID(int=i * 7919 << 60)) for i in range(50)]
    text = "\n".join(f"{name} = {value!r}" for name in ("digest", "id", "key", "commit") for value in digests + ids)
    assert found_in(text) == ()
    assert find_in_text(text, place="output", where="x") == ()
    assert find_in_text(text.replace(" = ", ": ").replace("'", '"'), place="output", where="x") == ()


def test_prose_about_passwords_and_tokens_is_none() -> None:
    text = (
        "The password: it must have 8 letters. Your token = the thing you got. Secret: nobody knows-it2. See the key "
        "'a'. Tokens: 1234567890. Bearer of bad news; basic understanding. api_key: required, string"
    )
    assert find_in_text(text, place="output", where="x") == ()


@pytest.mark.parametrize(
    "value", ["AKIAIOSFODNN7EXAMPLE", "ghp_" + "x" * 36, "sk-ant-api03-" + "a" * 40, "hf_" + "A" * 34]
)
def test_an_example_of_a_token_never_counts_for_certain(value: str) -> None:
    assert not [finding for finding in find_in_text(f"x = '{value}'", place="source", where="x") if finding.certain]


def test_a_password_that_everybody_knows_is_a_guess() -> None:
    for source in ("password = 'postgres'", "url = 'postgresql://root:root@localhost:5432/taxi'"):
        found = find_in_text(source, place="source", where="x")
        assert [finding.certain for finding in found] == [False], source


def test_the_signature_of_an_address_that_holds_for_minutes_is_a_guess() -> None:
    key = "AKIA" + "Q2W3E4R5T6Y7U2I3"
    text = f"https://b.s3.amazonaws.com/o?X-Amz-Credential={key}/20260101&X-Amz-Signature={hashlib.sha256(b'').hexdigest()}"
    assert {finding.certain for finding in find_in_text(text, place="output", where="x")} == {False}
