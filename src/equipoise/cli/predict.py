"""``equipoise dgc predict``, which is ``equipoise imsic predict`` too."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from equipoise.atomic import write_text
from equipoise.cli.console import notes
from equipoise.cli.options import add_options
from equipoise.cli.shared_options import Quiet
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
    names = opened.record["data"]["class_names"]
    model = opened.load_model()
    probabilities = model.predict_proba(read_images(images, model.input_shape_, note))
    import pandas as pd

    table = pd.DataFrame(probabilities, columns=[f"p_{name}" for name in names])
    table.insert(0, "predicted", [names[label] for label in probabilities.argmax(axis=1)])
    table.insert(0, "file", list(map(str, images)))
    text = table.to_csv(index=False, float_format="%.6f", lineterminator="\n")
    if out is None:
        sys.stdout.write(text)
    else:
        write_text(out, text)
        note(f"{len(images)} predictions in {out}")


def read_images(
    paths: Sequence[Path], shape: tuple[int, ...], note: Callable[[str], None]
) -> np.ndarray:
    """Read files as images of one shape.

    Parameters
    ----------
    paths : sequence of Path
    shape : tuple of int
        ``(height, width, channels)``, with 1 channel for grey.
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
    from PIL import Image

    from equipoise.datasets.images import GREY, to_array, upright

    height, width, channels = shape
    rows, resized, recoloured = [], 0, 0
    for path in paths:
        try:
            with Image.open(path) as image:
                shown = upright(image)
                resized += shown.size != (width, height)
                recoloured += (shown.mode not in GREY) != (channels == 3)
                rows.append(to_array(shown, (height, width), colour=channels == 3))
        except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
            reason = getattr(error, "strerror", None) or f"it cannot be read as an image ({error})"
            raise ValueError(f"{path}: {reason}.") from None
    if resized:
        note(f"{resized} of {len(rows)} images stretched to {width}x{height} pixels")
    if recoloured:
        note(f"{recoloured} of {len(rows)} images made {'colour' if channels == 3 else 'grey'}")
    return np.stack(rows)
