"""``equipoise dgc generate``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from equipoise.atomic import replacing
from equipoise.cli.console import Quiet, notes
from equipoise.cli.files import check_target
from equipoise.cli.runs import Run, RunArgument

if TYPE_CHECKING:
    import numpy as np

GAP = 2  # pixels between two images of a grid
SMALLEST = 32  # pixels: images below are magnified so that one can see them

Out = Annotated[
    Path, typer.Argument(metavar="OUT", help=".png for a grid of images, .npz for X and y.")
]
Label = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Class to draw new images of, by name; may be repeated.",
        show_default="every class",
    ),
]
PerClass = Annotated[int, typer.Option(min=1, help="Images per class.")]
OtherSeed = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=2**32 - 1,
        help="Another seed gives other images.",
        show_default="that of the run",
    ),
]


def generate(
    run: RunArgument,
    out: Out,
    label: Label = None,
    n: PerClass = 64,
    seed: OtherSeed = None,
    quiet: Quiet = False,
) -> None:
    """Draw new images of a class from the model of a run."""
    note = notes(quiet)
    opened = Run.open(run, "DGCClassifier")
    check_out(out, ".png", ".npz")
    names = opened.record["data"]["class_names"]
    labels = labels_of(label, names)
    images = opened.load_model().sample(n, y=labels, random_state=seed)
    save_images(out, images, labels, names)
    note(f"{len(images)} images in {out}")


def check_out(out: Path, *endings: str) -> None:
    """Refuse a file of another kind, or one that could not be written.

    Raises
    ------
    ValueError
        It is such a file.
    """
    if out.suffix not in endings:
        raise ValueError(f"{out}: name a file that ends in {' or '.join(endings)}.")
    check_target(out)


def labels_of(chosen: Sequence[str] | None, names: Sequence[str]) -> list[int]:
    """Labels of the classes with these names; all where none is named.

    Raises
    ------
    ValueError
        There is no class of this name.
    """
    if unknown := [name for name in chosen or () if name not in names]:
        raise ValueError(f"--label {unknown[0]!r} is no class of this run: {', '.join(names)}.")
    return [names.index(name) for name in chosen or names]


def save_images(out: Path, images: np.ndarray, labels: Sequence[int], names: Sequence[str]) -> None:
    """Write as many images of each of these labels, in their order, as arrays or as a grid."""
    import numpy as np

    n = len(images) // len(labels)
    with replacing(out) as partial, partial.open("wb") as file:
        if out.suffix == ".npz":
            y = np.repeat(labels, n)
            np.savez_compressed(file, X=images, y=y, class_names=np.array(names))
        else:
            from PIL import Image

            # One class fills a square, several have a row each.
            columns = n if len(labels) > 1 else math.ceil(math.sqrt(n))
            Image.fromarray(grid(images, columns)).save(file, format="PNG")


def grid(images: np.ndarray, columns: int) -> np.ndarray:
    """One white image with all of them in rows, small ones magnified by a whole number.

    Parameters
    ----------
    images : ndarray of shape (n, height, width) or (n, height, width, 3), uint8
    columns : int

    Returns
    -------
    ndarray of shape (height, width) or (height, width, 3), uint8
    """
    import numpy as np

    scale = math.ceil(SMALLEST / min(images.shape[1:3]))
    tiles = images.repeat(scale, axis=1).repeat(scale, axis=2)
    height, width = tiles.shape[1] + GAP, tiles.shape[2] + GAP
    rows = math.ceil(len(tiles) / columns)
    canvas = np.full(
        (rows * height + GAP, columns * width + GAP, *tiles.shape[3:]), 255, dtype=np.uint8
    )
    for i, tile in enumerate(tiles):
        top, left = i // columns * height + GAP, i % columns * width + GAP
        canvas[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return canvas
