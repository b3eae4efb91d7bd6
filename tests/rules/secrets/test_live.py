"""A value that is known to be secret is found in every encoding, and nothing else is taken for it."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.rules.secrets.labels import is_secret_label, is_secret_name, may_be_secret
from pressrun.rules.secrets.live import live_forms
from pressrun.rules.secrets.scan import find_in_text, find_secrets

VALUE = "p@ss/wörd \"7\" & more+'x'"
LIVE = {"DB_PASSWORD": VALUE}


def is_found(text: str, live: dict[str, str]) -> bool:
    found = find_in_text(text, place="output", where="x", live=live)
    assert all(finding.certain for finding in found if finding.rule == "live-value")
    return any(finding.rule == "live-value" for finding in found)


@pytest.mark.parametrize(
    "text",
    [
        VALUE,
        json.dumps(VALUE),
        json.dumps(json.dumps(VALUE)),
        json.dumps(VALUE, ensure_ascii=False),
        repr(VALUE),
        quote(VALUE),
        quote(VALUE, safe=""),
        quote_plus(VALUE),
        quote(quote(VALUE, safe=""), safe=""),
        html.escape(VALUE),
        VALUE.encode().hex(),
        VALUE.encode().hex().upper(),
        f"\x1b[31mfailed with {VALUE}\x1b[0m",
    ],
)
def test_a_value_is_found_as_it_is_and_escaped(text: str) -> None:
    assert is_found(f"before {text} behind", LIVE)


@settings(max_examples=300, deadline=None)
@given(before=st.binary(max_size=7), value=st.text(min_size=8, max_size=40), behind=st.binary(max_size=7))
def test_a_value_is_found_in_base64_at_any_alignment(before: bytes, value: str, behind: bytes) -> None:
    raw = value.encode("utf-8", "surrogatepass")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert any(form.text in encode(before + raw + behind).decode() for form in live_forms({"X_TOKEN": value}))


def test_half_of_a_value_is_not_it() -> None:
    assert not is_found(VALUE[:-3], LIVE)
    assert not is_found("1Zq8kPw2Lx", {"X_TOKEN": "Zq8kPw2L"})
    assert is_found("(Zq8kPw2L)", {"X_TOKEN": "Zq8kPw2L"})


def test_the_password_of_an_address_is_found_alone() -> None:
    assert is_found("logged in with Zq8kPw2L!", {"DATABASE_URL": "postgresql://me:Zq8kPw2L!@db/x"})


def test_a_value_is_found_in_a_notebook_and_named_by_its_variable() -> None:
    found = find_secrets([], {"note": f"see {VALUE}"}, live=LIVE)
    assert [(finding.rule, finding.masked) for finding in found] == [("live-value", "the value of DB_PASSWORD")]


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD", "WANDB_API_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "DATABASE_URL", "SNOWFLAKE_PWD",
             "OPENAI_KEY", "apiKey", "SENTRY_DSN", "AZURE_STORAGE_CONNECTION_STRING"]
)  # fmt: skip
def test_a_variable_of_such_a_name_holds_a_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["HOME", "PATH", "PWD", "OLDPWD", "GPG_KEY", "SSH_AUTH_SOCK", "TOKENIZERS_PARALLELISM", "KEYBOARD",
             "AUTHOR",
             "DB_PASSWORD_FILE", "PASSENGERS", "MONKEY"]
)  # fmt: skip
def test_a_variable_of_another_name_holds_none(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "value", ["", "short", "12345678901", "true", "/run/secrets/token", "~/.ssh/id_rsa", "C:\\keys\\a.pem",
              "aaaaaaaaaa",
              "https://example.org/login", "changeme", "<your token here>", "your-token-here"]
)  # fmt: skip
def test_a_number_switch_path_or_placeholder_is_no_secret_value(value: str) -> None:
    assert not may_be_secret(value)


@pytest.mark.parametrize("value", ["Zq8kPw2L", "https://hooks.example.org/services/T0/B0/x", "postgresql://a:b@c/d"])
def test_what_opens_something_is_a_secret_value(value: str) -> None:
    assert may_be_secret(value)


@pytest.mark.parametrize("name", ["password", "userPassword", "DB_PASS", "client-secret", "accessToken", "api key"])
def test_a_label_that_speaks_of_a_secret_is_known(name: str) -> None:
    assert is_secret_label(name)


@pytest.mark.parametrize("name", ["first_pass", "max_token", "pad_token", "public_key", "key", "compass", "tokenizer"])
def test_a_label_that_speaks_of_something_else_is_not(name: str) -> None:
    assert not is_secret_label(name)
