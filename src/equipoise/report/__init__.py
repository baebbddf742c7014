"""Tables and a page from stored records, and plots from numbers and arrays."""

from .markup import overview, replace_between_marks, to_latex, to_markdown
from .page import write_page

__all__ = ["overview", "replace_between_marks", "to_latex", "to_markdown", "write_page"]
