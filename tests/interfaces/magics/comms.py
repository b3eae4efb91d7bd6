"""Comms as a front end opens them, and what is asked of a kernel's own session."""

GUARD = "import sys\n_session = sys.modules['pressrun.interfaces.magics'].session_of(get_ipython())\n"


def connected(kernel, **data):
    comm = kernel.open_comm("pressrun", {"protocol": 1, **data})
    snapshot = comm.next()
    assert snapshot["type"] == "snapshot"
    return comm, snapshot


def asking(kernel, subshell=""):
    comm = kernel.open_comm("pressrun.ask", subshell=subshell)
    ready = comm.next()
    assert (ready["type"], ready["id"], ready["done"]) == ("answer", "", "ready")
    return comm
