"""What a panel beside the notebook is told and asks for, from which its TypeScript types are generated.

Notebooks are named as the front end names them: posix paths relative to the folder that the Jupyter server shows.
Times are UTC, ISO 8601; durations are seconds. Texts are text: nothing in here is markup.
"""

PROTOCOL = 1
"""Of the server's answers and of the kernel's messages; a panel that knows another one says so."""
