"""The rows of a run in one form, whether they are images or a table."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from equipoise.inputs import stratified_holdout
from equipoise.runs.data import DataChoice, choose_protocol, describe, fingerprint, training_rows
from equipoise.runs.tables import read_table

TABLE = "table"  # what the source of a table has in place of the name of a data set
TEST_FRACTION = 0.2  # of each class of a table


@dataclass(frozen=True)
class RunRows:
    """Training and test rows of a run.

    Attributes
    ----------
    X, X_test : ndarray or DataFrame
        Images (n, height, width[, 3]) or the columns of a table without its target.
    y, y_test : ndarray
    labels : list
        The classes in the order of ``class_names``.
    class_names : list of str
    settings : dict
        What the settings of a run say of its data.
    about : dict
        What the record of a run says of its data.
    said : tuple of str
        Warnings from reading them.
    """

    X: Any
    y: np.ndarray
    X_test: Any
    y_test: np.ndarray
    labels: list[Any]
    class_names: list[str]
    settings: dict[str, Any]
    about: dict[str, Any]
    said: tuple[str, ...] = ()

    @property
    def is_table(self) -> bool:
        """Whether the rows are those of a table."""
        return self.about["source"]["dataset"] == TABLE

    @property
    def title(self) -> str:
        """Name for files and folders."""
        source = self.about["source"]
        return Path(source["table"]).stem if self.is_table else DataChoice.from_dict(source).title

    @classmethod
    def of_images(
        cls, choice: DataChoice, protocol: str | None = None, seed: int = 0, download: bool = False
    ) -> Self:
        """Read images; the protocol makes their classes imbalanced, None is the usual one."""
        settings = choice.settings(choose_protocol(protocol, choice.dataset)) | {"seed": seed}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            data = choice.load(download)
        X, y = training_rows(data, settings)
        about = describe(choice, data, X, y)
        names = list(data.class_names)
        labels: list[Any] = list(range(len(names)))
        said = tuple(str(one.message) for one in caught)
        return cls(X, y, data.X_test, data.y_test, labels, names, settings, about, said)

    @classmethod
    def of_table(
        cls,
        path: Path,
        target: str,
        seed: int = 0,
        *,
        dates: Sequence[str] = (),
        categories: Sequence[str] = (),
        ignored: Sequence[str] = (),
        missing: Sequence[str] | None = None,
    ) -> Self:
        """Read a CSV or Parquet file; a fifth of each class is the test set.

        The other parameters are those of :func:`equipoise.runs.tables.read_table`.

        Raises
        ------
        ValueError
            The table cannot be read, or a class has a single row.
        """
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            table = read_table(path, target, dates, categories, ignored, missing)
        y = table.y.to_numpy()
        labels, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        if counts.min() < 2:
            raise ValueError(
                f"{path}: class {labels.tolist()[counts.argmin()]!r} has a single row, but one is "
                "needed to train and one to test. Add rows, or remove the class."
            )
        kept, held_out = stratified_holdout(codes, TEST_FRACTION, seed, labels)
        X, X_test = (table.X.iloc[rows].reset_index(drop=True) for rows in (kept, held_out))
        read = {"dates": dates, "categories": categories, "ignored": ignored}
        how = {name: list(columns) for name, columns in read.items() if columns}
        if missing is not None:
            how["missing"] = list(missing)
        source = {"dataset": TABLE, "table": str(path.resolve()), "target": target, "read": how}
        about = {
            "source": source,
            "class_names": list(map(str, labels.tolist())),
            "class_counts": np.bincount(codes[kept]).tolist(),
            "n_test": len(held_out),
            "fingerprint": _table_fingerprint(X, codes[kept]),
            "test_fingerprint": _table_fingerprint(X_test, codes[held_out]),
        }
        settings = {"dataset": TABLE, "target": target, "seed": seed}
        said = (*(str(one.message) for one in caught), *table.remarks)
        names = about["class_names"]
        return cls(X, y[kept], X_test, y[held_out], labels.tolist(), names, settings, about, said)

    @classmethod
    def of_run(cls, record: Mapping[str, Any]) -> Self:
        """Read the rows that a run was started with, from its record.

        Raises
        ------
        ValueError
            They are no longer there.
        """
        source, settings = record["data"]["source"], record["settings"]
        if source["dataset"] == TABLE:
            how = source.get("read", {})  # runs of before have none
            return cls.of_table(Path(source["table"]), source["target"], settings["seed"], **how)
        choice = DataChoice.from_dict(source)
        return cls.of_images(choice, settings["protocol"], settings["seed"])


def _table_fingerprint(X: pd.DataFrame, codes: np.ndarray) -> str:
    return fingerprint(pd.util.hash_pandas_object(X.astype(str), index=False).to_numpy(), codes)
