"""How commands end: one line on the error stream and an exit code, never a traceback for what the user can mend."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import typer
from safetensors import SafetensorError

from semnan.errors import FileError, SemnanError
from semnan.estimation.outcome import Outcome

#: Exit codes besides 0, and 2 for wrong usage: wrong input, a fit that did not converge, an interrupt.
WRONG_INPUT, NOT_CONVERGED, INTERRUPTED = 1, 3, 130


@contextmanager
def told() -> Iterator[None]:
    """Turn an error that the user can mend into one line on the error stream and the exit code of wrong input."""
    try:
        yield
    except (SemnanError, OSError) as error:
        # A model's error shows the line that is wrong below the message: that is part of the one message.
        print(f"semnan: {error}", file=sys.stderr)
        raise typer.Exit(WRONG_INPUT) from error


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Name the file in errors about its name, such as an unknown ending."""
    try:
        yield
    except SemnanError:
        raise
    except (ValueError, SafetensorError) as error:
        raise FileError(f"cannot write {path}: {error}") from error


@contextmanager
def whole(path: Path) -> Iterator[TextIO]:
    """A text file that stands under its name once it is complete; after an error, what stood there before."""
    target = path.resolve()
    if target.exists() and not target.is_file():  # A pipe or a device is written to as it comes.
        with target.open("w", encoding="utf-8") as file:
            yield file
        return
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def end(outcome: Outcome) -> None:
    """Leave with the exit code of a fit that did not converge."""
    if not outcome.ok:
        raise typer.Exit(INTERRUPTED if outcome is Outcome.INTERRUPTED else NOT_CONVERGED)
