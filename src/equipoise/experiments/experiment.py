"""Reading of experiment files, with all checks that need no data."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equipoise.errors import InvalidInputError, InvalidParameterError

from . import checks

AS_IN_FILE = (
    *("title", "reference", "target", "missing_values", "samplers", "treatments", "published"),
)
MOST_SEEDS = 10_000  # of a command
Sections = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Experiment:
    """What an experiment file says.

    Attributes
    ----------
    path : Path
        The file.
    title : str
    datasets : tuple of str
    seeds : tuple of int
    reference : str
        Method, or treatment, that the others are compared with.
    target : str or None
        Column with the class labels, in tables of the user's own.
    missing_values : list of str or None
        Words that count as missing beside empty cells, in CSV files of the user's own.
    protocol : dict
        ``sizes`` and what belongs to it, ``permute_classes``; or ``folds``.
    samplers : dict of str to dict
        As in the file.
    treatments : dict of str to dict
        As in the file; empty where it has none.
    methods : dict of str to dict
        Every treatment with every classifier, as ``TREATMENT+CLASSIFIER``, with the additional keys
        ``treatment``, ``classifier`` and a label of each; then those of the file.
    published : dict of str to dict
        Data set to name to the five metrics.
    """

    path: Path
    title: str
    datasets: tuple[str, ...]
    seeds: tuple[int, ...]
    reference: str
    target: str | None
    missing_values: list[str] | None
    protocol: dict[str, Any]
    samplers: Sections
    treatments: Sections
    methods: Sections
    published: dict[str, dict[str, list[float]]]

    @property
    def name(self) -> str:
        """Name of the file without its suffix."""
        return self.path.stem


def load_experiment(path: str | Path, import_classes: bool = True) -> Experiment:
    """Read an experiment file and check all that can be checked without data.

    Parameters
    ----------
    path : path
        A TOML file; see the user guide's page on benchmarks for its keys.
    import_classes : bool, default=True
        Whether to import and build what the file names, to check it. This runs code of the packages
        that it names, as running the experiment does; pass False to look at a file that you do not
        trust.

    Returns
    -------
    Experiment

    Raises
    ------
    InvalidInputError
        There is no such file, or it is no TOML, or something in it cannot be; the message names
        the file, the key, the value and what to do.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise InvalidInputError(f"{path} is no experiment file. Name a TOML file.") from None
    except ValueError as error:  # of TOML, or of UTF-8
        raise InvalidInputError(f"{path} is not written in TOML: {error}.") from None
    try:
        return _checked(path, content, import_classes)
    except (checks.MistakeError, InvalidParameterError) as error:
        raise InvalidInputError(f"{path}: {error}") from None


def parse_seeds(text: str) -> list[int]:
    """``"1-5"`` → [1, 2, 3, 4, 5], ``"1,3"`` → [1, 3].

    Raises
    ------
    InvalidParameterError
        It is written otherwise, or has too many seeds.
    """
    seeds: list[int] = []
    for part in text.split(","):
        ends = re.fullmatch(r"\s*(\d{1,10})(?:-(\d{1,10}))?\s*", part)
        if not ends or (ends[2] and int(ends[2]) < int(ends[1])):
            raise InvalidParameterError(f"seeds={text!r} is not like 1-5 or 1,3.")
        first, last = int(ends[1]), int(ends[2] or ends[1])
        if last >= 2**32 or len(seeds) + last - first >= MOST_SEEDS:
            raise InvalidParameterError(
                f"seeds={text!r}: give at most {MOST_SEEDS:,} seeds, from 0 to 2**32 - 1."
            )
        seeds += range(first, last + 1)
    return list(dict.fromkeys(seeds))


def _checked(path: Path, content: dict[str, Any], import_classes: bool) -> Experiment:
    if not checks.NAME.fullmatch(path.stem):
        raise checks.MistakeError(
            "its name is that of a folder too: use letters, digits, -, _ and ."
        )
    groups = dict.fromkeys((*checks.SECTIONS, "published"), dict)
    checks.check_keys(
        "",
        content,
        required={"datasets": list, "seeds": list, "reference": str, "protocol": dict},
        optional={"title": str, "target": str, "missing_values": list, **groups},
    )
    absent = {"title": path.stem, "target": None, "missing_values": None}
    content = {group: {} for group in groups} | absent | content
    datasets, seeds, protocol = (content[key] for key in ("datasets", "seeds", "protocol"))
    treatments, on_folds = content["treatments"], "folds" in protocol
    checks.check_protocol(protocol)
    checks.check_datasets(datasets, on_folds, content["target"])
    for word in content["missing_values"] or ():
        if not isinstance(word, str):
            raise checks.MistakeError(f'missing_values has {word!r}. Write it as text: "{word}".')
    for seed in seeds:
        if type(seed) is not int or not 0 <= seed < 2**32:
            raise checks.MistakeError(
                f"seeds has {seed!r}. Give whole numbers from 0 to 2**32 - 1."
            )
    checks.check_sections(content, on_folds)
    if import_classes:
        checks.check_classes(content, on_folds)
    methods = _products(content["classifiers"], treatments) | content["methods"]
    for key, values in (("datasets", datasets), ("seeds", seeds), ("methods", methods)):
        if not values or len(set(values)) < len(values):
            raise checks.MistakeError(f"{key}={list(values)!r}: name at least one, and none twice.")
    known = treatments or methods
    if content["reference"] not in known:
        raise checks.MistakeError(
            f"reference={content['reference']!r} is no {'treatment' if treatments else 'method'}. "
            f"Choose from {', '.join(known)}."
        )
    for dataset, rows in content["published"].items():
        checks.check_published(f"published.{dataset}", dataset, rows)
    return Experiment(
        path=path,
        datasets=tuple(datasets),
        seeds=tuple(seeds),
        protocol=protocol if on_folds else {"permute_classes": False} | protocol,
        methods=methods,
        **{key: content[key] for key in AS_IN_FILE},
    )


def _products(classifiers: Sections, treatments: Sections) -> Sections:
    """Every treatment with every classifier, treatment by treatment."""
    return {
        f"{treatment}+{classifier}": {
            **made_of,
            **done,
            "treatment": treatment,
            "classifier": classifier,
            "treatment_label": done.get("label", treatment),
            "classifier_label": made_of.get("label", classifier),
        }
        for treatment, done in treatments.items()
        for classifier, made_of in classifiers.items()
    }
