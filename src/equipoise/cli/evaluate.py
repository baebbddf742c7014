"""``equipoise dgc evaluate``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from equipoise.cli.console import Quiet, notes
from equipoise.cli.data import DataChoice, DataDir, Download, fingerprint
from equipoise.cli.runs import Run, RunArgument

if TYPE_CHECKING:
    import numpy as np


def evaluate(
    run: RunArgument,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Another data set with these classes. Results on other images than the run's "
            "own test images go to RUN/evaluations/NAME.",
            show_default="the run's own",
        ),
    ] = None,
    data_dir: DataDir = None,
    download: Download = True,
    quiet: Quiet = False,
) -> None:
    """Test the model of a run on test images; print and store the metrics."""
    note = notes(quiet)
    opened = Run.open(run)
    about = opened.record["data"]
    own = DataChoice.from_dict(about["source"])
    model = opened.load_model()
    height, width, _ = model.input_shape_
    # A place of data sets has other ones too; a folder of images is nothing else.
    elsewhere = dataset not in (None, own.dataset) and "folder" in (dataset, own.dataset)
    if data_dir is None and not elsewhere:
        data_dir = own.data_dir
    choice = DataChoice(dataset or own.dataset, data_dir, (height, width), own.hair)
    data = choice.load(download)
    y = translate(data.y_test, data.class_names, about["class_names"])

    from equipoise.cli.results import Results

    note(f"testing on {len(y)} images")
    probabilities = model.predict_proba(data.X_test)
    results = Results(y, probabilities, about["class_names"], about["class_counts"])
    target = opened.path
    if fingerprint(data.X_test, data.y_test) != about["test_fingerprint"]:
        target = opened.path / "evaluations" / choice.title
        note(f"not the run's own test images: results in {target}")
    target.mkdir(parents=True, exist_ok=True)
    results.save(target)
    print(results.report())


def translate(y: np.ndarray, names: Sequence[str], model_names: Sequence[str]) -> np.ndarray:
    """Labels of a data set as labels of the model that knows its classes.

    Raises
    ------
    ValueError
        The model does not know a class.
    """
    import numpy as np

    if unknown := [name for name in names if name not in model_names]:
        raise ValueError(
            f"The data have the class {unknown[0]!r}; the model knows {', '.join(model_names)}."
        )
    return np.array([model_names.index(name) for name in names])[y]
