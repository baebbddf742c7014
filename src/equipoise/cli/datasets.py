"""``equipoise datasets``."""

from __future__ import annotations

from pathlib import Path

from equipoise.cli.console import print_table
from equipoise.cli.options import add_options
from equipoise.cli.shared_options import ImageSize, SkipDamaged
from equipoise.runs.data import DataChoice, choose_protocol


@add_options()
def datasets(
    name: str | None = None,
    *,
    data_dir: Path | None = None,
    image_size: ImageSize = None,
    hair: str = "published",
    skip_damaged: SkipDamaged = False,
    protocol: str | None = None,
    download: bool = False,
) -> None:
    """Show the known data sets and where they are, or the sizes of one.

    The sizes are those of the training images before and after a protocol that makes them
    imbalanced, and of the test images, which stay as they are.

    Parameters
    ----------
    name : [NAME]
        Count the images of this data set.
    download : bool, default=False
        Download the data set if it is not here yet.
    """
    if name is None:
        print_known(data_dir)
    else:
        choice = DataChoice(name, data_dir, image_size, hair, skip_damaged)
        print_counts(choice, choose_protocol(protocol, name), download)


def print_known(data_dir: Path | None) -> None:
    """Print a line per data set: image, classes, where it is."""
    from rich.console import Console
    from rich.table import Table

    from equipoise.datasets import status

    table = Table("name", "image", "classes", "where", box=None, pad_edge=False)
    for one in status(data_dir):
        where = "comes with scikit-learn" if one.folder is None else str(one.folder)
        if one.missing:
            where = f"not here; would be downloaded to {one.folder}"
        elif one.note:
            where += f" ({one.note})"
        table.add_row(one.name, "x".join(map(str, one.image_shape)), str(one.n_classes), where)
    table.add_row(
        "folder",
        "any",
        "any",
        "your own images: --data-dir, a folder or zip file with a folder per class",
    )
    Console(width=1000).print(table)  # wide enough to leave paths in one piece, to be copied


def print_counts(choice: DataChoice, protocol: str, download: bool) -> None:
    """Print a line per class: training images, those that the protocol keeps, test images."""
    import numpy as np

    from equipoise.datasets import imbalance

    data = choice.load(download)
    sizes = imbalance.class_sizes(protocol, data.name, data.y_train)
    labels = range(len(data.class_names))
    train, test = (np.bincount(y, minlength=len(labels)) for y in (data.y_train, data.y_test))
    counts = np.column_stack([train, [sizes.get(label, 0) for label in labels], test])
    rows = [*zip(data.class_names, counts, strict=True), ("all", counts.sum(axis=0))]
    *classes, total = ([name, *(f"{count:,}" for count in row)] for name, row in rows)
    print(f"{choice.dataset}, images {'x'.join(map(str, data.X_train.shape[1:]))}")
    print_table(["class", "train", protocol, "test"], classes, [total])
