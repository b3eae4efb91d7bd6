"""Every fact that a policy can name: what it is and where it comes from. The reference page is tested against it.

``<...>`` in a name stands for one part or more that the notebook or the project chooses.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Kind = Literal["bool", "number", "text", "list", "table"]
Source = Literal["bundle", "journal", "custom"]


class FactName(NamedTuple):
    """One fact. `at`: whether it is bound to a time, so that a check can ask for a fresh one."""

    name: str
    kind: Kind
    source: Source
    meaning: str
    at: bool = False


def _of(source: Source, rows: str) -> tuple[FactName, ...]:
    found = []
    for row in rows.strip().splitlines():
        name, kind, meaning = row.split(None, 2)
        plain = kind.rstrip("@")
        assert plain in {"bool", "number", "text", "list", "table"}, row
        found.append(FactName(name, plain, source, meaning, kind.endswith("@")))  # type: ignore[arg-type]
    return tuple(found)


FACTS: tuple[FactName, ...] = (
    *_of(
        "bundle",
        """
baseline.beaten bool every `METRIC_baseline` that was captured lies outside of the metric's interval, on the worse side
checks.declared list names of the cells declared `check`; their assertions held in every replay that reached its end
code.branch text branch of the commit
code.clean bool the notebook and its modules are as committed
code.commit text commit that the notebook was pressed from
code.committer text e-mail of who last committed the notebook or one of its modules
code.remote text URL of the repository, without credentials
code.trusted bool `code.clean`, `code.pushed` and `code.reviewed`
counts.<name> number rows: `n_test`, `n_train`, `n_positive`, `n_negative`, `n`
coverage.blind_spots number ways in which a file could have been read unseen
coverage.complete bool every open of the kernel and its children was recorded, and no file was possibly missed
coverage.level text `none`, `partial`, `python-only` or `complete`
dependencies list `name==version` of every package in the lock
environment.edited list packages whose installed files are not those that were released
environment.locked bool `lock.hashes`, `lock.python` and `environment.os`
environment.machine text architecture, for example `x86_64`
environment.os text operating system and release
environment.python text full version of Python
hardware.cpu_count number processors
hardware.recorded bool machine, processors and their features are recorded
hidden_state.none bool a clean run gave the saved outputs, or the saved counts are those of cells run in order
inputs.count number files that the notebook read
inputs.digested bool every input has a digest and a size, and what came over the network has a version
inputs.external list addresses that were read over the network, without credentials
inputs.names list their paths
inputs.outside list inputs that lie outside of the project
inputs.unversioned list addresses that were read and have nothing to tell two versions apart
leakage.none_seen bool the source does not look as if test rows or the target were learnt from
lock.hashes bool every package of the lock is pinned by a hash or a commit
lock.packages number packages in the lock
lock.python text version of Python that the lock is for
metrics.<name> number a captured metric
metrics.<name>.baseline number what the notebook captured as its baseline
metrics.<name>.high number upper end of its interval
metrics.<name>.low number lower end of its interval
metrics.<name>.n number rows that it was measured on
metrics.count number captured metrics
metrics.names list their names
metrics.varying list metrics that differ from run to run, so that they are not compared
metrics.without_interval list metrics that no interval could be computed for
models.count number models in the bundle
models.classes list class of each model
models.names list their names
models.pinned bool the digests in the models' descriptions are those of their files
models.same_predictions bool each model, loaded in a fresh process, predicted on its sample what it did in the notebook
models.unsafe list models in a format that can run any code when it is loaded
notebook.clean bool `parameters.typed` and `hidden_state.none`
outputs.saved_same bool@ a clean run gave the outputs that were saved in the notebook
parameters.count number declared parameters
parameters.typed bool every parameter has a type
parameters.values table name -> value the bundle was pressed with
parts.pinned bool `lock.hashes`, `sbom.complete` and, where there are models, `models.pinned`
provenance.level number SLSA build level that the provenance claims
provenance.matches bool the provenance is about this bundle
randomness.settled bool@ two runs agreed; cells that vary were found by running twice and are declared
replay.completed bool@ the newest replay reached its end
replay.duration_s number@ seconds that the newest replay took
replay.grade text@ grade of the newest replay, `R0` to `R4`
replay.hermetic bool@ a replay had no network and could read declared inputs alone
replay.rebuilt bool@ the newest replay in an environment rebuilt from the lock reached its end
replay.same bool@ the newest replay that was compared gave equal results
sbom.complete bool the bill of materials lists every package of the lock
sbom.present bool there is a bill of materials in CycloneDX
sbom.unlicensed number components that declare no licence
secrets.allowed list findings that the author allowed by name
secrets.none bool no secret was found that nobody allowed
seeds.count number seeds that the notebook sets
seeds.fixed bool no random draw is without a seed, as far as the source tells
segments.names list segments that have metrics
segments.<segment>.<metric> number a metric of one segment
segments.<segment>.<metric>.high number upper end of its interval
segments.<segment>.<metric>.low number lower end of its interval
segments.<segment>.<metric>.n number rows that it was measured on
segments.<segment>.n number rows of a segment
""",
    ),
    *_of(
        "journal",
        """
change.parts list which of source, lock, inputs, models, parameters differ from the live version
environments.<environment>.reached bool@ this version was live there
environments.<environment>.rollback_target bool another version is live there that may be gone back to
replay.confirmed bool@ the newest comparison, before registration or since, gave equal results
replay.latest.grade text@ grade of the newest replay that was recorded
replay.latest.outcome text@ verdict of the newest replay that was recorded
replay.latest.same bool@ the newest replay that was recorded gave equal results
version.answered_for bool it has an owner; for the tier `strategic` also a deputy who is another person
version.author text who registered it
version.deputy text who answers for it when the owner is away
version.not_revoked bool nobody revoked it
version.number number its number
version.owner text who answers for it
version.registered text@ when it was registered
version.tier text `experiment` or `strategic`
version.use_case text what it is for
waivers.count number waivers that hold for it
""",
    ),
    *_of("custom", "custom.<name> bool what a check of your own said"),
)

FUTURE_FACTS: dict[str, str] = {
    "alerts.tested": "monitoring, when a test alert reached its person",
    "audit.retained": "the audit of the journal, held against a retention period",
    "code.pushed": "the capture, once it asks the remote repository for the commit",
    "code.reviewed": "the forge's record of the review",
    "data.quality_passed": "a data-quality report on training and recent data",
    "data.schema_accepted": "a schema that was inferred and then accepted by a person",
    "data.splits_disjoint": "a hash join of the training, validation and test rows",
    "decisions.logged": "a test of the decision log's schema",
    "features.contributions": "permutation importance",
    "features.registered": "a file of feature definitions",
    "features.same_in_serving": "a sample replayed through serving",
    "model.calibrated": "a calibration report",
    "model.decay_known": "time-sliced replays of older versions",
    "model.not_worse": "a paired comparison with the version that is live",
    "model.robust": "a perturbation report",
    "model.search_logged": "the tracker of the hyperparameter search",
    "monitors.configured": "the monitors' settings",
    "monitors.false_alarm_rate": "a calibration of the monitors on history",
    "oversight.overrides_logged": "the decision log",
    "oversight.queue": "the settings of the human queue",
    "prompts.evaluated": "an evaluation report of the prompts' test sets",
    "prompts.pinned": "a registry of prompts",
    "retraining.triggers": "the monitors' settings",
    "serving.fallback": "a fault test of the serving program",
    "serving.within_budget": "a bounded load test",
    "tests.passed": "a JUnit report of the project's tests",
    "upstream.watched": "a watch on upstream dependencies and schemas",
}
"""Facts that a policy may ask for today and that nothing produces yet: they are not known, and a check of one does not
pass without a waiver. Name -> what will produce it."""


def producer(name: str) -> str:
    """Return where a fact of this name comes from: ``bundle``, ``journal``, ``custom``, ``future``, or nothing.

    Args:
        name: dotted; ``*`` stands for any part, as in ``segments.*.auc``.

    >>> producer("metrics.auc.low"), producer("segments.*.auc"), producer("tests.passed"), producer("metric.auc")
    ('bundle', 'bundle', 'future', '')
    """
    if name in FUTURE_FACTS:
        return "future"
    for fact in FACTS:
        if fact.name == name:
            return fact.source
    for fact in FACTS:
        if "<" in fact.name and re.fullmatch(_pattern(fact.name), name):
            return fact.source
    return ""


def _pattern(name: str) -> str:
    return "".join(".+" if part.startswith("<") else re.escape(part) for part in re.split("(<[^>]+>)", name))
