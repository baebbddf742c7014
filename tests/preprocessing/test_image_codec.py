"""Images become tensors in [0, 1] and come back as they were."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from equipoise.errors import InvalidInputError
from equipoise.preprocessing import ImageCodec

SHAPES = st.tuples(*[st.integers(1, 4)] * 3)  # rows, height, width
EXACT = ["bool", "uint8", "int8", "int16", "uint16"]


def there_and_back(X, image_shape=None):
    codec = ImageCodec.fit(X, image_shape)
    return codec.decode(codec.encode(X))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(EXACT).flatmap(lambda dtype: hnp.arrays(dtype, SHAPES)))
def test_bools_and_integers_come_back_exactly(X):
    back = there_and_back(X)
    assert back.dtype == X.dtype
    np.testing.assert_array_equal(back, X)


@settings(max_examples=40, deadline=None)
@given(hnp.arrays("float32", SHAPES, elements=st.floats(0, 1, width=32)))
def test_floats_within_zero_and_one_come_back_exactly(X):
    np.testing.assert_array_equal(there_and_back(X), X)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["float32", "float64"]).flatmap(
        lambda dtype: hnp.arrays(dtype, SHAPES, elements=st.floats(-(2.0**99), 2.0**99, width=32))
    )
)
def test_other_floats_come_back_within_single_precision(X):
    back = there_and_back(X)
    assert back.dtype == X.dtype
    tolerance = 1e-6 * max(np.ptp(X), np.abs(X).max())
    np.testing.assert_allclose(back, X, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", ["int32", "int64", "float64"])
def test_a_huge_offset_costs_no_precision(dtype):
    X = (1_000_000_000 + np.arange(8).reshape(2, 2, 2)).astype(dtype)
    np.testing.assert_allclose(there_and_back(X), X, rtol=1e-15)


@pytest.mark.parametrize("value", [0, 0.25, 1, -3, 7, 1e9, -1e-9])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_constant_images(value, dtype):
    X = np.full((3, 2, 2), value, dtype)
    codec = ImageCodec.fit(X, None)
    tensor = codec.encode(X)
    assert torch.isfinite(tensor).all()
    assert ((tensor >= 0) & (tensor <= 1)).all()
    np.testing.assert_array_equal(codec.decode(tensor), X)


@pytest.mark.parametrize(
    ("X", "low", "high"),
    [
        (np.full((2, 2, 2), 9, np.uint8), 0, 255),
        (np.ones((2, 2, 2), bool), 0, 1),
        (np.full((2, 2, 2), 0.5), 0, 1),
        (np.arange(8.0).reshape(2, 2, 2), 0, 7),
        (np.arange(-4, 4).reshape(2, 2, 2), -4, 3),
    ],
)
def test_value_range(X, low, high):
    codec = ImageCodec.fit(X, None)
    assert (codec.low, codec.high) == (low, high)
    ends = codec.decode(torch.tensor([0.0, 1.0]).reshape(2, 1, 1, 1).expand(2, 1, 2, 2))
    assert ends[0].min() == low
    assert ends[1].max() == high


def test_tensor_is_channels_first_in_zero_to_one():
    X = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3), dtype=np.uint8)
    tensor = ImageCodec.fit(X, None).encode(X)
    assert tensor.dtype == torch.float32
    np.testing.assert_allclose(tensor.numpy(), X.transpose(0, 3, 1, 2) / 255, rtol=1e-6)


@pytest.mark.parametrize("row_shape", [(30,), (5, 6), (5, 6, 1)])
def test_rows_come_back_in_the_shape_they_had(row_shape):
    X = np.arange(60, dtype=np.uint8).reshape(2, *row_shape)
    back = there_and_back(X, (5, 6) if len(row_shape) == 1 else None)
    np.testing.assert_array_equal(back, X)


def test_decoded_values_stay_within_range_and_dtype():
    codec = ImageCodec.fit(np.zeros((1, 2, 2), np.uint8), None)
    values = torch.tensor([-0.5, 0.5, 0.999, 1.5]).reshape(1, 1, 2, 2)
    assert codec.decode(values).ravel().tolist() == [0, 128, 255, 255]


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_encoding_leaves_the_images_alone(dtype):
    X = np.arange(8, dtype=dtype).reshape(2, 2, 2)
    before = X.copy()
    ImageCodec.fit(X, None).encode(X).mul_(0)
    np.testing.assert_array_equal(X, before)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([*EXACT, "float16", "float64"]), st.sampled_from([(6,), (2, 3), (1, 2, 3)]))
def test_json_and_back(dtype, row_shape):
    X = np.arange(12).reshape(2, *row_shape).astype(dtype)
    codec = ImageCodec.fit(X, (2, 3) if len(row_shape) == 1 else None)
    again = ImageCodec.from_dict(json.loads(json.dumps(codec.to_dict())))
    assert again == codec
    assert torch.equal(again.encode(X), codec.encode(X))


@pytest.mark.parametrize("shape", [(1, 2, 2), (1, 2, 3, 3), (1, 6)])
def test_check_refuses_other_shapes(shape):
    codec = ImageCodec.fit(np.zeros((1, 2, 3)), None)
    with pytest.raises(InvalidInputError, match=r"fitted on rows of shape \(2, 3\)"):
        codec.check(np.zeros(shape))


def rescaled(low, high, dtype):
    """Images of values from low to high, all of which use the whole range."""
    X = np.linspace(0, 1, 36).reshape(1, 6, 6).repeat(3, 0)
    return (low + X * (high - low)).astype(dtype)


SCALES = {
    "8 bits": rescaled(0, 255, "uint8"),
    "12 bits": rescaled(0, 4095, "uint16"),
    "16 bits": rescaled(0, 65535, "uint16"),
    "0 to 1": rescaled(0, 1, "float32"),
    "-1 to 1": rescaled(-1, 1, "float32"),
    "masks": rescaled(0, 1, "bool"),
}


@pytest.mark.parametrize("later", SCALES)
@pytest.mark.parametrize("fitted", SCALES)
def test_check_refuses_another_scale(fitted, later):
    codec = ImageCodec.fit(SCALES[fitted], None)
    if fitted == later or {fitted, later} == {"0 to 1", "masks"}:
        codec.check(SCALES[later])
        return
    with pytest.raises(InvalidInputError, match="Bring X to the same scale"):
        codec.check(SCALES[later])


@pytest.mark.parametrize("scale", SCALES)
def test_check_accepts_blank_and_dim_images_and_outliers(scale):
    X = SCALES[scale]
    codec = ImageCodec.fit(X, None)
    codec.check(np.full_like(X, X.min()))
    codec.check(np.full_like(X, X.max()))
    codec.check((X / 4).astype(X.dtype) if codec.low == 0 else X / 4)
    # One hot pixel in the training images does not make all other images dim.
    hot = X.copy()
    hot[0, 0, 0] = X.max()
    hot[1:] = (X[1:] / 20).astype(X.dtype)
    ImageCodec.fit(hot, None).check(hot[1:])


@pytest.mark.parametrize("first", [(3, 8, 8), (1, 8, 8), (13, 4, 4), (4, 8, 5)])
def test_channels_first_is_refused(first):
    X = np.zeros((2, *first))
    with pytest.raises(InvalidInputError, match=r"channels last. Pass X.transpose\(0, 2, 3, 1\)"):
        ImageCodec.fit(X, None)
    ImageCodec.fit(X.transpose(0, 2, 3, 1), None)


def test_small_patches_of_many_channels_are_images():
    assert ImageCodec.fit(np.zeros((2, 4, 4, 13)), None).image_shape == (4, 4, 13)
    # What may be meant otherwise can be said.
    assert ImageCodec.fit(np.zeros((2, 13, 4, 4)), (13, 4, 4)).image_shape == (13, 4, 4)
