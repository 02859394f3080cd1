# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Takes commands: checks them, asks the rules of motion, has them carried out.

Everything here runs on the event loop. Errors are those of :mod:`reachy_mini_ros.errors`:
InvalidCommandError (the command is wrong), BusyError (not now), PreemptedError (ended by another
command), NotConnectedError, RobotError, TimedOutError.
"""

import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import numpy as np

from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import (
    InvalidCommandError,
    NotConnectedError,
    RobotError,
    TimedOutError,
    UnreachableError,
)
from reachy_mini_ros.robot.daemon.api import DaemonApi
from reachy_mini_ros.robot.daemon.link import RobotLink
from reachy_mini_ros.robot.geometry import clamping, limits
from reachy_mini_ros.robot.geometry.limits import DOCUMENTED, Reach
from reachy_mini_ros.robot.geometry.passive_joints import platform
from reachy_mini_ros.robot.motion.arbitration import Command, Motion, MotionStatus, Owner
from reachy_mini_ros.robot.motion.events import EventKind, SafetyEvent
from reachy_mini_ros.robot.motion.moves import LONGEST_S
from reachy_mini_ros.robot.motion.ramp import Speeds
from reachy_mini_ros.robot.motion.receipts import UNTOLD, Order, ReceiptKind, StreamOrders
from reachy_mini_ros.robot.motion.runner import Runner
from reachy_mini_ros.robot.motion.streamer import TargetStreamer
from reachy_mini_ros.robot.state import Interpolation, Matrix, RobotInfo, RobotState, Target

MODE_SETTLE_S = 0.5
"""For so long after the motors were switched here, a status may still tell of the time before."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What commands are held to."""

    command_timeout_s: float = 0.5
    """A stream of targets has ended after this long without one."""
    reach: Reach = DOCUMENTED
    """How far the robot may be told to go; the daemon's own scripts know no such limits."""
    clamp: bool = False
    """Whether a target out of reach is clamped to the nearest reachable one."""
    speeds: Speeds = field(default_factory=Speeds)


class Commander:
    """The one writer to one robot.

    Callbacks come on the event loop: ``on_motion`` when it may have changed, ``on_event`` with
    what no error can tell the sender of a command: a clamped target, a stream that was ended. An
    ``order`` is told of the command's acceptance; its end is for who waits for that.
    """

    def __init__(
        self,
        link: RobotLink,
        api: DaemonApi,
        *,
        limits: Limits = Limits(),
        on_motion: Callable[[MotionStatus], None] | None = None,
        on_event: Callable[[SafetyEvent], None] | None = None,
    ) -> None:
        self._link = link
        self._api = api
        self._on_motion = on_motion
        self._on_event = on_event
        self.motion = Motion(limits.command_timeout_s)
        self.streamer = TargetStreamer(link, self._stream_is_over, self._stream_ended)
        self.apply(limits)
        self._stream_source = ""
        self._streams = StreamOrders()
        self._judged: tuple[RobotState, RobotState] | None = None
        self._runner = Runner(link, api, self._move_ended)
        self._goal: Matrix | None = None
        self._mode_set_s = -MODE_SETTLE_S

    def apply(self, limits: Limits) -> None:
        """Hold commands to ``limits`` from the next one on."""
        self._limits = limits
        self.motion.command_timeout_s = limits.command_timeout_s
        self.streamer.ramp.speeds = limits.speeds

    @property
    def reach(self) -> Reach:
        """How far the robot may be told to go."""
        return self._limits.reach

    def present(self) -> RobotState:
        """Return the newest state; raises NotConnectedError if the robot is away.

        Where the daemon's head pose is mirrored, the one that belongs to the joints is in it.
        """
        state = self._link.state
        if state is None:
            raise NotConnectedError(self._link.away_text())
        if self._judged is None or self._judged[0] is not state:  # once for each state
            right = state
            if platform().mirrored(state.head_pose, state.head_joints):
                right = replace(state, head_pose=limits.pose_of_joints(state.head_joints))
            self._judged = state, right
        return self._judged[1]

    def reference(self) -> tuple[Matrix, Matrix]:
        """Return head joints and antennas that a command for a part of them leaves as they are.

        In a stream that is what was streamed last, and else the present state: measured positions
        sag a little, and sending them back again and again would let the robot creep.
        """
        state = self.present()
        held = self.streamer.held
        joints, antennas = held.head_joints, held.antennas
        return (
            state.head_joints if joints is None else joints,
            state.antennas if antennas is None else antennas,
        )

    def target_pose(self) -> Matrix | None:
        """Return the head pose that a goto or a stream commands now; None while none does."""
        held = self.streamer.held
        if self._goal is not None or held.head_joints is None:
            return held.head_pose if self._goal is None else self._goal
        return limits.pose_of_joints(held.head_joints, self._link.state)

    def stream(self, target: Target, arrived_ns: int, order: Order = UNTOLD) -> None:
        """Make ``target`` the robot's target as soon as the ramp allows; the newest wins."""
        state = self.present()
        self.motion.lease.admit(order.source, order.holder)
        self.motion.admit(Command.TARGET)
        checked = self._with_head(self._checked(target, state, order), state)
        self._stream_source = order.source
        before = self.motion.owner
        self.motion.began(Command.TARGET)
        self._streams.take(order, before)
        self._tell_motion()
        self.streamer.aim(checked, state, arrived_ns)

    async def goto(
        self, target: Target, duration_s: float, method: Interpolation, order: Order = UNTOLD
    ) -> str:
        """Move to ``target`` in ``duration_s`` and return when the robot has arrived.

        If it is cancelled, the robot stops on its way.
        """
        state = self.present()
        self.motion.admit(Command.GOTO, order.stops)
        if not 0.0 <= duration_s <= LONGEST_S:
            raise InvalidCommandError(f"a goto takes up to {LONGEST_S:.0f} s, not {duration_s:g} s")
        checked = self._as_pose(self._checked(target, state, order), state)
        # The state is the link's own unless its head pose had to be put right.
        if state is not self._link.state and checked.head_pose is not None:
            raise RobotError(
                "the daemon's head pose is wrong, and its gotos would begin there: restart the "
                "daemon (service daemon/restart); streamed targets can be used meanwhile"
            )
        goal = self._goal = checked.head_pose
        try:
            return await self._carry_out(
                Command.GOTO, lambda: self._runner.run_goto(checked, duration_s, method), order
            )
        finally:
            if self._goal is goal:
                self._goal = None

    async def run_move(
        self, owner: Owner, work: Callable[[], Awaitable[None]], order: Order = UNTOLD
    ) -> str:
        """Let ``work`` have the robot, as its `trajectory` or `move`, and return when it is done.

        ``work`` may call :meth:`approach`.
        """
        self.present()
        command = Command(owner.value)
        self.motion.admit(command, order.stops)
        return await self._carry_out(command, work, order)

    async def approach(self, target: Target, duration_s: float) -> None:
        """Go to ``target`` as a part of the running move's work."""
        assert self._runner.command is not None, "a part of a move without the move"
        state = self.present()
        checked = self._as_pose(limits.check(target, state, self.reach), state)
        await self._runner.run_goto(checked, duration_s, Interpolation.MINJERK)

    async def wake_up(self, order: Order = UNTOLD) -> str:
        """Enable the motors, wake the robot up, and return when it is awake."""
        self.present()
        self.motion.admit(Command.WAKE_UP, order.stops)

        async def work() -> None:
            # The daemon's own wake-up leaves the motors as they are.
            await self.set_motor_mode("enabled")
            await self._runner.run_script(Command.WAKE_UP)

        return await self._carry_out(Command.WAKE_UP, work, order)

    async def goto_sleep(self, order: Order = UNTOLD) -> str:
        """Put the robot to sleep, and return when it lies and its motors are off."""
        self.present()
        self.motion.admit(Command.GOTO_SLEEP, order.stops)
        return await self._carry_out(
            Command.GOTO_SLEEP, lambda: self._runner.run_script(Command.GOTO_SLEEP), order
        )

    async def stop(self, order: Order = UNTOLD) -> str:
        """End whatever moves the robot; it holds where it is.

        Raises TimedOutError if the daemon does not end what moves it.
        """
        owner, running = self.motion.owner, self.motion.running
        self.motion.stopped()
        self._drop_stream("stop")
        order.accept(owner, "nothing moves" if running is None else f"ends {owner}")
        self._tell_motion()
        self.present()
        command = await self._runner.stop()
        if command is not None:
            return f"stopped: {command}"
        return "stopped: streaming" if owner is Owner.STREAMING else "stopped"

    async def enable_motors(self, enable: bool, order: Order = UNTOLD) -> str:
        """Switch all motors on (they hold the present pose) or off, which ends a move first."""
        self.present()
        order.accept()
        if not enable:
            with contextlib.suppress(TimedOutError):  # what does not end loses its motors
                await self.stop()
        self.streamer.ramp.reset()
        await self.set_motor_mode("enabled" if enable else "disabled")
        return "motors enabled" if enable else "motors disabled"

    async def set_motor_mode(self, mode: str) -> None:
        """Set `enabled`, `disabled` or `gravity_compensation`, whatever moves."""
        await self._api.set_motor_mode(mode)
        self._note_motor_mode(mode)

    def info_changed(self, info: RobotInfo) -> None:
        """Take note of what the daemon tells of itself."""
        if self._link.connection is not Connection.CONNECTED:
            return
        if time.monotonic() - self._mode_set_s > MODE_SETTLE_S:
            self.motion.motor_mode = info.motor_mode
            self._tell_motion()

    def connection_changed(self, connection: Connection) -> None:
        """Take note that the robot went away, or came back."""
        if connection is not Connection.CONNECTED:
            self.motion.motor_mode = ""
            if self.motion.running is Command.TARGET:
                self.motion.ended()
                self._drop_stream("the lost connection")
            self._tell_motion()
        else:
            self._runner.reconnected()

    async def close(self) -> None:
        """Let no goto, trajectory or move of ours go on without the driver."""
        self._drop_stream("the end of the driver")
        await self._runner.close()

    async def _carry_out(
        self, command: Command, work: Callable[[], Awaitable[None]], order: Order
    ) -> str:
        owner, running = self.motion.owner, self.motion.running
        self.motion.began(command)
        self._drop_stream(str(command))
        order.accept(owner, "starts" if running is None else f"preempts {owner}")
        self._tell_motion()
        return await self._runner.carry_out(command, work)

    def _move_ended(self, command: Command, done: bool) -> None:
        asleep = done and command is Command.GOTO_SLEEP
        if asleep:
            self._note_motor_mode("disabled")
        self.motion.ended(asleep=asleep)
        self._tell_motion()

    def _note_motor_mode(self, mode: str) -> None:
        self._mode_set_s = time.monotonic()
        self.motion.motor_mode = mode
        self._tell_motion()

    def _tell_motion(self) -> None:
        if self._on_motion is not None:
            self._on_motion(self.motion.status)

    def _tell(self, kind: EventKind, source: str, reason: str) -> None:
        if self._on_event is not None:
            self._on_event(SafetyEvent(kind, source, reason))

    def _stream_is_over(self) -> bool:
        return self.motion.stream_is_over() or self.motion.running is not Command.TARGET

    def _stream_ended(self, broke_off: bool) -> None:
        if self.motion.running is Command.TARGET:
            self.motion.ended()
            self._tell_motion()
        if broke_off:
            gap = f"no target for {self.motion.command_timeout_s} s while they were moving"
            text = f"the stream broke off: {gap}"
            self._streams.end(ReceiptKind.TIMED_OUT, text)
            self._tell(EventKind.TIMED_OUT, self._stream_source, text)
        else:
            self._streams.end(ReceiptKind.DONE, "the stream ended at its last target")

    def _drop_stream(self, by: str) -> None:
        self.streamer.drop()
        text = f"the stream was ended by {by}"
        if self._streams.end(ReceiptKind.PREEMPTED, text):
            self._tell(EventKind.PREEMPTED, self._stream_source, text)

    def _checked(self, target: Target, state: RobotState, order: Order) -> Target:
        held = self.streamer.held
        body = held.body_yaw
        if target.body_yaw is not None and target.head_pose is None and target.head_joints is None:
            if held.head_pose is None:
                limits.check_turning(state.head_joints)
            head = state.head_pose if held.head_pose is None else held.head_pose
            along = limits.turned_along(head, target.body_yaw, self.reach)
            target = replace(target, head_pose=along)
        if body is not None:  # a stream turns the body on from where it has been told to be
            state = replace(state, head_joints=np.array([body, *state.head_joints[1:]]))
        try:
            return limits.check(target, state, self.reach)
        except UnreachableError as error:
            if not self._limits.clamp:
                raise
            clamped = clamping.clamp(target, state, self.reach)
            order.clamped = str(error)
            self._tell(EventKind.CLAMPED, order.source, order.clamped)
            return clamped

    def _as_pose(self, target: Target, state: RobotState) -> Target:
        """Return the target with head joints turned into a pose: the daemon's gotos take these."""
        if target.head_joints is None:
            return target
        return replace(
            target,
            head_pose=limits.pose_of_joints(target.head_joints, state),
            body_yaw=float(target.head_joints[0]),
            head_joints=None,
        )

    def _with_head(self, target: Target, state: RobotState) -> Target:
        # A body yaw alone makes the daemon go to its last head target, and to neutral at once if
        # it never had one: name the head pose that is to be held.
        if target.body_yaw is None or target.head_pose is not None:
            return target
        held = self.streamer.held.head_pose
        return replace(target, head_pose=state.head_pose if held is None else held)
