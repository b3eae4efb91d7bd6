"""How one asks: the command line and the kernel's magics. Parse, call one action, render."""
