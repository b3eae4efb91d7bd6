"""papermill's engine: ``papermill --engine pressrun in.ipynb out.ipynb -p x 1``.

papermill itself rewrites the whole notebook twice a cell. This engine keeps the outputs in memory (by papermill alone)
or in a journal (in a replay), so that the notebook is written once, at the end or when a cell fails; by papermill alone
it is also saved every `autosave_cell_every` seconds, papermill's own setting.

By papermill alone nothing is recorded of what the notebook opens, the kernel gets the caller's whole environment, and a
failing ``!command`` is no failure, as papermill's users expect; but a kernel that died, an exit in the middle, and
cells that never ran are told as what they are.

papermill imports this module in every one of its runs, so that it stays small until it is used.
"""

from __future__ import annotations

from typing import Any

from papermill.engines import Engine


class PressrunEngine(Engine):  # type: ignore[misc]  # papermill has no types
    """Runs a notebook in a kernel. In a replay it is given an order and leaves the outputs in the journal."""

    @classmethod
    def execute_notebook(
        cls,
        nb: Any,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: bool | dict[str, Any] = True,
        log_output: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Run `nb` and return it: with its outputs by papermill alone, without them in a replay.

        Args:
            nb: the notebook.
            kernel_name: kernelspec.
            output_path: where papermill writes in the end.
            progress_bar: whether papermill shows its progress bar, or settings for it.
            log_output: whether outputs go to papermill's log.
            kwargs: papermill's further settings.
        """
        order = kwargs.pop("pressrun_order", None)
        if order is not None:
            from pressrun.notebook.replay.runner import Runner  # noqa: PLC0415  see the module's docstring

            Runner(order, nb.cells).run()
            return nb
        from pressrun.notebook.replay.papermill_run import run_for_papermill  # noqa: PLC0415

        settings = {"output_path": output_path, "progress_bar": progress_bar, "log_output": log_output, **kwargs}
        return run_for_papermill(nb, kernel_name, settings)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Return the kernelspec to use: `name`, else the notebook's own, else ``python3``."""
        return name or nb.metadata.get("kernelspec", {}).get("name") or "python3"
