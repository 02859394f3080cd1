# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The ``data`` channel: the daemon's commands, each with the answer that the robot gives there.

The daemon itself answers nothing over ``/ws/sdk``, to which the commands are passed on; so the
answers are made here, of the same form as the daemon's own over WebRTC.
"""

import asyncio
import json
from contextlib import suppress
from typing import Any
from uuid import uuid4

import numpy as np
from aiortc import InvalidStateError, RTCDataChannel

from reachy_mini_ros.errors import InvalidCommandError, NotConnectedError, RobotError
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.daemon.api import DaemonApi
from reachy_mini_ros.robot.daemon.link import RobotLink
from reachy_mini_ros.robot.state import Interpolation, Target

Message = dict[str, Any]

_RELAYED = {
    *("set_target", "set_head_joints", "set_body_yaw", "set_antennas", "set_full_target"),
    *("set_torque", "set_gravity_compensation", "set_automatic_body_yaw", "set_speech_offsets"),
    *("append_record", "clear_incoming_audio"),
}


class Commands:
    """Answers the data channels of all sessions."""

    def __init__(self, link: RobotLink, api: DaemonApi) -> None:
        self._link = link
        self._api = api
        self._moves = 0
        self._recording = False
        self._tasks: set[asyncio.Task[None]] = set()

    def serve(self, channel: RTCDataChannel) -> None:
        """Answer every text that comes over ``channel``."""

        def take(text: str | bytes) -> None:
            if isinstance(text, str):
                task = asyncio.create_task(self._serve(channel, text))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

        channel.on("message", take)

    async def _serve(self, channel: RTCDataChannel, text: str) -> None:
        answer = await self._answer(text)
        with suppress(InvalidStateError):  # the client left before its answer was ready
            channel.send(json.dumps(answer))

    async def _answer(self, text: str) -> Message:
        try:
            command = sdk.parse_command(text)
        except InvalidCommandError as error:
            return {"error": f"Invalid command: {error}"}
        name = command["type"]
        try:
            return await self._run(name, command, text)
        except (NotConnectedError, RobotError, ValueError) as error:
            return {"error": str(error), "command": name}

    async def _run(self, name: str, command: Message, text: str) -> Message:
        done = {"status": "ok", "command": name}
        if name in _RELAYED:
            await self._link.send(text)
            return done
        match name:
            case "get_state":
                return {"state": await self._state()}
            case "get_version":
                return {"version": sdk.version()}
            case "get_hardware_id":
                return {"hardware_id": (await self._api.info()).hardware_id or None}
            case "get_motor_mode":
                return {"motor_mode": (await self._api.info()).motor_mode}
            case "set_motor_mode":
                await self._link.send(text)
                return {"motor_mode": command["mode"], "status": "ok"}
            case "get_imu":
                return {"command": name, "imu": None}
            case "start_recording" | "stop_recording":
                await self._link.send(text)
                self._recording = name == "start_recording"
                return {**done, "is_recording": self._recording}
            case "stop_move":
                stopped = self._moves > 0
                await self._link.send(text)
                return {**done, "stopped": stopped}
            case "goto_target" | "wake_up" | "goto_sleep":
                await self._move(name, command)
                return {**done, "completed": True}
            case _:
                return {"error": "not available in the simulation", "command": name}

    async def _move(self, name: str, command: Message) -> None:
        self._moves += 1
        try:
            if name == "goto_target":
                uuid, duration_s = uuid4(), command["duration"]
                task = sdk.goto_message(uuid, _target(command), duration_s, Interpolation.MINJERK)
                await self._link.run_task(str(uuid), task)
            else:
                await self._api.play(name)
        finally:
            self._moves -= 1

    async def _state(self) -> Message:
        state = self._link.state
        if state is None:
            raise NotConnectedError(self._link.away_text())
        return {
            "head_pose": state.head_pose.tolist(),
            "antennas": state.antennas.tolist(),
            "head_joint_positions": state.head_joints.tolist(),
            "body_yaw": float(state.head_joints[0]),
            "motor_mode": (await self._api.info()).motor_mode,
            "is_recording": self._recording,
            "is_move_running": self._moves > 0,
            "face_target": {"detected": False, "x": None, "y": None, "roll": None, "ts": None},
            "doa": None,
            "imu": None,
        }


def _target(command: Message) -> Target:
    """Return where a ``goto_target`` is to go; raises ValueError for a head of a wrong size."""
    head, antennas = command.get("head"), command.get("antennas")
    return Target(
        head_pose=np.array(head, np.float64).reshape(4, 4) if head else None,
        antennas=np.array(antennas, np.float64) if antennas else None,
        body_yaw=command.get("body_yaw"),
    )
