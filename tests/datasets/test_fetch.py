"""Downloads, against a server on this computer: whole, damaged, interrupted, impossible."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import types
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from equipoise.datasets import DatasetNotFoundError, load_dataset
from equipoise.datasets.fetch import locate
from equipoise.datasets.sources import SOURCES, RemoteFile, Source

IMAGES = "train-images-idx3-ubyte.gz"
LABELS = "t10k-labels-idx1-ubyte.gz"


class Server:
    """Serve `files`; `announced` may promise more bytes than come, and then `hold` the line."""

    def __init__(self, files):
        self.files = dict(files)
        self.requested = []
        self.announced = {}
        self.sent_half = threading.Event()
        self.release = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.rpartition("/")[2]
                outer.requested.append(name)
                if name not in outer.files:
                    self.send_error(404)
                    return
                body = outer.files[name]
                self.send_response(200)
                self.send_header("Content-Length", str(outer.announced.get(name, len(body))))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()
                if name in outer.announced:
                    outer.sent_half.set()
                    outer.release.wait(10)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.release.set()
        self.http.shutdown()
        self.http.server_close()


def published(files, url):
    """Describe these files as a source that publishes them at this address."""
    remote = tuple(
        RemoteFile(name, url + name, hashlib.md5(data).hexdigest()) for name, data in files.items()
    )
    return Source(("mnist", "MNIST/raw"), remote)


@pytest.fixture
def server(mnist_gz, monkeypatch):
    running = Server(mnist_gz)
    monkeypatch.setitem(SOURCES, "mnist", published(mnist_gz, running.url))
    yield running
    running.close()


@pytest.fixture
def offline(mnist_gz, monkeypatch):
    """An address at which nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        monkeypatch.setitem(SOURCES, "mnist", published(mnist_gz, url))
        yield url


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_download_happens_once(tmp_path, server, mnist_gz, capfd):
    data = load_dataset("mnist", tmp_path)
    assert data.X_train.shape == (30, 28, 28)
    assert names(tmp_path / "mnist") == sorted(mnist_gz)
    assert "100%" in capfd.readouterr().err  # the progress bar
    load_dataset("mnist", tmp_path)
    assert sorted(server.requested) == sorted(mnist_gz)


def test_the_default_folder_is_the_environments(tmp_path, server, monkeypatch):
    monkeypatch.setenv("EQUIPOISE_DATA", str(tmp_path / "here"))
    load_dataset("mnist")
    assert len(names(tmp_path / "here" / "mnist")) == 4


def test_without_any_folder_the_cache_is_used(tmp_path, server, monkeypatch):
    monkeypatch.delenv("EQUIPOISE_DATA")
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    load_dataset("mnist")
    assert len(names(tmp_path / "cache" / "equipoise" / "mnist")) == 4


def test_only_what_is_missing_is_downloaded(tmp_path, server, write_mnist):
    folder = tmp_path / "MNIST" / "raw"
    write_mnist(folder, compress=False)
    (folder / "t10k-labels-idx1-ubyte").unlink()
    load_dataset("mnist", tmp_path)
    assert server.requested == [LABELS]
    assert LABELS in names(folder)


def test_a_corrupted_download_is_thrown_away(tmp_path, server, mnist_gz):
    good = server.files[LABELS]
    server.files[LABELS] = good[:-1] + bytes([good[-1] ^ 1])
    with pytest.raises(DatasetNotFoundError, match="MD5") as caught:
        load_dataset("mnist", tmp_path)
    assert LABELS in str(caught.value)
    assert names(tmp_path / "mnist") == sorted(set(mnist_gz) - {LABELS})
    server.files[LABELS] = good
    server.requested.clear()
    assert len(load_dataset("mnist", tmp_path).X_test) == 12
    assert server.requested == [LABELS]


def test_a_connection_that_breaks_off_leaves_no_file(tmp_path, server):
    good = server.files[IMAGES]
    server.files[IMAGES], server.announced[IMAGES] = good[: len(good) // 2], len(good)
    server.release.set()
    with pytest.raises(DatasetNotFoundError, match="run again"):
        load_dataset("mnist", tmp_path)
    assert names(tmp_path / "mnist") == []
    server.files[IMAGES] = good
    server.announced.clear()
    assert len(load_dataset("mnist", tmp_path).X_train) == 30


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_a_killed_download_is_not_taken_for_a_file(tmp_path, server):
    good = server.files[IMAGES]
    server.files[IMAGES], server.announced[IMAGES] = good[: len(good) // 2], len(good)
    code = (
        "import sys\n"
        "from equipoise.datasets import load_dataset\n"
        "from equipoise.datasets.sources import SOURCES, RemoteFile, Source\n"
        f"SOURCES['mnist'] = {SOURCES['mnist']!r}\n"
        "load_dataset('mnist', sys.argv[1])\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        assert server.sent_half.wait(60)
        process.send_signal(signal.SIGKILL)
    assert IMAGES not in names(tmp_path / "mnist")
    server.release.set()
    server.files[IMAGES] = good
    server.announced.clear()
    assert len(load_dataset("mnist", tmp_path).X_train) == 30


def test_a_refusal_by_the_server(tmp_path, server):
    del server.files[IMAGES]
    with pytest.raises(DatasetNotFoundError, match="answered 404"):
        load_dataset("mnist", tmp_path)


def assert_tells_what_to_do(error, folder, url):
    text = str(error)
    for part in IMAGES, LABELS, str(folder), url, "data_dir", "EQUIPOISE_DATA":
        assert part in text
    assert "Traceback" not in text
    assert "urllib3" not in text
    assert len(text.splitlines()) < 10
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


def test_no_network(tmp_path, offline):
    with pytest.raises(DatasetNotFoundError, match="no connection") as caught:
        load_dataset("mnist", tmp_path)
    assert_tells_what_to_do(caught.value, tmp_path / "mnist", offline)
    assert isinstance(caught.value, FileNotFoundError)


def test_download_forbidden(tmp_path, server):
    with pytest.raises(DatasetNotFoundError, match="download=False, --no-download") as caught:
        load_dataset("mnist", tmp_path, download=False)
    assert_tells_what_to_do(caught.value, tmp_path / "mnist", server.url)
    assert server.requested == []
    assert not (tmp_path / "mnist").exists()


def test_local_files_need_no_network(tmp_path, offline, write_mnist):
    X_train, *_ = write_mnist(tmp_path / "mnist", seed=5)
    np.testing.assert_array_equal(load_dataset("mnist", tmp_path).X_train, X_train)


def test_a_folder_with_the_name_of_an_unpacked_file_is_not_that_file(tmp_path, offline):
    (tmp_path / "mnist/train-images-idx3-ubyte").mkdir(parents=True)
    (tmp_path / "mnist/train-images-idx3-ubyte/inside").touch()
    assert locate("mnist", tmp_path)[1] == {}


def test_a_folder_that_cannot_be_made(tmp_path, server):
    (tmp_path / "mnist").write_text("in the way")
    with pytest.raises(DatasetNotFoundError, match="To get it by hand"):
        load_dataset("mnist", tmp_path)


CELEBA = ("img_align_celeba.zip", "list_attr_celeba.txt", "list_eval_partition.txt")


def test_celeba_without_gdown(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "gdown", None)  # makes its import fail
    with pytest.raises(DatasetNotFoundError, match="pip install gdown") as caught:
        load_dataset("celeba", tmp_path)
    for part in (*CELEBA, str(tmp_path / "celeba")):
        assert part in str(caught.value)


def test_celeba_through_gdown(tmp_path, monkeypatch, write_celeba):
    write_celeba(tmp_path / "drive", packed=True)
    content = {name: (tmp_path / "drive" / name).read_bytes() for name in CELEBA}
    by_url = {file.url: content[file.name] for file in SOURCES["celeba"].files}
    files = tuple(
        file._replace(md5=hashlib.md5(content[file.name]).hexdigest())
        for file in SOURCES["celeba"].files
    )
    monkeypatch.setitem(SOURCES, "celeba", SOURCES["celeba"]._replace(files=files))

    def download(url, output):
        with open(output, "wb") as file:
            file.write(by_url[url])
        return output

    monkeypatch.setitem(sys.modules, "gdown", types.SimpleNamespace(download=download))
    assert len(load_dataset("celeba", tmp_path).X_train) == 7


def test_celeba_refused_by_google(tmp_path, monkeypatch):
    def download(url, output):
        raise RuntimeError("Too many users have viewed or downloaded this file recently.\nmore")

    monkeypatch.setitem(sys.modules, "gdown", types.SimpleNamespace(download=download))
    with pytest.raises(DatasetNotFoundError, match="Too many users") as caught:
        load_dataset("celeba", tmp_path)
    assert "more" not in str(caught.value)
    for name in CELEBA:
        assert name in str(caught.value)
