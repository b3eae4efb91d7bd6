"""What a notebook reads from the network, and services that it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pressrun.records.findings import Finding
from pressrun.rules.doctor.analysed import AnalysedNotebook, Command, Surroundings
from pressrun.rules.doctor.events import Call
from pressrun.rules.doctor.kinds import found

_URL = re.compile(r"^(?:https?|ftp|s3a?|gs|gcs|abfss?|wasbs?|az|adl|hdfs|hf|dbfs)://", re.IGNORECASE)
_LOCAL_SERVICE = re.compile(r"^https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|host\.docker\.internal)(?::|/|$)"
                            r"|^https?://(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.", re.IGNORECASE)  # fmt: skip
_CALLS = re.compile(
    r"^(?:requests\.(?:get|post|put|request|head|Session)|httpx\.(?:get|post|stream|request|Client)"
    r"|urllib\.request\.(?:urlopen|urlretrieve)|urllib\.(?:urlopen|urlretrieve)|urllib2\.urlopen|wget\.download|gdown\.download\w*"
    r"|seaborn\.load_dataset|sklearn\.datasets\.fetch_\w+|nltk\.download|spacy\.cli\.download|kagglehub\.\w*download"
    r"|opendatasets\.download|yfinance\.download|yfinance\.Ticker|pandas_datareader\.(?:data\.)?\w+|datasets\.load_dataset"
    r"|huggingface_hub\.(?:hf_hub_download|snapshot_download)|torch\.hub\.load\w*|openml\.datasets\.get_dataset"
    r"|ucimlrepo\.fetch_ucirepo|tensorflow_datasets\.load|quandl\.get|wbdata\.\w+|vega_datasets\.data\.\w+\.url"
    r"|(?:tensorflow\.)?keras\.utils\.get_file|(?:tensorflow\.)?keras\.datasets\.\w+\.load_data|gensim\.downloader\.load"
    r"|statsmodels\.(?:api\.|formula\.api\.)?datasets\.(?:get_rdataset|webuse)|statsmodels\.datasets\.utils\.\w+"
    r"|kaggle\.api\.dataset_download\w+|ee\.Initialize|google\.cloud\.\w+\.Client|boto3\.(?:client|resource|Session))$"
)
_PRETRAINED = re.compile(
    r"^(?:transformers|sentence_transformers|diffusers|timm)\.\w*(?:\.?from_pretrained|SentenceTransformer|pipeline|create_model)$"
)
_TORCHVISION = re.compile(r"^(?:torchvision|torchtext|torchaudio)\.datasets\.\w+$")
_READS_ADDRESS = re.compile(r"^(?:read_\w+|scan_\w+|open|imread|loadtxt|genfromtxt|open_dataset|load)$")
_SET_ADDRESS = frozenset(
    {"mlflow.set_tracking_uri", "mlflow.set_registry_uri", "mlflow.tracking.MlflowClient", "mlflow.MlflowClient"}
)
_COMMANDS = re.compile(
    r"(?:^|[;&|(]\s*|\bsudo\s+)(wget|curl|git\s+clone|git\s+pull|kaggle\s+(?:datasets|competitions)|gsutil|aws\s+s3|az\s+storage"
    r"|gdown|hf\s+download|huggingface-cli\s+download|ftp|scp|rsync|dvc\s+(?:pull|get))\b"
)


def network_reads(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find what is fetched from the network by calls and by commands, and services on an address."""
    for _, call in notebook.events(Call):
        address = _address(call)
        if address and _LOCAL_SERVICE.match(address):
            what = f"{call.last} needs the service at {_host(address)}"
            yield found("network-service", what, at=call.place.at, subject=_host(address))
        elif call.name in _SET_ADDRESS and address:
            yield found(
                "network-service", f"needs the server at {_host(address)}", at=call.place.at, subject=_host(address)
            )
        elif _fetches(call, address):
            told = _host(address) if address else call.name
            yield found(
                "network-read",
                f"{call.last} reads from the network" + (f": {told}" if address else ""),
                at=call.place.at,
                subject=told,
            )
    for cell, command in notebook.commands():
        program = _fetching(command)
        if program:
            what = f"`{program}` reads from the network"
            yield found("network-read", what, at=(cell.index, command.line), subject=program)


def _fetches(call: Call, address: str) -> bool:
    if _CALLS.match(call.name):
        return not (call.name.endswith(".load_dataset") and call.name.startswith("datasets") and _reads_files(call))
    if _PRETRAINED.match(call.name) or (call.last == "from_pretrained" and not _is_folder(call)):
        return not _is_folder(call)
    if _TORCHVISION.match(call.name):
        return any(word.arg == "download" and getattr(word.value, "value", None) is True for word in call.node.keywords)
    return bool(address) and bool(_READS_ADDRESS.match(call.last))


def _reads_files(call: Call) -> bool:
    return call.text(0) in {"csv", "json", "parquet", "text"}


def _is_folder(call: Call) -> bool:
    return (call.text(0) or "").startswith((".", "/"))


def _address(call: Call) -> str:
    texts = [*call.given[:2], *call.named.values()]
    return next((text for text in texts if isinstance(text, str) and _URL.match(text)), "")


def _host(address: str) -> str:
    """Return the address without user, query and fragment: those may hold secrets."""
    scheme, _, rest = address.partition("://")
    place, _, path = rest.partition("/")
    path = path.partition("?")[0].partition("#")[0]
    shown = f"{scheme}://{place.rpartition('@')[2]}" + (f"/{path}" if path else "")
    return shown if len(shown) <= 80 else f"{shown[:79]}…"


def _fetching(command: Command) -> str:
    if command.kind == "magic" and command.name not in {"sx", "system", "sc"}:
        return ""
    if command.kind == "cell-magic" and command.name not in {"bash", "sh", "script", "!", "sx", "system"}:
        return ""
    match = _COMMANDS.search(command.text.strip())
    return " ".join(match[1].split()) if match else ""
