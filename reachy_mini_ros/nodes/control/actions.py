# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The actions `follow_joint_trajectory` and `point_head`, where control_msgs is installed."""

import asyncio
import concurrent.futures
import math
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np
from builtin_interfaces.msg import Duration
from rclpy.action.server import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectoryPoint

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import InvalidCommandError, NotConnectedError, ReachyMiniRosError
from reachy_mini_ros.nodes.common.stamps import command_id
from reachy_mini_ros.nodes.common.work import result_in_executor
from reachy_mini_ros.nodes.control.look import LookAtTopics
from reachy_mini_ros.nodes.control.orders import Orders
from reachy_mini_ros.nodes.control.trajectories import trajectory_of
from reachy_mini_ros.robot.driver import Driver
from reachy_mini_ros.robot.geometry import look
from reachy_mini_ros.robot.motion.following import (
    Following,
    GoalToleranceError,
    PathToleranceError,
    Tolerances,
)
from reachy_mini_ros.robot.motion.receipts import Order
from reachy_mini_ros.robot.motion.trajectory import JointsError, TooLateError
from reachy_mini_ros.robot.state import Interpolation, Matrix, Target
from reachy_mini_ros.texts import LONGEST_NAME, shown

try:
    from control_msgs.action import FollowJointTrajectory, PointHead
except ImportError:
    FollowJointTrajectory = PointHead = None

MISSING = (
    "no actions follow_joint_trajectory and point_head: the package control_msgs is not installed "
    "(apt install ros-$ROS_DISTRO-control-msgs)"
)
FEEDBACK_PERIOD_S = 0.05
GOAL_TOLERANCE_RAD = 0.1
"""Of each joint, where a goal names none; there is no path tolerance by default."""
GOAL_TIME_S = 1.0
SHORTEST_S = 0.1


class Actions:
    """Two action servers; in each a new goal ends the running one."""

    def __init__(
        self, node: Node, io: LoopThread, driver: Driver, orders: Orders, looking: LookAtTopics
    ) -> None:
        self._node = node
        self._io = io
        self._driver = driver
        self._orders = orders
        self._look = looking
        self._group = ReentrantCallbackGroup()
        self._tasks: dict[bytes, asyncio.Task[Any]] = {}
        self._cancelled: set[bytes] = set()
        """Goals that were cancelled before their work began."""
        if FollowJointTrajectory is None:
            node.get_logger().info(MISSING)
            return
        self._servers = [
            ActionServer(
                node,
                kind,
                name,
                execute_callback=execute,
                cancel_callback=self._on_cancel,
                callback_group=self._group,
            )
            for kind, name, execute in (
                (FollowJointTrajectory, "follow_joint_trajectory", self._follow),
                (PointHead, "point_head", self._point),
            )
        ]

    async def _follow(self, handle: Any) -> Any:
        goal = handle.request
        result = FollowJointTrajectory.Result()
        order = self._order("follow_joint_trajectory", handle, goal.trajectory.header)
        try:
            following = Following(self._driver.commander.present, _tolerances(goal))
            names, points = trajectory_of(goal.trajectory, self._node)

            async def work() -> str:
                player = self._driver.player
                planned = await player.plan(names, points)
                return await player.play_trajectory(planned, points, following, order)

            feedback = partial(self._follow_feedback, names, following)
            result.error_string = await self._carry_out(handle, order, work(), feedback)
        except concurrent.futures.CancelledError:
            handle.canceled()
            result.error_string = "canceled"
        except ReachyMiniRosError as error:
            handle.abort()
            result.error_code = _code(error)
            result.error_string = str(error)
            self._io.call(self._driver.fail, order, error)
        else:
            handle.succeed()
        return result

    def _follow_feedback(self, names: list[str], following: Following) -> Any:
        progress = following.progress()
        if progress is None:
            return None
        since_start = _duration(progress.time_s)
        feedback = FollowJointTrajectory.Feedback(joint_names=names)
        if hasattr(feedback, "index"):  # since control_msgs 6.3, so not on Jazzy
            feedback.index = progress.index
        feedback.header.stamp = self._node.get_clock().now().to_msg()
        for field, positions in (
            ("desired", progress.desired),
            ("actual", progress.actual),
            ("error", progress.desired - progress.actual),
        ):
            point = JointTrajectoryPoint(positions=positions.tolist(), time_from_start=since_start)
            setattr(feedback, field, point)
        return feedback

    async def _point(self, handle: Any) -> Any:
        goal = handle.request
        order = self._order("point_head", handle, goal.target.header)
        try:
            if goal.pointing_frame not in ("", look.CAMERA_FRAME):
                raise InvalidCommandError(
                    f"only '{look.CAMERA_FRAME}' can be pointed, not "
                    f"'{shown(goal.pointing_frame, LONGEST_NAME)}'"
                )
            axis = (goal.pointing_axis.x, goal.pointing_axis.y, goal.pointing_axis.z)
            if axis[:2] != (0.0, 0.0) or not axis[2] >= 0.0:
                raise InvalidCommandError(
                    f"only the z axis of '{look.CAMERA_FRAME}' can be pointed: leave pointing_axis "
                    "zero, or write 0, 0, 1"
                )
            point = self._look.point_in_world(goal.target)
            head_pose = look.level_pose(point)
            duration_s = self._duration(goal, self._angle_to(head_pose))
            work = self._driver.goto(
                Target(head_pose=head_pose), duration_s, Interpolation.MINJERK, order
            )
            await self._carry_out(handle, order, work, partial(self._point_feedback, point))
        except concurrent.futures.CancelledError:
            handle.canceled()
        except ReachyMiniRosError as error:
            handle.abort()
            self._io.call(self._driver.fail, order, error)
        else:
            handle.succeed()
        return PointHead.Result()

    def _duration(self, goal: Any, angle_rad: float) -> float:
        """Return the time for a turn: the goal's minimum, and what its fastest speed needs."""
        least_s = goal.min_duration.sec + goal.min_duration.nanosec * 1e-9
        if least_s < 0.0 or not goal.max_velocity >= 0.0:
            raise InvalidCommandError(
                f"min_duration is {least_s:g} s and max_velocity {goal.max_velocity:g} rad/s: "
                "neither may be negative; 0 is for none"
            )
        if goal.max_velocity > 0.0:
            # Minimum jerk is at its fastest 15/8 of its mean speed.
            least_s = max(least_s, 15.0 / 8.0 * angle_rad / goal.max_velocity)
        elif least_s <= 0.0:
            least_s = self._driver.settings.goto_duration_s
        return float(max(least_s, SHORTEST_S))

    def _angle_to(self, head_pose: Matrix) -> float:
        turn = self._driver.state.head_pose[:3, :3].T @ head_pose[:3, :3]
        return math.acos(min(max((np.trace(turn) - 1.0) / 2.0, -1.0), 1.0))

    def _point_feedback(self, point: Matrix) -> Any:
        error_rad = look.pointing_error(point, self._driver.state.head_pose)
        return PointHead.Feedback(pointing_angle_error=error_rad)

    def _order(self, source: str, handle: Any, header: Any) -> Order:
        goal_id = str(UUID(bytes=bytes(handle.goal_id.uuid)))
        return self._orders.order(source, command_id(header.stamp) or goal_id)

    async def _carry_out(
        self,
        handle: Any,
        order: Order,
        work: Coroutine[Any, Any, str],
        feedback: Callable[[], Any],
    ) -> str:
        """Return what ``work`` returns; meanwhile publish feedback, and let the client cancel."""
        key = bytes(handle.goal_id.uuid)

        async def begin() -> str:
            await asyncio.sleep(0)
            await self._orders.presence.refuse_last()
            return await work

        async def run() -> str:
            task = asyncio.current_task()
            assert task is not None
            self._tasks[key] = task
            if key in self._cancelled:
                task.cancel()  # comes at the next await
            try:
                return await self._driver.obey(order, begin())
            finally:
                work.close()
                del self._tasks[key]
                self._cancelled.discard(key)

        def publish() -> None:
            try:
                message = feedback()
            except NotConnectedError:
                return  # the work ends with the same error
            if message is not None and handle.is_active:
                handle.publish_feedback(message)

        timer = self._node.create_timer(FEEDBACK_PERIOD_S, publish, callback_group=self._group)
        try:
            return await result_in_executor(self._node, self._io.submit(run()))
        finally:
            self._node.destroy_timer(timer)

    def _on_cancel(self, handle: Any) -> CancelResponse:
        self._io.call(self._cancel, bytes(handle.goal_id.uuid))
        return CancelResponse.ACCEPT

    def _cancel(self, key: bytes) -> None:
        task = self._tasks.get(key)
        if task is not None:
            task.cancel()
        else:
            self._cancelled.add(key)


def _tolerances(goal: Any) -> Tolerances:
    """Return the goal's tolerances; raises InvalidCommandError for what cannot be followed."""
    if goal.multi_dof_trajectory.joint_names or goal.multi_dof_trajectory.points:
        raise InvalidCommandError("the robot has no joints for a multi_dof_trajectory")
    names = list(goal.trajectory.joint_names)
    path: dict[str, float] = {}
    end = dict.fromkeys(names, GOAL_TOLERANCE_RAD)
    for field, allowed in (("path_tolerance", path), ("goal_tolerance", end)):
        for tolerance in getattr(goal, field):
            if tolerance.name not in names:
                name = shown(tolerance.name, LONGEST_NAME)
                raise JointsError(f"{field} names '{name}', the trajectory does not")
            if math.isnan(tolerance.position):
                raise InvalidCommandError(f"the {field} of '{tolerance.name}' is NaN")
            if tolerance.position > 0.0:
                allowed[tolerance.name] = tolerance.position
            elif tolerance.position < 0.0:
                allowed.pop(tolerance.name, None)
    time_s = goal.goal_time_tolerance.sec + goal.goal_time_tolerance.nanosec * 1e-9
    if time_s < 0.0:
        raise InvalidCommandError(f"goal_time_tolerance is {time_s:g} s, but cannot be negative")
    return Tolerances(path, end, time_s or GOAL_TIME_S)


def _code(error: ReachyMiniRosError) -> int:
    kinds = FollowJointTrajectory.Result
    for kind, code in (
        (JointsError, kinds.INVALID_JOINTS),
        (TooLateError, kinds.OLD_HEADER_TIMESTAMP),
        (PathToleranceError, kinds.PATH_TOLERANCE_VIOLATED),
        (GoalToleranceError, kinds.GOAL_TOLERANCE_VIOLATED),
    ):
        if isinstance(error, kind):
            return int(code)
    # There is no code for the rest; joint_trajectory_controller takes this one too.
    return int(kinds.INVALID_GOAL)


def _duration(time_s: float) -> Duration:
    nanoseconds = round(time_s * 1e9)
    return Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)
