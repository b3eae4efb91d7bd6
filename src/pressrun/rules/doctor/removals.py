"""What libraries and Python itself have removed: name, the first version without it, and what to use instead.

Only removals that were seen: each entry was checked against a release that has it and one that has not.
"""

from __future__ import annotations

import msgspec

REMOVED_MODULES: dict[str, tuple[tuple[int, ...], str]] = {
    "distutils": ((3, 12), "setuptools, sysconfig or packaging.version"),
    "imp": ((3, 12), "importlib"),
    "asynchat": ((3, 12), "asyncio"),
    "asyncore": ((3, 12), "asyncio"),
    "smtpd": ((3, 12), "the package aiosmtpd"),
    "aifc": ((3, 13), "the package standard-aifc"),
    "audioop": ((3, 13), "the package audioop-lts"),
    "cgi": ((3, 13), "urllib.parse, or the package legacy-cgi"),
    "cgitb": ((3, 13), "traceback, or the package legacy-cgi"),
    "chunk": ((3, 13), "the package standard-chunk"),
    "crypt": ((3, 13), "hashlib, or the package passlib"),
    "imghdr": ((3, 13), "the package filetype or puremagic"),
    "mailcap": ((3, 13), "mimetypes"),
    "msilib": ((3, 13), "nothing in the standard library"),
    "nis": ((3, 13), "nothing in the standard library"),
    "nntplib": ((3, 13), "the package standard-nntplib"),
    "ossaudiodev": ((3, 13), "nothing in the standard library"),
    "pipes": ((3, 13), "subprocess and shlex"),
    "sndhdr": ((3, 13), "the package filetype or puremagic"),
    "spwd": ((3, 13), "nothing in the standard library"),
    "sunau": ((3, 13), "the package standard-sunau"),
    "telnetlib": ((3, 13), "the package telnetlib3"),
    "uu": ((3, 13), "base64"),
    "xdrlib": ((3, 13), "the package standard-xdrlib"),
    "lib2to3": ((3, 13), "the package libcst or parso"),
}


class Removal(msgspec.Struct, frozen=True):
    """One thing that a library no longer has.

    Attributes:
        name: dotted, as `pressrun.rules.doctor.sites` spells it.
        version: the first release without it.
        argument: the text it has to be given, empty for any call or reading.
    """

    name: str
    distribution: str
    version: tuple[int, ...]
    instead: str
    argument: str = ""

    @property
    def shown(self) -> str:
        """The name as a reader would write it."""
        if self.name == SKLEARN_NAMES:
            return "get_feature_names() of scikit-learn's transformers"
        return f"{self.name}({self.argument!r})" if self.argument else self.name


def _of(distribution: str, version: tuple[int, ...], **instead: str) -> list[Removal]:
    return [Removal(name.replace("__", "."), distribution, version, better) for name, better in instead.items()]


_SEABORN_STYLES = ("seaborn", *(f"seaborn-{word}" for word in (
    "bright", "colorblind", "dark", "dark-palette", "darkgrid", "deep", "muted", "notebook", "paper", "pastel",
    "poster", "talk", "ticks", "white", "whitegrid")))  # fmt: skip
SKLEARN_NAMES = "sklearn.transformers.get_feature_names"
"""Stands for the method of every transformer of scikit-learn."""
_ALIASES = ("int", "float", "complex", "object", "str", "unicode")

REMOVALS: tuple[Removal, ...] = (
    *(Removal(f"numpy.{word}", "numpy", (1, 24), "str" if word == "unicode" else word) for word in _ALIASES),
    *_of("numpy", (2, 0), numpy__NaN="numpy.nan", numpy__Inf="numpy.inf", numpy__float_="numpy.float64",
         numpy__product="numpy.prod", numpy__cumproduct="numpy.cumprod",
         numpy__alltrue="numpy.all", numpy__sometrue="numpy.any"),
    *_of("pandas", (2, 0), pandas__Int64Index="pandas.Index", pandas__Float64Index="pandas.Index"),
    *_of("pandas", (1, 0), pandas__Panel="a MultiIndex"),
    *_of("pandas", (2, 0), pandas__datetime="datetime"),
    *_of("pandas", (2, 0), pandas__DataFrame__append="pandas.concat", pandas__DataFrame__iteritems="items()"),
    *_of("scikit-learn", (1, 2), sklearn__datasets__load_boston="sklearn.datasets.fetch_california_housing",
         sklearn__metrics__plot_roc_curve="sklearn.metrics.RocCurveDisplay",
         sklearn__metrics__plot_confusion_matrix="sklearn.metrics.ConfusionMatrixDisplay",
         sklearn__metrics__plot_precision_recall_curve="sklearn.metrics.PrecisionRecallDisplay"),
    *_of("scikit-learn", (0, 22), sklearn__preprocessing__Imputer="sklearn.impute.SimpleImputer"),
    *_of("scikit-learn", (0, 23), sklearn__externals__joblib="the package joblib",
         sklearn__externals__six="the package six"),
    *_of("scikit-learn", (0, 20), sklearn__cross_validation="sklearn.model_selection",
         sklearn__grid_search="sklearn.model_selection"),
    *_of("scikit-learn", (0, 20), sklearn__gaussian_process__GaussianProcess="GaussianProcessRegressor"),
    *_of("scipy", (1, 3), scipy__misc__imread="imageio.imread", scipy__misc__imresize="PIL.Image.resize"),
    *_of("mlflow", (2, 0), mlflow__list_experiments="mlflow.search_experiments",
         mlflow__list_run_infos="mlflow.search_runs"),
    *_of("scikit-learn", (1, 2), **{SKLEARN_NAMES.replace(".", "__"): "get_feature_names_out()"}),
    *(Removal(f"{module}.style.use", "matplotlib", (3, 8), repr(style.replace("seaborn", "seaborn-v0_8", 1)), style)
      for style in _SEABORN_STYLES for module in ("matplotlib.pyplot", "matplotlib")),
)  # fmt: skip
_BY_NAME: dict[tuple[str, str], Removal] = {(entry.name, entry.argument): entry for entry in REMOVALS}


def removal(name: str, argument: str | None = None) -> Removal | None:
    """Return what is known of a name's removal, None when nothing is."""
    if argument is not None:
        return _BY_NAME.get((name, argument)) or _BY_NAME.get((name, ""))
    return _BY_NAME.get((name, ""))
