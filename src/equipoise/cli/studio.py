"""``equipoise studio``."""

from __future__ import annotations

import os
import sys
import webbrowser
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from equipoise.cli.console import notes
from equipoise.cli.options import add_options
from equipoise.cli.shared_options import Quiet

NEEDED = ("starlette", "uvicorn")  # of equipoise[studio]


@add_options()
def studio(
    folders: Annotated[list[Path] | None, typer.Argument()] = None,
    *,
    runs: Path = Path("runs"),
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8765,
    host: str = "127.0.0.1",
    password: str | None = None,
    browser: bool = True,
    quiet: Quiet = False,
) -> None:
    """Open a local page on which a person steers the synthesis, from the data to the export.

    Only this machine can open the page. Nothing is read or written outside the folders that are
    named here, and nothing is sent anywhere. Ctrl-C ends the studio and keeps the model.

    Parameters
    ----------
    folders : [FOLDERS]...
        Folders with a subfolder of images per class, tables (.csv or .parquet), folders with such,
        or run folders.
    runs : DIR, default=runs
        Where runs are read and written.
    port : int, default=8765
        Port of the page; 0 takes one that is free.
    host : ADDRESS, default=127.0.0.1
        Address to listen on. With any other than 127.0.0.1, other machines can open the page, with
        a password.
    password : TEXT, default=asked for if --host lets other machines in
        Password of the page.
    browser : bool, default=True
        Open the page in the browser.
    """
    note = notes(quiet)
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise ValueError(
            f"The studio needs {', '.join(missing)}. Try pip install 'equipoise[studio]'."
        )
    note("starting the studio, which takes some seconds")
    from equipoise.studio.guard import LOOPBACK
    from equipoise.studio.server import serve

    if host not in LOOPBACK and not password and sys.stdin.isatty():
        password = typer.prompt("Password of the page", hide_input=True, confirmation_prompt=True)

    def started(address: str) -> None:
        note(f"the studio is at {address} (Ctrl-C ends it)")
        if browser:
            webbrowser.open(address)

    serve(folders or [], runs, host=host, port=port, password=password, started=started)
    sys.stderr.flush()
    os._exit(0)  # the threads of torch would take seconds to end
