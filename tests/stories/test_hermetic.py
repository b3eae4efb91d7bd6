"""A bundle is verified in a sandbox: the proof that it names all that its notebook reads."""

import json

import pytest
from pressing import pressrun

from pressrun.errors import UsageError
from pressrun.notebook.replay.outside.command import find_tracer
from pressrun.notebook.replay.sandbox.probe import require_sandbox

pytestmark = [pytest.mark.slow, pytest.mark.network]

try:
    require_sandbox()
except UsageError as error:
    pytest.skip(str(error), allow_module_level=True)


@pytest.mark.skipif(not find_tracer().works, reason="no strace that works here")
@pytest.mark.parametrize("words", [(), ("--rebuild",)])
def test_a_pressed_bundle_is_verified_hermetically(pressed, words):
    folder, _ = pressed
    done = pressrun("verify", "bundle", "--sandbox", "--json", *words, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    receipt = json.loads(done.stdout)["receipt"]
    assert (receipt["grade"], receipt["hermetic"]) == ("R4", True)
    assert receipt["sandbox"]["declared"] == ["data/numbers.csv"]
    assert receipt["sandbox"]["undeclared"] == []
