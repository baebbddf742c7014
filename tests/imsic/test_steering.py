"""The person in the loop: traversals, names, judgements, reports."""

import numpy as np
import pytest

from equipoise.errors import InvalidInputError, InvalidParameterError

from .conftest import train


def test_a_traversal_varies_one_code_alone(trained):
    rows = trained.traverse("one", "b", [-1, 0, 1], n=2)
    assert rows.shape == (2, 3, 8, 8)
    for start in range(2):
        assert not (rows[start, 0] == rows[start, 2]).all()
    same = trained.traverse("one", "b", [0.5, 0.5])
    assert (same[0, 0] == same[0, 1]).all()
    with pytest.raises(InvalidParameterError, match="'z' is unknown"):
        trained.traverse("one", "z", [0])
    with pytest.raises(InvalidParameterError, match="values"):
        trained.traverse("one", "b", [])


def test_traversals_without_a_seed_still_start_alike(sampler, monkeypatch):
    seeds = []
    sampler.set_params(random_state=None)
    monkeypatch.setattr(
        type(sampler),
        "traverse",
        lambda *_, random_state, **__: seeds.append(random_state) or np.zeros((1, 2, 8, 8)),
    )
    sampler.plot_traversals(values=[-1, 1])
    assert len(seeds) == 20 and len(set(seeds)) == 1


def test_rows_can_be_held_against_another_structure(trained):
    own = trained.structure_report(300, random_state=0)
    other = trained.structure_report(300, structure={"a": "b"}, random_state=0)
    pairs = own.pairs.set_index(["parent", "child"])["joined"]
    assert pairs[("b", "d")] and ("a", "b") in other.pairs[other.pairs["joined"]][
        ["parent", "child"]
    ].itertuples(index=False, name=None)
    assert other.pairs["joined"].sum() == 1
    assert trained.structure_.edges == ((1, 3), (2, 3))  # as trained
    with pytest.raises(InvalidParameterError, match="cycle"):
        trained.structure_report(300, structure=[("a", "b"), ("b", "a")])


def test_renamed_codes_are_used_everywhere(sampler):
    before = sampler.sample(2, "one", codes={"a": 1})
    assert sampler.rename_codes(["slant", "b", "c", "d"]) is sampler
    assert (sampler.sample(2, "one", codes={"slant": 1}) == before).all()
    assert list(sampler.structure_report(200).recovery.index) == ["slant", "b", "c", "d"]
    sampler.rename_codes({0: "tilt"})
    assert sampler.structure_.names == ("tilt", "b", "c", "d")
    for names in (["x"], {"tilt": "b"}, ["", "b", "c", "d"]):
        with pytest.raises(InvalidParameterError, match="names="):
            sampler.rename_codes(names)


def test_only_accepted_rows_are_appended(sampler, few_digits):
    X, y = few_digits
    candidates, labels = sampler.propose(10, ["three", "one"])
    assert labels.tolist() == ["three"] * 10 + ["one"] * 10
    sampler.accept(np.arange(20) < 4)
    with pytest.warns(UserWarning, match="of the 5 rows to append, only 4 were accepted"):
        X_new, y_new = sampler.resample(X, y, sampling_strategy={"three": 25})
    assert (X_new[len(X) :] == candidates[:4]).all() and (y_new[len(y) :] == "three").all()
    more, _ = sampler.propose(6, "three", random_state=1)
    sampler.reject([0, 2])
    X_new = sampler.resample(X, y, sampling_strategy={"three": 28})[0]
    assert (X_new[len(X) :] == np.concatenate([candidates[:4], more[[1, 3, 4, 5]]])).all()
    # A class without a judgement is generated as ever, one whose rows were all refused is not.
    assert len(sampler.resample(X, y, sampling_strategy={"two": 130})[0]) == len(X) + 10
    with pytest.warns(UserWarning, match="0 were accepted"):
        assert len(sampler.resample(X, y, sampling_strategy={"one": 130})[0]) == len(X)


def test_judgements_need_candidates_and_a_fitting_mask(sampler):
    with pytest.raises(InvalidInputError, match=r"propose\(\)"):
        sampler.accept([True])
    sampler.propose(3, "one")
    for mask in ([True], [5], [0.5]):
        with pytest.raises(InvalidInputError, match="mask"):
            sampler.accept(mask)
    with pytest.raises(InvalidInputError, match="mask"):
        sampler.reject([True])


def test_a_new_fit_forgets_judgements(few_digits):
    sampler = train(few_digits, max_epochs=1)
    sampler.propose(3, "three")
    sampler.reject([0, 1, 2])
    sampler.fit(*few_digits)
    X, y = few_digits
    assert len(sampler.resample(X, y, sampling_strategy={"three": 30})[0]) == len(X) + 10


def test_nearest_real_finds_copies(trained, few_digits):
    X, _ = few_digits
    index, distance = trained.nearest_real(X[[7, 3]])
    assert (X[index] == X[[7, 3]]).all() and distance == pytest.approx([0, 0])
    assert (trained.nearest_real(255 - X[[7]])[1] > 1).all()


def test_the_regulariser_makes_codes_readable(trained, few_digits):
    with_it = trained.structure_report(1000)
    without = train(few_digits, max_epochs=5, structure_weight=0.0).structure_report(1000)
    assert with_it.recovery["r2"].mean() > without.recovery["r2"].mean() + 0.1


def test_quality_report_tells_copies_from_samples(trained, few_digits):
    from equipoise import load_dataset

    digits = load_dataset("digits")
    kept = digits.y_test < 4
    names = np.array(["zero", "one", "two", "three"])[digits.y_test[kept]]
    report = trained.quality_report(digits.X_test[kept], names, n=60)
    assert report.scores["fidelity"].shape == report.scores["coverage"].shape == (5,)
    present = report.n_real > 0
    assert report.classes[~present].tolist() == ["four"]
    assert np.isfinite(report.scores["c2st"][present]).all()


def test_plots_show_every_class_and_code(trained):
    assert len(trained.plot_traversals(["a", 3], values=[-1, 1])) == 2
    assert trained.plot_samples(3) is not None
    assert "a" in {t.get_text().split("\n")[0] for t in trained.plot_structure(300).texts}


def test_tables_have_no_pictures():
    from equipoise import IMSIC

    rng = np.random.default_rng(0)
    table = IMSIC(max_epochs=1).fit(rng.normal(size=(40, 3)), np.repeat([0, 1], [30, 10]))
    with pytest.raises(InvalidInputError, match="plot_samples draws images"):
        table.plot_samples()
    assert table.traverse(0, 0, [0, 1]).shape == (1, 2, 3)


def test_a_warm_start_keeps_the_names_that_a_person_gave(few_digits):
    model = train(few_digits, max_epochs=1, warm_start=True).rename_codes({0: "slant"})
    assert model.fit(*few_digits).structure_.names == ("slant", "code_2", "code_3", "code_4")
    assert model.structure_.edges == ((1, 3), (2, 3))
    model.set_params(code_names=["a", "b", "c", "d"]).fit(*few_digits)
    assert model.structure_.names == ("a", "b", "c", "d")
    model.set_params(warm_start=False, code_names=None).fit(*few_digits)
    assert model.structure_.names[0] == "code_1"


@pytest.mark.parametrize("n", [-1, 1, 2.5])
def test_a_report_wants_rows(trained, n):
    with pytest.raises(InvalidParameterError, match=f"n={n} must be an integer of at least 2"):
        trained.structure_report(n)


def test_bools_are_no_codes(sampler):
    with pytest.raises(InvalidParameterError, match="code=True is unknown"):
        sampler.sample(1, "one", codes={True: 0.5})


def test_rows_of_one_class_judge_nothing(trained, few_digits):
    X, y = few_digits
    with pytest.raises(InvalidInputError, match="only the class 'one'.*or a classifier"):
        trained.quality_report(X[y == "one"], y[y == "one"], n=5)
