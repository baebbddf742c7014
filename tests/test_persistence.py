"""A fitted estimator survives saving, pickling, cloning and copying; foreign files survive too."""

import copy
import json
import os
import pickle
import stat

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from safetensors.torch import load_file, save_file
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from equipoise import IMSIC, ConvNetClassifier, DGCClassifier
from equipoise.errors import InvalidInputError


def reload(model, folder):
    model.save(folder / "model")
    return type(model).load(folder / "model")


@pytest.fixture
def fitted(blobs):
    """Classifier and table with which the files are tested, whatever is in them."""
    return ConvNetClassifier(max_epochs=1, random_state=0).fit(*blobs), blobs[0]


# The same model again -----------------------------------------------------------------------

WAYS = {
    "save": reload,
    "pickle": lambda model, folder: pickle.loads(pickle.dumps(model)),
    "deepcopy": lambda model, folder: copy.deepcopy(model),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["images", "flat images", "table", "frame"])
def test_predictions_are_the_same_to_the_bit(build, blobs, pictures, kind, way, tmp_path):
    parameters = {}
    if "images" in kind:
        X, y = pictures
        if kind == "flat images":
            X, parameters = X.reshape(len(X), 64), {"image_shape": (8, 8)}
    else:
        X, y = blobs
        if kind == "frame":
            X = pd.DataFrame(X, columns=["a", "b", "c"])
    names = np.array(["ant", "bee", "cicada"])
    model = build(**parameters).fit(X, names[y], np.linspace(0.5, 2, len(y)))
    again = WAYS[way](model, tmp_path)
    assert_array_equal(again.predict_log_proba(X), model.predict_log_proba(X))
    assert_array_equal(again.predict(X), model.predict(X))
    assert again.get_params() == model.get_params()
    for name in (
        name for name in vars(model) if name.endswith("_") and name not in ("network_", "forest_")
    ):
        one, other = getattr(model, name), getattr(again, name)
        assert type(one) is type(other), name
        assert_array_equal(one, other)
        assert getattr(one, "dtype", None) == getattr(other, "dtype", None), name
    if isinstance(model, DGCClassifier):
        one, other = (m.sample(2, random_state=3) for m in (model, again))
        assert type(one) is type(other)
        pd.testing.assert_frame_equal(
            *(pd.DataFrame(np.asarray(s).reshape(len(s), -1)) for s in (one, other))
        )


@pytest.mark.parametrize(
    "labels", [["b", "a"], [7, -7], [True, False], [2.0, 1.0], np.array(["b", "a"], object)]
)
def test_every_kind_of_label_is_saved(labels, tmp_path):
    y = np.repeat(labels, 3)
    model = ConvNetClassifier(max_epochs=1).fit(np.random.default_rng(0).normal(size=(6, 2)), y)
    again = reload(model, tmp_path)
    assert again.classes_.dtype == model.classes_.dtype
    assert_array_equal(again.classes_, model.classes_)


def test_every_parameter_is_saved(build, blobs, tmp_path):
    unusual = {
        "batch_size": np.int64(20),
        "learning_rate": np.float32(1e-3),
        "weight_decay": 0,
        "early_stopping": np.True_,
        "lr_schedule": np.str_("cosine"),
        "precision": "float32",
        "device": "cpu",
        "verbose": 0,
    }
    if build.func is DGCClassifier:
        unusual |= {"class_prior": np.array([0.5, 0.25, 0.25]), "head": "mlp"}
    model = build(**unusual).fit(*blobs)
    again = reload(model, tmp_path).get_params()
    for name, value in model.get_params().items():
        assert_array_equal(again[name], value)


def test_what_has_no_plain_form_is_left_out(build, blobs, tmp_path):
    from equipoise.training import JSONLines

    callbacks = [JSONLines(tmp_path / "history.jsonl")]
    model = build(random_state=np.random.RandomState(0), callbacks=callbacks).fit(*blobs)
    again = reload(model, tmp_path)
    assert again.callbacks is None
    assert again.random_state is None
    assert model.callbacks is callbacks


def test_a_loaded_model_can_train_on(build, blobs, tmp_path):
    again = reload(build(warm_start=True).fit(*blobs), tmp_path)
    assert len(again.fit(*blobs).history_) == 2


def test_columns_are_still_checked_after_loading(blobs, tmp_path):
    frame = pd.DataFrame(blobs[0], columns=["a", "b", "c"])
    again = reload(ConvNetClassifier(max_epochs=1).fit(frame, blobs[1]), tmp_path)
    with pytest.raises(ValueError, match="feature names"):
        again.predict(frame[["c", "b", "a"]])


def test_clone_is_unfitted_and_fits_to_the_same_model(build, blobs):
    X, y = blobs
    model = build().fit(X, y)
    other = clone(model)
    assert other.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        other.predict(X)
    assert_array_equal(other.fit(X, y).predict_proba(X), model.predict_proba(X))


def test_a_copy_is_independent(build, blobs):
    X, y = blobs
    model = build(warm_start=True, learning_rate=0.1).fit(X, y)
    expected = model.predict_proba(X)
    copy.deepcopy(model).fit(X, y)
    assert_array_equal(model.predict_proba(X), expected)


# Files --------------------------------------------------------------------------------------


def contents(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def test_saved_folder_holds_readable_json_and_weights(fitted, tmp_path):
    fitted[0].save(tmp_path / "deep" / "model")
    assert set(contents(tmp_path)) == {"deep/model/params.json", "deep/model/weights.safetensors"}
    described = json.loads((tmp_path / "deep" / "model" / "params.json").read_text())
    assert described["class"] == "ConvNetClassifier"
    assert set(described["versions"]) == {"equipoise", "torch", "numpy"}
    assert described["params"]["max_epochs"] == 1


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_others_may_read_what_the_umask_lets_them(fitted, tmp_path):
    before = os.umask(0o022)
    try:
        fitted[0].save(tmp_path / "model")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "model").stat().st_mode) == 0o755


@pytest.mark.parametrize("as_text", [False, True])
def test_an_earlier_save_is_replaced(blobs, pictures, tmp_path, as_text):
    path = tmp_path / "model"
    path = str(path) if as_text else path
    ConvNetClassifier(max_epochs=1).fit(*pictures).save(path)
    model = ConvNetClassifier(max_epochs=1).fit(*blobs)
    model.save(path)
    assert_array_equal(ConvNetClassifier.load(path).predict(blobs[0]), model.predict(blobs[0]))
    assert len(list(tmp_path.iterdir())) == 1


def test_an_empty_folder_and_the_present_one_can_be_used(fitted, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    fitted[0].save(tmp_path / "empty")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    fitted[0].save(".")
    assert set(contents(tmp_path / "here")) == {"params.json", "weights.safetensors"}


@pytest.mark.parametrize("name", ["weights.safetensors", "params.json"])
def test_a_save_that_fails_leaves_the_earlier_one(fitted, tmp_path, monkeypatch, name):
    model, _ = fitted
    model.save(tmp_path / "model")
    before = contents(tmp_path)

    def full(*arguments, **keywords):
        raise OSError("no space left")

    if name == "params.json":
        monkeypatch.setattr("pathlib.Path.write_text", full)
    else:
        monkeypatch.setattr("equipoise.persistence.save_file", full)
    for path in ("model", "other"):
        with pytest.raises(OSError, match="no space left"):
            model.save(tmp_path / path)
    assert contents(tmp_path) == before
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("platform", ["darwin", "linux"])
def test_an_earlier_save_is_there_until_the_new_one_is(fitted, tmp_path, monkeypatch, platform):
    model, _ = fitted
    model.save(tmp_path / "model")
    before = contents(tmp_path)
    moved = []

    def refuse(source, target):
        moved.append(target)
        if len(moved) == 2 and platform == "darwin":  # which cannot exchange two folders
            raise OSError("moved by someone else")
        real(source, target)

    real = os.replace
    monkeypatch.setattr("os.replace", refuse)
    monkeypatch.setattr("sys.platform", platform)
    if platform == "darwin":
        with pytest.raises(OSError, match="someone else"):
            model.save(tmp_path / "model")
    else:
        model.save(tmp_path / "model")
        assert not moved
    assert contents(tmp_path) == before


FOREIGN = [
    {"thesis.tex": "x"},
    {"params.json": "{}", "thesis.tex": "x"},
    {"chapter/thesis.tex": "x"},
]


@pytest.mark.parametrize("files", FOREIGN)
def test_a_folder_with_other_things_is_left_alone(fitted, tmp_path, files):
    folder = tmp_path / "mine"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    before = contents(tmp_path)
    with pytest.raises(
        InvalidInputError, match="mine' is a file, or a folder that contains other files"
    ):
        fitted[0].save(folder)
    assert contents(tmp_path) == before


def test_a_file_is_left_alone(fitted, tmp_path):
    (tmp_path / "model").write_text("mine")
    with pytest.raises(InvalidInputError, match="model' is a file.*Choose another"):
        fitted[0].save(tmp_path / "model")
    assert contents(tmp_path) == {"model": b"mine"}


def test_an_unfitted_estimator_is_not_saved(build, tmp_path):
    with pytest.raises(NotFittedError):
        build().save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_loading_nothing(tmp_path):
    (tmp_path / "file").write_text("x")
    for name in ("missing", ".", "file"):
        with pytest.raises(
            InvalidInputError, match="contains no saved estimator: params.json is miss"
        ):
            ConvNetClassifier.load(tmp_path / name)


def test_loading_another_class(fitted, tmp_path):
    fitted[0].save(tmp_path / "model")
    with pytest.raises(
        InvalidInputError,
        match="contains a saved ConvNetClassifier, which DGCClassifier.load does not",
    ):
        DGCClassifier.load(tmp_path / "model")


def without(*keys):
    """Edit that removes an entry from the JSON file."""

    def edit(folder):
        text = json.loads((folder / "params.json").read_text())
        inner = text
        for key in keys[:-1]:
            inner = inner[key]
        del inner[keys[-1]]
        (folder / "params.json").write_text(json.dumps(text))

    return edit


def cut(name, size):
    return lambda folder: os.truncate(folder / name, size)


def with_parameter(folder):
    text = json.loads((folder / "params.json").read_text())
    text["params"]["of_next_year"] = 1
    (folder / "params.json").write_text(json.dumps(text))


DAMAGES = {
    "empty JSON": cut("params.json", 0),
    "JSON cut short": cut("params.json", 100),
    "a number": lambda folder: (folder / "params.json").write_text("1"),
    "a list": lambda folder: (folder / "params.json").write_text("[1, 2]"),
    "no text": lambda folder: (folder / "params.json").write_bytes(b"\xff\xfe\x00"),
    "no class": without("class"),
    "no classes": without("classes"),
    "no codec": without("codec", "columns"),
    "unknown parameter": with_parameter,
    "empty weights": cut("weights.safetensors", 0),
    "weights cut short": cut("weights.safetensors", 1000),
    "no weights": lambda folder: (folder / "weights.safetensors").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_loading_something_damaged(fitted, tmp_path, damage):
    fitted[0].save(tmp_path / "model")
    DAMAGES[damage](tmp_path / "model")
    with pytest.raises(
        InvalidInputError, match="model' contains a damaged estimator.*Save it again"
    ):
        ConvNetClassifier.load(tmp_path / "model")


def test_weights_of_another_network_are_refused(fitted, pictures, tmp_path):
    fitted[0].save(tmp_path / "one")
    ConvNetClassifier(max_epochs=1).fit(*pictures).save(tmp_path / "two")
    os.replace(tmp_path / "two" / "weights.safetensors", tmp_path / "one" / "weights.safetensors")
    with pytest.raises(InvalidInputError, match="damaged"):
        ConvNetClassifier.load(tmp_path / "one")


def test_class_weights_keep_the_labels_they_are_for(blobs, tmp_path):
    X, y = blobs
    weights = {np.int64(0): np.float32(2), 2: 0.5}
    model = ConvNetClassifier(max_epochs=1, random_state=0, class_weight=weights).fit(X, y)
    model.save(tmp_path / "model")
    loaded = ConvNetClassifier.load(tmp_path / "model")
    assert loaded.class_weight == weights
    assert_array_equal(loaded.fit(X, y).predict_proba(X), model.predict_proba(X))


def test_parameters_of_another_network_are_not_saved(blobs, tmp_path):
    model = DGCClassifier(max_epochs=1, latent_dim=4).fit(*blobs)
    with pytest.raises(InvalidInputError, match="describe a network with other layers"):
        model.set_params(latent_dim=5).save(tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_dates_as_labels_cannot_be_saved(blobs, tmp_path):
    X, y = blobs
    labels = np.array(["2024-01-01", "2024-01-02", "2024-01-03"], "datetime64[s]")[y]
    model = ConvNetClassifier(max_epochs=1).fit(X, labels)
    with pytest.raises(InvalidInputError, match="cannot be saved. Fit with strings or numbers"):
        model.save(tmp_path / "model")


def test_a_pickle_holds_the_network_on_the_cpu(blobs):
    X, y = blobs
    model = ConvNetClassifier(max_epochs=1).fit(X, y)
    moved = []
    model.network_.cpu = lambda: moved.append("cpu")
    state = model.__getstate__()
    assert moved == ["cpu"] and state["network_"] is model.network_
    assert "network_" not in ConvNetClassifier().__getstate__()


# What a folder may not ask for ---------------------------------------------------------------


def change(folder, **values):
    """Change parameters, or with a name of another key that key, of a saved estimator."""
    path = folder / "params.json"
    content = json.loads(path.read_text())
    for name, value in values.items():
        (content["params"] if name in content["params"] else content)[name] = value
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"inference": "nope"}, "The 'inference' parameter of DGCClassifier must be"),
        ({"device": "nope"}, "The 'device' parameter of DGCClassifier must be"),
        ({"callbacks": [None]}, "callbacks contains None"),
        ({"classes_dtype": "<U100000000"}, "classes_dtype is '<U100000000'"),
        ({"latent_dim": 2_000_000}, "the parameters describe .* the weights as"),
        ({"n_features_in": 7}, "expecting 7 features"),
        ({"classes": [0, 0]}, "a class twice"),
    ],
)
def test_absurd_parameters_are_refused(blobs, tmp_path, values, complaint):
    X, y = blobs
    DGCClassifier(max_epochs=1, random_state=0).fit(X, y > 0).save(tmp_path / "model")
    change(tmp_path / "model", **values)
    with pytest.raises(InvalidInputError, match=f"damaged estimator.*{complaint}"):
        DGCClassifier.load(tmp_path / "model")


def test_a_strategy_that_no_resampling_takes_is_refused(blobs, tmp_path):
    IMSIC(max_epochs=1, random_state=0).fit(*blobs).save(tmp_path / "model")
    change(tmp_path / "model", sampling_strategy="nope")
    with pytest.raises(InvalidInputError, match="The 'sampling_strategy' parameter of IMSIC must"):
        IMSIC.load(tmp_path / "model")


def test_a_device_that_this_machine_lacks_can_be_loaded(fitted, tmp_path):
    fitted[0].save(tmp_path / "model")
    change(tmp_path / "model", device="cuda:63")
    assert ConvNetClassifier.load(tmp_path / "model").device == "cuda:63"


@pytest.mark.parametrize("damage", ["NaN", "integers"])
def test_absurd_weights_are_refused(fitted, tmp_path, damage):
    fitted[0].save(tmp_path / "model")
    path = tmp_path / "model" / "weights.safetensors"
    weights = load_file(path)
    name = next(name for name, tensor in weights.items() if tensor.is_floating_point())
    if damage == "NaN":
        weights[name] = weights[name] * float("nan")
    else:
        weights[name] = weights[name].long()
    save_file(weights, path)
    with pytest.raises(InvalidInputError, match="contains NaN" if damage == "NaN" else "I64"):
        ConvNetClassifier.load(tmp_path / "model")


@pytest.mark.parametrize("value", ["training", 0.5, None])
def test_parameters_are_checked_again_when_they_are_used(blobs, value):
    X, y = blobs
    model = DGCClassifier(max_epochs=1, random_state=0).fit(X, y > 0)
    model.set_params(class_prior=value)
    for use in (lambda: model.predict(X), lambda: model.sample(1)):
        with pytest.raises(
            ValueError, match="The 'class_prior' parameter of DGCClassifier must be"
        ):
            use()
