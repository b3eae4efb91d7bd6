"""Kernels, as the magics' tests have them."""

from tests.interfaces.magics.conftest import new_kernel

__all__ = ["new_kernel"]
