# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A camera's calibration is read as it was written, and what is none is refused with the reason."""

import numpy as np
import pytest
import yaml
from harness.fuzzing import BOUNDED, altered
from hypothesis import given
from hypothesis import strategies as st

from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.robot.geometry import calibration_file
from reachy_mini_ros.robot.geometry.camera_models import CameraModel

K = np.array([[500.0, 0.0, 319.5], [0.0, 510.0, 239.5], [0.0, 0.0, 1.0]])
D = (0.1, -0.2, 0.001, 0.002, 0.05)
MODEL = CameraModel(
    "head", 640, 480, K, D, "plumb_bob", np.diag([1.0, 1.0, 1.0]), np.arange(12.0).reshape(3, 4)
)
GOOD = yaml.safe_load(calibration_file.text(MODEL))


def same(one: CameraModel, other: CameraModel) -> bool:
    plain = ("name", "width", "height", "d", "distortion_model")
    return all(getattr(one, name) == getattr(other, name) for name in plain) and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in "krp"
    )


def test_what_was_written_is_read() -> None:
    assert same(calibration_file.parse(calibration_file.text(MODEL)), MODEL)
    assert list(GOOD["distortion_coefficients"]) == ["rows", "cols", "data"]
    assert (GOOD["projection_matrix"]["rows"], GOOD["projection_matrix"]["cols"]) == (3, 4)


def test_without_a_rectification_the_usual_one_is_written() -> None:
    read = calibration_file.parse(calibration_file.text(CameraModel("head", 640, 480, K, D)))
    assert np.array_equal(read.r, np.eye(3))
    assert np.array_equal(read.p, np.column_stack([K, np.zeros(3)]))


def test_a_calibration_may_lack_name_and_rectification() -> None:
    left_out = ("camera_name", "rectification_matrix", "projection_matrix")
    content = {key: value for key, value in GOOD.items() if key not in left_out}
    read = calibration_file.parse(yaml.safe_dump(content))
    assert (read.name, read.r, read.p) == ("", None, None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: [", "cannot be read: while parsing"),
        ("a: 2020-13-45", "cannot be read: month must be"),
        ("a: " + "[" * 5000, "cannot be read: maximum recursion"),
        ("", "not in camera_calibration's format"),
        ("- 1", "not in camera_calibration's format"),
        ("image_width: 640", "not in camera_calibration's format: KeyError"),
    ],
    ids=["no YAML", "no date", "too deep", "empty", "a list", "a part"],
)
def test_a_text_that_is_no_calibration_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SetupError) as refused:
        calibration_file.parse(text)
    assert str(refused.value).startswith(reason)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("image_width", 0), ("image_height", 0), ("image_width", float("inf"))),
        ("camera_matrix", {"data": [1.0] * 8}),
        ("camera_matrix", {"data": [float("nan")] + [1.0] * 8}),
        ("distortion_coefficients", {"data": [0.0, float("nan")]}),
        ("distortion_coefficients", {"data": [float("inf")]}),
        ("rectification_matrix", {"data": [float("nan")] * 9}),
        ("projection_matrix", {"data": [float("inf")] * 12}),
    ],
)
def test_numbers_that_make_no_sense_are_refused(key: str, value: object) -> None:
    with pytest.raises(SetupError, match=r"make no sense|camera_calibration's format"):
        calibration_file.parse(yaml.safe_dump({**GOOD, key: value}))


def test_the_smallest_picture_is_one() -> None:
    read = calibration_file.parse(yaml.safe_dump({**GOOD, "image_width": 1, "image_height": 1}))
    assert (read.width, read.height) == (1, 1)


@BOUNDED
@given(altered(GOOD), st.integers(0, 400))
def test_whatever_was_altered_is_a_calibration_or_refused(content: object, end: int) -> None:
    for text in (repr(content), calibration_file.text(MODEL)[:end]):
        try:
            read = calibration_file.parse(text)
        except SetupError:
            continue
        assert all(np.isfinite(values).all() for values in (read.k, read.d))
