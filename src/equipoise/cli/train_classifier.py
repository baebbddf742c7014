"""``equipoise imsic train-classifier``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from equipoise.cli.console import notes
from equipoise.cli.docstrings import read_parameters
from equipoise.cli.options import add_options
from equipoise.cli.oversampling import by_label, targets
from equipoise.cli.shared_options import Overwrite, Quiet, SamplingStrategy
from equipoise.errors import counted
from equipoise.runs.data import (
    DataChoice,
    choose_protocol,
    describe,
    fingerprint,
    training_rows,
    translate,
)
from equipoise.runs.resuming import begin, resumable, warn_of_changes
from equipoise.runs.run import NOT_OPTIONS, Run

PARAMETERS = read_parameters("classifiers/estimator.py", "ConvNetClassifier", NOT_OPTIONS)


@add_options(PARAMETERS)
def train_classifier(
    *,
    gan: Path,
    dataset: str | None = None,
    data_dir: Path | None = None,
    download: bool = True,
    protocol: str | None = None,
    sampling_strategy: SamplingStrategy = "auto",
    seed: Annotated[int | None, typer.Option(min=0)] = None,
    out: Path | None = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    **chosen: Any,
) -> None:
    """Fill the rare classes with a GAN's images, train a classifier on all, and test it once.

    Ctrl-C keeps the model so far. The same command continues a run that was interrupted or
    killed. The options from --architecture on are the parameters of ConvNetClassifier.

    Parameters
    ----------
    gan : RUN
        Run folder of `imsic train-gan`.
    dataset : NAME, default=that of the GAN
        Another data set with the same classes.
    protocol : NAME, default=that of the GAN
        How many training images each class keeps: published, exponential:RATIO, step:RATIO:N or
        none (all).
    sampling_strategy : <auto|N|NAME=N,...>, default=auto
        Images of a class after synthetic ones are added: as many as the largest class has (auto),
        N where it has fewer, or N in the classes that are named. Also the other words of
        imbalanced-learn, such as minority.
    seed : int, default=that of the GAN
        Seed of the training subset, the synthetic images and the classifier.
    out : RUN, default=runs/imsic-classifier-DATASET-seedSEED
        Run folder.
    """
    note = notes(quiet)
    from equipoise.classifiers import ConvNetClassifier
    from equipoise.cli import training
    from equipoise.datasets.images import with_channels
    from equipoise.runs.training import settings_of

    gan_run = Run.open(gan, "IMSIC")
    gan_settings, names = gan_run.record["settings"], gan_run.record["data"]["class_names"]
    gan_data = DataChoice.from_dict(gan_run.record["data"]["source"])
    seed = gan_settings["seed"] if seed is None else seed
    if protocol is None and dataset in (None, gan_data.dataset):
        protocol = gan_settings["protocol"]
    model = ConvNetClassifier(**chosen, random_state=seed, verbose=0 if quiet else 1)
    settings = settings_of(
        model,
        chosen,
        gan=str(gan.resolve()),
        dataset=dataset or gan_data.dataset,
        protocol=choose_protocol(protocol, dataset or gan_data.dataset),
        sampling_strategy=sampling_strategy,
    )
    sampler = gan_run.load_model().set_params(random_state=seed)
    height, width, channels = sampler.input_shape_
    choice = gan_data.or_another(dataset, data_dir, (height, width))
    out = out or Path("runs") / f"imsic-classifier-{choice.title}-seed{seed}"
    run = resumable(out, settings, overwrite)

    data = choice.load(download)
    X_train, X_test = (with_channels(X, channels) for X in (data.X_train, data.X_test))
    data = replace(data, X_train=X_train, X_test=X_test)
    X, y = training_rows(data, settings)
    if missing := set(names) - set(data.class_names):
        raise ValueError(f"The data have no class {min(missing)!r}, which the GAN knows.")
    y, y_test = (translate(part, data.class_names, names) for part in (y, data.y_test))
    labels = {name: label for label, name in enumerate(names)}
    if isinstance(model.class_weight, dict):
        model.class_weight = by_label(model.class_weight, labels, "--class-weight")
    X_more, y_more = sampler.resample(X, y, targets(sampling_strategy, y, labels))
    added = y_more[len(y) :].tolist()
    about = describe(choice, data, X, y) | {
        "class_names": names,
        "synthetic_counts": {name: added.count(label) for name, label in labels.items()},
        "fingerprint": fingerprint(X_more, y_more),
    }
    warn_of_changes(gan_run, choice, about["test_fingerprint"])
    run = begin(run, out, settings, about)
    note(f"{counted(len(y), 'training image')} and {len(added)} synthetic ones, run folder {out}")
    model = training.fit(model, X_more, y_more, run, note)
    training.report(run, model, "IMSIC", data.X_test, y_test, note)
