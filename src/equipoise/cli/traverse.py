"""``equipoise imsic traverse``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from equipoise.cli.console import Quiet, notes
from equipoise.cli.generate import OtherSeed, check_out
from equipoise.cli.options import numbers
from equipoise.cli.runs import Run, RunArgument
from equipoise.cli.sample import code_of


def traverse(
    run: RunArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help=".png for the picture.")],
    code: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Code to vary, by name or by number from 0; may be repeated.",
            show_default="every code",
        ),
    ] = None,
    values: Annotated[
        Any,
        typer.Option(
            parser=numbers,
            metavar="V,V,...",
            help="Values of the code, a column for each; training saw -1 to 1.",
        ),
    ] = "-1,-0.67,-0.33,0,0.33,0.67,1",
    seed: OtherSeed = None,
    quiet: Quiet = False,
) -> None:
    """Draw what each code of a GAN does: a row per class, all from the same start."""
    note = notes(quiet)
    opened = Run.open(run, "IMSIC")
    check_out(out, ".png")
    model = opened.load_model()
    codes = [code_of(name, model) for name in code or model.structure_.names]
    from equipoise.cli.pictures import draw_traversals

    names = opened.record["data"]["class_names"]
    draw_traversals(model, names, out, codes, values, seed)
    note(f"{len(codes)} codes of {len(model.classes_)} classes in {out}")
