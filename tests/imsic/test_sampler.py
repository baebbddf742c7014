"""IMSIC as a sampler of imbalanced-learn: counts, containers, provenance, parameters."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from imblearn.pipeline import make_pipeline
from scipy.stats import ks_2samp
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.tree import DecisionTreeClassifier

from equipoise import IMSIC
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.imsic.sampling import draw_codes, draw_confident
from equipoise.training import Callback

TINY = {"max_epochs": 1, "batch_size": 16, "random_state": 0}


def counts(y):
    values, n = np.unique(y, return_counts=True)
    return dict(zip(values.tolist(), n.tolist(), strict=True))


def test_originals_come_first_and_untouched_and_classes_are_filled(trained, few_digits):
    X, y = few_digits
    before = X.copy()
    with pytest.warns(UserWarning, match=r"'four' has 5 rows.*min_class_size=8"):
        X_new, y_new = trained.resample(X, y)
    assert (X == before).all() and (X_new[: len(X)] == X).all() and (y_new[: len(y)] == y).all()
    assert X_new.dtype == X.dtype and X_new.shape[1:] == X.shape[1:]
    assert set(counts(y_new).values()) == {120}
    assert trained.synthetic_mask_.tolist() == [False] * len(X) + [True] * (len(X_new) - len(X))
    added = {label: n for label, n in trained.sampling_strategy_.items() if n}
    assert added == {"three": 100, "four": 115}


@pytest.mark.parametrize(
    ("strategy", "wanted"),
    [
        ({"three": 25}, {"three": 5}),
        ("minority", {"four": 115}),
        ("not minority", {"three": 100}),
        ("all", {"three": 100, "four": 115}),
        (lambda y: {"three": 30, "one": 130}, {"three": 10, "one": 10}),
    ],
)
def test_every_form_of_sampling_strategy_without_training_again(
    sampler, few_digits, strategy, wanted
):
    X, y = few_digits
    weights = copy.deepcopy(sampler.network_.state_dict())
    sampler.set_params(min_class_size=1)
    y_new = sampler.resample(X, y, sampling_strategy=strategy)[1]
    added = {k: n - counts(y)[k] for k, n in counts(y_new).items() if n > counts(y)[k]}
    assert added == wanted
    assert sampler.sampling_strategy == "auto"
    for name, value in sampler.network_.state_dict().items():
        assert torch.equal(value, weights[name])


def test_a_float_strategy_for_two_classes():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), np.repeat([0, 1], [45, 15])
    y_new = IMSIC(sampling_strategy=0.8, **TINY).fit_resample(X, y)[1]
    assert counts(y_new) == {0: 45, 1: 36}


def test_fit_resample_is_fit_and_resample(few_digits):
    X, y = few_digits
    one = IMSIC(min_class_size=1, **TINY)
    two = IMSIC(min_class_size=1, **TINY).fit(X, y)
    assert one.fit(X, y).sampling_strategy_["four"] == 115
    assert (one.fit_resample(X, y)[0] == two.resample(X, y)[0]).all()


def test_a_frame_comes_back_as_a_frame_with_its_dtypes():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=40), "n": rng.integers(0, 9, 40)}, index=range(5, 45))
    y = pd.Series(np.repeat(["x", "y"], [30, 10]), name="label")
    X_new, y_new = IMSIC(**TINY).fit_resample(X, y)
    assert X_new.dtypes.equals(X.dtypes) and list(X_new) == ["a", "n"] and y_new.name == "label"
    assert counts(y_new) == {"x": 30, "y": 30}


def test_in_a_pipeline_under_cross_validation():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [40, 20, 10])
    X = rng.normal(size=(70, 3)) + 6 * np.eye(3)[y]
    sampler = IMSIC(min_class_size=2, **{**TINY, "max_epochs": 50})
    model = make_pipeline(sampler, DecisionTreeClassifier(random_state=0))
    assert cross_val_score(model, X, y, cv=3).mean() > 0.8


def test_in_a_grid_search():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [40, 20])
    X = rng.normal(size=(60, 3)) + 6 * np.eye(3)[y]
    model = make_pipeline(IMSIC(**TINY), DecisionTreeClassifier(random_state=0))
    search = GridSearchCV(model, {"imsic__structure_weight": [0.1, 1.0]}, cv=2).fit(X, y)
    assert search.best_score_ > 0.9


def test_flat_images_are_images(few_digits):
    X, y = few_digits
    flat = IMSIC(image_shape=(8, 8), **TINY).fit(X.reshape(len(X), -1), y)
    assert flat.input_shape_ == (8, 8, 1)
    expected = IMSIC(**TINY).fit(X, y).sample(3, "one")
    assert (flat.sample(3, "one") == expected.reshape(3, -1)).all()


def test_tiny_classes_are_interpolated_within_their_rows(trained, few_digits):
    X, y = few_digits
    with pytest.warns(UserWarning, match="interpolated"):
        X_new = trained.resample(X, y, sampling_strategy={"four": 60})[0]
    made, real = X_new[len(X) :].astype(int), X[y == "four"].astype(int)
    assert len(made) == 55
    assert (made >= real.min(0)).all() and (made <= real.max(0)).all()
    assert not (made[:, None] == real).all((2, 3)).any(1).all()  # not copies alone


def test_a_single_row_is_repeated(few_digits):
    X, y = few_digits
    keep = (y != "four") | (np.cumsum(y == "four") == 1)
    sampler = IMSIC(**TINY)
    with pytest.warns(UserWarning, match="'four' has 1 row,"):
        X_new, y_new = sampler.fit_resample(X[keep], y[keep])
    assert (X_new[y_new == "four"] == X_new[y_new == "four"][0]).all()


def test_sample_repeats_a_single_row(tmp_path):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), columns=["a", "b"])
    y = np.where(np.arange(40) < 39, X["a"] > 0, 2)
    sampler = IMSIC(**TINY).fit(X, y)
    with pytest.warns(UserWarning, match="Class 2 has a single row.*it is repeated"):
        X_new, labels = sampler.sample(5, return_labels=True)
    np.testing.assert_allclose(X_new[labels == 2], X[39:].to_numpy().repeat(5, 0), rtol=1e-5)
    assert X_new[labels == 1]["a"].nunique() == 5
    sampler.save(tmp_path / "model")
    with pytest.warns(UserWarning, match=r"it is generated, because remember\(\) has not"):
        IMSIC.load(tmp_path / "model").sample(5, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sampler.set_params(min_class_size=1).sample(5, 2)["a"].nunique() == 5


def test_min_confidence_drops_candidates_and_counts_them(sampler, few_digits):
    X, y = few_digits
    strategy = {"one": 160}
    sampler.set_params(min_confidence=0.6)
    X_new, y_new = sampler.resample(X, y, sampling_strategy=strategy)
    assert counts(y_new)["one"] == 160
    assert sampler.n_rejected_["one"] > 0
    x = sampler._codec.encode(X_new[len(X) :])
    with torch.inference_mode():
        share = sampler.network_.discriminator(x, None).category.softmax(1)[:, 1]
    assert (share > 0.55).all()  # rounded to whole grey levels since
    sampler.set_params(min_confidence=1 - 1e-9)
    with pytest.raises(InvalidParameterError, match=r"min_confidence=.*'one'"):
        sampler.resample(X, y, sampling_strategy=strategy)


def test_tables_leave_out_what_the_head_finds_all_but_impossible():
    rng = np.random.default_rng(0)
    y = np.arange(400) < 60
    a = rng.choice(["r", "s"], 400)
    b = np.where(y, a, np.where(a == "r", "s", "r"))  # alike in the rare rows, and only there
    X = pd.DataFrame({"a": a, "b": b, "c": rng.normal(size=400)})
    sampler = IMSIC(max_epochs=15, random_state=0).fit(X, y)

    def unlike(**parameters):
        rows, _ = sampler.set_params(**parameters).resample(X, y)
        assert len(rows) == 680
        return (rows["a"] != rows["b"])[400:].sum(), sampler.n_rejected_[True]

    wrong, rejected = unlike(min_confidence=0)
    assert wrong > 0
    assert rejected == 0
    fewer, rejected = unlike(min_confidence="auto")
    assert fewer < wrong / 2
    assert rejected > 0

    with torch.no_grad():  # a head that does not know the class
        sampler.network_.discriminator.category.bias[1] -= 100
    with pytest.warns(UserWarning, match="class True: 0 of 5,600 candidates reach it, of 280 want"):
        best, rejected = unlike(min_confidence="auto")
    assert best < wrong / 2
    assert rejected == 5600 - 280
    with pytest.raises(
        InvalidParameterError, match=r"min_confidence=0\.02 .* 0 of 5,600 candidates"
    ):
        unlike(min_confidence=0.02)


def test_confident_draws_in_their_order_then_the_best_of_the_others():
    given = iter([0.8, 0.1, 0.5, 0.2, 0.9, 0.4, 0.3, 0.7])

    def draw(n):
        return torch.tensor([next(given) for _ in range(n)])

    rows, n_drawn, n_confident = draw_confident(draw, lambda x: x, 4, 0.6, most_draws=6)
    assert rows.tolist() == pytest.approx([0.8, 0.9, 0.5, 0.4])  # 4, then the 3 and 2 that lack
    assert (n_drawn, n_confident) == (7, 2)


def test_sampling_is_reproducible_and_varied(trained):
    a, b, c = (
        trained.sample(20, "one"),
        trained.sample(20, "one"),
        trained.sample(20, "one", random_state=1),
    )
    assert (a == b).all() and not (a == c).all()
    assert a.dtype == np.uint8 and a.shape == (20, 8, 8)
    assert len(np.unique(a.reshape(20, -1), axis=0)) == 20
    still = trained.sample(5, "one", codes={"a": 0, "b": 0, "c": 0, "d": 0}, noise_scale=0)
    assert (still == still[0]).all()


def test_codes_by_name_and_number_are_the_same(trained):
    by_name = trained.sample(4, "one", codes={"c": [-1, 0, 0.5, 1]})
    assert (by_name == trained.sample(4, "one", codes={2: [-1, 0, 0.5, 1]})).all()
    assert not (by_name == trained.sample(4, "one", codes={"c": [1, 0, 0.5, -1]})).all()


def test_generated_classes_are_recognised(trained, few_digits):
    """A classifier of real digits knows what the sampler drew."""
    from sklearn.svm import SVC

    X, y = few_digits
    judge = SVC().fit(X.reshape(len(X), -1), y)
    for label in ("zero", "one", "two"):
        made = trained.sample(50, label).reshape(50, -1)
        assert (judge.predict(made) == label).mean() > 0.8


def test_fit_leaves_inputs_and_the_global_generator_alone(few_digits):
    X, y = few_digits
    X.flags.writeable = False
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    for architecture in ("compact", "paper"):
        a = IMSIC(architecture=architecture, **TINY).fit(X, y)
        b = IMSIC(architecture=architecture, **TINY).fit(X, y)
        assert (a.sample(3) == b.sample(3)).all()
    assert torch.rand(1) == expected


def test_pickle_and_save_keep_samples_and_names(sampler, tmp_path):
    sampler.rename_codes({"a": "slant"})
    expected = sampler.sample(2, codes={"slant": 1})
    assert (pickle.loads(pickle.dumps(sampler)).sample(2, codes={"slant": 1}) == expected).all()
    sampler.save(tmp_path / "gan")
    loaded = IMSIC.load(tmp_path / "gan")
    assert (loaded.sample(2, codes={"slant": 1}) == expected).all()
    assert loaded.structure_ == sampler.structure_
    assert loaded.sampling_strategy_ == sampler.sampling_strategy_
    with pytest.raises(InvalidInputError, match="training rows are not kept"):
        loaded.nearest_real(expected)


def test_a_function_cannot_be_saved(sampler, tmp_path):
    sampler.set_params(sampling_strategy=lambda y: {})
    with pytest.raises(InvalidParameterError, match="sampling_strategy=.*is a function"):
        sampler.save(tmp_path / "gan")
    assert not (tmp_path / "gan").exists()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_codes": 0}, "'n_codes' parameter .* Got 0 instead"),
        ({"structure": {"a": "b"}}, "structure"),
        ({"code_names": ["a", "b"]}, "code_names"),
        ({"structure": [(0, 1), (1, 0)]}, "→"),
        ({"label_map": [0, 0, 1, 2, 3]}, r"label_map=\[0, 0"),
        ({"label_map": [1, 0, 2, 3, 4]}, "label_map=.*label_use='unsupervised'"),
        ({"min_confidence": 1.0}, "'min_confidence' parameter .* Got 1.0 instead"),
        ({"class_balance": 2}, "'class_balance' parameter .* Got 2 instead"),
        ({"sampling_strategy": {"five": 9}}, "five"),
    ],
)
def test_impossible_parameters_stop_before_training(few_digits, params, message):
    sampler = IMSIC(max_epochs=10**6, **params)
    with pytest.raises(ValueError, match=message):
        sampler.fit(*few_digits)
    assert not hasattr(sampler, "network_")


@pytest.mark.parametrize(("shape", "passes", "least"), [((4, 4), 30, 5000), ((4,), 5, 1500)])
def test_auto_epochs_take_enough_steps(shape, passes, least):
    class Stop(Callback):
        def on_fit_start(self, progress):
            seen.append((progress.n_batches, progress.max_epochs))
            progress.stop = True

    seen = []
    X, y = np.random.default_rng(0).random((800, *shape)), np.arange(800) % 2
    for batch_size in (800, 120, 2):
        IMSIC(batch_size=batch_size, callbacks=[Stop()]).fit(X, y)
    assert seen == [(1, least), (7, -(-least // 7)), (400, passes)]


def test_many_classes_take_more_steps():
    class Stop(Callback):
        def on_fit_start(self, progress):
            seen.append(progress.n_batches * progress.max_epochs)
            progress.stop = True

    seen = []
    y = np.repeat(np.arange(200), 8)
    IMSIC(batch_size=1600, callbacks=[Stop()]).fit(np.eye(200)[y], y)
    assert seen == [200 * 17]


def test_generated_rows_of_other_classes_are_warned_of():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(30), 10)
    X = rng.normal(0, 5, (30, 4))[y] + rng.normal(0, 0.1, (300, 4))
    sampler = IMSIC(random_state=0, max_epochs=3)
    with pytest.warns(UserWarning, match=r"recognises the class of .*max_epochs=3, which took 3"):
        sampler.fit(X, y)
    assert len(sampler.sample(1)) == 30
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sampler.set_params(min_class_size=11).fit(X, y)  # no class is generated


def test_failed_refit_keeps_the_earlier_fit(sampler, few_digits):
    class Fail(Callback):
        def on_epoch_end(self, progress):
            raise RuntimeError("out of luck")

    X, y = few_digits
    sampler.set_params(callbacks=[Fail()], code_names=list("pqrs"), sampling_strategy="all")
    before, expected = vars(sampler).copy(), sampler.sample(2, codes={"a": 1})
    for fit in (sampler.fit, sampler.fit_resample):
        with pytest.raises(RuntimeError, match="out of luck"):
            fit(X[:, ::-1, :7], y)
        assert vars(sampler).keys() == before.keys()
        assert all(getattr(sampler, name) is value for name, value in before.items())
    assert (sampler.sample(2, codes={"a": 1}) == expected).all()


def test_columns_of_a_table_are_as_wide_as_the_real_ones():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [500, 100])
    X = rng.normal(size=(600, 8))
    X[:, 0], X[:, 1], X[:, 2] = X[:, 0] + y, np.exp(X[:, 1]), rng.random(600)
    new = IMSIC(max_epochs=40, batch_size=64, random_state=0).fit(X, y).sample(1000, 1)
    distances = [ks_2samp(new[:, i], X[y == 1, i]).statistic for i in range(8)]
    assert np.mean(distances) < 0.15
    assert new[:, 0].mean() == pytest.approx(X[y == 1, 0].mean(), abs=0.3)  # not more typical


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n=0"),
        ({"n": 2, "y": "five"}, "'five'"),
        ({"n": 2, "codes": {"e": 1}}, "'e' is unknown"),
        ({"n": 2, "y": "one", "codes": {"a": [1, 2, 3]}}, r"shape \(3,\)"),
        ({"n": 2, "codes": {"a": float("nan")}}, "finite"),
        ({"n": 2, "noise_scale": -1}, "noise_scale=-1"),
    ],
)
def test_impossible_samples(trained, arguments, message):
    with pytest.raises(ValueError, match=message):
        trained.sample(**arguments)


def test_rows_of_another_shape_are_refused(trained, few_digits):
    X, y = few_digits
    with pytest.raises(InvalidInputError, match="shape"):
        trained.resample(X[:, :7], y)
    with pytest.raises(InvalidInputError, match="'five', which is none of the classes"):
        trained.resample(X, np.where(y == "four", "five", y))
    with pytest.raises(InvalidInputError, match="rows but y has"):
        trained.resample(X, y[:-1])


@pytest.mark.parametrize("value", [1, -1, 0.5])
def test_codes_of_training_are_no_cause_for_a_warning(value, recwarn):
    generator = torch.Generator().manual_seed(0)
    draw_codes(4, ("a", "b"), {"a": value}, generator)
    assert not recwarn


@pytest.mark.parametrize("values", [3, [0, 0, -1.5, 0]])
def test_codes_outside_of_training_are_warned_of(values):
    generator = torch.Generator().manual_seed(0)
    with pytest.warns(UserWarning, match=r"codes has 'a' at (3|-1.5), .* from -1 to 1"):
        draw_codes(4, ("a", "b"), {"a": values}, generator)
