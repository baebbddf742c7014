"""``equipoise resample``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from equipoise.cli.console import notes, print_table
from equipoise.cli.options import add_options
from equipoise.cli.oversampling import check_neighbours, sampler_of, targets
from equipoise.cli.shared_options import (
    Ignored,
    MissingValues,
    Quiet,
    SamplingStrategy,
    Seed,
    Words,
)
from equipoise.csv_files.values import text_of
from equipoise.errors import counted
from equipoise.runs.files import check_target
from equipoise.runs.tables import Table, check_format, read_table, write_table

if TYPE_CHECKING:
    import pandas as pd


@add_options()
def resample(
    table: Path,
    out: Path,
    *,
    target: str,
    method: str = "dgc",
    sampling_strategy: SamplingStrategy = "auto",
    mark_column: str | None = None,
    dates: Words = None,
    categories: Words = None,
    missing_values: MissingValues = None,
    ignored: Ignored = None,
    seed: Seed = 0,
    force: Annotated[bool, typer.Option("--force")] = False,
    quiet: Quiet = False,
) -> None:
    """Append synthetic rows of the rare classes to a table.

    The rows of the table come first and unchanged; those of a CSV keep the text of every cell.
    Synthetic rows are empty in columns to ignore. Do this to training rows only: a model must be
    tested on real ones. `equipoise evaluate` tells whether resampling helps at all.

    Parameters
    ----------
    out : OUT
        The file to write.
    method : NAME, default=dgc
        What makes the rows: dgc, imsic, random, smote, borderline-smote, adasyn.
    sampling_strategy : <auto|N|NAME=N,...>, default=auto
        Rows of a class after synthetic ones are added: as many as the largest class has (auto), N
        where it has fewer, or N in the classes that are named. Also the other words of
        imbalanced-learn, and for two classes their ratio, such as 0.5.
    mark_column : NAME, default=none
        Add a column of this name that is true for synthetic rows.
    seed : int, default=0
        Another seed gives other rows.
    force : bool, default=False
        Replace OUT if it exists.
    """
    note = notes(quiet)
    check_format(out)
    check_target(out)
    if out.exists() and not force:
        raise ValueError(f"{out} exists. Name another file, or replace it with --force.")
    read = read_table(table, target, dates, categories, ignored, missing_values)
    for remark in read.remarks:
        note(remark)
    if mark_column in read.rows:
        raise ValueError(f"--mark-column {mark_column!r} is a column already. Name another.")
    sampler = sampler_of(method, read.X, read.y.value_counts().min())
    strategy = targets(sampling_strategy, read.y, {str(label): label for label in read.y.unique()})
    check_neighbours(method, strategy, read.y)
    sampler.set_params(sampling_strategy=strategy)
    for name in sampler.get_params():
        if name.endswith("random_state"):
            sampler.set_params(**{name: seed})
        elif name.endswith("verbose"):
            sampler.set_params(**{name: 0 if quiet else 1})
    new = synthetic_rows(sampler, read)
    rows = appended(read, new, as_text=out.suffix.lower() == ".csv", mark=mark_column)
    write_table(out, rows, read.csv)
    counts, added = read.y.value_counts(), new[target].value_counts()
    print_table(
        ["class", "rows", "synthetic"],
        ([str(label), f"{n:,}", f"{added.get(label, 0):,}"] for label, n in counts.items()),
    )
    note(f"{counted(len(read.y), 'row')} and {len(new)} synthetic ones in {out}")


def synthetic_rows(sampler: Any, table: Table) -> pd.DataFrame:
    """The rows that a sampler adds, in the dtypes of the table, without ignored columns."""
    import pandas as pd

    from equipoise.experiments.columns import with_dtypes_of
    from equipoise.experiments.treatments.samplers import resample_table

    found = resample_table(sampler, table.X, table.y)
    new = pd.DataFrame(found.X).iloc[found.n_real :]
    if hasattr(sampler, "sample_indices_"):  # copies, taken without rounding
        new = table.X.iloc[sampler.sample_indices_[found.n_real :]].set_axis(new.index)
    rows = new.assign(**{table.y.name: found.y[found.n_real :]})
    return with_dtypes_of(table.rows[[c for c in table.rows if c in rows]], rows)


def appended(table: Table, new: pd.DataFrame, as_text: bool, mark: str | None) -> pd.DataFrame:
    """All rows, the real ones first; as text if a CSV is written that was read from a CSV."""
    import pandas as pd

    real = table.rows
    if as_text and table.csv is not None:
        real, new = table.csv.text, text_of(new, table.rows, table.csv)
    else:
        # Integers and bools become nullable, to keep their type where synthetic rows are empty.
        ignored = {c: real[c].convert_dtypes() for c in real if c not in new}
        real = real.assign(**{c: v for c, v in ignored.items() if v.dtype.kind in "iub"})
    rows = pd.concat([real, new], ignore_index=True)
    return rows if mark is None else rows.assign(**{mark: [False] * len(real) + [True] * len(new)})
