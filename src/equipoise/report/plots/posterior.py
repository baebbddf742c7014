"""How the codes of single instances settle during training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import rcParams
from numpy.typing import ArrayLike

from ._style import MUTED, PALETTE, AnyFigure, AxesArray, as_floats, closing_on_failure, new_figure


@closing_on_failure
def plot_posterior_convergence(
    means: ArrayLike,
    stds: ArrayLike,
    *,
    labels: Sequence[str],
    epochs: ArrayLike | None = None,
    fig: AnyFigure | None = None,
) -> AxesArray:
    """Mean and standard deviation of q(z|x, y) over epochs, for a few instances.

    Lines that still drift at the end mean that training stopped early; standard deviations that
    all fall to 0 mean that codes have become points, and that perturbing them has no effect.

    Parameters
    ----------
    means, stds : array-like of shape (n_epochs, n_instances, latent_dim)
        Parameters of the posterior of each instance after each epoch.
    labels : sequence of str of length n_instances
        What to call the instances.
    epochs : array-like of shape (n_epochs,), default=None
        Epoch of each record; by default 1, 2, …
    fig : matplotlib Figure or SubFigure, default=None
        Where to draw; by default a new figure.

    Returns
    -------
    ndarray of matplotlib Axes of shape (n_instances, 2)
        For each instance the mean and the standard deviation.

    Raises
    ------
    ValueError
        If shapes do not match, values are not finite, or a standard deviation is negative.

    References
    ----------
    Wang, Lyu, Jing. "Deep Generative Model for Robust Imbalance Classification", CVPR 2020,
    Figure 4.
    """
    mu, sigma = as_floats("means", means, 3), as_floats("stds", stds, 3)
    if mu.shape != sigma.shape:
        raise ValueError(f"means has shape {mu.shape} but stds has {sigma.shape}. Make them equal.")
    if sigma.min() < 0:
        raise ValueError(f"stds has the negative value {sigma.min():g}. Pass standard deviations.")
    n_epochs, n_instances, latent_dim = mu.shape
    if isinstance(labels, str) or len(labels) != n_instances:
        raise ValueError(f"labels is {labels!r}, for {n_instances} instances. Give one for each.")
    x = np.arange(1, n_epochs + 1) if epochs is None else as_floats("epochs", epochs, 1, n_epochs)

    figure = new_figure(fig, 8.0, 0.9 + 2.0 * n_instances)
    axes = figure.subplots(n_instances, 2, squeeze=False, sharex=True, sharey="col")
    alpha = float(np.clip(16 / latent_dim, 0.35, 0.9))
    marker = "." if n_epochs == 1 else ""
    for row, label, *values in zip(
        axes, labels, mu.swapaxes(0, 1), sigma.swapaxes(0, 1), strict=True
    ):
        for ax, lines, colour, prior in zip(row, values, PALETTE[::2], (0, 1), strict=False):
            ax.plot(x, lines, color=colour, alpha=alpha, linewidth=0.8, marker=marker)
            ax.axhline(prior, color=rcParams["text.color"], linestyle="--", linewidth=1)
            ax.margins(x=0)
        row[0].set_ylabel(label)
    axes[0, 0].set_title("Mean μ")
    axes[0, 1].set_title("Standard deviation σ")
    axes[0, 1].set_ylim(0, 1.05 * max(1.0, sigma.max()))
    for ax in axes[-1]:
        ax.set_xlabel("epoch")
        ax.locator_params(axis="x", integer=True)
    lines = "one line per latent dimension" if latent_dim > 1 else "one latent dimension"
    text = f"{lines} ({latent_dim}); dashed: the prior N(0, 1)"
    figure.supxlabel(text, fontsize="small", color=MUTED)
    return axes
