"""``equipoise dgc evaluate`` and ``equipoise imsic evaluate``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from equipoise.cli.console import Quiet, notes
from equipoise.cli.data import DataChoice, DataDir, Download, fingerprint, translate
from equipoise.cli.files import write_json
from equipoise.cli.resuming import check_same_data, warn_of_changes
from equipoise.cli.runs import Run, RunArgument
from equipoise.cli.subset import training_rows

if TYPE_CHECKING:
    from equipoise.cli.quality import Quality
    from equipoise.cli.results import Results

OtherData = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Another data set with these classes. Results on other images than the run's "
        "own test images go to RUN/evaluations/NAME.",
        show_default="the run's own",
    ),
]


def evaluate(
    run: RunArgument,
    dataset: OtherData = None,
    data_dir: DataDir = None,
    download: Download = True,
    quiet: Quiet = False,
) -> None:
    """Test the model of a run on test images; print and store the metrics."""
    note = notes(quiet)
    opened = Run.open(run, "DGCClassifier")
    _test(opened, dataset, data_dir, download, note)


def evaluate_imsic(
    run: RunArgument,
    dataset: OtherData = None,
    data_dir: DataDir = None,
    download: Download = True,
    quiet: Quiet = False,
) -> None:
    """Test the classifier of a run on test images, or compare what its GAN makes with them."""
    note = notes(quiet)
    opened = Run.open(run, "IMSIC", "ConvNetClassifier")
    _test(opened, dataset, data_dir, download, note)


def _test(
    run: Run,
    dataset: str | None,
    data_dir: Path | None,
    download: bool,
    note: Callable[[str], None],
) -> None:
    import numpy as np

    from equipoise.datasets.images import with_channels

    about = run.record["data"]
    own = DataChoice.from_dict(about["source"])
    model = run.load_model()
    height, width, channels = model.input_shape_
    choice = own.or_another(dataset, data_dir, (height, width))
    data = choice.load(download)
    X, y = data.X_test, data.y_test
    if choice.is_another_folder(own):  # nobody has trained on any of it
        X, y = np.concatenate([data.X_train, X]), np.concatenate([data.y_train, y])
    X = with_channels(X, channels)
    y = translate(y, data.class_names, about["class_names"])
    digest = fingerprint(X, y)
    warn_of_changes(run, choice, digest)
    note(f"testing on {len(y)} images")
    found: Results | Quality
    if run.method == "IMSIC":
        from equipoise.cli.quality import Quality

        X_train, y_train = training_rows(own.load(download), run.record["settings"])
        check_same_data(run, {"fingerprint": fingerprint(X_train, y_train)})
        found = Quality.of(model, X_train, y_train, X, y, about["class_names"])
    else:
        from equipoise.cli.results import Results

        probabilities = model.predict_proba(X)
        found = Results(y, probabilities, about["class_names"], about["class_counts"])
    found.save(place_for(run, digest, choice, note))
    print(found.report())


def place_for(run: Run, digest: str, choice: DataChoice, note: Callable[[str], None]) -> Path:
    """Folder for what is found on the test images of this digest."""
    place = run.path
    if digest != run.record["data"]["test_fingerprint"]:
        place = run.path / "evaluations" / choice.title
        about = place / "data.json"
        if about.exists() and json.loads(about.read_text("utf-8"))["test_fingerprint"] != digest:
            place = place.with_name(f"{choice.title}-{digest[:8]}")  # of the same name elsewhere
        place.mkdir(parents=True, exist_ok=True)
        write_json(place / "data.json", {"source": choice.to_dict(), "test_fingerprint": digest})
        note(f"not the run's own test images: results in {place}")
    return place
