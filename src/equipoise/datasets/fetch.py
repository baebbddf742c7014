"""The files of data sets: where they are, how they are downloaded, and errors about them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .sources import CELEBA_PAGE, DRIVE, SOURCES, RemoteFile

DataDir = str | os.PathLike[str] | None


class DatasetNotFoundError(FileNotFoundError):
    """Files of a data set are missing; the message says how to get them."""


class DamagedFileError(ValueError):
    """A local file is damaged or is not what its name says; the message names the file."""


def damaged(path: Path | str, why: str) -> DamagedFileError:
    """Return the error for a file that is damaged or is not what its name says."""
    return DamagedFileError(f"{path} is damaged: {why}. Delete or replace it, and run again.")


def cache_folder() -> Path:
    """Return the default folder for data: the system's cache folder of equipoise."""
    import pooch

    return Path(pooch.os_cache("equipoise"))


def data_root(data_dir: DataDir) -> Path:
    """Return ``data_dir``, else ``$EQUIPOISE_DATA``, else the cache folder.

    Raises
    ------
    ValueError
        If the path is that of a file.
    """
    chosen = data_dir if data_dir is not None else os.environ.get("EQUIPOISE_DATA")
    root = Path(os.path.abspath(Path(chosen).expanduser())) if chosen else cache_folder()
    if root.exists() and not root.is_dir():
        raise ValueError(
            f"data_dir (--data-dir) {root} is not a folder; name the folder around it."
        )
    return root


def locate(name: str, root: Path) -> tuple[Path, dict[str, Path]]:
    """Find the files of a data set below ``root``, without reading them.

    Parameters
    ----------
    name : str
        A key of ``SOURCES``.
    root : Path
        The data folder. The folders of its own and of torchvision come before ``root`` itself.

    Returns
    -------
    folder : Path
        The folder that holds most of the files, or that will hold them where there are none.
    found : dict of str to Path
        Published file name to the local file, which may be unpacked (without ``.gz``, or a folder).
    """
    source = SOURCES[name]
    folders = [root / below for below in source.folders]
    others = [below for key, other in SOURCES.items() if key != name for below in other.folders]
    # MNIST and Fashion-MNIST share their file names: never take a folder named after another.
    if not any(root.match(below) for below in others):
        folders.append(root)
    found = [
        {file.name: path for file in source.files if (path := _local(folder, file))}
        for folder in folders
    ]
    best = max(range(len(folders)), key=lambda i: len(found[i]))
    return folders[best], found[best]


def _local(folder: Path, file: RemoteFile) -> Path | None:
    packed = folder / file.name
    unpacked = folder / (file.unpacked or packed.stem)
    if file.unpacked or packed.suffix == ".zip":
        if unpacked.is_dir() and any(unpacked.iterdir()):
            return unpacked
    elif packed.suffix == ".gz" and unpacked.is_file():
        return unpacked
    return packed if packed.is_file() else None


def fetch(name: str, data_dir: DataDir, download: bool) -> dict[str, Path]:
    """Return the local files of a data set, downloading what is missing.

    Only whole files count: a download goes to a temporary file, has its MD5 checked and takes its
    name last, so that running again after an interruption continues with the next file. Files
    that are here already are not hashed, since they may have been re-compressed.

    Parameters
    ----------
    name : str
        A key of ``SOURCES``.
    data_dir : path or None
        See :func:`data_root`.
    download : bool
        Whether the network may be used.

    Returns
    -------
    dict of str to Path
        Published file name to local file.

    Raises
    ------
    DatasetNotFoundError
        If a file is missing and cannot be downloaded.
    """
    folder, found = locate(name, data_root(data_dir))
    missing = [file for file in SOURCES[name].files if file.name not in found]
    if missing and not download:
        raise _not_found(
            name, folder, missing, "downloads are switched off (download=False, --no-download)"
        )
    for done, file in enumerate(missing):
        try:
            found[file.name] = _download(file, folder)
        except (OSError, ValueError, ImportError) as error:
            raise _not_found(name, folder, missing[done:], _reason(error, file)) from None
    return found


def _download(file: RemoteFile, folder: Path) -> Path:
    import pooch

    downloader = pooch.HTTPDownloader(progressbar=True)
    if file.url.startswith(DRIVE):
        downloader = _drive_downloader
    return Path(
        pooch.retrieve(file.url, f"md5:{file.md5}", file.name, folder, downloader=downloader)
    )


def _drive_downloader(url: str, output_file: str, pooch: Any) -> None:
    # Google asks for confirmation before it serves a big file; gdown knows how to give it.
    import gdown

    try:
        gdown.download(url, output_file)
    except Exception as error:  # its own exceptions have changed names between releases
        why = str(error).strip().partition("\n")[0]
        raise OSError(f"Google Drive refused it ({why})") from None


def _reason(error: Exception, file: RemoteFile) -> str:
    from requests import exceptions as http

    if isinstance(error, ImportError):
        return "it is on Google Drive, which needs the package gdown (pip install gdown)"
    if isinstance(error, http.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} for {file.url}"
    if isinstance(error, (http.ConnectionError, http.Timeout)):
        return f"no connection to {file.url}"
    if isinstance(error, http.RequestException):
        return f"the transfer broke off ({type(error).__name__}); run again"
    if isinstance(error, ValueError):
        return "what arrived does not have the published MD5 and was thrown away; run again"
    return str(error)


def _not_found(
    name: str, folder: Path, missing: Sequence[RemoteFile], why: str
) -> DatasetNotFoundError:
    lines = [f"  {file.name}  from  {file.url}" for file in missing]
    if name == "celeba":
        lines.append(f"  (all of them also behind {CELEBA_PAGE})")
    return DatasetNotFoundError(
        f"Data set {name!r} lacks {missing[0].name}: {why}.\n"
        f"To get it by hand, put into the folder {folder}\n" + "\n".join(lines) + "\n"
        "and run again. If the files are elsewhere, pass their folder as data_dir "
        "(--data-dir) or set EQUIPOISE_DATA."
    )
