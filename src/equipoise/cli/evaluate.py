"""``equipoise dgc evaluate`` and ``equipoise imsic evaluate``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import typer

from equipoise.cli.console import notes
from equipoise.cli.options import add_options
from equipoise.cli.shared_options import Quiet
from equipoise.errors import counted
from equipoise.runs.data import DataChoice, fingerprint, training_rows, translate
from equipoise.runs.files import write_json
from equipoise.runs.resuming import check_same_data, warn_of_changes
from equipoise.runs.run import METHODS, Run


@add_options()
def evaluate(
    context: typer.Context,
    run: Path,
    *,
    dataset: str | None = None,
    data_dir: Path | None = None,
    download: bool = True,
    quiet: Quiet = False,
) -> None:
    """Test the model of a run on test images; print and store the metrics.

    Parameters
    ----------
    dataset : NAME, default=the run's own
        Another data set with these classes. Results on images other than the run's own test
        images go to RUN/evaluations/NAME.
    """
    note = notes(quiet)
    group = context.command_path.split()[-2]
    methods = [name for name, command in METHODS.items() if command.startswith(group)]
    opened = Run.open(run, *methods)
    import numpy as np

    from equipoise.cli.quality import Quality
    from equipoise.cli.results import Results
    from equipoise.datasets.images import with_channels

    about = opened.record["data"]
    own = DataChoice.from_dict(about["source"])
    model = opened.load_model()
    height, width, channels = model.input_shape_
    choice = own.or_another(dataset, data_dir, (height, width))
    data = choice.load(download, about.get("full_scale"))
    X, y = data.X_test, data.y_test
    if choice.is_another_folder(own):  # the model was not trained on any of its images
        X, y = np.concatenate([data.X_train, X]), np.concatenate([data.y_train, y])
    X = with_channels(X, channels)
    y = translate(y, data.class_names, about["class_names"])
    digest = fingerprint(X, y)
    warn_of_changes(opened, choice, digest)
    note(f"testing on {counted(len(y))}")
    found: Results | Quality
    if opened.method == "IMSIC":
        X_train, y_train = training_rows(own.load(download), opened.record["settings"])
        check_same_data(opened, {"fingerprint": fingerprint(X_train, y_train)})
        found = Quality.of(model, X_train, y_train, X, y, about["class_names"])
    else:
        found = Results.of(model, X, y, about)
    found.save(folder_for(opened, digest, choice, note))
    print(found.report())


def folder_for(run: Run, digest: str, choice: DataChoice, note: Callable[[str], None]) -> Path:
    """Make the folder for the results on the test images of this digest."""
    folder = run.path
    if digest != run.record["data"]["test_fingerprint"]:
        folder = run.path / "evaluations" / choice.title
        about = folder / "data.json"
        if about.exists() and json.loads(about.read_text("utf-8"))["test_fingerprint"] != digest:
            folder = folder.with_name(f"{choice.title}-{digest[:8]}")  # of other data of this name
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "data.json", {"source": choice.to_dict(), "test_fingerprint": digest})
        note(f"not the run's own test images: results in {folder}")
    return folder
