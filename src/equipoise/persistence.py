"""Saving an estimator: a folder with its parameters as JSON and its weights as safetensors."""

from __future__ import annotations

import copy
import json
import warnings
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

import equipoise
from equipoise.atomic import replacing
from equipoise.errors import InvalidInputError, InvalidParameterError
from equipoise.networks.backbone import BackboneError, short
from equipoise.parameters import check_parameters
from equipoise.preprocessing import ImageCodec, TableCodec
from equipoise.stored import require

PARAMETERS, WEIGHTS = "params.json", "weights.safetensors"
BESIDE_NETWORK = "beside_network."  # before the names of tensors that are not the network's
MORE_BYTES = 4096  # of a label's dtype than the longest label of the fit needs
DTYPES = {torch.float32: "F32", torch.int64: "I64", torch.bool: "BOOL"}  # of networks
DESCRIPTION = {
    "params": dict,
    "classes": list,
    "classes_dtype": str,
    "class_counts": [float],
    "feature_names_in": list,
    "n_features_in": int,
    "codec": {"kind": str},
    "history": [{"epoch": int}],
    "fitted": dict,
}
Estimator = TypeVar("Estimator")


def save(estimator: Any, path: Path) -> None:
    """Write a folder next to its final path, then move it there.

    Raises
    ------
    InvalidInputError
        If the path is a file or a folder with other files, or the parameters were changed so that
        they no longer describe the fitted network.
    """
    params = {k: _to_json(k, v) for k, v in estimator._params_to_save().items()}
    description = {
        "class": type(estimator).__name__,
        "versions": {
            "equipoise": equipoise.__version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
        "params": params,
        "classes": estimator.classes_.tolist(),
        "classes_dtype": estimator.classes_.dtype.str,
        "class_counts": estimator.class_counts_.tolist(),
        "feature_names_in": getattr(estimator, "feature_names_in_", np.empty(0)).tolist(),
        "n_features_in": estimator.n_features_in_,
        "codec": estimator._codec.to_dict(),
        "history": estimator.history_,
        "fitted": estimator._fitted_to_save(),
    }
    _check_parameters_describe_network(estimator)
    text = json.dumps(description, indent=2, default=_plain_value)
    tensors = estimator.network_.state_dict() | {
        BESIDE_NETWORK + name: tensor for name, tensor in estimator._tensors_to_save().items()
    }
    # Copies, because modules may share a tensor, which a file of safetensors cannot.
    weights = {
        name: tensor.clone(memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }
    path = path.resolve()
    if path.is_file() or (
        path.is_dir()
        and {p.name for p in path.iterdir()} - {PARAMETERS, WEIGHTS, *estimator._more_files}
    ):
        raise InvalidInputError(
            f"path={str(path)!r} is a file, or a folder that contains other files. Choose another."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, earlier=True) as partial:
        partial.mkdir()
        (partial / PARAMETERS).write_text(text, encoding="utf-8")
        save_file(weights, partial / WEIGHTS)
        for name, content in estimator._more_to_save().items():
            (partial / name).write_text(content, encoding="utf-8")


def _check_parameters_describe_network(estimator: Any) -> None:
    expected, fitted = (
        {name: tuple(v.shape) for name, v in network.state_dict().items()}
        for network in (estimator._new_network(estimator._spec, seed=0), estimator.network_)
    )
    if expected != fitted:
        raise InvalidInputError(
            "The parameters have been changed since the fit, and now describe a network with other "
            "layers. Fit again before saving, or restore the parameters."
        )


def load(cls: type[Estimator], path: Path, backbone: nn.Module | None = None) -> Estimator:
    """Create the estimator that a folder describes.

    Parameters
    ----------
    cls : type
    path : Path
    backbone : torch.nn.Module, optional
        The ``architecture`` of an estimator that had a module as such. Its weights are replaced.

    Raises
    ------
    InvalidInputError
        If there is no such folder, it is damaged, or it contains an estimator of another class.
    BackboneError
        If the estimator needs a backbone and there is none, or it has other weights; or if it needs
        none.
    """
    damaged = (
        f"path={str(path)!r} contains a damaged estimator, or one of another version. "
        "Save it again. Reason: "
    )
    try:
        description = json.loads((path / PARAMETERS).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidInputError(
            f"path={str(path)!r} contains no saved estimator: {PARAMETERS} is missing. "
            "Pass the folder that save() wrote."
        ) from None
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{damaged}{PARAMETERS}: {error}") from None
    if not isinstance(description, dict) or "class" not in description:
        raise InvalidInputError(f"{damaged}{PARAMETERS} names no class.")
    if description["class"] != cls.__name__:
        raise InvalidInputError(
            f"path={str(path)!r} contains a saved {description['class']}, which "
            f"{cls.__name__}.load does not read. Load it with {description['class']}.load."
        )
    try:
        return _rebuild(cls, description, path / WEIGHTS, backbone)
    except BackboneError:
        raise
    except PermissionError:
        raise
    except Exception as error:  # what is damaged fails in about ten different ways
        raise InvalidInputError(f"{damaged}{type(error).__name__}: {error}") from error


def _rebuild(
    cls: type[Estimator], description: dict[str, Any], weights: Path, backbone: nn.Module | None
) -> Estimator:
    require(description, DESCRIPTION)
    params = {name: _from_json(value) for name, value in description["params"].items()}
    if backbone is not None or isinstance(params.get("architecture"), dict):
        params["architecture"] = _checked_backbone(backbone, params["architecture"])
    if params.get("image_shape") is not None:
        params["image_shape"] = tuple(params["image_shape"])
    estimator: Any = cls(**params)
    check_parameters(cls.__name__, estimator.get_params(deep=False), estimator._constraints)
    estimator._check_callbacks()
    codec = ImageCodec if description["codec"]["kind"] == "image" else TableCodec
    estimator._codec = codec.from_dict(description["codec"])
    estimator.classes_ = _classes(description["classes"], np.dtype(description["classes_dtype"]))
    estimator.class_counts_ = np.array(description["class_counts"])
    estimator.n_features_in_ = description["n_features_in"]
    if description["feature_names_in"]:
        estimator.feature_names_in_ = np.array(description["feature_names_in"], dtype=object)
    estimator.history_, estimator.callbacks_ = description["history"], []
    estimator.input_shape_ = estimator._codec.input_shape
    if backbone is None:
        with torch.device("meta"):  # takes no memory, whatever size the parameters ask for
            _check_weights_exist(estimator._new_network(estimator._spec, seed=0), weights)
    network = estimator._new_network(estimator._spec, seed=0)
    tensors = load_file(weights)
    _check_finite(tensors)
    beside = [name for name in tensors if name.startswith(BESIDE_NETWORK)]
    others = {name.removeprefix(BESIDE_NETWORK): tensors.pop(name) for name in beside}
    if backbone is not None:
        _check_weights_fit(network, tensors, backbone)
    network.load_state_dict(tensors)
    estimator.network_ = network.to(memory_format=torch.channels_last).eval()
    estimator._restore_fitted(description["fitted"])
    estimator._restore_tensors(others)
    _try(estimator)
    return estimator


def _try(estimator: Any) -> None:
    """Use a loaded estimator on a row of its own, because its parts may not fit together."""
    trial = copy.copy(estimator)
    trial.device, trial.network_ = "cpu", copy.deepcopy(estimator.network_)
    row = trial._codec.decode(torch.zeros(1, *trial._codec.encoded_shape))
    trial._rows_like_fit(row)
    if hasattr(trial, "predict_proba"):
        trial.predict_proba(row)
    if hasattr(trial, "sample"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of classes with a single row
            trial.sample(1, random_state=0)


def _classes(classes: list[Any], dtype: np.dtype) -> np.ndarray:
    """The class labels, if the dtype is one that labels may have and not absurdly wide."""
    longest = max(len(str(label)) for label in classes)
    if dtype.kind not in "biufUSO" or dtype.itemsize > 4 * longest + MORE_BYTES:
        raise ValueError(f"classes_dtype is {dtype.str!r}")
    found = np.array(classes, dtype=dtype)
    if found.ndim != 1 or len(set(found.tolist())) < len(found):
        raise ValueError("classes has a class twice")
    return found


def _check_weights_exist(network: nn.Module, path: Path) -> None:
    """Compare the header of a file of weights with the network that the parameters describe."""
    with safe_open(path, framework="pt") as file:
        parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
        saved = {
            name: (tuple(part.get_shape()), part.get_dtype())
            for name, part in parts.items()
            if not name.startswith(BESIDE_NETWORK)
        }
    needed = {
        name: (tuple(tensor.shape), DTYPES[tensor.dtype])
        for name, tensor in network.state_dict().items()
    }
    for name in dict.fromkeys([*needed, *saved]):
        if needed.get(name) != saved.get(name):
            raise ValueError(
                f"the parameters describe {name} as {needed.get(name)}, the weights as "
                f"{saved.get(name)}"
            )


def _check_finite(tensors: dict[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and tensor.isnan().any():
            raise ValueError(f"{name} contains NaN")


def _checked_backbone(backbone: Any, saved: Any) -> nn.Module:
    """The backbone, if the saved architecture is a module and this is one, too."""
    if not isinstance(saved, dict):
        raise BackboneError(
            f"backbone={short(backbone)} is not needed: the saved estimator has "
            f"architecture={saved!r}. Leave out backbone."
        )
    if not isinstance(backbone, nn.Module):
        raise BackboneError(
            f"backbone={short(backbone)} is no torch.nn.Module, but the saved estimator has one as "
            f"its architecture, a {saved['module']}, of which only the weights are saved. Pass a "
            "module of the same layers: load(path, backbone=module)."
        )
    return backbone


def _check_weights_fit(network: nn.Module, tensors: dict[str, Tensor], backbone: nn.Module) -> None:
    needed, saved = (
        {(name, tuple(tensor.shape)) for name, tensor in weights.items()}
        for weights in (network.state_dict(), tensors)
    )
    if needed != saved:
        examples = [
            f"{what} {name} of shape {shape}"
            for what, left in (("needs", needed - saved), ("has no", saved - needed))
            for name, shape in sorted(left)[:1]
        ]
        raise BackboneError(
            f"backbone={short(backbone)} does not fit the saved weights: the network "
            f"with it {' and '.join(examples)}. Pass a module of the same layers as in the fit."
        )


def _to_json(name: str, value: Any) -> Any:
    """Parameter in a form for JSON; a dict becomes pairs, since JSON turns its keys to strings."""
    if callable(value):
        raise InvalidParameterError(
            f"{name}={value!r} is a function, which cannot be saved. Set it to something else "
            "before saving, and pass the function where it is used."
        )
    return {"pairs": list(value.items())} if isinstance(value, dict) else value


def _from_json(value: Any) -> Any:
    return dict(value["pairs"]) if isinstance(value, dict) else value


def _plain_value(value: Any) -> Any:
    """Form for JSON of the scalars and arrays of NumPy and pandas among the parameters."""
    if isinstance(value, np.generic | np.ndarray | pd.Index | pd.Series):
        return value.tolist()
    raise InvalidInputError(
        f"{value!r} cannot be saved. Fit with strings or numbers as labels, and pass parameters "
        "that JSON can hold."
    )
