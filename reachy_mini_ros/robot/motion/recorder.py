# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Records what the robot does, as a move that can be played again."""

import itertools
import math
from datetime import datetime
from pathlib import Path

import numpy as np

from reachy_mini_ros.errors import BusyError, InvalidCommandError
from reachy_mini_ros.files import write_atomically
from reachy_mini_ros.robot.geometry import rotations
from reachy_mini_ros.robot.geometry.limits import DOCUMENTED, clip
from reachy_mini_ros.robot.motion.moves import LONGEST_S, Move
from reachy_mini_ros.robot.state import RobotState, Target


class Recorder:
    """One recording at a time, one sample with each state of the robot (50 Hz).

    A sample holds what is streamed to the robot; where nothing is streamed (a goto, a move, a
    head moved by hand) it holds where the robot is.
    """

    def __init__(self) -> None:
        self._samples: list[tuple[float, Target]] | None = None

    def start(self) -> str:
        """Begin; raises BusyError while a recording runs."""
        if self._samples is not None:
            raise BusyError("a recording runs already: end it first")
        self._samples = []
        return "recording"

    @property
    def recording(self) -> bool:
        """Whether a recording runs."""
        return self._samples is not None

    def take(self, state: RobotState, streamed: Target) -> None:
        """Add a sample, if a recording runs."""
        if self._samples is None:
            return
        time_s = state.received_ns / 1e9
        if not self._samples or time_s - self._samples[0][0] < LONGEST_S:
            self._samples.append((time_s, _whole(state, streamed)))

    def stop(self) -> Move:
        """End the recording and return it.

        Raises InvalidCommandError if none runs, or if the robot was away all the time.
        """
        samples, self._samples = self._samples, None
        if samples is None:
            raise InvalidCommandError("no recording runs: start one first")
        if len(samples) < 2:
            raise InvalidCommandError("nothing was recorded: the robot sent no state meanwhile")
        times_s, targets = zip(*samples, strict=True)
        return Move(
            np.array(times_s) - times_s[0],
            np.array([target.head_pose for target in targets]),
            np.array([target.antennas for target in targets]),
            np.array([target.body_yaw for target in targets]),
            f"recorded {datetime.now().astimezone().isoformat(timespec='seconds')}",
        )


def save(move: Move, directory: Path) -> Path:
    """Write a move into a file of its own, named by the time of day, and return the file.

    Raises InvalidCommandError if that is not possible.
    """
    stem = datetime.now().strftime("move_%Y%m%d_%H%M%S")
    names = itertools.chain([stem], (f"{stem}_{number}" for number in itertools.count(2)))
    try:
        file = next(file for name in names if not (file := directory / f"{name}.json").exists())
        write_atomically(file, move.to_json())
    except OSError as error:
        raise InvalidCommandError(
            f"cannot save the recording: {error}; set move_directory to where it can be"
        ) from None
    return file


def _whole(state: RobotState, streamed: Target) -> Target:
    # Streamed stewart joints lead to a pose that takes long to compute: the robot tells it.
    pose = state.head_pose if streamed.head_pose is None else streamed.head_pose
    body = streamed.body_yaw
    if body is None:
        # The body comes after a head that turns it along, and what is played must have it near.
        yaw = rotations.roll_pitch_yaw(pose)[2]
        apart = math.remainder(yaw - float(state.head_joints[0]), math.tau)
        body = yaw - clip(apart, DOCUMENTED.head_to_body_rad)
    return Target(
        head_pose=pose,
        antennas=state.antennas if streamed.antennas is None else streamed.antennas,
        body_yaw=body,
    )
