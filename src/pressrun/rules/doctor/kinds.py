"""Every kind of finding, as data: its gravest level, why it matters in production, and what to do.

The names are stable: they stand in ``--json``, in ``--ignore`` and in comments of notebooks. Only what surely breaks
blocks; a kind that can be sure only sometimes takes a milder level where it is not.
"""

from __future__ import annotations

import msgspec

from pressrun.records.findings import Finding, Level

BLOCKS: Level = "blocks-production"
SHOULD: Level = "should-fix"
NOTE: Level = "note"


class FindingKind(msgspec.Struct, frozen=True):
    """One kind.

    Attributes:
        name: as in `Finding.kind`.
        family: heading under which the reference lists it.
        level: the gravest level that a finding of this kind takes.
        why: why it matters in production, one sentence.
        fix: what to do where the finding has nothing better to say, one sentence.
        repaired: whether ``--fix`` corrects it, at least where the form is plain.
    """

    name: str
    family: str
    level: Level
    why: str
    fix: str
    repaired: bool = False


def _kind(name: str, family: str, level: Level, why: str, fix: str) -> FindingKind:
    return FindingKind(name, family, level, why, fix, name in _REPAIRED)


_REPAIRED = frozenset(
    {
        "syntax-python2", "output-error", "output-large", "path-absolute", "path-platform", "random-unseeded",
        "install-at-runtime", "pandas-chained-inplace", "shell-unchecked", "output-stale", "locale-dependence",
    }
)  # fmt: skip

KINDS: tuple[FindingKind, ...] = (
    # -- names
    _kind("name-undefined", "Names", BLOCKS,
          "A run from top to bottom ends here with a NameError.",
          "Define the name in an earlier cell, or remove its use."),
    _kind("name-defined-later", "Names", BLOCKS,
          "A run from top to bottom ends here with a NameError; it only worked when the cells ran in another order.",
          "Move the cell that defines the name above this one."),
    _kind("name-from-lost-cell", "Names", BLOCKS,
          "The saved result came from a cell that was deleted or changed; a clean run ends here with a NameError.",
          "Bring the lost definition back."),
    _kind("name-deleted", "Names", BLOCKS,
          "The name was deleted before it is used, so a clean run ends here with a NameError.",
          "Remove the del, or define the name again."),
    _kind("name-skipped", "Names", BLOCKS,
          "A replay leaves skipped cells out, so the name does not exist there.",
          "Define the name in a cell that is not skipped."),
    # -- order and saved outputs
    _kind("counts-out-of-order", "Hidden state", SHOULD,
          "The saved results were made in another order than production will run the cells in.",
          "Restart the kernel, run all cells, and save: or look at what `pressrun replay` gives."),
    _kind("counts-repeated", "Hidden state", SHOULD,
          "One session counts each run once, so the saved results come from more than one session or from a merge.",
          "Restart the kernel, run all cells, and save."),
    _kind("counts-gap", "Hidden state", NOTE,
          "Cells were run again or deleted, so a saved result may rest on a value that no cell gives any more.",
          "Restart the kernel, run all cells, and save."),
    _kind("counts-missing", "Hidden state", NOTE,
          "Cells that never ran beside cells that did: nobody has seen the whole notebook work.",
          "Run all cells, or declare exploration as `%%register skip`."),
    _kind("output-stale", "Hidden state", SHOULD,
          "What is shown is not what the code gives, so nobody can tell whether production is right.",
          "Run the cell again, or let --fix clear the output in a copy."),
    _kind("output-error", "Hidden state", SHOULD,
          "The cell failed when it was last run; a replay stops at the first error.",
          "Correct the cell, or tag it raises-exception where the error is meant; --fix clears it in a copy."),
    _kind("output-large", "Hidden state", NOTE,
          "Large outputs make the notebook slow to load, to compare and to keep, and travel in every copy.",
          "Show less, write a file instead, or let --fix clear the output in a copy."),
    # -- syntax
    _kind("syntax-invalid", "Syntax", BLOCKS,
          "The kernel refuses the cell with a SyntaxError.",
          "Correct the cell, or make it Markdown when it is text."),
    _kind("syntax-python2", "Syntax", BLOCKS,
          "Python 3 refuses the cell with a SyntaxError.",
          "Write it in Python 3: print(...) with parentheses, `except X as e`."),
    # -- paths
    _kind("path-missing", "Paths", BLOCKS,
          "The read fails with FileNotFoundError as soon as the notebook runs.",
          "Bring the file to that place, or make the path a parameter."),
    _kind("path-absolute", "Paths", SHOULD,
          "The path exists on one machine only, and nothing under it travels with the project.",
          "Use a path relative to the notebook, or a parameter."),
    _kind("path-platform", "Paths", SHOULD,
          "The path exists on a hosted notebook service only.",
          "Use a path relative to the notebook, or a parameter."),
    _kind("path-outside", "Paths", SHOULD,
          "What lies outside of the project is neither versioned with it nor in a bundle's project folder.",
          "Move the file into the project, or make the path a parameter."),
    # -- randomness, time, place
    _kind("random-unseeded", "Randomness, time and place", SHOULD,
          "Each run gives other numbers, so a changed result cannot be told from a broken one.",
          "Set a seed before the first draw."),
    _kind("random-identity", "Randomness, time and place", NOTE,
          "The value is new in each run by design, so what it names cannot be compared.",
          "Keep it out of results, or derive it from the inputs."),
    _kind("clock-dependence", "Randomness, time and place", SHOULD,
          "The result depends on the day it is computed: a replay next week differs, and a backfill is wrong.",
          "Make the date a parameter."),
    _kind("locale-dependence", "Randomness, time and place", NOTE,
          "The result depends on the machine's language, encoding or time zone.",
          "Name the encoding, the time zone or the format."),
    # -- network
    _kind("network-read", "Network", SHOULD,
          "A job has no network, or the other side is down or changed, and nobody knows what was read.",
          "Keep a copy in the project or a data store, and read that; or declare the read."),
    _kind("network-service", "Network", SHOULD,
          "The service is not there when the notebook runs as a job.",
          "Make the address a parameter, or leave the cell out with `%%register skip`."),
    # -- environment
    _kind("install-at-runtime", "Environment", SHOULD,
          "Each run may get other versions, needs the network, and changes an environment that others share.",
          "Declare the package in the project's requirements; --fix turns the line into a comment in a copy."),
    _kind("environment-write", "Environment", NOTE,
          "A variable that the notebook sets for itself hides what the job's configuration says.",
          "Give it to the job from outside, or keep it for settings of libraries only."),
    _kind("working-directory", "Environment", SHOULD,
          "Every relative path below depends on where the run began; a second run of the cell leads elsewhere.",
          "Build paths from one base folder instead of changing the directory."),
    _kind("import-path", "Environment", SHOULD,
          "What is imported depends on the layout of one machine.",
          "Make the code an installable package, or keep it beside the notebook."),
    # -- imports
    _kind("import-missing", "Imports", BLOCKS,
          "The import fails as soon as the notebook runs in this interpreter.",
          "Add the package to the project's requirements and install it."),
    _kind("import-removed", "Imports", BLOCKS,
          "The module left the standard library, so the import fails from that Python version on.",
          "Use its replacement, or the backport package."),
    _kind("api-removed", "Imports", BLOCKS,
          "The installed version of the library no longer has this, so the cell fails.",
          "Use the replacement, or lock the older version of the library."),
    _kind("import-local", "Imports", SHOULD,
          "The code is not in the notebook: it must travel with it, in the version that was used.",
          "Keep the module in the project and under version control."),
    _kind("import-editable", "Imports", SHOULD,
          "An editable install has no version: what runs is whatever its tree holds that day.",
          "Install a built release, or commit the tree before packaging."),
    _kind("import-unpinned", "Imports", NOTE,
          "Nothing in the project says which version is meant; an installation next month gives another.",
          "Write a lock file, or requirements with ==; `pressrun package` locks what ran."),
    _kind("program-missing", "Imports", SHOULD,
          "The program is no Python package, so no lock brings it to another machine.",
          "Install it in the job's image, or do without."),
    # -- shell
    _kind("shell-unchecked", "Shell", SHOULD,
          "A `!command` that fails raises nothing: the notebook goes on with a missing or empty file.",
          "Use subprocess.run(..., check=True), or check the result in the next cell."),
    # -- models
    _kind("pickle-notebook-class", "Models", SHOULD,
          "A pickle holds only the name __main__.Class: no other process can load the file.",
          "Move the class into a module of the project, or dump with cloudpickle."),
    _kind("pickle-lambda", "Models", BLOCKS,
          "pickle and joblib refuse lambdas and local functions, so the dump fails.",
          "Use a named function of a module, or dump with cloudpickle."),
    _kind("leak-fit-before-split", "Models", SHOULD,
          "What is learned from the rows that are tested later makes the score better than production will be.",
          "Split first; fit the step on the training part only, best inside a Pipeline."),
    _kind("leak-resample-before-split", "Models", SHOULD,
          "Copies of a row end up on both sides of the split, so the score is too good.",
          "Split first; resample the training part only."),
    _kind("leak-fit-on-test", "Models", SHOULD,
          "A step that is fitted on test data sees what production cannot see.",
          "Call transform or predict on the test part, and fit on the training part only."),
    _kind("leak-target-in-features", "Models", SHOULD,
          "The model reads the answer; in production the column is not there.",
          "Drop the target column from the features."),
    # -- pandas
    _kind("pandas-chained-inplace", "pandas", BLOCKS,
          "From pandas 3 on (copy-on-write) the change goes to a temporary copy: silently nothing happens.",
          "Assign the result: df[c] = df[c].method(...), or df.loc[rows, c] = value."),
    # -- secrets
    _kind("secret", "Secrets", BLOCKS,
          "Everybody who can read the notebook, its history or a bundle of it has the secret.",
          "Revoke it, remove it from the notebook and its history, and take it from a secret parameter."),
    # -- bundles
    _kind("coverage-incomplete", "Bundles", NOTE,
          "An input that was read unseen is not in the bundle, and its change will not be noticed.",
          "Package where the outside recorder is allowed, or verify with --sandbox."),
    _kind("input-unseen", "Bundles", SHOULD,
          "The file was read, but no digest of it is held: its change will not be noticed.",
          "Declare it as an input of the notebook and package again."),
    _kind("read-external", "Bundles", SHOULD,
          "What was read is not in the bundle and may change or vanish.",
          "Keep a copy as an input, or name a version of the object."),
    # -- the doctor itself
    _kind("ignore-unknown", "This report", NOTE,
          "The comment silences nothing.",
          "Correct the kind; `pressrun doctor --kinds` lists them."),
)  # fmt: skip

KIND_BY_NAME = {kind.name: kind for kind in KINDS}


def found(
    kind: str,
    what: str,
    *,
    at: tuple[int | None, int | None] = (None, None),
    level: Level | None = None,
    fix: str = "",
    subject: str = "",
    fixable: bool = False,
) -> Finding:
    """Return a finding of a kind, with the kind's own words where nothing better is given.

    Args:
        kind: name of the kind.
        what: one sentence: what is there.
        at: cell and line.
        level: where it is milder than the kind's.
        fix: what to do here, where that is better than the kind's own words.
        subject: as in `Finding`; so is `fixable`.
        fixable: whether ``--fix`` corrects it.
    """
    known = KIND_BY_NAME[kind]
    return Finding(
        kind=kind,
        level=level or known.level,
        cell=at[0],
        line=at[1],
        what=what,
        why=known.why,
        fix=fix or known.fix,
        subject=subject,
        fixable=fixable,
    )
