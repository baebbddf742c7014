"""Sphinx configuration: `make docs` builds it with warnings as errors."""

import logging
import re

from equipoise import __version__

project = "equipoise"
author = "The equipoise developers"
copyright = f"2026, {author}"  # noqa: A001
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "show_memory": False,
    "download_all_examples": False,
    "remove_config_comments": True,
}
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "examples"]
default_role = "code"

autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's parameter lists already say the types
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

intersphinx_mapping = {
    "imblearn": ("https://imbalanced-learn.org/stable", None),
    "numpy": ("https://numpy.org/doc/stable", None),
    "pandas": ("https://pandas.pydata.org/docs", None),
    "python": ("https://docs.python.org/3", None),
    "sklearn": ("https://scikit-learn.org/stable", None),
    "torch": ("https://docs.pytorch.org/docs/stable", None),
}
intersphinx_timeout = 10
# Without a network, names of other projects are printed without links, which is no fault of a page.
logging.getLogger("sphinx.sphinx.ext.intersphinx").addFilter(
    lambda record: not str(record.msg).startswith("failed to reach any of the inventories")
)

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = "equipoise"
html_static_path = ["_static"]
html_css_files = ["equipoise.css"]
html_show_sourcelink = False
html_theme_options = {
    "github_url": "https://github.com/equipoise-ml/equipoise",
    "header_links_before_dropdown": 6,
    "show_prev_next": False,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
}
# Pages without pages below them, whose sidebar would be empty.
html_sidebars = {
    page: [] for page in ("index", "api", "installation", "architecture", "benchmark", "security")
}


def unlink_foreign_labels(app, what, name, obj, options, lines):
    """Keep only the text of references in inherited docstrings: their targets are elsewhere."""
    if not getattr(obj, "__module__", "").startswith("equipoise"):
        lines[:] = [
            re.sub(r":(?:ref|term):`([^<`]+?)(?:\s*<[^>]+>)?`", r"\1", line) for line in lines
        ]


def setup(app):
    app.connect("autodoc-process-docstring", unlink_foreign_labels)
