"""What every estimator of this library shares: checks, training, evaluation, saving."""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Callable
from numbers import Integral
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from equipoise import persistence
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.inputs import (
    check_labels,
    check_rows,
    check_weights,
    fit_codec,
    stratified_holdout,
)
from equipoise.metrics import acsa
from equipoise.parameters import BOOLEAN, Constraint, Instance, Number, OneOf, check_parameters
from equipoise.preprocessing import ImageCodec, TableCodec
from equipoise.training import Callback, EarlyStopping, Plan, ProgressBar, TrainingRows, fit_loop
from equipoise.training.blocks import evaluate, loader
from equipoise.training.precision import autocast, resolve_device
from equipoise.training.schedules import SCHEDULES

# Of an estimator that lets a user say what the columns of a table are.
TABLE_CONSTRAINTS: dict[str, list[Constraint]] = {
    "categorical_features": [
        OneOf(("auto",)),
        Instance(
            (list, tuple, np.ndarray, pd.Index, pd.Series),
            "a list of positions, of names or of bools",
        ),
    ],
    "allow_missing": [BOOLEAN],
}


class DeepEstimator(BaseEstimator):
    """Template of a neural estimator for images and tables.

    A subclass declares its parameters in ``__init__``, adds their limits to ``_constraints``
    and writes ``_build`` and ``_plan``; to stop early it also needs ``_log_posterior``.
    """

    _most_rows: ClassVar[int] = 512  # of a large table per step
    # For subclasses without these parameters.
    early_stopping: bool = False
    categorical_features: Any = "auto"
    allow_missing: bool = True

    _constraints: ClassVar[dict[str, list[Constraint]]] = {
        "image_shape": [
            OneOf((None,)),
            Instance((tuple, list), "a tuple (height, width) or (height, width, channels)"),
        ],
        "architecture": [OneOf(("compact", "paper"))],
        "max_epochs": [Number(1, integer=True)],
        "batch_size": [OneOf(("auto",)), Number(1, integer=True)],
        "learning_rate": [Number(0, open_low=True)],
        "lr_schedule": [OneOf(SCHEDULES)],
        "warm_start": [BOOLEAN],
        "precision": [OneOf(("auto", "float32", "bfloat16"))],
        "device": [Instance((str,), "'auto' or the name of a torch device such as 'cpu'")],
        "random_state": [
            OneOf((None,)),
            Number(0, 2**32 - 1, integer=True),
            Instance((np.random.RandomState,), "a numpy RandomState"),
        ],
        "callbacks": [OneOf((None,)), Instance((list, tuple), "a list of Callback")],
        "verbose": [BOOLEAN, Number(0, integer=True)],
    }

    # What a subclass writes -----------------------------------------------------------------

    def _build(self, input_shape: tuple[int, ...], n_classes: int) -> nn.Module:
        raise NotImplementedError

    def _plan(self, network: Any, data: TrainingRows) -> Plan:
        raise NotImplementedError

    def _check_before_training(self, target: np.ndarray) -> None:
        """Whatever else has to hold of parameters and class indices, known classes given."""

    def _before_training(self, plan: Any, batch_size: int) -> None:
        """Whatever comes before the first epoch of a new network."""

    def _after_training(
        self,
        network: Any,
        codec: ImageCodec | TableCodec,
        rows: np.ndarray,
        target: np.ndarray,
    ) -> None:
        """Whatever the trained network still needs from the training rows."""

    # Fitting --------------------------------------------------------------------------------

    def _fit_or_restore(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit; a fit that fails leaves the estimator as it was."""
        before = vars(self).copy()
        try:
            return self._fit(X, y, sample_weight)
        except BaseException:
            self.__dict__ = before
            raise

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> Self:
        check_parameters(type(self).__name__, self.get_params(deep=False), self._constraints)
        self._check_callbacks()
        device = resolve_device(self.device)
        table = check_rows(self, X, reset=True)
        classes, target = check_labels(y, len(table))
        table, target, weights = check_weights(sample_weight, table, target, classes)
        self._codec = codec = self._starting_codec(table, X)
        rows = codec.rows(table)
        seed = int(check_random_state(self.random_state).randint(2**31))
        train, held_out = np.arange(len(rows)), None
        if self.early_stopping:
            train, held_out = stratified_holdout(target, self.validation_fraction, seed, classes)

        network: Any = self._starting_network(codec, classes, seed)
        network.to(device, torch.float32, memory_format=torch.channels_last)
        earlier = self.history_ if self._continues() else []

        def score() -> float:
            values = evaluate(network, codec, rows[held_out], self._log_posterior)
            return acsa(target[held_out], values.argmax(1))

        y_tensor = torch.from_numpy(target[train]).to(device)
        weight_tensor = None
        if weights is not None:
            weight_tensor = torch.from_numpy(weights[train]).to(device, torch.float32)
        self.class_counts_ = np.bincount(
            target[train], None if weights is None else weights[train], len(classes)
        )
        self.classes_, self.input_shape_ = classes, codec.input_shape
        self._check_before_training(target[train])
        counts = torch.from_numpy(self.class_counts_).to(device, torch.float32)
        plan = self._plan(
            network,
            TrainingRows(
                loader(codec, rows, train, device),
                y_tensor,
                weight_tensor,
                counts,
                torch.Generator().manual_seed(seed),
                self._autocast(device),
            ),
        )
        batch_size = self._batch_size(len(train))
        own: list[Callback] = list(copy.deepcopy(self.callbacks or []))
        callbacks = own.copy()
        if self.early_stopping:  # first, so that a checkpoint holds its verdict
            callbacks.insert(0, EarlyStopping(self.n_iter_no_change))
        if self.verbose:
            callbacks.append(ProgressBar())
        if not self._continues():
            self._before_training(plan, min(batch_size, len(train)))
        history = fit_loop(
            plan,
            len(train),
            max_epochs=self._n_epochs(math.ceil(len(train) / batch_size)),
            batch_size=batch_size,
            schedule=self.lr_schedule,
            score=score if self.early_stopping else None,
            callbacks=callbacks,
            fingerprint=self._fingerprint(rows, target, weights, train, len(earlier)),
        )
        trained_on = rows if held_out is None else rows[train]
        self._after_training(network, codec, trained_on, target[train])
        self.network_ = network.cpu()
        self.history_: list[dict[str, Any]] = [*earlier, *history]
        self.callbacks_ = own
        return self

    def _check_callbacks(self) -> None:
        for callback in self.callbacks or []:
            if not isinstance(callback, Callback):
                raise InvalidParameterError(
                    f"callbacks has {callback!r}, which is no instance of "
                    "equipoise.training.Callback. Pass a list of such."
                )
            if isinstance(callback, EarlyStopping) and not self.early_stopping:
                raise InvalidParameterError(
                    f"callbacks has an EarlyStopping, but {type(self).__name__} has no validation "
                    "score without early_stopping=True. Set that, where it has this parameter, in "
                    "place of the callback."
                )

    def _autocast(self, device: torch.device) -> torch.autocast:
        """Context for the trunk's forward pass in training."""
        # The layers for tables are so small that casting costs more than it saves.
        is_table = isinstance(self._codec, TableCodec)
        precision = "float32" if is_table and self.precision == "auto" else self.precision
        return autocast(precision, device)

    def _batch_size(self, n: int) -> int:
        """Largest number of rows per step, of ``n`` to train on."""
        if self.batch_size != "auto":
            return self.batch_size
        size = int(np.clip(n // 50, 16, 64))
        if isinstance(self._codec, TableCodec):  # whose steps cost much the same with more rows
            size = max(size, min(n // 200, self._most_rows))
        return size

    def _n_epochs(self, n_steps: int) -> int:
        """Passes over the training rows, of so many steps each."""
        return self.max_epochs

    def _starting_codec(self, table: Any, X: Any) -> ImageCodec | TableCodec:
        codec = fit_codec(table, X, self)
        if self._continues() and codec.input_shape == self.input_shape_:
            self._codec.check(table)
            given, known = (_names(c) for c in (codec, self._codec))
            if given and known and given != known:
                raise InvalidInputError(
                    f"warm_start=True needs the columns {known} of the earlier fit, got {given}. "
                    "Set warm_start=False to start anew."
                )
            return self._codec
        return codec

    def _starting_network(
        self, codec: ImageCodec | TableCodec, classes: np.ndarray, seed: int
    ) -> nn.Module:
        network = self._new_network(codec.encoded_shape, len(classes), seed)
        if not self._continues():
            return network
        if not np.array_equal(classes, self.classes_) or codec.input_shape != self.input_shape_:
            raise InvalidInputError(
                f"warm_start=True needs the classes {self.classes_.tolist()} and the input "
                f"shape {self.input_shape_} of the earlier fit, got {classes.tolist()} and "
                f"{codec.input_shape}. Set warm_start=False to start anew."
            )
        try:
            network.load_state_dict(self.network_.state_dict())
        except RuntimeError:
            raise InvalidInputError(
                "warm_start=True goes on from the network of the earlier fit, but the "
                "parameters now ask for other layers. Set warm_start=False to start anew."
            ) from None
        return network

    def _continues(self) -> bool:
        """Whether a fit goes on from the network of the last one."""
        return self.warm_start and hasattr(self, "network_")

    def _fingerprint(
        self,
        rows: np.ndarray,
        target: np.ndarray,
        weights: np.ndarray | None,
        train: np.ndarray,
        n_earlier: int,
    ) -> str:
        """Equal for two fits if the checkpoint of one may be continued by the other."""
        unlike = {"callbacks", "device", "verbose"}
        if not isinstance(self.random_state, Integral):
            unlike.add("random_state")
        params = {k: v for k, v in self.get_params(deep=False).items() if k not in unlike}
        digest = hashlib.sha256(repr((params, rows.shape, n_earlier)).encode())
        sample = train[:: max(1, len(train) // 256)]
        for part in (rows[sample], target[train], None if weights is None else weights[train]):
            digest.update(b"" if part is None else part.tobytes())
        return digest.hexdigest()

    def _new_network(self, input_shape: tuple[int, ...], n_classes: int, seed: int) -> nn.Module:
        # Weights are drawn from torch's global generator: keep it as the user left it.
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)  # torch.manual_seed seeds GPUs too
            return self._build(input_shape, n_classes)

    # Evaluation -----------------------------------------------------------------------------

    def _apply(self, X: Any, function: Callable[[Any, Tensor], Tensor]) -> np.ndarray:
        rows = self._rows_like_fit(X)
        device = resolve_device(self.device)
        return evaluate(self.network_.to(device), self._codec, rows, function)

    def _rows_like_fit(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        table = check_rows(self, X, reset=False)
        self._codec.check(table)
        return self._codec.rows(table)

    def _flat(self, X: Any) -> np.ndarray:
        """Rows (n, n_values) as the networks see them."""
        return self._encoded(self._rows_like_fit(X))

    def _encoded(self, rows: np.ndarray) -> np.ndarray:
        """The same of what the codec has of rows."""
        return self._codec.encode(rows).flatten(1).numpy()

    def _wanted(self, n: Any, y: Any) -> np.ndarray:
        """Class index of every row that ``sample(n, y)`` is to draw."""
        check_is_fitted(self)
        wanted = self._class_index(self.classes_ if y is None else np.atleast_1d(y))
        self._check_n(n)
        return np.repeat(wanted, n)

    def _check_n(self, n: Any, least: int = 1) -> None:
        if not Number(least, integer=True).accepts(n):
            raise InvalidParameterError(f"n={n!r} must be an integer of at least {least}.")

    def _generator(self, random_state: Any) -> torch.Generator:
        """Noise for ``random_state``, or for the estimator's own where that is None."""
        source = self.random_state if random_state is None else random_state
        return torch.Generator().manual_seed(int(check_random_state(source).randint(2**31)))

    def _class_index(self, y: Any) -> np.ndarray:
        labels = np.asarray(y)
        # By pandas: NumPy compares numbers with words as words.
        number = pd.Index(self.classes_).get_indexer(labels.ravel()).reshape(labels.shape)
        if (number < 0).any():
            raise InvalidInputError(
                f"y contains {labels[number < 0].tolist()[0]!r}, which is none of the classes "
                f"{self.classes_.tolist()}."
            )
        return number

    # Saving ---------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write the fitted estimator to a folder: ``params.json`` and ``weights.safetensors``.

        The folder appears whole or not at all; an earlier save at the path is replaced.
        Callbacks and a ``RandomState`` are not saved; column labels other than strings and
        numbers are saved as strings.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InvalidInputError
            The path is a file, or a folder with other things in it.
        """
        check_is_fitted(self)
        persistence.save(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read an estimator that :meth:`save` wrote. Runs no code from the folder.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        InvalidInputError
            There is no saved estimator, or one of another class.
        """
        return persistence.load(cls, Path(path))

    def _params_to_save(self) -> dict[str, Any]:
        params = self.get_params(deep=False)
        params["callbacks"] = None
        if isinstance(params["random_state"], np.random.RandomState):
            params["random_state"] = None
        return params

    def _fitted_to_save(self) -> dict[str, Any]:
        """Fitted attributes of a subclass, as JSON keeps them."""
        return {}

    def _restore_fitted(self, values: dict[str, Any]) -> None:
        """Inverse of ``_fitted_to_save``; the network is there already."""

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.categorical = tags.input_tags.string = self.image_shape is None
        tags.input_tags.allow_nan = self.image_shape is None and bool(self.allow_missing)
        tags.non_deterministic = False
        return tags


def _names(codec: ImageCodec | TableCodec) -> list[str]:
    """Of the columns, as a saved codec has them; none without a DataFrame."""
    names = codec.names if isinstance(codec, TableCodec) else None
    return [] if names is None else list(map(str, names))
