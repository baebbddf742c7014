"""Files with random changes: every reader says what is wrong, or reads what is there.

``python benchmarks/damaged_files.py`` tries many more, and counts what comes out.
"""

import gzip
import io
import json
import os
import random
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from equipoise import ConvNetClassifier, DGCClassifier
from equipoise.datasets import DamagedFileError, load_dataset
from equipoise.datasets.idx import read_idx
from equipoise.datasets.mat import read_svhn
from equipoise.errors import InvalidInputError
from equipoise.experiments import load_experiment, store
from equipoise.runs.run import Run
from equipoise.runs.tables import read_table
from equipoise.training import Checkpoint

MUTATIONS = int(os.environ.get("EQUIPOISE_MUTATIONS", 40))
NUMBERS = (0, 1, 127, 128, 255)
X = np.random.default_rng(0).normal(size=(30, 2))
Y = (X[:, 0] > 0).astype(int)
JSON = [
    None,
    True,
    -1,
    0,
    1.5,
    2**40,
    float("nan"),
    "",
    "nope",
    [],
    [None],
    {},
    {"a": 1},
    "<U100000000",
]


def changed_bytes(content, draw):
    """Content with a few bytes changed, inserted or cut off, mostly near the beginning."""
    content = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        most = min(len(content), draw.choice([64, 256, 4096, len(content)]))
        place = draw.randrange(max(1, most))
        kind = draw.random()
        if kind < 0.6 and content:
            content[place] = draw.choice([*NUMBERS, draw.randrange(256)])
        elif kind < 0.75:
            content[place:place] = draw.randbytes(draw.randint(1, 8))
        elif kind < 0.9:
            del content[place : place + draw.randint(1, 16)]
        else:
            del content[place:]
    return bytes(content)


def changed_json(value, draw):
    """A value of JSON with one part of it replaced, removed or repeated."""
    value = json.loads(json.dumps(value))
    at = value
    while isinstance(at, (dict, list)) and at:
        key = draw.choice(list(at) if isinstance(at, dict) else range(len(at)))
        if not isinstance(at[key], (dict, list)) or not at[key] or draw.random() < 0.3:
            if draw.random() < 0.2:
                del at[key]
            else:
                at[key] = draw.choice(JSON)
            break
        at = at[key]
    return value


@pytest.fixture(params=range(2))
def draw(request):
    return random.Random(request.param)


def survives(read, *errors):
    """Read; the errors of the library have a message with a remedy."""
    try:
        return read()
    except errors as error:
        assert str(error)
    return None


def test_checkpoints(tmp_path, draw):
    path = tmp_path / "checkpoint.pt"
    model = ConvNetClassifier(max_epochs=2, random_state=0, callbacks=[Checkpoint(path)])
    model.fit(X, Y)
    content = path.read_bytes()
    for _ in range(MUTATIONS):
        path.write_bytes(changed_bytes(content, draw))
        survives(lambda: model.fit(X, Y), InvalidInputError)


@pytest.mark.parametrize("method", [ConvNetClassifier, DGCClassifier])
def test_saved_models(tmp_path, draw, method):
    method(max_epochs=1, random_state=0).fit(X, Y).save(tmp_path / "model")
    params, weights = tmp_path / "model/params.json", tmp_path / "model/weights.safetensors"
    text, tensors = params.read_bytes(), weights.read_bytes()
    for i in range(2 * MUTATIONS):
        if i % 4:
            params.write_text(json.dumps(changed_json(json.loads(text), draw)))
            weights.write_bytes(tensors)
        else:
            params.write_bytes(text)
            weights.write_bytes(changed_bytes(tensors, draw))
        model = survives(lambda: method.load(tmp_path / "model"), InvalidInputError)
        if model is not None:
            assert len(model.predict(X)) == len(X)


def test_matlab_files(tmp_path, draw):
    path = tmp_path / "train_32x32.mat"
    content = {"X": np.zeros((32, 32, 3, 2), np.uint8), "y": np.ones((2, 1))}
    savemat(path, content, do_compression=draw.random() < 0.5)
    whole = path.read_bytes()
    for _ in range(5 * MUTATIONS):
        path.write_bytes(changed_bytes(whole, draw))
        survives(lambda: read_svhn(path), DamagedFileError)


def test_idx_files(tmp_path, draw):
    path = tmp_path / "labels"
    whole = struct.pack(">HBBI", 0, 8, 1, 200) + draw.randbytes(200)
    for i in range(5 * MUTATIONS):
        damaged = changed_bytes(whole, draw)
        path.write_bytes(damaged if i % 2 else changed_bytes(gzip.compress(whole), draw))
        survives(lambda: read_idx(path), DamagedFileError)


def test_zip_files_of_images(tmp_path, draw):
    path, content = tmp_path / "images.zip", io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for i in range(4):
            image = io.BytesIO()
            Image.fromarray(np.full((4, 4), 50 * i, np.uint8)).save(image, "png")
            archive.writestr(f"{'ab'[i % 2]}/{i}.png", image.getvalue())
    for _ in range(MUTATIONS):
        path.write_bytes(changed_bytes(content.getvalue(), draw))
        survives(lambda: load_dataset("folder", path), ValueError)


@pytest.mark.filterwarnings("ignore")
def test_csv_files(tmp_path, draw):
    path = tmp_path / "table.csv"
    whole = "day,amount,kind,class\n" + "2020-01-02,1.5,x,a\n2020-01-03,,NA,b\n" * 4
    for _ in range(MUTATIONS):
        path.write_bytes(changed_bytes(whole.encode(), draw))
        survives(lambda: read_table(path, "class", None, None, None), ValueError)


EXPERIMENT = """
datasets = ["digits"]
seeds = [1, 2]
reference = "a"
[protocol]
sizes = "step"
ratio = 10
n_minority = 3
[samplers.smote]
class = "imblearn.over_sampling.SMOTE"
params = { k_neighbors = 3 }
[methods.a]
class = "sklearn.svm.SVC"
params = { C = 2.0 }
sampling_strategy = 0.5
sampler = "smote"
[methods.b]
class = "sklearn.svm.SVC"
tune = { gamma = ["scale", 0.1] }
[published.digits]
"a paper" = [0.9, 0.9, 0.9, 0.8, 0.7]
"""


def test_experiment_files(tmp_path, draw):
    path = tmp_path / "one.toml"
    path.write_text(EXPERIMENT)
    assert load_experiment(path).methods["b"]["tune"]
    for i in range(5 * MUTATIONS):
        path.write_bytes(changed_bytes(EXPERIMENT.encode(), draw))
        survives(lambda i=i: load_experiment(path, import_classes=i % 5 == 0), InvalidInputError)


def test_stored_records(tmp_path, draw):
    record = dict.fromkeys((*store.KEY, "treatment_label", "classifier_label", *store.SECONDS))
    record |= {"dataset": "digits", "treatment": "a", "seed": 1, "status": "done", "error": None}
    record |= {"metrics": {"acsa": 0.5}, "recall": [0.5, None], "finished": "2026", "spec": {}}
    path = store.append(tmp_path, record, None)
    stored = json.loads(path.read_text())
    for _ in range(5 * MUTATIONS):
        path.write_text(json.dumps(changed_json(stored, draw)))
        for found in survives(lambda: store.read_records(tmp_path), InvalidInputError) or ():
            assert store.name_of(found) and store.key_of(found)
            survives(lambda found=found: store.read_predictions(tmp_path, found), InvalidInputError)


def test_records_of_runs(tmp_path, draw):
    source = {"dataset": "digits", "data_dir": None, "image_size": None, "hair": "published"}
    data = {"source": source, "class_names": ["a"], "class_counts": [3], "fingerprint": "1"}
    settings = {"method": "IMSIC", "seed": 1, "parameters": {"n_codes": 2}}
    record = {"format": 1, "status": "trained", "settings": settings, "data": data}
    path = tmp_path / "run.json"
    (tmp_path / "model").mkdir()
    path.write_text(json.dumps(record))
    assert Run.open(tmp_path, "IMSIC").status == "trained"
    for i in range(5 * MUTATIONS):
        whole = json.dumps(changed_json(record, draw))
        path.write_bytes(changed_bytes(whole.encode(), draw) if i % 2 else whole.encode())
        survives(lambda: Run.open(tmp_path, "IMSIC"), ValueError)
