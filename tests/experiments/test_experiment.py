"""Experiment files: what they say, and that a mistake is found before anything runs."""

import pytest

from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.experiments import load_experiment
from equipoise.experiments.experiment import parse_seeds

GOOD = """
title = "Two ways"
datasets = ["digits", "mnist"]
seeds = [1, 2]
reference = "svm"
[protocol]
sizes = "step"
ratio = 10
n_minority = 3
[samplers.smote]
class = "imblearn.over_sampling.SMOTE"
params = { k_neighbors = 3 }
[methods.svm]
class = "sklearn.svm.SVC"
params = { C = 2.0 }
tune = { gamma = ["scale", 0.1] }
[methods.net]
class = "equipoise.ConvNetClassifier"
params = { max_epochs = 2 }
sampler = "smote"
fill_to = 100
label = "small net"
[published.mnist]
"a paper" = [0.9, 0.9, 0.9, 0.8, 0.7]
"""


def write(tmp_path, text):
    path = tmp_path / "two.toml"
    path.write_text(text)
    return path


def test_a_file_is_what_it_says(tmp_path):
    found = load_experiment(write(tmp_path, GOOD))
    assert (found.name, found.title, found.reference) == ("two", "Two ways", "svm")
    assert found.datasets == ("digits", "mnist") and found.seeds == (1, 2)
    assert found.protocol == {
        "sizes": "step",
        "ratio": 10,
        "n_minority": 3,
        "permute_classes": False,
    }
    assert found.methods["net"]["fill_to"] == 100
    assert found.published["mnist"]["a paper"][3] == 0.8


# What is changed -> what the message has to name.
MISTAKES = {
    ('title = "Two ways"', 'titel = "Two"'): ["titel", "title"],
    ('"digits", "mnist"', '"digits", "mnits"'): ["'mnits'", "mnist"],
    ("seeds = [1, 2]", "seeds = [1, -2]"): ["seeds", "-2"],
    ("seeds = [1, 2]", 'seeds = [1, "2"]'): ["seeds", "'2'"],
    ("seeds = [1, 2]", "seeds = [true]"): ["seeds", "True"],
    ("seeds = [1, 2]", "seeds = []"): ["seeds", "at least one"],
    ("seeds = [1, 2]", "seeds = [1, 1]"): ["seeds", "twice"],
    ("seeds = [1, 2]", ""): ["seeds is missing"],
    ('reference = "svm"', 'reference = "tree"'): ["reference='tree'", "svm, net"],
    ('reference = "svm"', ""): ["reference is missing"],
    ('sizes = "step"', 'sizes = "steps"'): ["[protocol] sizes='steps'", "exponential"],
    ("ratio = 10", ""): ["[protocol] ratio is missing"],
    ("ratio = 10", "ratio = 0.5"): ["ratio=0.5", "at least 1"],
    ("ratio = 10", "ratio = true"): ["ratio=True", "a number"],
    ("n_minority = 3", "n_rare = 3"): ["n_rare", "n_minority"],
    ('"sklearn.svm.SVC"', '"sklearn.svm.SVM"'): ["[methods.svm]", "'sklearn.svm.SVM'", "install"],
    ('"sklearn.svm.SVC"', '"svc"'): ["[methods.svm]", "'svc'", "package.module.Class"],
    ('"sklearn.svm.SVC"', '"sklearn.clone"'): ["'sklearn.clone'", "is no class"],
    ('"sklearn.svm.SVC"', '"sklearn.decomposition.PCA"'): ["PCA", "no predict"],
    ('"sklearn.svm.SVC"', '"sklearn.svm.SVR"'): ["[methods.svm]", "SVR", "is a regressor"],
    ('"imblearn.over_sampling.SMOTE"', '"sklearn.svm.SVC"'): ["SVC", "no fit_resample"],
    ("C = 2.0", "c = 2.0"): ["[methods.svm]", "params.c=2.0", "no such parameter"],
    ("C = 2.0", "random_state = 1"): ["random_state=1", "Leave it out"],
    ("max_epochs = 2", "max_epochs = -2"): ["[methods.net]", "'max_epochs'", "-2"],
    ("k_neighbors", "neighbours"): ["[samplers.smote]", "neighbours=3"],
    ('sampler = "smote"', 'sampler = "smoke"'): ["[methods.net] sampler='smoke'", "smote"],
    ('sampler = "smote"', ""): ["[methods.net] fill_to needs a sampler"],
    ("fill_to = 100", 'fill_to = "all"'): ["fill_to='all'", "a whole number"],
    ("label", 'sampling_strategy = "all"\nlabel'): ["sampling_strategy and fill_to"],
    ("label", "tune = { max_epochs = [1] }\nlabel"): ["tune and sampler"],
    ('gamma = ["scale", 0.1]', "gamma = 0.1"): ["[methods.svm.tune] gamma=0.1", "list"],
    ('gamma = ["scale", 0.1]', "gama = [0.1]"): ["[methods.svm.tune] gama", "parameter"],
    ("[published.mnist]", "[published.minst]"): ["[published.minst]", "mnist"],
    ('sizes = "step"', 'sizes = ["step"]'): ["[protocol] sizes=['step']"],
    ("[published.mnist]", "[published]\nmnist = 3\n[published.digits]"): ["published.mnist"],
    (", 0.8, 0.7]", "]"): ["[published.mnist] a paper", "5 metrics"],
    ("[methods.net]", '[methods."a/b"]'): ["methods.a/b", "folder"],
    ("[methods.svm]", "[methods.svm"): ["TOML"],
}


@pytest.mark.parametrize("change", MISTAKES, ids=lambda change: change[1] or f"no {change[0]}")
def test_a_mistake_is_named_with_its_remedy(tmp_path, change):
    assert GOOD.count(change[0]) >= 1
    path = write(tmp_path, GOOD.replace(*change, 1))
    with pytest.raises(InvalidInputError) as error:
        load_experiment(path)
    for part in (str(path), *MISTAKES[change]):
        assert part in str(error.value)


def test_parameters_that_leave_no_probabilities(tmp_path):
    """An SVC has predict_proba only with probability=True."""
    on_folds = """
        title = "An SVC"
        datasets = ["sklearn:wine"]
        seeds = [1]
        reference = "plain"
        [protocol]
        folds = 3
        [treatments.plain]
        [classifiers.svc]
        class = "sklearn.svm.SVC"
        params = { probability = true }
    """
    assert load_experiment(write(tmp_path, on_folds)).methods
    with pytest.raises(InvalidInputError, match=r"\[classifiers.svc\].*no predict_proba.*params"):
        load_experiment(write(tmp_path, on_folds.replace("true", "false")))


def test_no_file(tmp_path):
    with pytest.raises(InvalidInputError, match="nothing.toml"):
        load_experiment(tmp_path / "nothing.toml")


def test_seeds_of_the_command_line():
    assert parse_seeds("1-5") == [1, 2, 3, 4, 5]
    assert parse_seeds("7, 1-3,2") == [7, 1, 2, 3]
    for text in ("", "5-1", "1,-2", "one"):
        with pytest.raises(InvalidParameterError, match="1-5 or 1,3"):
            parse_seeds(text)


def test_absurdly_many_seeds_are_refused():
    for text in ("1-9999999999", "1-20000", "1-9000,9001-20000", "4294967296"):
        with pytest.raises(InvalidParameterError, match="give at most 10,000 seeds, from 0 to"):
            parse_seeds(text)


@pytest.mark.parametrize(
    "params",
    [
        "{ class = 'subprocess.Popen', params = { args = ['touch', 'MARK'] } }",
        "{ class = 'sklearn.ensemble.BaggingClassifier', params = { estimator = "
        "{ class = 'subprocess.Popen', params = { args = ['touch', 'MARK'] } } } }",
    ],
    ids=["a parameter", "a parameter of a parameter"],
)
def test_only_estimators_are_built_at_every_level(tmp_path, params):
    text = GOOD.replace('class = "sklearn.svm.SVC"', 'class = "sklearn.ensemble.BaggingClassifier"')
    params = params.replace("MARK", str(tmp_path / "mark"))
    text = text.replace("params = { C = 2.0 }", f"params = {{ estimator = {params} }}")
    text = text.replace('tune = { gamma = ["scale", 0.1] }', "")
    with pytest.raises(InvalidInputError, match="'subprocess.Popen' is no estimator: it lacks get"):
        load_experiment(write(tmp_path, text))
    assert not (tmp_path / "mark").exists()


def test_a_file_can_be_read_without_its_classes(tmp_path):
    text = GOOD.replace("sklearn.svm.SVC", "nowhere.SVC")
    path = write(tmp_path, text)
    with pytest.raises(InvalidInputError, match="'nowhere.SVC' cannot be imported"):
        load_experiment(path)
    assert load_experiment(path, import_classes=False).methods["svm"]["class"] == "nowhere.SVC"
