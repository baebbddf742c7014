"""``equipoise imsic sample``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from equipoise.cli.console import Quiet, notes
from equipoise.cli.generate import (
    Label,
    OtherSeed,
    Out,
    PerClass,
    check_out,
    labels_of,
    save_images,
)
from equipoise.cli.options import numbers_by_name
from equipoise.cli.runs import Run, RunArgument


def sample(
    run: RunArgument,
    out: Out,
    label: Label = None,
    n: PerClass = 64,
    codes: Annotated[
        Any,
        typer.Option(
            parser=numbers_by_name,
            metavar="NAME=VALUE,...",
            help="Codes to fix, by name or by number from 0; training saw values from -1 to 1.",
            show_default="all drawn at random",
        ),
    ] = None,
    noise_scale: Annotated[
        float,
        typer.Option(
            min=0,
            help="Standard deviation of the noise; below 1 images are more typical and less "
            "varied.",
        ),
    ] = 1.0,
    seed: OtherSeed = None,
    quiet: Quiet = False,
) -> None:
    """Draw new images of a class from the GAN of a run."""
    note = notes(quiet)
    opened = Run.open(run, "IMSIC")
    check_out(out, ".png", ".npz")
    names = opened.record["data"]["class_names"]
    labels = labels_of(label, names)
    model = opened.load_model()
    fixed = {code_of(name, model): value for name, value in (codes or {}).items()}
    images = model.sample(n, labels, fixed, noise_scale, random_state=seed)
    save_images(out, images, labels, names)
    note(f"{len(images)} images in {out}")


def code_of(text: str, model: Any) -> str | int:
    """A code as the library wants it: a number as an int, unless a code has it for a name."""
    names: Sequence[str] = model.structure_.names
    return int(text) if text.isdecimal() and text not in names else text
