"""Models in a bundle: exported in the kernel, written in the safest format that works, proven in a fresh process.

The order of formats is fixed: data-only ones of the library itself, then skops with an explicit list of trusted types,
then cloudpickle, which is marked unsafe. Each refused format is recorded with its reason; a file is read in the format
that ``model.json`` names, and its first bytes have to agree. pressrun's own process never unpickles anything.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import msgspec

from pressrun.errors import (
    CannotRestoreError,
    DeclarationError,
    EnvironmentRestoreError,
    ResultsDifferError,
    UnsafeContentError,
)
from pressrun.notebook.package.fresh_model import FORMATS, agrees
from pressrun.records.capture import Environment
from pressrun.records.digest import digest_bytes, pretty_json
from pressrun.records.model import ModelDescription
from pressrun.records.replay import TaskResult

TOLERANCE = 1e-9
SKOPS = "0.16.0"
"""Version locked where the notebook's environment has none, so that the same notebook gives the same lock."""

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH", "SYSTEMROOT", "OMP_NUM_THREADS")
_IMPORT_OF_OURS = re.compile(r"^from pressrun\.[^\n]*\n", re.MULTILINE)
_FUTURE = "from __future__ import annotations\n"


class ModelFiles(msgspec.Struct, frozen=True, kw_only=True):
    """A model that is ready to be packaged.

    Attributes:
        directory: holds the files.
        files: their names, ``model.json`` among them.
    """

    name: str
    directory: Path
    files: tuple[str, ...]
    description: ModelDescription


def source_of(*modules: str) -> str:
    """Return modules of this package as one source text that needs nothing of pressrun."""
    folder = resources.files("pressrun.notebook.package")
    texts = [folder.joinpath(f"{module}.py").read_text(encoding="utf-8") for module in modules]
    return _FUTURE + "\n\n".join(_IMPORT_OF_OURS.sub("", text.replace(_FUTURE, "")) for text in texts)


def cloudpickle_source() -> tuple[str, str]:
    """Return the source of the installed cloudpickle, and its version."""
    text = resources.files("cloudpickle").joinpath("cloudpickle.py").read_text(encoding="utf-8")
    return text, metadata.version("cloudpickle")


def finish_model(
    result: TaskResult,
    *,
    python: Path,
    directory: Path,
    import_paths: Sequence[Path] = (),
    timeout_s: float = 600,
) -> ModelFiles:
    """Write a model in the safest format that works, and prove it in a fresh process of the lean environment.

    Args:
        result: of the task that `pressrun.notebook.package.tasks.export_task` made.
        python: interpreter of the environment made from the bundle's lock.
        directory: where the model's folder is to lie; made if absent.
        import_paths: folders that the project's own modules are imported from.
        timeout_s: for each process.

    Raises:
        DeclarationError: the declared object, sample or function does not exist.
        CannotRestoreError: the object cannot be saved, or not be loaded in a fresh process.
        ResultsDifferError: its predictions in the fresh process are not those of the kernel.
    """
    facts = _facts(result)
    name = result.name.partition(":")[2]
    target = directory / name
    target.mkdir(parents=True, exist_ok=True)
    bench = Bench(
        facts, Path(result.directory), target, python, [str(path.resolve()) for path in import_paths], timeout_s
    )
    format_, trusted, refused, answer = bench.safest()
    if format_ and (answer.get("failed") or answer["difference"]):
        refused[format_] = answer.get("failed") or f"predictions differ: {answer['difference']}"
        (target / FORMATS[format_]).unlink()
        format_ = ""
    if not format_:
        format_, trusted = "cloudpickle", []
        (Path(result.directory) / "model.pkl").replace(target / FORMATS[format_])
        answer = bench.check(format_, trusted)
        if answer.get("failed"):
            raise CannotRestoreError(
                f"the model cannot be loaded in a fresh process: {answer['failed']}",
                where=f"model {name}",
                remedy="Everything it needs must be importable there; see --whole-environment.",
            )
    if answer["difference"]:
        raise ResultsDifferError(
            f"predictions in a fresh process differ from the notebook's: {answer['difference']}",
            where=f"model {name}",
            remedy="A prediction must depend on the model and the sample alone.",
        )
    return _described(name, target, facts, format_, trusted, refused, answer)


def extra_requirements(results: Sequence[TaskResult], environment: Environment) -> tuple[str, ...]:
    """Return requirements that the lean lock needs beyond what the notebook imported, pinned.

    Args:
        results: of the export tasks.
        environment: the kernel's.
    """
    installed = {distribution.name: distribution.version for distribution in environment.distributions}
    found: set[str] = set()
    for result in results:
        facts = result.value if isinstance(result.value, dict) else {}
        if not result.name.startswith("model:") or result.error:
            continue
        if "cloudpickle" in facts["modules"]:
            found.add(f"cloudpickle=={facts['cloudpickle']}")
        if not facts["own_types"] and _takes_skops(installed, environment.python):
            found.add(f"skops=={installed.get('skops', SKOPS)}")
    return tuple(sorted(found))


def _takes_skops(installed: dict[str, str], python: str) -> bool:
    def at_least(name: str, *least: int) -> bool:
        version = python if name == "python" else installed.get(name, "0")
        return tuple(int(part) for part in re.findall(r"\d+", version)[: len(least)]) >= least

    return "skops" in installed or (
        at_least("python", 3, 9)
        and at_least("scikit-learn", 1, 2)
        and at_least("numpy", 1, 25)
        and at_least("scipy", 1, 10)
    )


def read_description(folder: Path) -> ModelDescription:
    """Read ``model.json`` and check that the model's file is of the format it names; nothing is unpickled.

    Raises:
        UnsafeContentError: the file is not of that format, or the description names a file elsewhere.
    """
    try:
        description = msgspec.json.decode((folder / "model.json").read_bytes(), type=ModelDescription)
    except (OSError, msgspec.DecodeError) as error:
        raise UnsafeContentError(
            f"the description cannot be read: {error}", where=str(folder / "model.json")
        ) from error
    if description.file != FORMATS[description.model_format]:
        raise UnsafeContentError(
            f"{description.file} is not how a file of format {description.model_format} is called",
            where=str(folder),
            remedy="The file was renamed, or the description was changed: do not load it.",
        )
    path = folder / description.file
    with path.open("rb") as file:
        head = file.read(8)
    if not agrees(description.model_format, head):
        raise UnsafeContentError(
            f"the file is not of format {description.model_format}, which its description names",
            where=str(path),
            remedy="Do not load it: a file under a wrong name is how unsafe content gets past a check.",
        )
    if not description.unsafe and (description.model_format == "cloudpickle" or description.predict_file):
        raise UnsafeContentError("a pickle that is not marked unsafe", where=str(path), remedy="Do not load it.")
    return description


def loading_snippet(description: ModelDescription, entry: str | None = None) -> str:
    """Return Python that loads the model from the bundle's folder.

    Args:
        description: of the model.
        entry: folder below ``project/`` whose modules the model may need; None when no module travels.
    """
    path = f"models/{description.name}/{description.file}"
    project = "project" if entry == "." else f"project/{entry}"
    head = "" if entry is None else f'import sys\n\nsys.path.insert(0, "{project}")  # modules of the project\n\n'
    if description.model_format == "skops":
        trusted = json.dumps(list(description.trusted_types))
        return f'{head}import skops.io\n\nmodel = skops.io.load("{path}", trusted={trusted})\n'
    if description.model_format == "xgboost-json":
        name = description.class_name.rsplit(".", 1)[1]
        return f'import xgboost\n\nmodel = xgboost.{name}()\nmodel.load_model(bytearray(open("{path}", "rb").read()))\n'
    if description.model_format == "lightgbm-text":
        return f'import lightgbm\n\nmodel = lightgbm.Booster(model_file="{path}")\n'
    return f'{head}import pickle\n\nmodel = pickle.load(open("{path}", "rb"))  # runs code: only from who you trust\n'


def _facts(result: TaskResult) -> dict[str, Any]:
    if not result.error:
        return dict(result.value)
    where = f"model {result.name.partition(':')[2]}"
    if "NameError: " in result.error:
        raise DeclarationError(result.error.split("NameError: ")[-1].strip().splitlines()[0], where=where)
    raise CannotRestoreError(
        f"the model cannot be saved: {result.error.strip().splitlines()[-1]}",
        where=where,
        remedy="Register an object that can be pickled, or name another one with --object.",
    )


class Bench:
    """Runs the two jobs of `fresh_model` for one model."""

    def __init__(  # a private record of one call
        self, facts: dict[str, Any], source: Path, target: Path, python: Path, import_paths: list[str], timeout_s: float
    ) -> None:
        self.facts = facts
        self.source = source
        self.target = target
        self.python = python
        self.import_paths = import_paths
        self.timeout_s = timeout_s

    def safest(self) -> tuple[str, list[str], dict[str, str], dict[str, Any]]:
        """Return the safest format that could be written, its trusted types, why others were refused, and its check."""
        others = [format_ for format_ in FORMATS if format_ != "cloudpickle"]
        lifted = self.facts["own_types"]
        if lifted:
            reason = f"holds what the notebook defines: {', '.join(lifted)}"
            return "", [], dict.fromkeys(others, reason), {}
        forks = sys.platform == "linux"
        job = {"pickle": str(self.source / "model.pkl"), "directory": str(self.target), **self._expected()}
        modules = ["skops.io", *self.facts["modules"]]
        answer = self._run({"action": "prove" if forks else "convert", "modules": modules, **job})
        if answer.get("failed"):
            return "", [], dict.fromkeys(others, answer["failed"]), {}
        format_, trusted = answer["format"], answer["trusted"]
        checked = answer.get("check", {})
        if format_ and not forks:
            checked = self.check(format_, trusted)
        checked.setdefault("python", answer["python"])
        return format_, trusted, answer["refused"], checked

    def check(self, format_: str, trusted: list[str]) -> dict[str, Any]:
        """Load the model in a fresh process and compare its predictions."""
        path = str(self.target / FORMATS[format_])
        return self._run({"action": "check", "path": path, "format": format_, "trusted": trusted, **self._expected()})

    def _expected(self) -> dict[str, Any]:
        function = self.source / "predict.pkl"
        return {
            "class": self.facts["class"],
            "predict": self.facts["predict"],
            "predict_path": str(function) if self.facts["predict_function"] else "",
            "sample": self.facts.get("sample"),
            "predictions": self.facts.get("predictions"),
            "tolerance": TOLERANCE,
        }

    def _run(self, job: dict[str, Any]) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="pressrun-model-") as scratch:
            script, task, answer = (Path(scratch) / name for name in ("fresh.py", "job.json", "answer.json"))
            text = source_of("sample_codec", "exporter", "fresh_model")
            script.write_text(f'{text}\n\nif __name__ == "__main__":\n    main(sys.argv[1])\n', encoding="utf-8")
            job |= {"import_paths": self.import_paths, "answer": str(answer)}
            task.write_text(json.dumps(job), encoding="utf-8")
            environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
            try:
                done = subprocess.run(
                    [str(self.python), "-I", str(script), str(task)],
                    cwd=scratch, env=environment, capture_output=True, timeout=self.timeout_s, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                return {"failed": f"no answer within {self.timeout_s:g} s"}
            except OSError as error:
                raise EnvironmentRestoreError(
                    f"the interpreter cannot be started: {error}", where=str(self.python)
                ) from error
            if done.returncode or not answer.is_file():
                lines = done.stderr.decode(errors="replace").strip().splitlines()
                return {"failed": lines[-1] if lines else f"the process ended with status {done.returncode}"}
            found: dict[str, Any] = json.loads(answer.read_bytes())
            return found


def _described(  # joins what the steps above found
    name: str,
    target: Path,
    facts: dict[str, Any],
    format_: str,
    trusted: list[str],
    refused: dict[str, str],
    answer: dict[str, Any],
) -> ModelFiles:
    path = target / FORMATS[format_]
    content = path.read_bytes()
    files = [path.name]
    digests = {"sample": "", "predictions": ""}
    for part in digests:
        if facts.get(part) is not None:
            encoded = pretty_json(facts[part])
            (target / f"{part}.json").write_bytes(encoded)
            digests[part] = digest_bytes(encoded)
            files.append(f"{part}.json")
    description = ModelDescription(
        name=name,
        file=path.name,
        model_format=format_,  # type: ignore[arg-type]
        unsafe=format_ == "cloudpickle" or facts["predict_function"],
        digest=digest_bytes(content),
        size=len(content),
        class_name=facts["class"],
        predict=facts["predict"],
        predict_file="predict.pkl" if facts["predict_function"] else "",
        trusted_types=tuple(trusted),
        refused_formats=refused,
        lifted=tuple(sorted({*facts["own_types"], *facts["function_types"]})),
        zeroed=tuple(facts["zeroed"]),
        signature=facts.get("signature", {}),
        sample=digests["sample"],
        predictions=digests["predictions"],
        tolerance=TOLERANCE,
        python=answer["python"],
        libraries=facts["libraries"],
        notes=tuple(facts["notes"]),
    )
    if description.predict_file:
        (Path(facts["source_directory"]) / "predict.pkl").replace(target / "predict.pkl")
        files.append("predict.pkl")
    (target / "model.json").write_bytes(pretty_json(description))
    return ModelFiles(name=name, directory=target, files=tuple(sorted([*files, "model.json"])), description=description)
