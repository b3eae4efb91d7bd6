"""Representation drift: the same result written differently by other library versions.

Only excused when the two runs had different environments; inside one lock any such change is a difference.
"""

from __future__ import annotations

import ast
import re

from pressrun.records.comparison import Mask
from pressrun.rules.compare.mask_rules import DRIFT
from pressrun.rules.compare.masking import WHY, apply_rules, needed, sum_masks

_MISSING = re.compile(r"(?<![\w.])(?:NaN|nan|None|NaT|<NA>)(?![\w.(])")
_LONGEST_REPR = 20_000  # characters; a longer text is no estimator
_ALL_PARAMETERS = 3


def without_drift(expected: str, found: str) -> tuple[str, str, tuple[Mask, ...]]:
    """Rewrite both texts in one notation.

    Returns:
        The two texts, and the rules that hid something that differs.
    """
    left, right = (apply_rules(text, DRIFT, frozenset()) for text in (expected, found))
    masks = list(needed(left.hits, right.hits))
    e_text, f_text = left.text, right.text
    if e_text != f_text:
        e_missing, f_missing = ([m.group() for m in _MISSING.finditer(text)] for text in (e_text, f_text))
        if e_missing != f_missing and len(e_missing) == len(f_missing):
            masks += needed({"missing-value": e_missing}, {"missing-value": f_missing})
            e_text, f_text = (_MISSING.sub("«missing»", text) for text in (e_text, f_text))
    if e_text != f_text and same_call(e_text, f_text):
        masks.append(Mask(rule="estimator-repr", count=2, example=e_text[:80], why=WHY["estimator-repr"]))
        e_text = f_text
    return e_text, f_text, sum_masks(masks)


def same_call(expected: str, found: str) -> bool:
    """Whether both texts are one constructor call, written with all its parameters or only with the changed ones.

    What both name must be equal. A side that names all has at least three more: one more may be a changed parameter.

    >>> same_call("SVC(C=1.0, degree=3, kernel='rbf', tol=0.001)", "SVC()")
    True
    >>> same_call("SVC(C=10)", "SVC()")
    False
    """
    if max(len(expected), len(found)) > _LONGEST_REPR:
        return False
    try:
        left, right = (ast.parse(text.strip(), mode="eval").body for text in (expected, found))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return isinstance(left, ast.Call) and _same_node(left, right)


def _same_node(left: ast.expr, right: ast.expr) -> bool:
    if isinstance(left, ast.Call) and isinstance(right, ast.Call):
        if ast.dump(left.func) != ast.dump(right.func) or len(left.args) != len(right.args):
            return False
        names = {word.arg for word in left.keywords} ^ {word.arg for word in right.keywords}
        if 0 < len(names) < _ALL_PARAMETERS:
            return False
        named = {word.arg: word.value for word in right.keywords}
        common = [(word.value, named[word.arg]) for word in left.keywords if word.arg in named]
        return all(_same_node(a, b) for a, b in (*zip(left.args, right.args, strict=True), *common))
    if isinstance(left, (ast.List, ast.Tuple)) and isinstance(right, (ast.List, ast.Tuple)):
        same_length = len(left.elts) == len(right.elts)
        return same_length and all(_same_node(a, b) for a, b in zip(left.elts, right.elts, strict=True))
    return ast.dump(left) == ast.dump(right)
