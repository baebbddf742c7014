"""Options that several commands have: the types of those with checks, and the help of all."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from equipoise.cli import parsing

ImageSize = Annotated[Any, typer.Option(parser=parsing.image_size)]
Words = Annotated[Any, typer.Option(parser=parsing.words)]
MissingValues = Annotated[Any, typer.Option(parser=parsing.words)]
Ignored = Annotated[Any, typer.Option("--ignore", parser=parsing.words)]
SamplingStrategy = Annotated[Any, typer.Option(parser=parsing.sampling_strategy)]
Positive = Annotated[int, typer.Option(min=1)]
RunSeed = Annotated[int, typer.Option(min=0)]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1)]
Overwrite = Annotated[bool, typer.Option("--overwrite")]
HeldOut = Annotated[bool, typer.Option("--held-out")]
SkipDamaged = Annotated[bool, typer.Option("--skip-damaged")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q")]


class SharedOptions:
    """The help of options that several commands have, as the entries of a docstring.

    Parameters
    ----------
    run : RUN
        Run folder that a training command has written.
    dataset : NAME
        digits, mnist, fashion-mnist, svhn, cifar-10, celeba, or folder for your own images in one
        subfolder of --data-dir per class.
    data_dir : PATH, default=that of RUN if there is one; $EQUIPOISE_DATA, else the system's cache
        Folder with the data sets, or with your images where the data set is 'folder'; a zip file
        of such a folder will do, too.
    image_size : N|HxW, default=as they are; 64 for celeba
        Resize images to this height and width, in pixels.
    hair : published|exclusive, default=published
        For celeba: whether a face with two hair colours is in both classes or in none.
    skip_damaged : bool, default=False
        For folder: leave damaged images out, with a warning that names them.
    download : bool, default=True
        Download a data set that is not here yet.
    protocol : NAME, default=published; none for folder
        How many training images each class keeps: published, published:DATASET for the sizes of
        another data set, exponential:RATIO, step:RATIO:N or none (all). RATIO is the size of the
        largest class over that of the smallest, N the number of rare classes.
    seed : int, default=0
        Seed of the training subset and of what is trained on it.
    overwrite : bool, default=False
        Replace the run that is in the folder.
    quiet : bool, default=False
        Print only results and errors.
    label : NAME, default=every class
        Class to draw new images of, by name; may be repeated.
    n : int, default=64
        Images per class.
    file : FILE.toml
        Experiment file.
    held_out : bool, default=False
        Score on training images that the protocol leaves over, at most 1,000 of each class, and do
        not open the test set. These results are kept apart.
    results : DIR, default=results beside FILE
        Folder of stored results.
    table : TABLE
        A .csv or .parquet file.
    target : COLUMN
        Column with the class labels.
    dates : COLUMN,..., default=none
        Columns of a CSV that hold dates or times, as 2024-12-31 or 2024-12-31T23:59. Columns of
        such cells alone are taken as dates without this.
    categories : COLUMN,..., default=none
        Columns to take as categories although they hold numbers, such as postcodes.
    missing_values : WORD,..., default=NA, None, nan and the like
        Words of a CSV that count as missing values beside empty cells; '' for none. By default
        they are a class in a target whose other classes are words.
    ignored : COLUMN,..., default=none
        Columns that say nothing of the class, such as the number of a row.
    """
