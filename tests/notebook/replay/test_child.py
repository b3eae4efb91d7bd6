"""The child process before papermill is imported."""

from __future__ import annotations

import subprocess
import sys


def test_a_stand_in_becomes_the_module_when_it_is_used() -> None:
    source = (
        "import sys\n"
        "from pressrun.notebook.replay.child import load_when_used\n"
        "load_when_used('colorsys'); load_when_used('xml')\n"
        "import colorsys as first\n"
        "import colorsys\n"
        "print(first is colorsys, 'rgb_to_hsv' in vars(first), first.rgb_to_hsv(0, 0, 0))\n"
        "import colorsys as again\n"
        "print(again.__file__.endswith('colorsys.py'), first.rgb_to_hsv is again.rgb_to_hsv)\n"
        "import xml.dom.minidom\n"
        "print(xml.dom.minidom.__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["True False (0.0, 0.0, 0)", "True True", "xml.dom.minidom"]
