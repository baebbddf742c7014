"""The tree of all commands, and the messages and exit codes of errors."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated, Any

import typer

from equipoise import __version__
from equipoise.cli import bench as benches
from equipoise.cli.bench_report import bench_report
from equipoise.cli.console import errors_as_messages, is_torchrun, silent_unless_first
from equipoise.cli.datasets import datasets
from equipoise.cli.demo import demo
from equipoise.cli.evaluate import evaluate
from equipoise.cli.evaluate_table import evaluate_table
from equipoise.cli.examples import GroupedCommands, add
from equipoise.cli.generate import generate, sample, traverse
from equipoise.cli.grid_search import grid_search
from equipoise.cli.predict import predict
from equipoise.cli.predict_table import predict_table
from equipoise.cli.resample import resample
from equipoise.cli.studio import studio
from equipoise.cli.train import train, train_gan
from equipoise.cli.train_classifier import train_classifier

# The help of rich would cut the longer option names at 80 columns; the plain help does not.
STYLE: dict[str, Any] = {
    "rich_markup_mode": None,
    "no_args_is_help": True,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}

# Commands that torchrun may start in several processes.
SHARED = (["dgc", "train"], ["imsic", "train-gan"])

app = typer.Typer(help="Deep generative learning on class-imbalanced data.", **STYLE)
dgc = typer.Typer(help="The deep generative classifier: train it and use it.", **STYLE)
imsic = typer.Typer(help="Interpretable minority synthesis: train its GAN and use it.", **STYLE)
bench = typer.Typer(help="Experiments: run them, and report their results.", **STYLE)

for name, command in {
    "demo": demo,
    "datasets": datasets,
    "studio": studio,
    "evaluate": evaluate_table,
    "predict": predict_table,
    "resample": resample,
}.items():
    add(app, "", name, command)
app.add_typer(dgc, name="dgc")
app.add_typer(imsic, name="imsic")
app.add_typer(bench, name="bench")
for name, command in {
    "train": train,
    "evaluate": evaluate,
    "generate": generate,
    "predict": predict,
}.items():
    add(dgc, "dgc", name, command)
for name, command in {
    "train-gan": train_gan,
    "sample": sample,
    "traverse": traverse,
    "train-classifier": train_classifier,
    "predict": predict,
    "grid-search": grid_search,
}.items():
    add(imsic, "imsic", name, command)
IMSIC_EVALUATE = (
    "Test the classifier of a run on test images, or compare its GAN's images with them."
)
add(imsic, "imsic", "evaluate", evaluate, help=IMSIC_EVALUATE)
for name, command in {
    "run": benches.run,
    "list": benches.list_experiments,
    "show": benches.show,
    "pack": benches.pack,
    "report": bench_report,
}.items():
    add(bench, "bench", name, command)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"equipoise {__version__}")
        raise typer.Exit


@app.callback(cls=GroupedCommands)
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Deep generative learning on class-imbalanced data."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code.

    0 is success, 1 a failure (missing data, a training that diverged), 2 a mistake in the
    arguments, 130 an interruption by Ctrl-C. An error that the user can correct is one message on
    stderr; set ``EQUIPOISE_TRACEBACK`` to see its traceback.

    Parameters
    ----------
    arguments : sequence of str, default=None
        Arguments of the command line; None takes those of the process.
    """
    warnings.showwarning = _show_warning
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # not every terminal can show every letter
    with silent_unless_first(), errors_as_messages():
        given = list(sys.argv[1:] if arguments is None else arguments)
        if is_torchrun() and given[:2] not in SHARED:
            names = " and ".join(f"`{' '.join(names)}`" for names in SHARED)
            raise ValueError(
                f"torchrun can start {names} alone. Start this command without torchrun."
            )
        app(args=arguments, prog_name="equipoise")


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"warning: {message}", file=sys.stderr)
