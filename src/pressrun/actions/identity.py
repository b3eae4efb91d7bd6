"""Who asks: what the configuration says, traced to one of the members where any are published.

Nothing here proves who somebody is; on one's own machine one can call oneself anything. Where it matters, a signature
proves it (`pressrun.store.signing`).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pressrun.errors import UsageError, near_match
from pressrun.records.people import Actor, Members, Person
from pressrun.records.settings import RegistrySettings
from pressrun.rules.members import fold_email, person_of
from pressrun.store.programs import find_program

GIT_TIMEOUT_S = 10.0
ACTOR_VARIABLE = "PRESSRUN_ACTOR"


def current_actor(
    project: Path, settings: RegistrySettings, members: Members | None, environ: Mapping[str, str] | None = None
) -> Actor:
    """Return who asks.

    The first of these that says anything: PRESSRUN_ACTOR, the person's own file, git's ``user.email``, the name of the
    account on this machine. With members published, what was configured has to be one of them; an address of git's or
    an account's name that is nobody's is passed over. A service is only who it says it is in PRESSRUN_ACTOR, so that
    nobody becomes one by accident.

    Args:
        project: its folder, for git's settings in it.
        settings: what was configured.
        members: who may act, None where nobody published that.
        environ: environment variables; by default those of this process.

    Raises:
        UsageError: it cannot be told, or it is no member.
    """
    environ = os.environ if environ is None else environ
    if members is None:
        return _unproven(project, settings, environ)
    if settings.actor:
        return _configured(settings, members)
    return _guessed(project, members, environ)


def git_email(project: Path, environ: Mapping[str, str]) -> str:
    """Return git's ``user.email`` in a folder; empty when git or the setting is absent.

    Only a setting is read: no hook, filter or other program that the repository names is run for that.
    """
    program = find_program("git", environ)
    if not program:
        return ""
    # GIT_DIR and the like would show another repository's settings
    clean = {key: value for key, value in environ.items() if not key.startswith("GIT_")}
    clean |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    try:
        finished = subprocess.run(
            [program, "config", "--get", "user.email"],
            cwd=project,
            env=clean,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    email = finished.stdout.decode("utf-8", "replace").strip()
    return fold_email(email) if finished.returncode == 0 and "@" in email and email.isprintable() else ""


def account_name() -> str:
    """Return the name of the account that this process runs under; empty when it has none."""
    try:
        import pwd  # noqa: PLC0415 - not there on Windows
    except ModuleNotFoundError:  # pragma: no cover - Windows
        return os.environ.get("USERNAME", "")
    try:
        # the account's own name; LOGNAME and USER are whatever the shell says
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""


def _unproven(project: Path, settings: RegistrySettings, environ: Mapping[str, str]) -> Actor:
    email = git_email(project, environ)
    who = settings.actor or email or account_name()
    if not who:
        raise UsageError("it cannot be told who you are", remedy=_how())
    if "@" in who:
        who = fold_email(who)
    known = {address for address in (who, email) if "@" in address}
    return Actor(id=who, emails=tuple(sorted(known)))


def _configured(settings: RegistrySettings, members: Members) -> Actor:
    where = settings.set_by.get("actor", "")
    person = person_of(members, Actor(id=settings.actor))
    if person is None:
        hint = near_match(settings.actor, (person.id for person in members.people))
        raise UsageError(
            f"{settings.actor!r} is no member" + (f", {hint}" if hint else ""),
            where=where,
            remedy="Use the id or an address of one: `pressrun members show` lists them.",
        )
    if person.kind == "service" and where != ACTOR_VARIABLE:
        raise UsageError(
            f"{person.id!r} is a service, and only {ACTOR_VARIABLE} may name one",
            where=where,
            remedy=f"Set {ACTOR_VARIABLE}={person.id} where the service runs.",
        )
    return _as(person)


def _guessed(project: Path, members: Members, environ: Mapping[str, str]) -> Actor:
    tried = [name for name in (git_email(project, environ), account_name()) if name]
    for name in tried:
        person = person_of(members, Actor(id=name))
        if person is not None and person.kind == "person":
            return _as(person)
    seen = f": neither of {' and '.join(map(repr, tried))} is a person among the members" if tried else ""
    raise UsageError(f"it cannot be told which member you are{seen}", remedy=_how())


def _as(person: Person) -> Actor:
    return Actor(id=person.id, via="service" if person.kind == "service" else "local", emails=person.emails)


def _how() -> str:
    return f"Set 'actor' in ~/.config/pressrun/config.toml, {ACTOR_VARIABLE}, or git's user.email."
