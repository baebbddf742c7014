"""``equipoise dgc generate``, ``equipoise imsic sample`` and ``equipoise imsic traverse``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.atomic import replacing
from equipoise.cli.console import notes
from equipoise.cli.options import add_options
from equipoise.cli.parsing import numbers, numbers_by_name
from equipoise.cli.shared_options import Positive, Quiet
from equipoise.errors import counted
from equipoise.runs.files import check_target
from equipoise.runs.run import Run

if TYPE_CHECKING:
    import numpy as np

    from equipoise.imsic import IMSIC

MARGIN = 2  # white pixels between two images of a grid
SMALLEST = 32  # pixels: smaller images are magnified so that one can see them

OtherSeed = Annotated[int | None, typer.Option(min=0, max=2**32 - 1)]


@add_options()
def generate(
    run: Path,
    out: Path,
    *,
    label: list[str] | None = None,
    n: Positive = 64,
    seed: OtherSeed = None,
    quiet: Quiet = False,
) -> None:
    """Draw new images or rows of a class from the model of a run.

    Parameters
    ----------
    out : OUT
        .png for a grid of images, .npz for X and y; .csv or .parquet for the rows of a table.
    seed : int, default=that of the run
        Another seed gives other images or rows.
    """
    note = notes(quiet)
    opened = Run.open(run, "DGCClassifier", tables=True)
    note(_generate(opened, out, label, n, random_state=seed))


@add_options()
def sample(
    run: Path,
    out: Path,
    *,
    label: list[str] | None = None,
    n: Positive = 64,
    codes: Annotated[Any, typer.Option(parser=numbers_by_name)] = None,
    noise_scale: Annotated[float, typer.Option(min=0)] = 1.0,
    fresh: bool = False,
    seed: OtherSeed = None,
    quiet: Quiet = False,
) -> None:
    """Draw new images or rows of a class from the GAN of a run.

    Where candidates of a class were accepted in the studio, these are drawn, unless --codes,
    --noise-scale, --seed or --fresh asks for others.

    Parameters
    ----------
    out : OUT
        .png for a grid of images, .npz for X and y; .csv or .parquet for the rows of a table.
    n : int, default=64
        Images or rows per class, or fewer if fewer were accepted.
    fresh : bool, default=False
        Draw new ones also of classes whose candidates were judged.
    codes : NAME=VALUE,..., default=all drawn at random
        Codes to fix, by name or by number from 0; in training, values are from -1 to 1.
    noise_scale : float, default=1
        Standard deviation of the noise; below 1, images are more typical and less varied.
    seed : int, default=that of the run
        Another seed gives other images.
    """
    note = notes(quiet)
    opened = Run.open(run, "IMSIC", tables=True)
    options = {"codes": codes or {}, "noise_scale": noise_scale, "random_state": seed}
    judged = not (fresh or codes or noise_scale != 1 or seed is not None)
    note(_generate(opened, out, label, n, judged, **options))


@add_options()
def traverse(
    run: Path,
    out: Path,
    *,
    code: list[str] | None = None,
    values: Annotated[Any, typer.Option(parser=numbers)] = "-1,-0.67,-0.33,0,0.33,0.67,1",
    seed: OtherSeed = None,
    quiet: Quiet = False,
) -> None:
    """Draw how each code of a GAN changes images: a row per class, from the same random noise.

    Parameters
    ----------
    out : OUT
        .png for the picture.
    code : NAME, default=every code
        Code to vary, by name or by number from 0; may be repeated.
    values : V,V,...
        Values of the code, a column for each; in training, they are from -1 to 1.
    seed : int, default=that of the run
        Another seed gives other images.
    """
    note = notes(quiet)
    opened = Run.open(run, "IMSIC")
    check_target(out, ".png")
    model = opened.load_model()
    codes = [code_of(name, model) for name in code or model.structure_.names]
    from equipoise.cli.pictures import draw_traversals

    draw_traversals(model, opened.record["data"]["class_names"], out, codes, values, seed)
    note(
        f"{counted(len(codes), 'code')} of {counted(len(model.classes_), 'class', 'classes')} in "
        f"{out}"
    )


def _generate(
    run: Run, out: Path, chosen: list[str] | None, n: int, judged: bool = False, **options: Any
) -> str:
    """Write new images or rows of the chosen classes, all if None, and return a note about them.

    Parameters
    ----------
    run : Run
    out : Path
    chosen : list of str or None
        Names of classes.
    n : int
        Number per class.
    judged : bool, default=False
        Whether to take accepted candidates of the classes that were judged.
    **options
        Of the model's ``sample``.

    Raises
    ------
    ValueError
        There is no class of a name, or the file cannot be written.
    """
    is_table = run.record["data"]["source"]["dataset"] == "table"
    check_target(out, *((".csv", ".parquet") if is_table else (".png", ".npz")))
    names = run.record["data"]["class_names"]
    if unknown := [name for name in chosen or () if name not in names]:
        raise ValueError(f"--label {unknown[0]!r} is no class of this run: {', '.join(names)}.")
    model = run.load_model()
    numbers = [names.index(name) for name in chosen or names]
    labels = [model.classes_.tolist()[i] for i in numbers]
    if "codes" in options:
        codes = options["codes"].items()
        options["codes"] = {code_of(name, model): value for name, value in codes}
    accepted = [model.accepted_rows(label) if judged else None for label in labels]
    is_judged = any(own is not None for own in accepted)
    if not is_judged:
        rows = model.sample(n, labels, **options)
        counts = [n] * len(labels)
    else:
        from equipoise.base_sampler import concatenate

        parts = [
            model.sample(n, [label], **options) if own is None else own[:n]
            for label, own in zip(labels, accepted, strict=True)
        ]
        rows, counts = concatenate(parts), list(map(len, parts))
        if not len(rows):
            raise ValueError(
                "No candidate of these classes was accepted. Draw others with --fresh."
            )
    if is_table:
        save_rows(out, rows, run.record["settings"]["target"], labels, counts)
    else:
        save_images(out, rows, numbers, counts, names)
    judgement = "; of the judged classes, those that were accepted" if is_judged else ""
    return f"{len(rows)} {'rows' if is_table else 'images'} in {out}{judgement}"


def code_of(text: str, model: IMSIC) -> str | int:
    """A code as the library takes it: an int for a number, unless a code has it as its name."""
    return int(text) if text.isdecimal() and text not in model.structure_.names else text


def save_rows(
    out: Path, rows: Any, target: str, labels: Sequence[Any], counts: Sequence[int]
) -> None:
    """Write so many rows of each of these classes as a table that says that they are synthetic."""
    import numpy as np

    from equipoise.runs.export import write_marked_table

    y = np.repeat(np.array(labels), counts)
    write_marked_table(out, rows, y, target, np.ones(len(rows), dtype=bool))


def save_images(
    out: Path,
    images: np.ndarray,
    labels: Sequence[int],
    counts: Sequence[int],
    names: Sequence[str],
) -> None:
    """Write so many images of each of these labels, in their order, as arrays or as a grid."""
    import numpy as np

    with replacing(out) as partial, partial.open("wb") as file:
        if out.suffix.lower() == ".npz":
            y = np.repeat(labels, counts)
            np.savez_compressed(file, X=images, y=y, class_names=np.array(names))
        else:
            from PIL import Image

            # One class fills a square, several have a row each, with a gap where one has fewer.
            columns = max(counts) if len(labels) > 1 else math.ceil(math.sqrt(len(images)))
            if len(labels) > 1:
                images = _padded(images, counts, columns)
            Image.fromarray(grid(images, columns)).save(file, format="PNG")


def _padded(images: np.ndarray, counts: Sequence[int], columns: int) -> np.ndarray:
    """Images of each class followed by white ones, so that every class has as many."""
    import numpy as np

    found = np.full((len(counts) * columns, *images.shape[1:]), 255, images.dtype)
    start = 0
    for i, count in enumerate(counts):
        found[i * columns : i * columns + count] = images[start : start + count]
        start += count
    return found


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
    n, height, width, *channels = tiles.shape
    down, right = height + MARGIN, width + MARGIN  # from one image to the next
    shape = math.ceil(n / columns) * down + MARGIN, columns * right + MARGIN, *channels
    canvas = np.full(shape, 255, np.uint8)
    for i, tile in enumerate(tiles):
        top, left = MARGIN + i // columns * down, MARGIN + i % columns * right
        canvas[top : top + height, left : left + width] = tile
    return canvas
