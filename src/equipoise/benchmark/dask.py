"""Jobs on a Dask scheduler: each is the same process, started by a worker."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from equipoise.errors import InvalidParameterError

SECONDS_TO_CONNECT = 10


@contextmanager
def executor(address: str) -> Iterator[Executor]:
    """Executor on the workers of a scheduler.

    A task whose worker dies is run anew on another one. Leaving the block cancels what has not
    begun.

    Parameters
    ----------
    address : str
        Such as ``"tcp://10.0.0.1:8786"``. The workers need this package, and the data in the same
        place; a folder of models that they share saves training a sampler more than once.

    Yields
    ------
    concurrent.futures.Executor

    Raises
    ------
    InvalidParameterError
        Dask is not installed.
    ConnectionError
        The scheduler does not answer.
    """
    try:
        from distributed import Client
    except ImportError:
        raise InvalidParameterError(
            f"scheduler={address!r} needs Dask, which is not installed. "
            "Run pip install 'equipoise[distributed]'."
        ) from None
    try:
        client = Client(address, timeout=SECONDS_TO_CONNECT)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"scheduler={address!r} does not answer ({error}). Start one with `dask scheduler`, "
            "and give the address that it prints."
        ) from None
    with client:
        pool = client.get_executor(pure=False)
        try:
            yield pool
        finally:
            pool.shutdown(wait=False)
