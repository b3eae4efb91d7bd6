"""A project with a registry, people and a notebook, in the folder that a server shows."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.actions.job_places import write_notebook
from tests.servers.lab_server import LabServer

from pressrun.actions.approve import request_approval
from pressrun.testing.worlds import RegistryWorld

NOTEBOOK = "project/churn.ipynb"
PASSPHRASE = "long enough for nobody to guess"
VIC = """\
  - id: vic
    emails: [vic@acme.example]
    team: guests
    grants:
      - role: viewer
        names: ["other-*"]
"""


class LabWorld(RegistryWorld):
    """Ana wrote ``churn@1`` and asked for its approval; Ben may approve it; Vic may look at other names alone.

    Args:
        server: shows the folder that the project is in; started by whoever made it.
    """

    def __init__(self, server: LabServer) -> None:
        super().__init__(server.root)
        self.server = server
        self.request = ""

    def members_text(self) -> str:
        """Return the members, Vic among them."""
        return super().members_text() + VIC

    def key(self, person: str) -> Path:
        """Return the file of a person's key, which lies outside of what the server shows."""
        return self.server.folder / "people" / person / "approvals.key"

    def environment(self, person: str) -> dict[str, str]:
        """Return the variables by which a process acts as a person."""
        return super().environment(person) | {"PRESSRUN_JOURNAL_KEY": str(self.server.folder / "journal.key")}

    def ready(self) -> LabWorld:
        """Make the project, a version, and a request for its approval."""
        self.build()
        write_notebook(self.project / "churn.ipynb", "# %register parameters\nn: int = 2", "print(n)")
        self.register("one")
        with self.acting("ana") as registry:
            self.request = request_approval(registry, "churn@1", "production").event.request
        return self

    def head(self) -> int:
        """Return how many entries the journal has."""
        with self.acting("ana") as registry:
            return registry.standing().head

    def protect(self, person: str) -> None:
        """Give a person's key a passphrase."""
        words = ["ssh-keygen", "-q", "-p", "-P", "", "-N", PASSPHRASE, "-f", str(self.key(person))]
        subprocess.run(words, check=True, capture_output=True, env={**os.environ, "HOME": str(self.server.folder)})
