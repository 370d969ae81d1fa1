"""The command line: `semnan demo | fit | version`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer
from safetensors import SafetensorError

import semnan
from semnan.data import read_csv
from semnan.demo import cases, save_drawing
from semnan.errors import FileError, SemnanError
from semnan.estimation.outcome import Outcome
from semnan.fit import fit as fit_model
from semnan.graph import AMASEM

MAX_GRAPH_BYTES = 10_000_000
#: Exit codes besides 0: a fit that did not converge, wrong input, an interrupt.
NOT_CONVERGED, WRONG_INPUT, INTERRUPTED = 1, 2, 130

app = typer.Typer(
    help="Linear Gaussian causal models with latent variables.", no_args_is_help=True, add_completion=False
)
Folder = Annotated[Path, typer.Option(help="Where to save the drawings.")]
GraphFile = Annotated[
    Path, typer.Argument(help="A graph as text, such as: latent U; U -> X, Y; X -> M -> Y", show_default=False)
]
DataFile = Annotated[
    Path, typer.Argument(help="A CSV file whose header names the visible variables.", show_default=False)
]


@app.callback()
def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # A terminal without χ shows ? instead of stopping.


@app.command()
def version() -> None:
    """Print the version."""
    print(semnan.__version__)


@app.command()
def demo(out: Folder = Path("demo")) -> None:
    """Fit a graph from its covariance and real data, print what can be known, and save drawings."""
    for case in cases():
        print(f"\n=== {case.title}\n\n{case.result.summary()}")
        with _told():
            print(f"\ndrawing: {save_drawing(case, out)}")


@app.command()
def fit(
    graph: GraphFile,
    data: DataFile,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
    starts: Annotated[int, typer.Option(min=1, help="Number of starts.")] = 1,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Of the random starts.")] = 0,
    level: Annotated[float, typer.Option(help="Level of the intervals.")] = 0.95,
    save: Annotated[Path | None, typer.Option(help="Save the fit as SAVE.json and SAVE.safetensors.")] = None,
    draw: Annotated[Path | None, typer.Option(help="Save a drawing, such as graph.png or graph.svg.")] = None,
) -> None:
    """Fit a graph to the rows of a table by maximum likelihood and print its effects."""
    if not 0 < level < 1:
        raise typer.BadParameter("the level is a number between 0 and 1, such as 0.95", param_hint="--level")
    with _told():
        drawn = AMASEM.parse(_read_graph(graph))
        result = fit_model(drawn, read_csv(data, drawn.visibles), starts=starts, seed=seed)
    if as_json:
        print(json.dumps(result.to_dict(level), ensure_ascii=False, allow_nan=False, indent=1))
    else:
        print(result.summary(level))
    with _told():
        if save is not None:
            with _written(save):
                result.save(save)
        if draw is not None:
            with _written(draw):
                result.draw(draw)
    if not result.converged:
        raise typer.Exit(INTERRUPTED if result.outcome is Outcome.INTERRUPTED else NOT_CONVERGED)


def _read_graph(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_GRAPH_BYTES:
            raise FileError(f"{path} is larger than {MAX_GRAPH_BYTES // 1_000_000} MB: is it a graph text?")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not text in UTF-8: {error}") from error


@contextmanager
def _written(path: Path) -> Iterator[None]:
    """Name the file in errors about its name, such as an unknown ending."""
    try:
        yield
    except SemnanError:
        raise
    except (ValueError, SafetensorError) as error:
        raise FileError(f"cannot write {path}: {error}") from error


@contextmanager
def _told() -> Iterator[None]:
    """Turn an error that the user can mend into one line on the error stream and the exit code of wrong input."""
    try:
        yield
    except (SemnanError, OSError) as error:
        print(f"semnan: {error}", file=sys.stderr)
        raise typer.Exit(WRONG_INPUT) from error
