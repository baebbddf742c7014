"""The store of results: loose files, packed ones, and the two side by side."""

import errno
import io
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from equipoise.errors import DiskFullError, InvalidInputError
from equipoise.experiments import store

BLANK = dict.fromkeys((*store.KEY, "treatment_label", "classifier_label", *store.SECONDS))
METRICS = {"acsa": 0.1 + 0.2, "f_macro": 1 / 3}  # floats with many digits


def record(treatment="smote", classifier="lr", dataset="keel:one", seed=1, **others):
    job = {"dataset": dataset, "treatment": treatment, "classifier": classifier, "seed": seed}
    rest = {"status": "done", "finished": "2026-01-02T03:04:05+00:00", "scored_on": "test"}
    return (
        BLANK
        | job
        | rest
        | {"metrics": METRICS, "recall": [0.5, None], "fit_seconds": 0.7}
        | others
    )


def failed(**others):
    return record(status="failed", metrics=None, error="no memory", **others)


def sampler(**others):
    return record(None, None, sampler="imsic", metrics=None, **others)


def predictions(n=7, n_classes=3, seed=0, folds=True):
    rng = np.random.default_rng(seed)
    arrays = {"y_true": rng.integers(n_classes, size=n), "y_pred": rng.integers(n_classes, size=n)}
    if folds:
        arrays["fold"] = np.arange(n) % 2
    if n_classes:
        arrays["proba"] = rng.dirichlet(np.ones(n_classes), n).astype(np.float16)
    return arrays


def npz(arrays):
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return content.getvalue()


def append(folder, one, arrays=None):
    """Store a record, and return it as it should come back."""
    path = store.append(folder, one, None if arrays is None else npz(arrays))
    return one | {"attempt": int(path.stem.partition(".")[2])}


def same_arrays(one, other):
    assert list(one) == list(other)
    for name, array in one.items():
        assert array.dtype == other[name].dtype
        np.testing.assert_array_equal(array, other[name])
    return True


def files(folder):
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if name != ".lock")


def forget_pyarrow(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)


@pytest.fixture(params=["loose", "packed", "half packed"])
def storing(request):
    """Pack what is stored: never, always, or in the middle."""

    def pack(folder, when):
        if request.param == "packed" or (request.param == "half packed" and when == "middle"):
            store.pack(folder)

    return pack


def test_records_and_predictions_come_back_as_they_were(tmp_path, storing):
    stored = [
        append(tmp_path, sampler(seed=2)),
        append(tmp_path, record("dgc", None), whole := predictions(folds=False)),
        append(tmp_path, record(seed=10), of_folds := predictions(seed=1)),
    ]
    storing(tmp_path, "middle")
    stored += [
        append(
            tmp_path,
            record(seed=9),
            no_proba := {"y_true": np.arange(4), "y_pred": np.ones(4, int)},
        ),
        append(tmp_path, failed(dataset="digits")),
        append(tmp_path, record("dgc", "lr"), two := predictions(n_classes=2)),
    ]
    storing(tmp_path, "end")
    of_sampler, alone, ten, nine, digits, product = stored
    assert store.read_records(tmp_path) == [digits, of_sampler, alone, product, nine, ten]
    for one, arrays in ((alone, whole), (ten, of_folds), (nine, no_proba), (product, two)):
        assert same_arrays(store.read_predictions(tmp_path, one), arrays)
    assert store.read_predictions(tmp_path, of_sampler) is None
    assert store.read_predictions(tmp_path, digits) is None


def test_the_last_finished_attempt_counts_and_else_the_last(tmp_path, storing):
    for error in map(str, range(3)):
        append(tmp_path, failed(seed=2) | {"error": error})
    append(tmp_path, record(), predictions(seed=1))
    storing(tmp_path, "middle")
    second = append(tmp_path, record(), arrays := predictions(seed=2))
    for error in map(str, range(3, 9)):
        last = append(tmp_path, failed(seed=2) | {"error": error})  # attempt 10 is after attempt 9
    append(tmp_path, failed())
    storing(tmp_path, "end")
    assert (second["attempt"], last["attempt"]) == (2, 9)
    append(tmp_path, failed(seed=2))
    last = append(tmp_path, failed(seed=2) | {"error": "the last"})
    assert last["attempt"] == 11
    assert store.read_records(tmp_path) == [second, last]
    assert same_arrays(store.read_predictions(tmp_path, second), arrays)
    numbers = [one["attempt"] for one in store.read_attempts(tmp_path).values() if one["seed"] == 2]
    assert numbers == [*range(1, 12)]


def test_loose_files_have_names_for_every_file_system(tmp_path):
    append(tmp_path, record(), predictions())
    append(tmp_path, record("dgc", None, dataset="digits"))
    append(tmp_path, sampler(dataset="digits", seed=3))
    assert files(tmp_path) == [
        *("digits/dgc/1.1.json", "digits/sampler-imsic/3.1.json"),
        *("keel-one/smote+lr/1.1.json", "keel-one/smote+lr/1.1.npz"),
    ]


def test_held_out_results_are_apart(tmp_path):
    folders = [store.folder_of(tmp_path, "tiny", held_out) for held_out in (False, True)]
    assert [folder.name for folder in folders] == ["tiny", "tiny@held-out"]
    scored = [
        append(folder, record(scored_on=name)) for folder, name in zip(folders, "ab", strict=True)
    ]
    for folder, one in zip(folders, scored, strict=True):
        assert store.pack(folder) == 1
        assert store.read_records(folder) == [one]


def test_a_folder_that_is_not_there_is_empty(tmp_path):
    assert store.read_records(tmp_path / "none") == []
    assert store.pack(tmp_path / "none") == 0
    assert not (tmp_path / "none").exists()


def test_packing_leaves_two_files_and_does_nothing_twice(tmp_path):
    append(tmp_path, record(), predictions())
    append(tmp_path, failed())
    assert store.pack(tmp_path) == 2
    assert files(tmp_path) == ["predictions.parquet", "records.parquet"]
    assert not (tmp_path / "keel-one").exists()
    before = [(tmp_path / name).read_bytes() for name in files(tmp_path)]
    assert store.pack(tmp_path) == 0
    assert [(tmp_path / name).read_bytes() for name in files(tmp_path)] == before


def test_packed_records_are_a_table_of_numbers(tmp_path):
    append(tmp_path, record(), predictions())
    append(tmp_path, failed(seed=2))
    append(tmp_path, sampler())
    store.pack(tmp_path)
    table = pd.read_parquet(tmp_path / "records.parquet").set_index(["sampler", "seed"])
    assert table["acsa"].tolist()[1] == METRICS["acsa"]
    assert table["acsa"].isna().tolist() == [True, False, True]
    assert table["status"].tolist() == ["done", "done", "failed"]
    assert (table["attempt"] == 1).all()
    (predicted,) = pd.read_parquet(tmp_path / "predictions.parquet")["y_pred"]
    np.testing.assert_array_equal(predicted, predictions()["y_pred"])


@pytest.mark.parametrize("moment", ["between the two files", "before deleting", "while deleting"])
def test_a_pack_that_is_killed_loses_nothing_and_counts_nothing_twice(
    tmp_path, monkeypatch, moment
):
    one = append(tmp_path, record(), arrays := predictions())
    two = append(tmp_path, record(seed=2), predictions(seed=2))
    replace, unlink, seen = os.replace, Path.unlink, []

    class KilledError(BaseException):
        pass

    def killed_replace(source, target):
        if moment == "between the two files" and Path(target).name == "records.parquet":
            raise KilledError
        replace(source, target)

    def killed_unlink(path, missing_ok=False):
        seen.extend([path] if path.suffix in (".json", ".npz") else [])
        if moment == "before deleting" and seen or len(seen) > 1:
            raise KilledError
        unlink(path, missing_ok)

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr("os.replace", killed_replace)
        patch.setattr(Path, "unlink", killed_unlink)
        store.pack(tmp_path)
    for _ in range(2):
        assert store.read_records(tmp_path) == [one, two]
        assert len(store.read_attempts(tmp_path)) == 2
        assert same_arrays(store.read_predictions(tmp_path, one), arrays)
        store.pack(tmp_path)
    assert files(tmp_path) == ["predictions.parquet", "records.parquet"]


def test_what_another_command_appends_during_a_pack_is_kept(tmp_path, monkeypatch):
    one = append(tmp_path, record(), predictions())
    replace, later = os.replace, []

    def slow(source, target):
        if not later:
            later.append(append(tmp_path, record(), predictions(seed=1)))
            later.append(append(tmp_path, record(seed=2), predictions(seed=2)))
        replace(source, target)

    monkeypatch.setattr("os.replace", slow)
    assert store.pack(tmp_path) == 1
    monkeypatch.undo()
    for _ in range(2):
        assert list(store.read_attempts(tmp_path).values()) == [one, *later]
        for seed, stored in enumerate([one, *later]):
            assert same_arrays(store.read_predictions(tmp_path, stored), predictions(seed=seed))
        store.pack(tmp_path)


def test_commands_that_append_at_the_same_time_keep_all_attempts(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        errors = [str(i) for i in range(80)]
        list(pool.map(lambda error: append(tmp_path, failed() | {"error": error}), errors))
    stored = store.read_attempts(tmp_path).values()
    assert sorted(one["error"] for one in stored) == sorted(errors)
    assert [one["attempt"] for one in stored] == [*range(1, 81)]


def test_an_attempt_is_never_replaced(tmp_path):
    append(tmp_path, record(), predictions())
    content = (tmp_path / "keel-one/smote+lr/1.1.json").read_bytes()
    append(tmp_path, failed(), None)
    assert (tmp_path / "keel-one/smote+lr/1.1.json").read_bytes() == content
    store.pack(tmp_path)
    assert append(tmp_path, record())["attempt"] == 3
    assert append(tmp_path, record("smote", None))["attempt"] == 1


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[]", b"\xff"])
def test_a_damaged_record_is_named(tmp_path, content):
    path = store.append(tmp_path, record(), None)
    path.write_bytes(content)
    for reads in (store.read_records, store.pack):
        with pytest.raises(InvalidInputError, match="damaged record.*Delete it") as error:
            reads(tmp_path)
        assert str(path) in str(error.value)
    assert path.read_bytes() == content


def test_damaged_predictions_are_named_and_kept(tmp_path):
    one = append(tmp_path, record(), predictions())
    (path,) = tmp_path.rglob("*.npz")
    path.write_bytes(path.read_bytes()[:100])
    for read in (lambda: store.pack(tmp_path), lambda: store.read_predictions(tmp_path, one)):
        with pytest.raises(InvalidInputError, match="is damaged") as error:
            read()
        assert str(path) in str(error.value)
    assert files(tmp_path) == ["keel-one/smote+lr/1.1.json", "keel-one/smote+lr/1.1.npz"]


@pytest.mark.parametrize("name", ["records.parquet", "predictions.parquet"])
@pytest.mark.parametrize("change", ["cut", "overwritten", "one bit"])
def test_a_damaged_packed_file_is_named(tmp_path, name, change):
    one = append(tmp_path, record(), predictions())
    store.pack(tmp_path)
    append(tmp_path, record(seed=2), predictions())
    path = tmp_path / name
    content = path.read_bytes()
    footer = 8 + int.from_bytes(content[-8:-4], "little")
    damaged = {
        "cut": content[:-20],
        "overwritten": b"?" * (len(content) - footer) + content[-footer:],
        "one bit": content[: -footer - 3]
        + bytes([content[-footer - 3] ^ 1])
        + content[-footer - 2 :],
    }
    path.write_bytes(damaged[change])
    reads = [lambda: store.pack(tmp_path)]
    if name == "records.parquet":
        reads.append(lambda: store.read_records(tmp_path))
    else:
        reads.append(lambda: store.read_predictions(tmp_path, one))
    for read in reads:
        with pytest.raises(InvalidInputError, match="is damaged") as error:
            read()
        assert str(path) in str(error.value)
    assert "keel-one/smote+lr/2.1.json" in files(tmp_path)


def test_without_pyarrow_loose_files_work_and_packed_ones_say_what_to_install(
    tmp_path, monkeypatch
):
    one = append(tmp_path, record(), arrays := predictions())
    with monkeypatch.context() as patch:
        forget_pyarrow(patch)
        two = append(tmp_path, record(seed=2), predictions())
        assert store.read_records(tmp_path) == [one, two]
        assert same_arrays(store.read_predictions(tmp_path, one), arrays)
        with pytest.raises(InvalidInputError, match=r"pip install 'equipoise\[bench\]'"):
            store.pack(tmp_path)
        assert len(files(tmp_path)) == 4
    store.pack(tmp_path)
    forget_pyarrow(monkeypatch)
    reads = (
        lambda: store.read_records(tmp_path),
        lambda: store.read_predictions(tmp_path, one),
        lambda: store.append(tmp_path, record(), None),
    )
    for read in reads:
        with pytest.raises(InvalidInputError, match=r"pip install 'equipoise\[bench\]'"):
            read()


@pytest.mark.parametrize("call", ["pathlib.Path.write_bytes", "os.fsync", "os.link"])
def test_a_full_disk_stores_nothing_and_is_named(tmp_path, monkeypatch, call):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(call, full)
        with pytest.raises(DiskFullError, match=r"1\.1\.npz cannot be written: the disk is full"):
            append(tmp_path, record(), predictions())
    assert files(tmp_path) == [] and store.read_records(tmp_path) == []
    assert append(tmp_path, record(), predictions())["attempt"] == 1


def test_a_file_system_without_links_stores_too(tmp_path, monkeypatch):
    def no_links(*arguments):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", no_links)
    one = append(tmp_path, record(), predictions())
    two = append(tmp_path, record(), predictions())
    assert [record["attempt"] for record in (one, two)] == [1, 2]
    assert store.read_records(tmp_path) == [two]
