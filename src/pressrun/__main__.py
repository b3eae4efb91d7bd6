"""``python -m pressrun`` is the command line."""

from pressrun.interfaces.cli.main import main

main()
