"""Names that speak of a secret: of variables, keys, columns, options and environment variables."""

from __future__ import annotations

import re

from pressrun.rules.secrets.checks import is_vacant

MIN_LENGTH = 8  # of a live value; shorter ones stand in texts by chance

_ANYWHERE = (
    "password|passwd|passphrase|pass_?word|api_?key|apikey|secret_?key|access_?key|private_?key|account_?key|auth_?key"
    "|signing_?key|encryption_?key|master_?key|client_?secret|app_?secret|consumer_?secret|auth_?token|access_?token"
    "|refresh_?token|bearer_?token|api_?token|api[ -]key|secret[ -]key|access[ -]key|conn(?:ection)?_?str(?:ing)?"
)
_AT_A_BOUNDARY = "pass|pwd|psw|secret|token|credentials?|dsn|pat|auth"
_ENDS = "_?(?:[0-9]{1,3}|value|str|string|text|plain|raw|var|prod|dev|test|staging)?$"
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BOUNDED = re.compile(rf"(?:{_ANYWHERE}|(?:^|[_.\- ])(?:{_AT_A_BOUNDARY})){_ENDS}", re.IGNORECASE)
_NO_LABEL = re.compile(
    r"(?:^|[_\- ])(?:max|min|num|n|pad|eos|bos|sep|cls|mask|unk|special|stop|start|end|next|prev|image|text|sub|page"
    r"|csrf|xsrf|continuation|added|oov|word|char|first|last|label|separator|vocab|initializer|placeholder|decode|audio|new|per"
    r"|each|second|one|two|forward|backward|single|low|high|band)[_\- ]?(?:token|pass)s?(?:_|$)"
    r"|public[_\- ]?key|tokeniz|x-amz-credential",
    re.IGNORECASE,
)
_VARIABLE = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|ACCOUNT_?KEY|ENCRYPTION_?KEY|SIGNING_?KEY"
    r"|AUTH_?KEY|CREDENTIAL|CONN(?:ECTION)?_?STR(?:ING)?|(?:^|_)(?:PASS|PWD|PSW|APIKEY|DSN|AUTH|PAT|SAS)(?:_|$|[0-9])"
    r"|(?:DATABASE|DB|REDIS|MONGO(?:DB)?|BROKER|AMQP|POSTGRES|MYSQL|WEBHOOK|INDEX|SQLALCHEMY\w*)_UR[IL]$|_KEY$",
    re.IGNORECASE,
)
_NO_VARIABLE = re.compile(
    r"^(?:GPG_KEY|SSH_AUTH_SOCK|PWD|OLDPWD|TOKENIZERS_\w*|\w*(?:_SOCK|_FILE|_PATH|_DIR|_NAME|_TYPE|_METHOD|_BACKEND"
    r"|_PROVIDER|_ISSUER|_TTL|_EXPIR\w*|_LENGTH|_COUNT|_LIMIT)|\w*(?:TOKENIZER|PUBLIC_?KEY|MAX_TOKEN|NUM_TOKEN)\w*)$",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"(?:[+-]?[0-9][0-9_.,eE+-]*|true|false|yes|no|on|off|none|null|enabled|disabled|default)", re.IGNORECASE
)
_PATH = re.compile(r"(?:~|\.{1,2})?/[\w .@%+,:=/-]*|[A-Za-z]:\\[^\"']*|file:.*")
_OPENS = re.compile(r"[?&]\w*(?:token|key|sig|secret)=|/services/|/webhooks?/", re.IGNORECASE)


def is_secret_label(name: str) -> bool:
    """Return whether a variable, key or column of that name holds a secret by custom.

    >>> [is_secret_label(name) for name in ("db_password", "apiKey", "client-secret", "max_token", "passenger", "key")]
    [True, True, True, False, False, False]
    """
    snake = _CAMEL.sub("_", name)
    return _BOUNDED.search(snake) is not None and _NO_LABEL.search(snake) is None


def is_secret_name(name: str) -> bool:
    """Return whether an environment variable of that name holds a secret by custom.

    >>> [is_secret_name(name) for name in ("DB_PASSWORD", "WANDB_API_KEY", "HOME", "GPG_KEY", "TOKENIZERS_PARALLELISM")]
    [True, True, False, False, False]
    """
    snake = _CAMEL.sub("_", name)
    return _VARIABLE.search(snake) is not None and _NO_VARIABLE.match(snake) is None


def may_be_secret(value: str) -> bool:
    """Return whether a secret-looking variable's value is one, and no number, switch, path or placeholder."""
    value = value.strip()
    if len(value) < MIN_LENGTH or _PLAIN.fullmatch(value) or _PATH.fullmatch(value) or is_vacant(value):
        return False
    if "://" in value:
        return "@" in value.partition("://")[2] or _OPENS.search(value) is not None
    return len(set(value)) > 3  # "xxxxxxxx" and the like
