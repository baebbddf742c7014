"""Sphinx configuration: `make docs` builds it with warnings as errors."""

import re

from equipoise import __version__

project = "equipoise"
author = "The equipoise developers"
copyright = f"2026, {author}"  # noqa: A001
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
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

html_theme = "alabaster"
html_theme_options = {
    "description": "Deep generative learning on class-imbalanced data",
    "fixed_sidebar": True,
    "page_width": "1080px",
}
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html"]}


def unlink_foreign_labels(app, what, name, obj, options, lines):
    """Keep only the text of references in inherited docstrings: their targets are elsewhere."""
    if not getattr(obj, "__module__", "").startswith("equipoise"):
        lines[:] = [
            re.sub(r":(?:ref|term):`([^<`]+?)(?:\s*<[^>]+>)?`", r"\1", line) for line in lines
        ]


def setup(app):
    app.connect("autodoc-process-docstring", unlink_foreign_labels)
