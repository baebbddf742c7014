"""``equipoise dgc predict``, which is ``equipoise imsic predict`` too."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from equipoise.atomic import write_text
from equipoise.cli.console import notes
from equipoise.cli.options import add_options
from equipoise.cli.shared_options import Quiet
from equipoise.errors import counted
from equipoise.runs.csv_cells import csv_text
from equipoise.runs.files import check_target
from equipoise.runs.run import Run

if TYPE_CHECKING:
    import numpy as np


@add_options()
def predict(
    run: Path, images: list[Path], *, out: Path | None = None, quiet: Quiet = False
) -> None:
    """Classify image files: a CSV line for each with its class and every class's probability.

    A folder stands for all images in it. A file that cannot be read is named on stderr, the others
    are classified, and the exit code is 1. Images are stretched to the size that the model was
    trained on, and made grey or colour as it needs them; a note on stderr says so.

    Parameters
    ----------
    images : IMAGES...
        Image files, or folders of them.
    out : CSV, default=stdout
        File for the table.
    """
    note = notes(quiet)
    opened = Run.open(run, "DGCClassifier", "ConvNetClassifier")
    if out is not None:
        from equipoise.datasets.images import SUFFIXES

        if out in images or out.suffix.lower() in SUFFIXES:
            raise ValueError(f"--out {out}: name a file for the table, not an image.")
        check_target(out)
    files = list(dict.fromkeys(image_files(images)))
    about, model = opened.record["data"], opened.load_model()
    names = about["class_names"]
    X, read, errors = read_images(files, model.input_shape_, about.get("full_scale"), note)
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    if not read:
        raise typer.Exit(1)
    probabilities = model.predict_proba(X)
    import pandas as pd

    table = pd.DataFrame(probabilities, columns=[f"p_{name}" for name in names])
    table.insert(0, "predicted", [names[label] for label in probabilities.argmax(axis=1)])
    table.insert(0, "file", list(map(str, read)))
    text = csv_text(table, float_format="%.6f")
    if out is None:
        sys.stdout.write(text)
    else:
        write_text(out, text)
        note(f"{counted(len(read), 'prediction')} in {out}")
    if errors:
        raise typer.Exit(1)


def image_files(paths: Sequence[Path]) -> list[Path]:
    """Image files as they are named, and in place of a folder those in it at any depth, sorted.

    Raises
    ------
    ValueError
        A folder holds no image.
    """
    from equipoise.datasets.files import image_names

    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
        elif names := image_names(path):
            files += [path / name for name in names]
        else:
            raise ValueError(f"{path} holds no image that Pillow reads, such as png, jpg or webp.")
    return files


def read_images(
    paths: Sequence[Path],
    shape: tuple[int, ...],
    full_scale: Mapping[str, float] | None,
    note: Callable[[str], None],
) -> tuple[np.ndarray, list[Path], list[str]]:
    """Read files as images of one shape.

    Parameters
    ----------
    paths : sequence of Path
    shape : tuple of int
        ``(height, width, channels)``, with 1 channel for grey.
    full_scale : mapping or None
        Values of deep images that are white, as in the training images; where these had no deep
        images, white is what the files use.
    note : callable
        Tells the user which conversions were necessary.

    Returns
    -------
    X : ndarray of shape (n, height, width) or (n, height, width, 3), uint8
    read : list of Path
        Their files.
    errors : list of str
        What is wrong with each of the others.
    """
    import numpy as np

    from equipoise.datasets import DamagedFileError
    from equipoise.datasets.files import ImageFile
    from equipoise.datasets.formats import Format, Header, decode, full_scales, read_header

    height, width, channels = shape
    errors: list[str] = []

    def each(read: Callable[[Path], Any], paths: Sequence[Path]) -> dict[Path, Any]:
        """What is read of every file that can be read."""
        found = {}
        for path in paths:
            try:
                found[path] = read(path)
            except DamagedFileError as error:
                errors.append(str(error))
            except OSError as error:
                errors.append(f"{path}: {error.strerror or error}.")
        return found

    files = {path: ImageFile(path.parent, path.name) for path in paths}
    headers: dict[Path, Header] = each(lambda path: read_header(files[path]), paths)
    if not headers:
        return np.empty((0, height, width), dtype=np.uint8), [], errors
    known = np.array(list(headers.values()), dtype=float)
    scales = full_scales([files[path] for path in headers], known, full_scale or {})
    into = Format((height, width), channels == 3, scales)
    rows = each(lambda path: decode(files[path], into), list(headers))
    used = [headers[path] for path in rows]
    resized = sum((header.height, header.width) != into.size for header in used)
    recoloured = sum(header.colour != into.colour for header in used)
    if resized:
        note(f"{resized} of {counted(len(rows))} stretched to {width}x{height} pixels")
    if recoloured:
        note(f"{recoloured} of {counted(len(rows))} made {'colour' if channels == 3 else 'grey'}")
    X = np.stack(list(rows.values())) if rows else np.empty((0, height, width), dtype=np.uint8)
    return X, list(rows), errors
