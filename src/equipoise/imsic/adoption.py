"""Make a fitted sampler of a GAN from the IMSIC release, and check its label map."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from equipoise.errors import InvalidInputError, InvalidParameterError, counted
from equipoise.imsic.alignment import check_label_map, fit_judge
from equipoise.imsic.released import ReleasedGAN
from equipoise.imsic.structure import parse_structure
from equipoise.inputs import check_labels, check_rows, fit_codec
from equipoise.parameters import check_parameters
from equipoise.polars import as_pandas
from equipoise.preprocessing import EncodedRows
from equipoise.training import FitContext
from equipoise.training.precision import resolve_device

if TYPE_CHECKING:
    from equipoise.imsic.estimator import IMSIC

IMAGES_PER_CLASS = 100  # generated to check a label map that was written by hand


def adopt(sampler: IMSIC, released: ReleasedGAN, X: Any, y: Any) -> None:
    """Give a new sampler the fitted attributes of a GAN that was trained elsewhere.

    Raises
    ------
    InvalidParameterError
        If a parameter is invalid, or there are neither labelled images nor a ``label_map``.
    InvalidInputError
        If the images do not have the shape or the number of classes of the checkpoint.
    """
    check_parameters(type(sampler).__name__, sampler.get_params(deep=False), sampler._constraints)
    structure = parse_structure(sampler.structure, sampler.n_codes, sampler.code_names)
    n, shape = released.n_classes, released.image_shape
    if (X is None) != (y is None) or (X is None and sampler.label_map is None):
        raise InvalidParameterError(
            "Pass X and y, labelled images to align the categories with, or a label_map."
        )
    images: Any = np.zeros((1, *shape), dtype=np.float32)
    classes, target = np.arange(n), np.arange(n)
    if X is not None:
        images = check_rows(sampler, as_pandas(X), reset=True)
        classes, target = check_labels(y, len(images))
    codec = fit_codec(images, images, sampler)
    if codec.input_shape != shape or len(classes) != n:
        raise InvalidInputError(
            f"The checkpoint draws {counted(n, 'category', 'categories')} of shape {shape}, but X "
            f"and y have {counted(len(classes), 'class', 'classes')} and rows for "
            f"{codec.input_shape}. Resize the images, and keep as many classes."
        )
    fit = FitContext(
        codec,
        classes,
        np.bincount(target, minlength=n),
        EncodedRows(codec, images),
        target,
        weight=None,
        held_out=None,
        seed=0,
        device=resolve_device("cpu"),
    )
    network: Any = sampler._build(fit)
    network.load_state_dict(released.state)
    network = network.to(memory_format=torch.channels_last).eval()
    if X is None and sampler.label_map is not None:
        fitted = {
            "label_map_": check_label_map(sampler.label_map, n),
            "label_purity_": np.full(n, np.nan),
            "_rows": None,
        }
    else:
        fitted = sampler._after_training(network, fit)
    sampler.__dict__.update(
        fitted,
        _codec=codec,
        structure_=structure,
        n_features_in_=int(np.prod(shape)),
        input_shape_=codec.input_shape,
        classes_=classes,
        class_counts_=fit.class_counts,
        history_=[],
        callbacks_=[],
        network_=network,
    )
    if X is not None and sampler.label_map is not None:
        _check_map_by_classifier(sampler, images, target)


def _check_map_by_classifier(sampler: IMSIC, images: Any, target: np.ndarray) -> None:
    """Warn of every class whose generated images a classifier of real ones takes for another."""
    judge = fit_judge(sampler._encoded(images), target)
    n = len(sampler.classes_)
    noise, codes = sampler._draw_inputs(
        n * IMAGES_PER_CLASS, None, 1.0, torch.Generator().manual_seed(0)
    )
    generated = sampler._generate(noise, np.repeat(np.arange(n), IMAGES_PER_CLASS), codes)
    predicted = judge.predict(generated.flatten(1).numpy()).reshape(n, IMAGES_PER_CLASS)
    for number, label in enumerate(sampler.classes_.tolist()):
        fractions = np.bincount(predicted[number], minlength=n) / IMAGES_PER_CLASS
        if fractions.argmax() != number:
            warnings.warn(
                f"label_map: class {label!r} is drawn by category {sampler.label_map_[number]}, "
                f"but {fractions.max():.0%} of its images look like "
                f"{sampler.classes_.tolist()[fractions.argmax()]!r} and {fractions[number]:.0%} "
                "like the class. Correct the map, or leave it out to align by X and y.",
                stacklevel=4,
            )
