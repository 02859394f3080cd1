# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Between camera models and sensor_msgs/CameraInfo (REP-104), and where calibrations are."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
from ament_index_python.packages import get_package_share_directory
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.files import write_atomically
from reachy_mini_ros.nodes.common.resources import PACKAGE, share_directory
from reachy_mini_ros.robot.geometry import calibration_file
from reachy_mini_ros.robot.geometry.camera_models import CameraModel
from reachy_mini_ros.texts import LONGEST_NAME, shown

_LARGEST_PX = 1e6
_COEFFICIENTS = {"plumb_bob": (4, 5), "rational_polynomial": (8, 12, 14), "equidistant": (4,)}
"""How many each distortion model has; for those above 8 see :mod:`..robot.camera_models`."""


def to_message(model: CameraModel, header: Header) -> CameraInfo:
    """Return the model as a message; without a rectification, P is [K | 0]."""
    k = model.k
    p = np.column_stack([k, np.zeros(3)]) if model.p is None else model.p
    r = np.eye(3) if model.r is None else model.r
    return CameraInfo(
        header=header,
        width=model.width,
        height=model.height,
        distortion_model=model.distortion_model,
        d=list(model.d),
        k=k.ravel(),
        r=r.ravel(),
        p=p.ravel(),
    )


def from_message(message: CameraInfo, name: str) -> CameraModel:
    """Return the model in a message.

    Raises ValueError if it is none: no size, a K that is not that of a camera, or coefficients
    that do not go with the distortion model.
    """
    k = np.array(message.k, dtype=float).reshape(3, 3)
    finite = bool((np.abs(k) < _LARGEST_PX).all())
    if not (message.width and message.height and finite and k[0, 0] and k[1, 1]):
        raise ValueError("a calibration needs width, height and a finite K with focal lengths")
    lens = shown(message.distortion_model, LONGEST_NAME)
    counts = _COEFFICIENTS.get(message.distortion_model)
    if message.d and (counts is None or len(message.d) not in counts):
        raise ValueError(
            f"distortion_model '{lens}' with {len(message.d)} coefficients; "
            + ", ".join(f"{name}: {' or '.join(map(str, n))}" for name, n in _COEFFICIENTS.items())
        )
    if not all(np.isfinite(values).all() for values in (message.d, message.r, message.p)):
        raise ValueError("D, R and P must be finite")
    return CameraModel(
        name=name,
        width=int(message.width),
        height=int(message.height),
        k=k,
        d=tuple(float(value) for value in message.d),
        distortion_model=message.distortion_model,
        r=np.array(message.r, dtype=float).reshape(3, 3),
        p=np.array(message.p, dtype=float).reshape(3, 4),
    )


def load_calibration(path: Path) -> CameraModel:
    """Return the calibration in a file.

    Raises SetupError if there is none, or if it is not one.
    """
    try:
        return calibration_file.parse(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        reason = f"cannot be read: {str(error).splitlines()[0]}"
        raise SetupError(f"camera calibration {path}: {reason}") from None
    except SetupError as error:
        raise SetupError(f"camera calibration {path}: {error}") from None


def save_calibration(path: Path, model: CameraModel) -> None:
    """Write a calibration.

    Raises OSError if that is not possible.
    """
    write_atomically(path, calibration_file.text(model).encode())


def calibration_path(url: str) -> Path:
    """Return the file that a ``camera_info_url`` names.

    Raises SetupError if it is neither ``file:///path`` nor ``package://package/path``.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path:
        return Path(unquote(parts.path))
    if parts.scheme == "package" and parts.netloc and parts.path:
        path = unquote(parts.path).lstrip("/")
        if parts.netloc == PACKAGE:
            return share_directory() / path
        try:
            return Path(get_package_share_directory(parts.netloc)) / path
        except (LookupError, OSError, ValueError):  # not found, no index at all, no package name
            raise SetupError(f"camera_info_url: there is no package '{parts.netloc}'") from None
    raise SetupError(f"camera_info_url: '{url}' is neither file:///PATH nor package://PACKAGE/PATH")
