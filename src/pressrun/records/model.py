"""A model in a bundle, as ``models/<name>/model.json`` describes it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from pressrun.records.digest import Digest

ModelFormat = Literal["xgboost-json", "lightgbm-text", "skops", "cloudpickle"]


class ModelDescription(msgspec.Struct, frozen=True, kw_only=True):
    """What a model file is and how it may be loaded. The format stands here and is never guessed from the file.

    Attributes:
        name: from the declaration.
        file: name of the model's file, in the same folder.
        model_format: how the file is read; ``cloudpickle`` can run any code when it is loaded.
        unsafe: whether loading needs trust in who made the bundle.
        class_name: module and name of the object's class.
        predict: method, or function of the notebook, that predicts.
        predict_file: pickle of that function; empty when a method predicts. It is as unsafe as a pickled model.
        trusted_types: for skops: the types beyond its own list that loading has to allow, each by its full name.
        refused_formats: safer format -> why it could not be used.
        lifted: classes and functions of the notebook that travel inside the file by value.
        zeroed: values that were set to 0 because they are times and would change the file's digest.
        signature: names, types and shapes of the sample and of the predictions; empty without a sample.
        sample: digest of ``sample.json``; empty without a sample.
        predictions: digest of ``predictions.json``.
        tolerance: relative; predictions in a fresh process were equal within it.
        libraries: top-level module -> version.
    """

    format: int = 1
    name: str
    file: str
    model_format: ModelFormat
    unsafe: bool
    digest: Digest
    size: int
    class_name: str
    predict: str = "predict"
    predict_file: str = ""
    trusted_types: tuple[str, ...] = ()
    refused_formats: dict[str, str] = {}
    lifted: tuple[str, ...] = ()
    zeroed: tuple[str, ...] = ()
    signature: dict[str, Any] = {}
    sample: str = ""
    predictions: str = ""
    tolerance: float = 1e-9
    python: str = ""
    libraries: dict[str, str] = {}
    notes: tuple[str, ...] = ()
