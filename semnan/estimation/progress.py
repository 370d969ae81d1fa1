"""Progress of a long fit, shown on a terminal once the fit has lasted a while."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import final

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar


@final
class Progress:
    """A progress bar that appears after `patience` seconds, and only where somebody can see it.

    Parameters
    ----------
    shown : bool or None
        None: if the error stream is a terminal.
    patience : float
        Seconds to wait before the bar appears.

    """

    def __init__(self, shown: bool | None = None, patience: float = 1.0) -> None:
        self._shown = sys.stderr.isatty() if shown is None else shown
        self._patience = patience
        self._begun = time.monotonic()
        self._total = 0
        self._bar: Bar | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, total: int) -> None:
        """An optimisation of at most `total` steps begins."""
        self._total = total

    def advance(self, step: int, loss: float, live: int) -> None:
        """Step number `step` is done; `live` fits go on."""
        self.tell(step, f"step {step}, {live} running, loss {loss:.6g}")

    def tell(self, done: int, text: str) -> None:
        """So much is done, in numbers and in words."""
        if not self._shown or time.monotonic() - self._begun < self._patience:
            return
        if self._bar is None:
            columns = (TextColumn("fitting"), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
            console = Console(stderr=True)
            self._bar = Bar(*columns, console=console, transient=console.is_terminal)
            self._bar.start()
            self._bar.add_task("", total=self._total)
        self._bar.update(self._bar.task_ids[0], completed=done, description=text)
