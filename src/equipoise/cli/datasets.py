"""``equipoise datasets``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from equipoise.cli.data import DataChoice, choose_protocol
from equipoise.cli.options import add_options
from equipoise.cli.shared_options import ImageSize

if TYPE_CHECKING:
    from rich.table import Table


@add_options()
def datasets(
    name: str | None = None,
    *,
    data_dir: Path | None = None,
    image_size: ImageSize = None,
    hair: str = "published",
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
    from rich.console import Console

    if name is None:
        # Wide enough to leave paths in one piece, to be copied.
        Console(width=1000).print(known(data_dir))
        return
    choice = DataChoice(name, data_dir, image_size, hair)
    protocol = choose_protocol(protocol, name)
    table = counts(choice, protocol, download)
    Console().print(table)


def known(data_dir: Path | None) -> Table:
    """A line per data set: image, classes, where it is."""
    from rich.table import Table

    from equipoise.datasets import status

    table = Table("name", "image", "classes", "where", box=None, pad_edge=False)
    for one in status(data_dir):
        where = "comes with scikit-learn" if one.folder is None else str(one.folder)
        if one.missing:
            where = f"not here; would be downloaded to {one.folder}"
        table.add_row(one.name, "x".join(map(str, one.image_shape)), str(one.n_classes), where)
    table.add_row("folder", "any", "any", "your own images: --data-dir with a subfolder per class")
    return table


def counts(choice: DataChoice, protocol: str, download: bool) -> Table:
    """A line per class: training images, those that the protocol keeps, test images."""
    import numpy as np
    from rich.table import Table

    from equipoise.datasets import imbalance

    data = choice.load(download)
    sizes = imbalance.class_sizes(protocol, data.name, data.y_train)
    n_classes = len(data.class_names)
    train, test = (np.bincount(y, minlength=n_classes) for y in (data.y_train, data.y_test))
    kept = np.array([sizes.get(c, 0) for c in range(n_classes)])
    table = Table("class", box=None, pad_edge=False, show_footer=True)
    table.columns[0].footer = "all"
    for title, column in (("train", train), (protocol, kept), ("test", test)):
        table.add_column(title, footer=f"{column.sum():,}", justify="right")
    for row in zip(data.class_names, train, kept, test, strict=True):
        table.add_row(row[0], *(f"{count:,}" for count in row[1:]))
    shape = "x".join(map(str, data.X_train.shape[1:]))
    table.title = f"{choice.dataset}, images {shape}"
    return table
