"""What a killed process leaves beside a file goes when the file is written again."""

import os
import time

import pytest

from equipoise.atomic import ABANDONED, PARTIAL, replacing, write_new, write_text


def test_partial_files_of_the_same_name_are_removed_once_they_are_old(tmp_path):
    old = time.time() - ABANDONED - 10
    names = [f"{PARTIAL}model-1", f"{PARTIAL}model-2", f"{PARTIAL}other-1", "model-1"]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").touch()
        os.utime(tmp_path / name / "weights", (old, old))
        os.utime(tmp_path / name, (old, old))
    os.utime(tmp_path / names[1] / "weights")  # is still being written
    with replacing(tmp_path / "model") as partial:
        partial.mkdir()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["model", *names[1:]])


@pytest.mark.parametrize("write", [write_text, lambda path, text: write_new(path, text.encode())])
def test_a_write_leaves_nothing_beside_it(tmp_path, write):
    write(tmp_path / "one [1].json", "1")
    assert [p.name for p in tmp_path.iterdir()] == ["one [1].json"]
