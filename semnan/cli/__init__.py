"""The command line: `semnan fit | identify | discover | mmm | demo | version`."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

import semnan
from semnan.cli.discover import discover
from semnan.cli.endings import told
from semnan.cli.fitting import fit
from semnan.cli.identify import identify
from semnan.cli.mmm import mmm
from semnan.demo import cases, save_drawing

app = typer.Typer(
    help="Structural equation models and linear causal graphs with latent variables. "
    "Try: semnan fit model.txt data.csv (semnan fit --help says more).",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # A terminal without χ shows ? instead of stopping.


app.command()(fit)
app.command()(identify)
app.command()(discover)
app.command()(mmm)


@app.command()
def demo(out: Annotated[Path, typer.Option(help="Where to save the drawings.")] = Path("demo")) -> None:
    """Fit two graphs to real data and one to a covariance, print what can be known, and save drawings."""
    for case in cases():
        print(f"\n=== {case.title}\n\n{case.result.summary()}")
        with told():
            print(f"\ndrawing: {save_drawing(case, out)}")


@app.command()
def version() -> None:
    """Print the version."""
    print(semnan.__version__)
