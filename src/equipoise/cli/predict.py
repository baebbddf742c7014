"""``equipoise dgc predict``, which is ``equipoise imsic predict`` too."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from equipoise.atomic import write_text
from equipoise.cli.console import notes
from equipoise.cli.options import add_options
from equipoise.cli.shared_options import Quiet
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

    Images are stretched to the size that the model was trained on, and made grey or colour as it
    needs them; a note on stderr says so.

    Parameters
    ----------
    images : IMAGES...
        Image files.
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
    about, model = opened.record["data"], opened.load_model()
    names = about["class_names"]
    X = read_images(images, model.input_shape_, about.get("full_scale"), note)
    probabilities = model.predict_proba(X)
    import pandas as pd

    table = pd.DataFrame(probabilities, columns=[f"p_{name}" for name in names])
    table.insert(0, "predicted", [names[label] for label in probabilities.argmax(axis=1)])
    table.insert(0, "file", list(map(str, images)))
    text = csv_text(table, float_format="%.6f")
    if out is None:
        sys.stdout.write(text)
    else:
        write_text(out, text)
        note(f"{len(images)} predictions in {out}")


def read_images(
    paths: Sequence[Path],
    shape: tuple[int, ...],
    full_scale: Mapping[str, float] | None,
    note: Callable[[str], None],
) -> np.ndarray:
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
    ndarray of shape (n, height, width) or (n, height, width, 3), uint8

    Raises
    ------
    ValueError
        A file does not exist or is not an image.
    """
    import numpy as np

    from equipoise.datasets import DamagedFileError
    from equipoise.datasets.files import ImageFile
    from equipoise.datasets.formats import Format, decode, full_scales, read_header

    height, width, channels = shape
    files = [ImageFile(path.parent, path.name) for path in paths]
    try:
        headers = [read_header(file) for file in files]
        scales = full_scales(files, np.array(headers, dtype=float), full_scale or {})
        into = Format((height, width), channels == 3, scales)
        rows = [decode(file, into) for file in files]
    except DamagedFileError as error:
        raise ValueError(str(error)) from None
    except OSError as error:
        raise ValueError(f"{error.filename}: {error.strerror or error}.") from None
    resized = sum((header.height, header.width) != into.size for header in headers)
    recoloured = sum(header.colour != into.colour for header in headers)
    if resized:
        note(f"{resized} of {len(rows)} images stretched to {width}x{height} pixels")
    if recoloured:
        note(f"{recoloured} of {len(rows)} images made {'colour' if channels == 3 else 'grey'}")
    return np.stack(rows)
