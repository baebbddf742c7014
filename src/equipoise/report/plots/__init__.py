"""Figures of samples, codes, training and scores, drawn from arrays alone.

A plot of one panel returns its Axes, one of several panels an array of Axes, as
:func:`matplotlib.pyplot.subplots` does; their figure is ``ax.figure``.

No function shows a figure or changes matplotlib's settings or backend. Without `ax` (or `fig`) a
new figure is made with pyplot, so that it appears in a notebook and with ``plt.show()`` in a
script. Where many are drawn to files, pass axes of a ``matplotlib.figure.Figure`` of your own:
pyplot is then never imported, and nothing is left open. Give it ``layout="constrained"``, which
makes room for long names, legends and colour bars.
"""

from .curves import plot_curves
from .evaluation import plot_treatment_effects
from .latent import plot_latent
from .posterior import plot_posterior_convergence
from .profiles import plot_profiles
from .samples import plot_samples
from .scores import plot_confusion, plot_rate_effect
from .sizes import plot_recall_by_size
from .structure import plot_structure
from .traversals import plot_traversals

__all__ = [
    "plot_confusion",
    "plot_curves",
    "plot_latent",
    "plot_posterior_convergence",
    "plot_profiles",
    "plot_rate_effect",
    "plot_recall_by_size",
    "plot_samples",
    "plot_structure",
    "plot_traversals",
    "plot_treatment_effects",
]
