"""What a person decides about candidates is stored with the sampler, and drawn again."""

import json

import numpy as np
import pandas as pd
import pytest

from equipoise import IMSIC
from equipoise.errors import InvalidInputError
from equipoise.imsic.decisions import FILE, Proposal, read_decisions, write_decisions
from equipoise.training import Callback


def test_accepted_rows_survive_saving(sampler, few_digits, tmp_path):
    sampler.propose(6, y=["four", "three"], random_state=1, codes={"a": 0.5}, noise_scale=0.5)
    sampler.accept([0, 2, 7])
    sampler.propose(4, y="four", random_state=2)
    sampler.reject([3])
    sampler.rename_codes({"b": "slant"})
    sampler.save(tmp_path / "s")
    loaded = IMSIC.load(tmp_path / "s")
    assert loaded.structure_.names == sampler.structure_.names
    for label, n in {"four": 5, "three": 1}.items():
        assert len(loaded.accepted_rows(label)) == n
        np.testing.assert_array_equal(loaded.accepted_rows(label), sampler.accepted_rows(label))
    assert loaded.accepted_rows("one") is None
    assert loaded.decisions_ == sampler.decisions_
    loaded.save(tmp_path / "s")  # over the earlier one, which has the file
    X, y = loaded.resample(*few_digits, {"four": 10})
    assert len(X) == len(few_digits[0]) + 5


def test_decisions_are_readable_and_can_be_written_alone(sampler, tmp_path):
    sampler.save(tmp_path / "s")
    assert not (tmp_path / "s" / FILE).exists()
    judged = Proposal(("four",), 5, seed=3, accepted=(1,), rejected=(0,))
    write_decisions(tmp_path / "s", ["w", "x", "y", "z"], [judged])
    content = json.loads((tmp_path / "s" / FILE).read_text())
    assert content["code_names"] == ["w", "x", "y", "z"]
    assert content["proposals"][0]["accepted"] == [1]
    loaded = IMSIC.load(tmp_path / "s")
    again = sampler.sample(5, "four", random_state=3)[[1]]
    np.testing.assert_array_equal(loaded.accepted_rows("four"), again)
    assert read_decisions(tmp_path / "s").proposals == (judged,)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2}', '{"format": 1, "code_names": []}'])
def test_damaged_decisions_are_named(sampler, tmp_path, text):
    sampler.save(tmp_path / "s")
    (tmp_path / "s" / FILE).write_text(text)
    with pytest.raises(InvalidInputError, match="decisions.json is damaged"):
        IMSIC.load(tmp_path / "s")


def test_decisions_that_cannot_be_drawn_change_nothing(sampler):
    sampler.propose(3, y="four", random_state=1)
    sampler.accept([0])
    before = sampler.decisions_
    with pytest.raises(ValueError, match="none of the classes"):
        sampler.decide([Proposal(("five",), 3, seed=1, accepted=(0,))])
    assert sampler.decisions_ == before and len(sampler.accepted_rows("four")) == 1


def test_a_loaded_sampler_remembers_its_training_rows(sampler, few_digits, tmp_path):
    X, y = few_digits
    sampler.save(tmp_path / "s")
    loaded = IMSIC.load(tmp_path / "s")
    with pytest.raises(InvalidInputError, match=r"remember\(\)"):
        loaded.nearest_real(X[:1])
    with pytest.raises(InvalidInputError, match="was fitted on"):
        loaded.remember(X[1:], y[1:])
    index, distance = loaded.remember(X, y).nearest_real(X[:3])
    assert distance.tolist() == [0, 0, 0]


def test_inspection_finds_copies_and_doubts(sampler, few_digits):
    X, y = few_digits
    four = np.flatnonzero(y == "four")
    strange = np.full_like(X[:1], 16)
    found = sampler.inspect(np.concatenate([X[four[:2]], strange]), ["four"] * 3)
    assert found["nearest"].tolist()[:2] == four[:2].tolist()
    assert found["distance"].tolist()[:2] == [0, 0]
    assert found["memorised"].tolist() == [True, True, False]
    assert found["confidence"].between(0, 1).all()
    assert set(y[found["nearest"]]) == {"four"}
    with pytest.raises(InvalidInputError, match="images"):
        sampler.column_differences(X[:1], [0])
    with pytest.raises(InvalidInputError, match="images"):
        sampler.code_profiles()


def test_differences_between_columns():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"size": rng.normal(0, 2, 60), "kind": ["a", "b"] * 30})
    sampler = IMSIC(max_epochs=1, n_codes=1, random_state=0).fit(table, np.repeat([0, 1], [40, 20]))
    other = table.iloc[[0, 1]].assign(kind=["b", "b"])
    other.iloc[0, 0] += table["size"].std(ddof=0)
    found = sampler.column_differences(other, [0, 1])
    assert list(found) == ["size", "kind"]
    np.testing.assert_allclose(found, [[1, 1], [0, 0]], atol=0.01)
    profiles = sampler.code_profiles([0], [-1, 1])
    assert {values.shape for values in profiles.values()} == {(1, 2, 2)}


class Watcher(Callback):
    seen = ()

    def on_epoch_end(self, progress):
        model = progress.snapshot()
        self.seen = (*self.seen, (len(model.history_), model.sample(2, "four")))


def test_a_callback_can_draw_from_a_snapshot(few_digits):
    params = {"max_epochs": 2, "random_state": 0}
    watched = IMSIC(**params, callbacks=[Watcher()]).fit(*few_digits)
    plain = IMSIC(**params).fit(*few_digits)
    seen = watched.callbacks_[0].seen
    assert [n for n, _ in seen] == [1, 2]
    assert not np.array_equal(seen[0][1], seen[1][1])
    np.testing.assert_array_equal(seen[1][1], watched.sample(2, "four"))
    np.testing.assert_array_equal(plain.sample(2), watched.sample(2))
