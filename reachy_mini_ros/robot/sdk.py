# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The one module that touches the `reachy_mini` package: messages, status, kinematics, assets.

The SDK is imported at first use, not with this module, so that a machine without it gets one
clear line from the node instead of a trace from an import.
"""

import base64
import functools
import gzip
import importlib
import importlib.metadata
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import numpy as np

from reachy_mini_ros.errors import InvalidCommandError, MalformedError, SetupError
from reachy_mini_ros.robot.state import Health, Interpolation, Matrix, RobotInfo, Target
from reachy_mini_ros.texts import LONGEST_SENTENCE, shown

PACKAGE = "reachy_mini"
ROOT_TO_NEUTRAL_HEAD_M = 0.177
"""Height of the neutral head over the URDF's root, `head_z_offset` in the SDK's assets."""
UPLOAD_CHUNK, UPLOAD_CHUNKS = 16384, 4096
"""The daemon's limits of an upload: characters a chunk, chunks."""
PLAY_FREQUENCY_HZ = 100.0

_MESH_PREFIX = "package://assets/"
_LOCAL_GSTREAMER = (1, 24)
"""The first with the plugin unixfd."""
_LOCAL_ELEMENTS = ("unixfdsrc", "queue", "videoconvert", "appsink")


def require() -> None:
    """Import what the link needs of the SDK.

    Raises SetupError if the SDK, or something that it needs itself, is not installed.
    """
    _module("reachy_mini.io.protocol")


def version() -> str:
    """Return the version of the installed SDK."""
    return importlib.metadata.version("reachy_mini")


def target_messages(target: Target) -> list[str]:
    """Return the messages that make ``target`` the robot's target at once."""
    protocol = _module("reachy_mini.io.protocol")
    if target.head_joints is None:
        commands = [
            protocol.SetFullTargetCmd(
                head=_list(target.head_pose),
                antennas=_list(target.antennas),
                body_yaw=target.body_yaw,
            )
        ]
    else:
        commands = [protocol.SetHeadJointsCmd(joints=_list(target.head_joints))]
        if target.antennas is not None:
            commands.append(protocol.SetAntennasCmd(antennas=_list(target.antennas)))
    return [str(command.model_dump_json()) for command in commands]


def goto_message(uuid: UUID, target: Target, duration_s: float, method: Interpolation) -> str:
    """Return the task that moves to ``target``; what is None in it stays where it is."""
    protocol = _module("reachy_mini.io.protocol")
    interpolation = _module("reachy_mini.utils.interpolation").InterpolationTechnique
    task = protocol.TaskRequest(
        uuid=uuid,
        req=protocol.GotoTaskRequest(
            head=_list(target.head_pose),
            antennas=_list(target.antennas),
            duration=duration_s,
            method=interpolation(method.value),
            body_yaw=target.body_yaw,
        ),
        timestamp=datetime.now(UTC),
    )
    return str(task.model_dump_json())


def parse_command(text: str) -> dict[str, Any]:
    """Return a command as the daemon's own model understands it, defaults filled in.

    Raises InvalidCommandError if it is none.
    """
    validation_error = _module("pydantic").ValidationError
    try:
        command = _module("reachy_mini.io.protocol").command_adapter.validate_json(text)
    except validation_error as error:
        raise InvalidCommandError(str(error)) from None
    return dict(command.model_dump(mode="json"))


def stop_message() -> str:
    """Return the message that ends every running move."""
    return str(_module("reachy_mini.io.protocol").StopMoveCmd().model_dump_json())


def automatic_body_yaw_message(enable: bool) -> str:
    """Return the message that lets the daemon turn the body along with the head, or not."""
    command = _module("reachy_mini.io.protocol").SetAutomaticBodyYawCmd(enabled=enable)
    return str(command.model_dump_json())


def upload_messages(upload_id: str, move: bytes) -> list[str]:
    """Return the messages that bring a recorded move (its JSON) to the daemon.

    Raises InvalidCommandError if it is longer than the daemon takes.
    """
    protocol = _module("reachy_mini.io.protocol")
    text = base64.b64encode(gzip.compress(move, 4)).decode()
    chunks = [text[at : at + UPLOAD_CHUNK] for at in range(0, len(text), UPLOAD_CHUNK)]
    if len(chunks) > UPLOAD_CHUNKS:
        raise InvalidCommandError(f"the move is too long: {len(text)} characters when compressed")
    start = protocol.UploadMoveStartCmd(
        upload_id=upload_id, total_chunks=len(chunks), encoding="gzip+base64"
    )
    commands = [
        protocol.UploadMoveChunkCmd(upload_id=upload_id, chunk_index=index, chunk=chunk)
        for index, chunk in enumerate(chunks)
    ]
    messages = [str(command.model_dump_json()) for command in (start, *commands)]
    return [*messages, upload_finish_message(upload_id)]


def upload_finish_message(upload_id: str) -> str:
    """Return the message that closes an upload; the daemon forgets one that is incomplete."""
    protocol = _module("reachy_mini.io.protocol")
    return str(protocol.UploadMoveFinishCmd(upload_id=upload_id).model_dump_json())


def play_upload_message(upload_id: str, approach_s: float) -> str:
    """Return the message that plays an uploaded move, after a goto to its first sample."""
    protocol = _module("reachy_mini.io.protocol")
    command = protocol.PlayUploadedMoveCmd(
        upload_id=upload_id, play_frequency=PLAY_FREQUENCY_HZ, initial_goto_duration=approach_s
    )
    return str(command.model_dump_json())


def parse_status(message: object) -> RobotInfo:
    """Return what a `daemon_status` message or ``/api/daemon/status`` says.

    Its texts come from outside and are made fit to be shown. Raises MalformedError if it is not a
    status that the installed SDK understands.
    """
    validation_error = _module("pydantic").ValidationError
    try:
        status = _module("reachy_mini.io.protocol").DaemonStatus.model_validate(message)
    except validation_error as error:
        raise MalformedError(
            f"the daemon's status is not understood by the installed reachy_mini {version()}: "
            f"{shown(error.errors()[0]['msg'])}; use the same version on both sides"
        ) from None
    backend = status.backend_status
    if status.mockup_sim_enabled:
        model = "mockup"
    elif status.simulation_enabled:
        model = "mujoco"
    else:
        model = "wireless" if status.wireless_version else "lite"
    return RobotInfo(
        robot_name=shown(status.robot_name),
        model=model,
        daemon_version=shown(status.version or ""),
        daemon_state=status.state.value,
        motor_mode=backend.motor_control_mode.value if backend else "",
        camera_name=shown(status.camera_specs_name),
        media_available=not (status.no_media or status.media_released),
        error=shown(status.error or (backend.error if backend else None) or ""),
        hardware_id=shown(status.hardware_id or ""),
        wireless=status.wireless_version,
        health=_health(status),
    )


def _health(status: Any) -> Health:
    """Return what a status tells of control loop, motors and media; a simulated robot has less."""
    backend = status.backend_status
    loop = getattr(backend, "control_loop_stats", {})
    errors = _number(loop.get("nb_error"))
    media = "released" if status.media_released else "available"
    return Health(
        ready=getattr(backend, "ready", None),
        motors_answered=_number(getattr(backend, "last_alive", None)),
        rate_hz=_number(loop.get("mean_control_loop_frequency")),
        longest_interval_s=_number(loop.get("max_control_loop_interval")),
        errors=None if errors is None else int(errors),
        motor_controller=shown(loop.get("motor_controller") or "", LONGEST_SENTENCE),
        media="off" if status.no_media else media,
    )


def _number(value: object) -> float | None:
    """Return a number that means one: the statistics are of any type in the daemon's model."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -1e15 < value < 1e15 else None


def kinematics() -> Any:
    """Return a new engine of the SDK for the head's platform, with a state of its own.

    Put together as the SDK's `AnalyticalKinematics` does, and without it: its package imports
    onnxruntime too, which costs 15 MB, and which in one process with GStreamer's libunwind lets
    rclpy's C++ exceptions abort the process.
    """
    data = json.loads((_folder() / "assets" / "kinematics_data.json").read_text())
    engine = _module("reachy_mini_rust_kinematics").ReachyMiniRustKinematics(
        data["motor_arm_length"], data["rod_length"]
    )
    for motor in data["motors"]:
        to_motor = np.linalg.inv(motor["T_motor_world"])
        engine.add_branch(motor["branch_position"], to_motor, 1 if motor["solution"] else -1)
    return engine


def urdf() -> str:
    """Return the robot's URDF as the SDK has it."""
    return (_urdf_folder() / "robot.urdf").read_text(encoding="utf-8")


def camera_specs(name: str) -> Any:
    """Return the SDK's `CameraSpecs` for the name that the daemon reports."""
    return _module("reachy_mini.media.camera_constants").get_camera_specs_by_name(name)


def camera_socket() -> Path:
    """Return where a daemon offers its pictures to programs on the same machine."""
    return Path(_module("reachy_mini.daemon.utils").CAMERA_SOCKET_PATH)


def require_local_camera() -> None:
    """Check that :func:`local_camera` can work here.

    Raises SetupError, naming what to install, if it cannot.
    """
    gi = _module("gi")
    try:
        for namespace in ("Gst", "GstApp"):
            gi.require_version(namespace, "1.0")
    except ValueError as error:
        raise SetupError(_what_to_install(error)) from None
    gst = _module("gi.repository.Gst")
    gst.init(None)
    version = gst.version()
    missing = [name for name in _LOCAL_ELEMENTS if gst.ElementFactory.find(name) is None]
    if version[:2] < _LOCAL_GSTREAMER or missing:
        raise SetupError(
            f"source sdk needs GStreamer {'.'.join(map(str, _LOCAL_GSTREAMER))} or newer with "
            f"{', '.join(_LOCAL_ELEMENTS)}; here is {'.'.join(map(str, version[:3]))} without "
            f"{', '.join(missing) or 'the right version'}: apt install gstreamer1.0-plugins-base "
            "gstreamer1.0-plugins-bad on a newer system, or take source webrtc"
        )


def local_camera(camera_name: str) -> Any:
    """Return the SDK's reader of :func:`camera_socket`: `open`, `read`, `close`.

    `read` gives BGR (height, width, 3) or, after 20 ms, None. It says so on the SDK's log only if
    there is nobody to read from. See :func:`require_local_camera`.
    """
    camera = _module("reachy_mini.media.camera_gstreamer").GStreamerCamera
    return camera(log_level="ERROR", camera_specs=camera_specs(camera_name))


def app_class() -> Any:
    """Return the SDK's base class of apps, `ReachyMiniApp`."""
    return _module("reachy_mini.apps.app").ReachyMiniApp


def sound_names() -> list[str]:
    """Return the names of the sounds that every daemon has."""
    return sorted(path.name for path in (_folder() / "assets").glob("*.wav"))


def robot_description(meshes: str = "") -> str:
    """Return the robot's URDF with ``meshes`` before the name of each mesh.

    Without that with addresses that RViz opens (``file://``).
    """
    return urdf().replace(_MESH_PREFIX, meshes or _mesh_folder().as_uri() + "/")


def mesh_files() -> dict[str, Path]:
    """Return where the meshes are that the URDF shows, by the names in it."""
    visuals = ElementTree.fromstring(urdf()).iter("visual")
    shown = {str(mesh.get("filename")) for visual in visuals for mesh in visual.iter("mesh")}
    names = sorted(name.removeprefix(_MESH_PREFIX) for name in shown)
    return {name: _mesh_folder() / name for name in names}


def _folder() -> Path:
    return Path(str(_module("reachy_mini").__file__)).parent


def _urdf_folder() -> Path:
    return _folder() / "descriptions" / "reachy_mini" / "urdf"


def _mesh_folder() -> Path:
    return _urdf_folder() / "assets"


def _list(values: Matrix | None) -> list[float] | None:
    return None if values is None else [float(value) for value in np.ravel(values)]


@functools.cache
def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except (ImportError, ValueError) as error:  # ValueError: gi without a typelib
        raise SetupError(_what_to_install(error)) from None


def _what_to_install(error: Exception) -> str:
    missing = getattr(error, "name", None) or ""
    if missing == "reachy_mini":
        return 'the reachy_mini package is not installed: pip install "reachy-mini>=1.11,<2"'
    if missing.split(".")[0] == "gi" or "Namespace" in str(error):
        return (
            f"reachy_mini needs GObject introspection, which is missing ({error}): "
            "apt install python3-gi gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0, and make "
            "the virtual environment with --system-site-packages"
        )
    return f"reachy_mini cannot be imported ({error}): reinstall it with its dependencies"
