"""The command line: parses arguments, calls the library, prints.

Importing it loads neither torch nor anything else that is slow, so that help answers at once.
"""

from equipoise.cli.app import main

__all__ = ["main"]
