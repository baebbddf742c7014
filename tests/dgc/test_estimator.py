"""DGCClassifier as a user sees it."""

import numpy as np
import pandas as pd
import pytest
import torch
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from equipoise import DGCClassifier
from equipoise.errors import InvalidInputError, InvalidParameterError


def quick(**parameters):
    return DGCClassifier(
        **{"latent_dim": 4, "max_epochs": 1, "batch_size": 64, "random_state": 0} | parameters
    )


def test_it_learns_imbalanced_images(model, digits):
    _, _, X, y = digits
    assert balanced_accuracy_score(y, model.predict(X)) > 0.9


def test_the_published_objective_learns_too(paper_model, digits):
    _, _, X, y = digits
    assert balanced_accuracy_score(y, paper_model.predict(X)) > 0.6


@pytest.mark.parametrize("fitted", ["model", "paper_model"])
def test_probabilities_do_not_depend_on_batch_mates(fitted, digits, request):
    fitted, X = request.getfixturevalue(fitted), digits[2][:20]
    together = fitted.predict_proba(X)
    np.testing.assert_array_equal(together, fitted.predict_proba(X))
    alone = np.concatenate([fitted.predict_proba(X[i : i + 1]) for i in range(20)])
    np.testing.assert_allclose(together, alone, atol=2e-5)
    np.testing.assert_allclose(together.sum(1), 1)
    np.testing.assert_allclose(np.log(together), fitted.predict_log_proba(X), atol=1e-12)


def test_a_class_prior_without_a_share_is_refused(digits):
    X, y, _, _ = digits
    with pytest.raises(
        InvalidParameterError, match="class_prior=.*positive probabilities that sum to 1"
    ):
        quick(class_prior=[np.nan, *[0.25] * 4]).fit(X, y)


def test_class_prior_shifts_the_posterior_by_its_ratio(model, digits):
    X = digits[2][:50]
    uniform = model.predict_log_proba(X)
    shares = np.array([0.1, 0.2, 0.3, 0.3, 0.1])
    shifted = model.set_params(class_prior=shares).predict_log_proba(X)
    train = model.set_params(class_prior="train").predict_log_proba(X)
    model.set_params(class_prior="uniform")
    expected = uniform + np.log(shares)
    expected -= np.log(np.exp(expected).sum(1, keepdims=True))
    np.testing.assert_allclose(shifted, expected, atol=1e-4)
    expected = uniform + np.log(model.class_counts_ / model.class_counts_.sum())
    expected -= np.log(np.exp(expected).sum(1, keepdims=True))
    np.testing.assert_allclose(train, expected, atol=1e-4)


def test_without_adjustment_the_train_prior_is_what_was_learnt(digits):
    X, y, X_test, _ = digits
    fitted = quick(logit_adjustment=0.0, class_prior="train").fit(X, y)
    learnt = fitted.predict_log_proba(X_test)
    uniform = fitted.set_params(class_prior="uniform").predict_log_proba(X_test)
    expected = learnt - np.log(fitted.class_counts_ / len(y))
    expected -= np.log(np.exp(expected).sum(1, keepdims=True))
    np.testing.assert_allclose(uniform, expected, atol=1e-4)


def test_codes_have_documented_shapes(model, digits):
    X, y = digits[2][:7], digits[3][:7]
    assert model.transform(X).shape == (7, 8)
    mean, std = model.encode(X, y)
    assert mean.shape == std.shape == (7, 8)
    assert (std > 0).all()


def test_codes_come_as_a_named_frame_where_asked(model, digits):
    frame = clone(model).set_output(transform="pandas").fit(*digits[:2]).transform(digits[2][:3])
    assert list(frame.columns) == [f"dgcclassifier{i}" for i in range(8)]


def test_the_label_moves_the_code(paper_model, digits):
    X, y = digits[2][:7], digits[3][:7]
    mean, _ = paper_model.encode(X, y)
    other, _ = paper_model.encode(X, (y + 1) % 5)
    assert np.abs(mean - other).max() > 1e-3


def test_reconstructions_resemble_their_inputs_more_than_other_images(model, digits):
    X = digits[2]
    decoded = model.reconstruct(X)
    assert decoded.dtype == X.dtype
    assert decoded.shape == X.shape
    own = ((decoded.astype(float) - X) ** 2).mean()
    other = ((decoded.astype(float) - X[::-1]) ** 2).mean()
    assert own < 0.6 * other


def test_samples_are_of_the_asked_class_and_look_like_the_input(model, digits):
    samples = model.sample(40, y=[4, 0])
    assert samples.shape == (80, 8, 8)
    assert samples.dtype == np.uint8
    labels = np.repeat([4, 0], 40)
    assert (model.predict(samples) == labels).mean() > 0.8
    assert len(np.unique(samples.reshape(80, -1), axis=0)) == 80


def test_sampling_follows_its_seed(model):
    first, again, other = (model.sample(3, y=2, random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_sampling_refuses_an_unknown_class_and_a_wrong_number(model):
    with pytest.raises(InvalidInputError, match=r"7.*none of the classes"):
        model.sample(3, y=7)
    with pytest.raises(InvalidParameterError, match="n=0"):
        model.sample(0)


def test_encode_refuses_another_number_of_labels(model, digits):
    with pytest.raises(InvalidInputError, match="5 rows but y has 4"):
        model.encode(digits[2][:5], digits[3][:4])


def test_a_table_keeps_its_columns_and_dtypes():
    X, y = make_classification(300, 6, weights=[0.9], class_sep=2, random_state=0)
    frame = pd.DataFrame(X, columns=list("abcdef"))
    frame["a"] = (frame["a"] * 10).round().astype("int16")
    labels = np.where(y == 1, "sick", "well")
    fitted = DGCClassifier(latent_dim=6, random_state=0).fit(frame, labels)
    assert balanced_accuracy_score(labels, fitted.predict(frame)) > 0.8
    sampled = fitted.sample(20, y="sick")
    assert list(sampled.columns) == list("abcdef")
    assert sampled.dtypes.tolist() == frame.dtypes.tolist()


def test_it_works_inside_scikit_learn():
    X, y = make_classification(200, 5, class_sep=2, random_state=0)
    pipeline = make_pipeline(StandardScaler(), quick(max_epochs=10, batch_size=16))
    scores = cross_val_score(pipeline, X, y, cv=3, scoring="balanced_accuracy")
    assert scores.mean() > 0.7


def test_oversampling_changes_the_classifier_only_through_rare_codes(digits):
    X, y, X_test, _ = digits
    without, with_rate = (
        quick(oversampling_rate=rate).fit(X, y).predict_proba(X_test) for rate in (0.0, 0.6)
    )
    assert not np.allclose(without, with_rate)


@pytest.mark.parametrize(
    "parameters",
    [
        {"reconstruction": "l2"},
        {"reconstruction": "l1"},
        {"head": "mlp"},
        {"latent_optimization": True},
        {"pretrain_steps": 3},
        {"n_codes": 1},
        {"label_dropout": 1.0},
        {"inference": "conditional", "label_dropout": 0.0},
        {"n_importance_samples": 1},
        {"lr_schedule": "exponential"},
        {"precision": "float32"},
    ],
)
def test_every_option_trains_and_predicts(parameters, digits):
    X, y, X_test, _ = digits
    fitted = quick(**parameters).fit(X, y)
    assert np.isfinite(fitted.predict_log_proba(X_test)).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"latent_dim": 0}, "'latent_dim' parameter .* Got 0 instead"),
        ({"label_dropout": 1.5}, "'label_dropout' parameter .* Got 1.5 instead"),
        ({"oversampling_rate": -0.1}, "'oversampling_rate' parameter .* Got -0.1 instead"),
        ({"reconstruction": "l3"}, "'reconstruction' parameter .* Got 'l3' instead"),
        ({"class_prior": "flat"}, "'class_prior' parameter .* Got 'flat' instead"),
        ({"class_prior": [0.5, 0.5]}, "class_prior="),
        ({"class_prior": [0.3, 0.3, 0.3, 0.3, 0.3]}, "class_prior="),
        ({"label_dropout": 0.0}, "not trained with label_dropout=0"),
    ],
)
def test_impossible_parameters_are_named_before_training(parameters, message, digits):
    X, y, _, _ = digits
    estimator = quick(max_epochs=10**6, **parameters)  # would never end, were it to start
    with pytest.raises(InvalidParameterError, match=message):
        estimator.fit(X, y)
    assert not hasattr(estimator, "network_")


def test_the_largest_class_may_be_last_and_labels_may_be_anything(digits):
    X, y, X_test, y_test = digits
    names = np.array(["zero", "one", "two", "three", "four"], dtype=object)
    fitted = quick(max_epochs=8, batch_size=16).fit(X, names[y])
    assert set(fitted.predict(X_test)) <= set(names)
    assert balanced_accuracy_score(names[y_test], fitted.predict(X_test)) > 0.7


def test_words_are_no_numbers_among_classes():
    X = np.random.default_rng(0).normal(size=(60, 3))
    model = DGCClassifier(max_epochs=1, random_state=0).fit(X, np.arange(60) % 12)
    assert (model.sample(2, 10.0, random_state=1) == model.sample(2, 10, random_state=1)).all()
    with pytest.raises(InvalidInputError, match="'10', which is none of the classes"):
        model.sample(1, "10")


def test_seeds_do_not_reach_gpus(monkeypatch, blobs):
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("seeded"))
    DGCClassifier(max_epochs=1, random_state=0).fit(*blobs)


def test_class_prior_by_class(blobs):
    X, y = blobs
    classes = np.unique(y).tolist()
    shares = np.arange(1, len(classes) + 1) / sum(range(1, len(classes) + 1))
    by_class = dict(reversed(list(zip(classes, shares.tolist(), strict=True))))
    model = DGCClassifier(max_epochs=1, random_state=0, class_prior=by_class).fit(X, y)
    found = model.predict_proba(X)
    np.testing.assert_array_equal(found, model.set_params(class_prior=shares).predict_proba(X))
    for wrong in ({classes[0]: 1.0}, {**by_class, "other": 0.1}, "training", ["a"] * len(classes)):
        with pytest.raises(InvalidParameterError, match="class_prior.*must (contain|be)"):
            model.set_params(class_prior=wrong).predict(X)


def test_a_class_may_be_favoured_although_weights_of_classes_are_undone(blobs):
    X, y = blobs
    rare = np.unique(y)[-1]
    share = {c: 0.98 if c == rare else 0.02 / (len(np.unique(y)) - 1) for c in np.unique(y)}
    model = DGCClassifier(max_epochs=2, random_state=0).fit(X, y)
    n_found = (model.predict(X) == rare).sum()
    assert (model.set_params(class_prior=share).predict(X) == rare).sum() > n_found


def test_sample_repeats_a_single_row(tmp_path):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), columns=["a", "b"])
    y = np.where(np.arange(40) < 39, X["a"] > 0, 2)
    quick().fit(X, y).save(tmp_path / "model")
    for model in (quick().fit(X, y), DGCClassifier.load(tmp_path / "model")):
        with pytest.warns(UserWarning, match="Class 2 has a single row.*it is repeated"):
            X_new, labels = model.sample(5, return_labels=True)
        np.testing.assert_allclose(X_new[labels == 2], X[39:].to_numpy().repeat(5, 0), rtol=1e-5)
        assert X_new[labels == 1]["a"].nunique() == 5


def test_fits_in_threads_are_those_one_after_the_other():
    X = pd.DataFrame({"a": np.arange(60.0) % 7, "b": pd.Series(list("xyz") * 20, dtype="category")})
    y = np.arange(60) % 7 > 4

    def probabilities(seed):
        return quick(random_state=seed).fit(X, y).predict_proba(X)

    together = Parallel(n_jobs=4, backend="threading")(delayed(probabilities)(i) for i in range(8))
    np.testing.assert_array_equal(together, [probabilities(i) for i in range(8)])
