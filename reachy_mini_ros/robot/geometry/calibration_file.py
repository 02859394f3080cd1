# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Camera calibrations as text, in the YAML format of ROS's camera_calibration."""

from typing import Any

import numpy as np
import yaml

from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.robot.geometry.camera_models import CameraModel
from reachy_mini_ros.robot.state import Matrix


def parse(text: str) -> CameraModel:
    """Return the calibration that is written in ``text``.

    Raises SetupError with the reason if there is none in it.
    """
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date that is none, too deep
        raise SetupError(f"cannot be read: {str(error).splitlines()[0]}") from None
    try:
        model = CameraModel(
            name=str(content.get("camera_name", "")),
            width=int(content["image_width"]),
            height=int(content["image_height"]),
            k=_matrix(content["camera_matrix"], 3, 3),
            d=tuple(float(value) for value in content["distortion_coefficients"]["data"]),
            distortion_model=str(content["distortion_model"]),
            r=_optional(content, "rectification_matrix", 3, 3),
            p=_optional(content, "projection_matrix", 3, 4),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise SetupError(f"not in camera_calibration's format: {error!r}") from None
    numbers = (model.k, model.d, model.r, model.p)
    finite = all(values is None or np.isfinite(values).all() for values in numbers)
    if model.width <= 0 or model.height <= 0 or not finite:
        raise SetupError("its size or its numbers make no sense")
    return model


def text(model: CameraModel) -> str:
    """Return a calibration as it is written into a file."""
    r = np.eye(3) if model.r is None else model.r
    p = np.column_stack([model.k, np.zeros(3)]) if model.p is None else model.p
    content = {
        "image_width": model.width,
        "image_height": model.height,
        "camera_name": model.name,
        "camera_matrix": _entry(model.k),
        "distortion_model": model.distortion_model,
        "distortion_coefficients": _entry(np.array([model.d], dtype=float)),
        "rectification_matrix": _entry(r),
        "projection_matrix": _entry(p),
    }
    return yaml.safe_dump(content, sort_keys=False)


def _entry(matrix: Matrix) -> dict[str, Any]:
    rows, columns = matrix.shape
    return {"rows": rows, "cols": columns, "data": matrix.ravel().tolist()}


def _matrix(entry: dict[str, Any], rows: int, columns: int) -> Matrix:
    return np.array(entry["data"], dtype=float).reshape(rows, columns)


def _optional(content: dict[str, Any], key: str, rows: int, columns: int) -> Matrix | None:
    return _matrix(content[key], rows, columns) if key in content else None
