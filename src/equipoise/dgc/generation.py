"""Codes of rows, and rows drawn from DGC's trained networks."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted, column_or_1d
from torch import Tensor

from equipoise.dgc.drawing import MOST_ANCHORS, Anchors, Drawing
from equipoise.dgc.network import DGCNetwork
from equipoise.dgc.objective import class_gaussians
from equipoise.inputs import RandomState, check_one_label_per_row
from equipoise.networks.variational import moments
from equipoise.preprocessing import Codec, TableCodec, decode_in_blocks
from equipoise.preprocessing.absent_pairs import absent_pairs, has_any_pair
from equipoise.sequences import at_most_of_each
from equipoise.training import FitContext
from equipoise.training.blockwise import evaluate_blockwise

MOST_DRAWS = 10  # of a row, until it is not refused
SURE = 0.7  # posterior of its class from which a drawn image is not refused
BLOCK = 256  # rows that are decoded together


class Generation:
    """Mixin of :class:`equipoise.DGCClassifier`: codes, reconstructions and samples."""

    # Provided by the classifier that this class is mixed into.
    latent_dim: int
    classes_: np.ndarray
    network_: Any  # DGCNetwork
    _codec: Codec
    _absent_pairs: dict[int, Tensor]
    _anchors: Anchors | None
    _single_rows: dict[int, Tensor]
    _apply: Callable[..., np.ndarray]
    _class_index: Callable[[Any], np.ndarray]
    _requested_classes: Callable[[int, Any], np.ndarray]
    _generator: Callable[[RandomState], torch.Generator]

    def _codes(self, X: Any) -> np.ndarray:
        # This is not done in transform, whose result set_output may turn into a DataFrame.
        return self._apply(X, _moments)[:, : self.latent_dim].astype(np.float32)

    def encode(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Compute the mean and standard deviation of q(z|x, y) for every row.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`.
        y : array-like of shape (n,)
            Class labels of the rows.

        Returns
        -------
        mean, std : ndarray of shape (n, latent_dim), float32
        """
        check_is_fitted(self)
        target = self._class_index(column_or_1d(np.asarray(y)))
        base = torch.from_numpy(self._apply(X, _moments))
        check_one_label_per_row(len(base), len(target))
        with torch.inference_mode():
            mean, log_variance = moments(base + self.network_.cpu().label_shifts()[target])
        return (
            mean.numpy().astype(np.float32),
            torch.exp(log_variance / 2).numpy().astype(np.float32),
        )

    def reconstruct(self, X: Any) -> Any:
        """Encode every row without its label, and decode it.

        Parameters
        ----------
        X : array-like
            Rows as in :meth:`fit`.

        Returns
        -------
        ndarray or DataFrame
            In the shape, dtype and range of the training data.
        """
        codes = torch.from_numpy(self._codes(X))
        return self._codec.decode(_decoded(self.network_.cpu().eval().decode, codes))

    def sample(
        self,
        n: int,
        y: Any = None,
        random_state: RandomState = None,
        *,
        return_labels: bool = False,
    ) -> Any:
        """Generate rows.

        Rows of a table are decoded from codes that are drawn from one Gaussian per class, which is
        fitted to the codes of the training rows. Images are drawn as the parameter ``drawing``
        says. The row of a class that has a single one is repeated with a warning, except with
        ``drawing="neighbours"``, which varies an image as those of other classes differ.

        Parameters
        ----------
        n : int
            How many, for every label in ``y``.
        y : label or array-like of labels, default=None
            Class or classes to sample; None for every class in the order of ``classes_``.
        random_state : int, RandomState or None, default=None
            Source of the noise; None takes the estimator's own ``random_state``.
        return_labels : bool, default=False
            Whether to return the labels of the rows as well.

        Returns
        -------
        ndarray or DataFrame
            ``n`` rows per label, in the order of the labels, in the shape, dtype and range of
            the training data. Rows of a table are drawn from the distributions that the decoder
            returns. Two categories that the training rows of the class never have together,
            although both are frequent, are not drawn together either, and a number or date that
            no training row has above another, such as a first and a last visit, is never drawn
            above it.
        labels : ndarray of shape (n_rows,)
            Only with ``return_labels=True``: the class of every row.
        """
        classes = torch.from_numpy(self._requested_classes(n, y))
        for c in sorted(self._single_rows.keys() & set(classes.tolist())):
            warnings.warn(
                f"Class {self.classes_.tolist()[c]!r} has a single row, which says nothing of how "
                "its rows vary: it is repeated, not generated.",
                stacklevel=2,
            )
        generator = self._generator(random_state)
        drawn = decode_in_blocks(
            self._codec, len(classes), lambda part: self._accepted(classes[part], generator)
        )
        return (drawn, self.classes_[classes.numpy()]) if return_labels else drawn

    def _accepted(self, classes: Tensor, generator: torch.Generator) -> Tensor:
        """Draw an encoded row of each of these classes, which is not refused if that succeeds."""
        rows = self._draw(classes, generator).clone()  # no inference tensor, which cannot change
        refused = self._refused(rows, classes)
        for _ in range(MOST_DRAWS):
            if not len(refused):
                break
            rows[refused] = self._draw(classes[refused], generator)
            refused = refused[self._refused(rows[refused], classes[refused])]
        for c, row in self._single_rows.items():
            rows[classes == c] = row
        return rows

    def _draw(self, classes: Tensor, generator: torch.Generator) -> Tensor:
        """Draw an encoded row of each of these classes."""
        network = self.network_.cpu().eval()
        if self._anchors is not None:
            return _decoded(network.drawing.decoder, self._anchors.draw(classes, generator))
        noise = torch.randn(len(classes), self.latent_dim, 1, generator=generator)
        codes = network.code_mean[classes]
        for c in classes.unique():
            chosen = classes == c
            codes[chosen] += (network.code_factor[c] @ noise[chosen]).squeeze(-1)
        values = _decoded(network.decode, codes)
        if network.blocks is None:
            return values
        return network.blocks.hardened(network.blocks.draw(values, network.spread, generator))

    def _refused(self, rows: Tensor, classes: Tensor) -> Tensor:
        """Positions of encoded rows that have to be drawn anew."""
        refused = torch.zeros(len(classes), dtype=torch.bool)
        if isinstance(self._codec, TableCodec):
            refused |= torch.from_numpy(self._codec.breaks_ordering(rows))
        for c, pairs in self._absent_pairs.items():
            chosen = classes == c
            refused[chosen] |= has_any_pair(rows[chosen], pairs)
        if self._anchors is not None:
            features, logits = _decoded(self._judged, rows).tensor_split([self.latent_dim], 1)
            posterior = logits.softmax(1).gather(1, classes[:, None])[:, 0]
            refused = (posterior < SURE) | ~self._anchors.are_new(features, classes)
        return refused.nonzero().ravel()

    def _judged(self, x: Tensor) -> Tensor:
        """Mean codes of inputs, next to their logits: (n, latent_dim + n_classes)."""
        codes, _ = moments(self.network_.recognise(x)[0])
        return torch.cat([codes, self.network_.head(codes)], 1)

    def _for_samples(self, network: Any, fit: FitContext) -> dict[str, Any]:
        """What :meth:`sample` draws from: anchors or Gaussians, and numbers; no forest."""
        if network.drawing is not None:
            anchors = _anchors(network, network.drawing, fit)
            return {"forest_": None, "_absent_pairs": {}, "_anchors": anchors, "_single_rows": {}}
        values = torch.from_numpy(evaluate_blockwise(network, fit.inputs, _moments_and_residuals))
        base, residuals = values.tensor_split([2 * self.latent_dim], 1)
        y = torch.from_numpy(fit.target)
        with torch.inference_mode():
            mean, log_variance = moments(base.float() + network.label_shifts().cpu()[y])
            code_mean, code_factor = class_gaussians(mean, log_variance, y, network.n_classes)
        network.code_mean.copy_(code_mean)
        network.code_factor.copy_(code_factor)
        if network.blocks is not None:
            network.spread.copy_(residuals.square().mean(0).sqrt())
        absent: dict[int, Tensor] = {}
        if isinstance(fit.codec, TableCodec) and fit.codec.layout.shares:
            for c in range(len(fit.classes)):
                pairs = absent_pairs(fit.inputs[fit.target == c], fit.codec.layout)
                absent |= {c: pairs} if len(pairs) else {}
        alone = (np.bincount(fit.target, minlength=len(fit.classes)) == 1).nonzero()[0].tolist()
        single = {c: fit.inputs[fit.target == c][0].float() for c in alone}
        return {
            "forest_": None,
            "_absent_pairs": absent,
            "_anchors": None,
            "_single_rows": single,
        }


def _decoded(function: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """Apply a function of codes or rows to all of them, block by block."""
    with torch.inference_mode():
        return torch.cat([function(block) for block in rows.split(BLOCK)])


def _anchors(network: DGCNetwork, drawing: Drawing, fit: FitContext) -> Anchors:
    """Training rows next to which images are drawn."""

    def both_codes(network: DGCNetwork, x: Tensor) -> Tensor:
        """Code in the autoencoder next to the mean of q(z|x)."""
        return torch.cat([drawing.codes(x), moments(network.recognise(x)[0])[0]], 1)

    chosen = at_most_of_each(fit.target, len(fit.classes), MOST_ANCHORS)
    values = torch.from_numpy(evaluate_blockwise(network, fit.inputs, both_codes)[chosen])
    codes, features = (part.clone() for part in values.tensor_split([drawing.code_dim], 1))
    return Anchors.of(codes, features, torch.from_numpy(fit.target[chosen]), len(fit.classes))


def _moments(network: DGCNetwork, x: Tensor) -> Tensor:
    """Mean and log-variance of q(z|x) next to each other: (n, 2 K)."""
    return network.recognise(x)[0]


def _moments_and_residuals(network: DGCNetwork, x: Tensor) -> Tensor:
    """The same, then the numbers of a table minus their reconstructions: (n, 2 K + n_numeric)."""
    base = _moments(network, x)
    if network.blocks is None:
        return base
    mean, _ = moments(base)
    return torch.cat([base, (x - network.decoder(mean))[:, : len(network.spread)]], 1)
