"""Start the studio: its lock, its server, and its end by Ctrl-C."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn
from filelock import FileLock, Timeout

from equipoise.runs.files import make_folder
from equipoise.studio.errors import StudioError
from equipoise.studio.guard import LOOPBACK
from equipoise.studio.sources import check_offer, has_class_folders

LOCK = ".studio.lock"  # the system lets it go when the process ends, also when it is killed


def serve(
    folders: Sequence[Path],
    runs: Path,
    *,
    host: str,
    port: int,
    password: str | None,
    started: Callable[[str], None],
) -> None:
    """Serve the page until Ctrl-C.

    Parameters
    ----------
    folders : sequence of Path
        What may be read, besides the runs.
    runs : Path
        Where runs are read and written.
    host : str
    port : int
        0 for any that is free.
    password : str or None
        Required unless the host is this machine alone.
    started : callable
        Gets the address when the page can be opened.

    Raises
    ------
    ValueError
        A folder does not exist or has nothing to open, the runs would be a class of it, another
        studio has them, the port is taken, or there is no password.
    """
    for folder in folders:
        check_offer(folder)
        if has_class_folders(folder) and runs.resolve().is_relative_to(folder.resolve()):
            raise StudioError(
                f"The runs would lie in {runs.resolve()}, inside {folder}, where they would be "
                "taken for a class. Name another place with --runs."
            )
    if host not in LOOPBACK and not password:
        raise StudioError(
            f"--host {host} lets other machines in. Set a password for them with --password."
        )
    make_folder(runs)
    lock = FileLock(runs / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StudioError(
            f"Another studio has {runs} open. Close it, or name other runs with --runs."
        ) from None
    with lock, _listening(host, port) as listener:
        # Only now, as torch takes seconds: a mistake is told at once.
        import torch

        from equipoise.studio.app import make_app
        from equipoise.studio.project import Project

        # A core is left to the page, so that it answers while a model is trained.
        torch.set_num_threads(max(1, min(torch.get_num_threads(), (os.cpu_count() or 2) - 1)))
        name = f"[{host}]" if ":" in host else host
        address = f"http://{name}:{listener.getsockname()[1]}"
        hosts = [*LOOPBACK, host] if host not in ("0.0.0.0", "::") else own_names()
        app = make_app(Project(folders, runs), hosts, password)
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, ws="none")
        server = uvicorn.Server(config)
        threading.Timer(0.1, started, [address]).start()
        try:
            server.run([listener])
        except KeyboardInterrupt:
            pass


def own_names() -> list[str]:
    """Names of this machine, for a server that listens on all of its addresses."""
    return sorted({*LOOPBACK, socket.gethostname().lower(), socket.getfqdn().lower()})


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)  # a page that asks before the server is ready waits
    except OSError as error:
        listener.close()
        raise StudioError(
            f"{host}:{port} cannot be used: {error.strerror}. Choose another --port."
        ) from None
    return listener
