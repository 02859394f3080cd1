# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`joint_trajectory`, `play_move`, `list_moves` and `record_move`."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from reachy_mini_ros.errors import InvalidCommandError, RobotError
from reachy_mini_ros.nodes.common.parameters import Param
from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.nodes.control.trajectories import decoded, trajectory_of
from reachy_mini_ros.robot.motion import moves, recorder
from reachy_mini_ros.robot.motion.player import Player
from reachy_mini_ros.robot.motion.recorder import Recorder

PARAMETERS = (
    Param(
        "move_dataset",
        "pollen-robotics/reachy-mini-emotions-library",
        "Data set on the robot in which play_move looks for a move named without one",
    ),
    Param(
        "move_directory",
        "~/.ros/reachy_mini_moves",
        "Where record_move saves, and where play_move looks first",
    ),
    Param(
        "move_approach",
        1.0,
        "Duration of the goto to a move's beginning, s; 0: begin at once, with a jump",
        0.0,
        10.0,
    ),
)

Watch = Callable[[str, Coroutine[Any, Any, str]], object]
Command = Callable[[], Coroutine[Any, Any, str]]
Answer = Callable[[Command, Any, Any, str], Coroutine[Any, Any, Any]]


class MoveTopics:
    """Topics and services for what is longer than one target.

    ``values`` are the node's parameters, kept up to date by it. ``watch`` carries out a command
    of a topic and reports its end, ``answer`` one of a service.
    """

    def __init__(
        self,
        node: Node,
        values: Mapping[str, Any],
        player: Player,
        recording: Recorder,
        watch: Watch,
        answer: Answer,
    ) -> None:
        self._node = node
        self._values = values
        self._player = player
        self._recorder = recording
        self._watch = watch
        self._answer = answer
        group = ReentrantCallbackGroup()
        node.create_subscription(
            JointTrajectory, "joint_trajectory", self._on_trajectory, reliable(10), raw=True
        )
        node.create_subscription(String, "play_move", self._on_play, reliable(10))
        node.create_service(Trigger, "list_moves", self._on_list, callback_group=group)
        node.create_service(SetBool, "record_move", self._on_record, callback_group=group)

    def _on_trajectory(self, raw: bytes) -> None:
        self._watch("joint_trajectory", self._follow(raw))

    async def _follow(self, raw: bytes) -> str:
        names, points = trajectory_of(decoded(raw), self._node)
        return await self._player.play_trajectory(await self._player.plan(names, points), points)

    def _on_play(self, message: String) -> None:
        self._watch("play_move", self._play(message.data))

    async def _play(self, name: str) -> str:
        source = moves.find(name, self._directory(), self._values["move_dataset"])
        approach_s = self._values["move_approach"]
        if source.file is not None:
            return await self._player.play_file(source.file, approach_s)
        return await self._player.play_dataset(source.dataset, source.name, approach_s)

    async def _on_list(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        answer: Trigger.Response = await self._answer(self._list, request, response, "list_moves")
        return answer

    async def _list(self) -> str:
        dataset = self._values["move_dataset"]
        recorded = await asyncio.to_thread(moves.recorded, self._directory())
        try:
            names = await self._player.names(dataset)
        except RobotError as error:
            if not recorded:
                raise
            return json.dumps({"recorded": recorded, "unavailable": str(error)})
        return json.dumps({"recorded": recorded, dataset: names})

    async def _on_record(
        self, request: SetBool.Request, response: SetBool.Response
    ) -> SetBool.Response:
        command = self._start_recording if request.data else self._end_recording
        answer: SetBool.Response = await self._answer(command, request, response, "record_move")
        return answer

    async def _start_recording(self) -> str:
        return self._recorder.start()

    async def _end_recording(self) -> str:
        move = self._recorder.stop()
        try:
            file = await asyncio.to_thread(recorder.save, move, self._directory())
        except OSError as error:
            raise InvalidCommandError(
                f"cannot save the recording: {error}; set move_directory to where it can be"
            ) from None
        return str(file)

    def _directory(self) -> Path:
        return Path(self._values["move_directory"]).expanduser()
