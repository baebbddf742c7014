"""``equipoise predict``."""

from __future__ import annotations

import sys
from pathlib import Path

from equipoise.atomic import write_text
from equipoise.cli import saved_model
from equipoise.cli.console import notes
from equipoise.cli.options import add_options
from equipoise.cli.shared_options import Quiet
from equipoise.errors import counted
from equipoise.runs.csv_cells import csv_text
from equipoise.runs.files import check_target
from equipoise.runs.tables import read_rows


@add_options()
def predict_table(
    model: Path, table: Path, *, out: Path | None = None, quiet: Quiet = False
) -> None:
    """Classify the rows of a table: a CSV line for each, with its class and every probability.

    Loading a model runs code from its folder: use no model from a source that you do not trust.
    Its columns are found by name and read as those that it was fitted with; others are ignored. The
    probabilities are for the class shares of the table that the model was fitted with.

    Parameters
    ----------
    model : MODEL
        Folder that `equipoise evaluate --save` has written.
    out : CSV, default=stdout
        File for the predictions.
    """
    note = notes(quiet)
    if out is not None:
        if out.resolve() == table.resolve():
            raise ValueError(f"--out {out} is the table itself. Name another file.")
        check_target(out, ".csv")
    about = saved_model.read_about(model)
    rows, ignored = read_rows(table, about["columns"], about.get("missing_values"))
    if ignored:
        note(f"columns that the model does not use: {', '.join(ignored)}")
    fitted = saved_model.load(model, about)
    import pandas as pd

    names = [f"p_{label}" for label in fitted.classes_]
    found = pd.DataFrame(fitted.predict_proba(rows), columns=names)
    found.insert(0, "predicted", fitted.predict(rows))
    text = csv_text(found, float_format="%.6f")
    if out is None:
        sys.stdout.write(text)
    else:
        write_text(out, text)
        note(f"{counted(len(found), 'prediction')} in {out}")
