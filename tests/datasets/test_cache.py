"""The cache of decoded images: complete or not there, and taken up after a kill."""

import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from equipoise.datasets import cache
from equipoise.datasets.cache import cache_path, open_cache, write_cache

N, SHAPE = 10, (10, 4, 4)


@pytest.fixture(autouse=True)
def _chunks_of_three(monkeypatch):
    monkeypatch.setattr(cache, "CHUNK", 3)


class Decoder:
    """Image i has the value i; stops at ``stop``."""

    def __init__(self, stop=None, error=KeyboardInterrupt):
        self.rows, self.stop, self.error = [], stop, error

    def __call__(self, rows):
        if self.stop in rows:
            raise self.error
        self.rows += rows
        return np.repeat(np.array(rows, dtype=np.uint8), 16).reshape(-1, 4, 4)


def values(images):
    return images[:, 0, 0].tolist()


def test_what_was_written_is_opened(tmp_path):
    path = cache_path(tmp_path / "tiles", "tiles", b"key")
    assert open_cache(path) is None
    images = write_cache(path, SHAPE, Decoder(), {"bits": 12})
    assert values(images) == list(range(N)) and isinstance(images, np.memmap)
    assert not images.flags.writeable
    again, about = open_cache(path)
    np.testing.assert_array_equal(again, images)
    assert about == {"bits": 12}
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_an_interrupted_decoding_is_taken_up(tmp_path):
    path = cache_path(tmp_path / "tiles", "tiles", b"key")
    with pytest.raises(KeyboardInterrupt):
        write_cache(path, SHAPE, Decoder(stop=7))
    assert open_cache(path) is None
    second = Decoder()
    assert values(write_cache(path, SHAPE, second)) == list(range(N))
    assert second.rows == [6, 7, 8, 9]


def test_after_an_error_nothing_is_left(tmp_path):
    path = cache_path(tmp_path / "tiles", "tiles", b"key")
    with pytest.raises(OSError, match="disk"):
        write_cache(path, SHAPE, Decoder(stop=7, error=OSError("the disk is full")))
    assert not list(tmp_path.iterdir())


def test_a_partial_file_of_another_shape_is_not_taken_up(tmp_path):
    path = cache_path(tmp_path / "tiles", "tiles", b"key")
    with pytest.raises(KeyboardInterrupt):
        write_cache(path, (10, 4, 4, 1), Decoder(stop=7))
    assert values(write_cache(path, SHAPE, Decoder())) == list(range(N))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_a_killed_process_is_taken_up(tmp_path):
    path = cache_path(tmp_path / "tiles", "tiles", b"key")
    code = (
        "import os, signal, numpy as np\n"
        "from equipoise.datasets import cache\n"
        "cache.CHUNK = 3\n"
        "def decode(rows):\n"
        "    if 7 in rows:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return np.full((len(rows), 4, 4), 200, dtype=np.uint8)\n"
        f"cache.write_cache(__import__('pathlib').Path({str(path)!r}), {SHAPE}, decode)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    subprocess.run([sys.executable, "-c", code], env=environment)
    assert not path.exists() and len(list(tmp_path.iterdir())) == 1
    assert values(write_cache(path, SHAPE, Decoder())) == [200] * 6 + [6, 7, 8, 9]


def test_two_that_write_at_once_get_the_same(tmp_path):
    path = cache_path(tmp_path / "tiles", "tiles", b"key")
    together, found = threading.Barrier(2), []

    def decode(rows):
        together.wait(5)
        return Decoder()(rows)

    def write():
        found.append(values(write_cache(path, SHAPE, decode)))

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [list(range(N))] * 2
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_only_what_is_superseded_is_deleted(tmp_path):
    kept = cache_path(tmp_path / "tiles", "tiles-8x8-more", b"other")
    for prefix, key in ("tiles-8x8", b"old"), ("tiles-8x8-more", b"other"), ("tiles-8x8", b"new"):
        last = cache_path(tmp_path / "tiles", prefix, key)
        write_cache(last, SHAPE, Decoder())
    assert set(tmp_path.iterdir()) == {kept, last}


def test_a_folder_that_is_read_only_stays_so_for_root_too(tmp_path, monkeypatch):
    monkeypatch.setattr("pooch.os_cache", lambda project: str(tmp_path / "elsewhere"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o555)
    assert cache_path(tmp_path / "data" / "x.zip", "x", b"").parent == tmp_path / "elsewhere"
    (tmp_path / "data").chmod(0o755)
    assert cache_path(tmp_path / "data" / "x.zip", "x", b"").parent == tmp_path / "data"
