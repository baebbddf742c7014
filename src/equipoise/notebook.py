"""What notebooks show: links from estimators to their documentation, and reports as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class DocumentedEstimator:
    """Mixin before :class:`sklearn.base.BaseEstimator`: its diagram links to our pages.

    Subclasses of users, whose module is another one, get no link.
    """

    _doc_link_module = "equipoise"
    _doc_link_template = "https://equipoise.readthedocs.io/en/latest/generated/{page}.html"

    def _doc_link_url_param_generator(self) -> dict[str, str]:
        room = type(self).__module__.split(".")[1]
        # All other estimators are public names of the package itself.
        home = f"equipoise.{room}" if room in ("baselines", "experiments") else "equipoise"
        return {"page": f"{home}.{type(self).__name__}"}


def as_html(tables: Sequence[pd.DataFrame], sentences: Sequence[str] = ()) -> str:
    """Tables, with sentences below them, as HTML in which no text is markup.

    Parameters
    ----------
    tables : sequence of DataFrame
        Numbers are rounded to three decimals.
    sentences : sequence of str, default=()
        A paragraph each.

    Returns
    -------
    str
    """
    shown = [table.to_html(border=0, na_rep="–", float_format="{:.3f}".format) for table in tables]
    return "\n".join([*shown, *(f"<p>{escape(sentence)}</p>" for sentence in sentences)])
