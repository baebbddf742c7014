"""What all estimators of this library share: validation, training, evaluation and saving."""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Callable, Mapping
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from equipoise import persistence
from equipoise.columns import Rows
from equipoise.errors import InvalidInputError, InvalidParameterError, counted
from equipoise.inputs import (
    RandomState,
    adopt_features,
    check_labels,
    check_rows,
    check_weights,
    fit_codec,
    stratified_holdout,
)
from equipoise.metrics import acsa
from equipoise.networks.seeding import Seeded
from equipoise.notebook import DocumentedEstimator
from equipoise.parameters import (
    BOOLEAN,
    Constraint,
    Instance,
    Number,
    OneOf,
    Readable,
    check_parameters,
)
from equipoise.polars import as_pandas
from equipoise.preprocessing import Codec, EncodedRows
from equipoise.preprocessing.names import check_names
from equipoise.sequences import RowSequence, select
from equipoise.training import (
    Callback,
    DataSpec,
    EarlyStopping,
    FitContext,
    Plan,
    ProgressBar,
    TrainingRows,
    fit_loop,
)
from equipoise.training.blockwise import evaluate_blockwise
from equipoise.training.context import HeldOut
from equipoise.training.distributed import n_processes, whole_batch_statistics
from equipoise.training.precision import resolve_device
from equipoise.training.schedules import SCHEDULES

# Constraints of the parameters that describe the columns of a table.
TABLE_CONSTRAINTS: dict[str, list[Constraint]] = {
    "categorical_features": [
        OneOf(("auto",)),
        Instance(
            (list, tuple, np.ndarray, pd.Index, pd.Series),
            "a list of column indices, of column names or of bools",
        ),
    ],
    "allow_missing": [BOOLEAN],
}


class DeepEstimator(DocumentedEstimator, BaseEstimator):
    """Template of a neural estimator for images and tables.

    A subclass declares its parameters in ``__init__``, adds their constraints to ``_constraints``
    and implements ``_build`` and ``_plan``; early stopping also needs ``_log_posterior``.

    The hooks receive everything they need to know about the data as arguments. They do not read
    fitted attributes, which are set only when the training has succeeded.
    """

    # Fitted attributes.
    network_: Any
    classes_: np.ndarray
    class_counts_: np.ndarray
    input_shape_: tuple[int, ...]
    history_: list[dict[str, Any]]
    callbacks_: list[Callback]
    _codec: Codec

    _largest_auto_batch: ClassVar[int] = 512  # number of rows of a table in a step
    _more_files: ClassVar[tuple[str, ...]] = ()  # that a saved estimator may have
    # For subclasses without these parameters.
    early_stopping: bool = False
    categorical_features: ArrayLike = "auto"
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
        "device": [
            OneOf(("auto",)),
            Readable(torch.device, "the name of a torch device such as 'cpu' or 'cuda:0'"),
        ],
        "random_state": [
            OneOf((None,)),
            Number(0, 2**32 - 1, integer=True),
            Instance((np.random.RandomState,), "a numpy RandomState"),
        ],
        "callbacks": [OneOf((None,)), Instance((list, tuple), "a list of Callback")],
        "verbose": [BOOLEAN, Number(0, integer=True)],
    }

    # Parameters that predictions or samples depend on, too.
    _used_after_fit: ClassVar[tuple[str, ...]] = ("device", "random_state")

    # Hooks that a subclass implements ---------------------------------------------------------

    def _build(self, spec: DataSpec) -> nn.Module:
        """Create the network for a kind of data."""
        raise NotImplementedError

    def _plan(self, network: Any, data: TrainingRows, fit: FitContext) -> Plan:
        """Create what :func:`equipoise.training.fit_loop` trains."""
        raise NotImplementedError

    def _log_posterior(self, network: Any, x: Tensor, spec: DataSpec) -> Tensor:
        """Log posterior of every class, (n, n_classes), up to a constant per row."""
        raise NotImplementedError

    def _check_before_training(self, fit: FitContext) -> dict[str, Any]:
        """Check what depends on both parameters and data.

        Returns
        -------
        dict
            Fitted attributes that are known before the training; they are set after it.
        """
        return {}

    def _with_known_features(self, network: Any, fit: FitContext) -> FitContext:
        """The fit with inputs that hold what a frozen part of the network makes of them."""
        return fit

    def _before_training(self, plan: Any, batch_size: int) -> None:
        """Do what has to happen before the first epoch of a new network."""

    def _after_training(self, network: Any, fit: FitContext) -> dict[str, Any]:
        """Compute what the trained network still needs from the training rows.

        Returns
        -------
        dict
            Fitted attributes of the subclass.
        """
        return {}

    def _for_samples(self, network: Any, fit: FitContext) -> dict[str, Any]:
        """The part of :meth:`_after_training` that a snapshot needs to draw samples."""
        return self._after_training(network, fit)

    # Fitting --------------------------------------------------------------------------------

    def _fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> FitContext:
        """Validate, train, and set all fitted attributes at the end.

        The estimator stays as it was if anything fails before.
        """
        check_parameters(type(self).__name__, self.get_params(deep=False), self._constraints)
        self._check_callbacks()
        seen = copy.copy(self)  # scikit-learn records the features of X on it
        fit = self._fit_context(seen, X, y, sample_weight)
        fitted = self._check_before_training(fit)
        network = self._starting_network(fit)
        fit = self._with_known_features(network, fit)

        def snapshot(history: list[dict[str, Any]]) -> DeepEstimator:
            """A fitted copy of the estimator in the middle of the training."""
            worker, weights = copy.copy(self), copy.deepcopy(network).eval()
            known = fitted | worker._for_samples(weights, fit)
            worker._set_fitted(seen, fit, weights, history.copy(), [], known)
            return worker

        history, callbacks = self._train(network, fit, snapshot)
        fitted |= self._after_training(network, fit)
        self._set_fitted(seen, fit, network, history, callbacks, fitted)
        return fit

    def _set_fitted(
        self,
        seen: DeepEstimator,
        fit: FitContext,
        network: Any,
        history: list[dict[str, Any]],
        callbacks: list[Callback],
        fitted: Mapping[str, Any],
    ) -> None:
        """Set the fitted attributes, all at once."""
        adopt_features(self, seen)
        self._codec = fit.codec
        self.input_shape_ = fit.codec.input_shape
        self.classes_, self.class_counts_ = fit.classes, fit.class_counts
        self.history_, self.callbacks_ = history, callbacks
        self.network_ = network.cpu()
        self.__dict__.update(fitted)

    def _fit_context(
        self, seen: DeepEstimator, X: Any, y: Any, sample_weight: ArrayLike | None
    ) -> FitContext:
        """Validate the data and encode it once; ``seen`` gets the features of ``X``."""
        device = resolve_device(self.device)
        table = check_rows(seen, X, reset=True)
        classes, target = check_labels(y, len(table))
        table, target, weight = check_weights(sample_weight, table, target, classes)
        codec = self._starting_codec(table, X)
        rows = codec.rows(table)
        seed = int(check_random_state(self.random_state).randint(2**31))
        held_out = None
        if self.early_stopping:
            train, validation = stratified_holdout(target, self.validation_fraction, seed, classes)
            held_out_rows = EncodedRows(codec, select(rows, validation), keep=True)
            held_out = HeldOut(held_out_rows, target[validation])
            rows, target = select(rows, train), target[train]
            weight = None if weight is None else weight[train]
        counts = np.bincount(target, weight, len(classes))
        inputs = EncodedRows(codec, rows, keep=True)
        return FitContext(codec, classes, counts, inputs, target, weight, held_out, seed, device)

    def _train(
        self,
        network: Any,
        fit: FitContext,
        snapshot: Callable[[list[dict[str, Any]]], DeepEstimator],
    ) -> tuple[list[dict[str, Any]], list[Callback]]:
        """Train a network; returns the history and the callbacks that took part."""
        network.to(fit.device, torch.float32, memory_format=torch.channels_last)
        earlier = self.history_ if self._continues() else []
        plan = self._plan(network, TrainingRows.from_fit(fit, self.precision), fit)
        own: list[Callback] = list(copy.deepcopy(self.callbacks or []))
        callbacks = own.copy()
        if self.early_stopping:  # first, so that a checkpoint contains its decision
            callbacks.insert(0, EarlyStopping(self.n_iter_no_change))
        if self.verbose:
            callbacks.append(ProgressBar("row" if fit.is_table else "image"))
        batch_size = self._batch_size(fit)
        n_steps = math.ceil(len(fit) / batch_size)
        if len(fit) // n_steps < n_processes():
            raise InvalidParameterError(
                f"batch_size={self.batch_size!r} gives batches of "
                f"{counted(len(fit) // n_steps, 'row')}, too few for "
                f"{counted(n_processes(), 'process', 'processes')}. Choose a larger one, or fewer "
                "processes."
            )
        with whole_batch_statistics(network):
            if not self._continues():
                self._before_training(plan, min(batch_size, len(fit)))
            history = fit_loop(
                plan,
                len(fit),
                max_epochs=self._n_epochs(fit, n_steps),
                batch_size=batch_size,
                schedule=self.lr_schedule,
                score=self._validation_score(network, fit),
                callbacks=callbacks,
                fingerprint=lambda: self._fingerprint(fit, len(earlier)),
                snapshot=lambda history: snapshot([*earlier, *history]),
            )
        return [*earlier, *history], own

    def _validation_score(self, network: nn.Module, fit: FitContext) -> Callable[[], float] | None:
        """Function that computes the ACSA on the held-out rows, where there are some."""
        if fit.held_out is None:
            return None
        inputs, target = fit.held_out
        log_posterior = partial(self._log_posterior, spec=fit)

        def score() -> float:
            return acsa(target, evaluate_blockwise(network, inputs, log_posterior).argmax(1))

        return score

    def _check_callbacks(self) -> None:
        for callback in self.callbacks or []:
            if not isinstance(callback, Callback):
                raise InvalidParameterError(
                    f"callbacks contains {callback!r}, which is no instance of "
                    "equipoise.training.Callback. Pass a list of callbacks."
                )
            if isinstance(callback, EarlyStopping) and not self.early_stopping:
                raise InvalidParameterError(
                    f"callbacks contains an EarlyStopping, but {type(self).__name__} has no "
                    "validation score without early_stopping=True. Leave the callback out and set "
                    "early_stopping=True, if the estimator has this parameter."
                )

    def _batch_size(self, fit: FitContext) -> int:
        """Largest number of rows in a step."""
        if self.batch_size != "auto":
            return self.batch_size
        size = int(np.clip(len(fit) // 50, 16, 64))
        if fit.is_table:  # whose steps take hardly longer with more rows
            size = max(size, min(len(fit) // 200, self._largest_auto_batch))
        return size

    def _n_epochs(self, fit: FitContext, n_steps: int) -> int:
        """Number of passes over the training rows, each of which takes ``n_steps`` steps."""
        return self.max_epochs

    def _starting_codec(self, table: Rows, original: Any) -> Codec:
        """Codec of the training rows; that of the earlier fit if the training continues."""
        codec = fit_codec(table, original, self)
        if self._continues() and codec.input_shape == self.input_shape_:
            self._codec.check(table)
            try:
                check_names(original, self._codec.column_names)
            except InvalidInputError as error:
                raise InvalidInputError(
                    f"warm_start=True continues the earlier fit. {error} Or set warm_start=False."
                ) from None
            return self._codec
        return codec

    def _starting_network(self, fit: FitContext) -> nn.Module:
        """Create a network, with the weights of the earlier fit if the training continues."""
        network = self._new_network(fit, fit.seed)
        if not self._continues():
            return network
        classes, shape = fit.classes, fit.codec.input_shape
        if not np.array_equal(classes, self.classes_) or shape != self.input_shape_:
            raise InvalidInputError(
                f"warm_start=True needs the classes {self.classes_.tolist()} and the input "
                f"shape {self.input_shape_} of the earlier fit, got {classes.tolist()} and "
                f"{shape}. Set warm_start=False to start anew."
            )
        try:
            network.load_state_dict(self.network_.state_dict())
        except RuntimeError:
            raise InvalidInputError(
                "warm_start=True continues with the network of the earlier fit, but the "
                "parameters now require other layers. Set warm_start=False to start anew."
            ) from None
        return network

    def _continues(self) -> bool:
        """Whether a fit continues with the network of the last one."""
        return self.warm_start and hasattr(self, "network_")

    def _fingerprint(self, fit: FitContext, n_earlier_epochs: int) -> str:
        """Hash that is equal for two fits if one may continue from the other's checkpoint."""
        irrelevant = {"callbacks", "device", "verbose"}
        if not isinstance(self.random_state, Integral):
            irrelevant.add("random_state")
        params = {
            k: _digest(v) if isinstance(v, nn.Module) else v
            for k, v in self.get_params(deep=False).items()
            if k not in irrelevant
        }
        n_held_out = 0 if fit.held_out is None else len(fit.held_out.target)
        shape = (len(fit) + n_held_out, *fit.rows.shape[1:])
        digest = hashlib.sha256(repr((params, shape, n_earlier_epochs)).encode())
        held_out = [] if fit.held_out is None else [fit.held_out]
        for inputs, target in ((fit.inputs, fit.target), *held_out):
            for block in RowSequence(inputs.rows).blocks():
                digest.update(np.ascontiguousarray(block).data)
            digest.update(target.tobytes())
        digest.update(b"" if fit.weight is None else fit.weight.tobytes())
        return digest.hexdigest()

    def _new_network(self, spec: DataSpec, seed: int) -> nn.Module:
        with Seeded(seed):
            return self._build(spec)

    # Evaluation -----------------------------------------------------------------------------

    @property
    def _spec(self) -> DataSpec:
        """The kind of data of the last successful fit."""
        return DataSpec(self._codec, self.classes_, self.class_counts_)

    def _apply(self, X: Any, function: Callable[[Any, Tensor], Tensor]) -> np.ndarray:
        """Evaluate ``function(network_, x)`` on rows, block by block."""
        rows = self._rows_like_fit(X)
        inputs = EncodedRows(self._codec, rows)
        network = self.network_.to(resolve_device(self.device))
        return evaluate_blockwise(network, inputs, function)

    def _rows_like_fit(self, X: Any) -> Any:
        """Validate rows like those of the fit; returns them as the codec holds them."""
        self._check_use()
        X = as_pandas(X)
        table = check_rows(self, X, reset=False)
        check_names(X, self._codec.column_names)
        self._codec.check(table)
        return self._codec.rows(table)

    def _check_use(self) -> None:
        """Require a fit, and valid parameters that are still used, which may be set after it."""
        check_is_fitted(self)
        used = {name: self._constraints[name] for name in self._used_after_fit}
        check_parameters(type(self).__name__, self.get_params(deep=False), used)

    def _flat(self, X: Any) -> np.ndarray:
        """Validate rows like those of the fit and encode them, as shape (n, n_values)."""
        return self._encoded(self._rows_like_fit(X))

    def _encoded(self, rows: Any) -> np.ndarray:
        """Encode rows that the codec holds, as shape (n, n_values)."""
        return self._codec.encode(rows).flatten(1).numpy()

    def _requested_classes(self, n: int, y: Any) -> np.ndarray:
        """Class index of every row that ``sample(n, y)`` has to draw."""
        self._check_use()
        requested = self._class_index(self.classes_ if y is None else np.atleast_1d(y))
        self._check_n(n)
        return np.repeat(requested, n)

    def _check_n(self, n: Any, least: int = 1) -> None:
        if not Number(least, integer=True).accepts(n):
            raise InvalidParameterError(f"n={n!r} must be an integer of at least {least}.")

    def _generator(self, random_state: RandomState) -> torch.Generator:
        """Source of noise for ``random_state``, or for the estimator's own if that is None."""
        source = self.random_state if random_state is None else random_state
        return torch.Generator().manual_seed(int(check_random_state(source).randint(2**31)))

    def _class_index(self, y: ArrayLike) -> np.ndarray:
        """Indices of labels in ``classes_``."""
        labels = np.asarray(y)
        # pandas finds them, because NumPy compares numbers with strings as strings.
        index = pd.Index(self.classes_).get_indexer(labels.ravel()).reshape(labels.shape)
        if (index < 0).any():
            raise InvalidInputError(
                f"y contains {labels[index < 0].tolist()[0]!r}, which is none of the classes "
                f"{self.classes_.tolist()}. Pass labels of these classes only."
            )
        return index

    # Saving ---------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write the fitted estimator to a folder: ``params.json`` and ``weights.safetensors``.

        The folder is written completely or not at all; an earlier save at the path is replaced.
        Callbacks and a ``RandomState`` are not saved; column names other than strings and
        numbers are saved as strings.

        Parameters
        ----------
        path : str or Path
            Folder to create.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        InvalidInputError
            If the path is a file, or a folder that contains other files.
        """
        check_is_fitted(self)
        persistence.save(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read an estimator that :meth:`save` wrote, without running any code from the folder.

        Parameters
        ----------
        path : str or Path
            Folder that :meth:`save` created.

        Raises
        ------
        InvalidInputError
            If the folder contains no saved estimator, or one of another class.
        """
        return persistence.load(cls, Path(path))

    def _params_to_save(self) -> dict[str, Any]:
        params = self.get_params(deep=False)
        params["callbacks"] = None
        if isinstance(params["random_state"], np.random.RandomState):
            params["random_state"] = None
        return params

    def _fitted_to_save(self) -> dict[str, Any]:
        """Fitted attributes of a subclass in a form that JSON can hold."""
        return {}

    def _more_to_save(self) -> dict[str, str]:
        """Contents of the files of a subclass, by name, out of ``_more_files``."""
        return {}

    def _restore_fitted(self, values: Mapping[str, Any]) -> None:
        """Inverse of ``_fitted_to_save``, called when the network is already there."""

    def _tensors_to_save(self) -> dict[str, Tensor]:
        """Fitted tensors of a subclass that are not part of the network."""
        return {}

    def _restore_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Inverse of ``_tensors_to_save``, called at the end."""

    def __getstate__(self) -> dict[str, Any]:
        if "network_" in vars(self):
            self.network_.cpu()  # so that a pickle can be read on a machine without the device
        return super().__getstate__()

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.categorical = tags.input_tags.string = self.image_shape is None
        tags.input_tags.allow_nan = self.image_shape is None and bool(self.allow_missing)
        tags.non_deterministic = False
        return tags


def _digest(module: nn.Module) -> str:
    """Hash of the weights of a module."""
    digest = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        digest.update(name.encode())
        if not is_lazy(tensor):
            digest.update(tensor.cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
