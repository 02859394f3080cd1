# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the dashboard sends: service calls, and targets on topics."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point, PointStamped, PoseStamped
from rcl_interfaces.srv import GetParameters
from sensor_msgs.msg import CameraInfo, JointState
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import NotConnectedError, RobotError
from reachy_mini_ros.nodes.common.on_demand import MATCH_S, Latest, PublisherOnDemand, reached
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.common.stamps import command_id
from reachy_mini_ros.nodes.control.conversions import pose_message
from reachy_mini_ros.nodes.dashboard.leases import Leases
from reachy_mini_ros.nodes.dashboard.motion import DETECTION
from reachy_mini_ros.nodes.dashboard.receipts import Receipts
from reachy_mini_ros.nodes.dashboard.service import KEEP_S, Parameters, Service
from reachy_mini_ros.web import commands
from reachy_mini_ros.web.admin import NAMED
from reachy_mini_ros.web.commands import Command, Done, Moves, PhotoTaken
from reachy_mini_ros.web.interest import Interest
from reachy_mini_ros.web.orders import (
    JOINT_TRAJECTORY,
    LOOK_AT,
    LOOK_AT_PIXEL,
    PLAY_MOVE,
    PLAY_SOUND,
    Order,
    order_of,
)
from reachy_mini_ros.web.receipts import ANSWER_S, FIRST_RECEIPT_S, LAST_RECEIPT_S
from reachy_mini_ros.web.robot import Limits, degrees

CAMERA_KEPT_S = 10.0
"""What pictures are like is listened to for this long after a pixel: the camera decodes for it."""

CONTROL_TRIGGERS: dict[type[Command], str] = {
    commands.Stop: "stop",
    commands.WakeUp: "wake_up",
    commands.GotoSleep: "goto_sleep",
    commands.MediaRelease: "media/release",
    commands.MediaAcquire: "media/acquire",
}
TRIGGERS: dict[type[Command], str] = {
    commands.Photo: "camera/take_photo",
    commands.StreamStart: "stream/start",
    commands.StreamStop: "stream/stop",
}
LIMITS = (
    *(f"max_reach.{part}" for part in ("tilt", "head_to_body", "translation", "body", "antennas")),
    "goto.duration",
)
"""Parameters of the control node."""
LIST_MOVES = "list_moves"
CAMERA_INFO = "camera/camera_info"
TARGETS: dict[str, type] = {
    "set_target/head_pose": PoseStamped,
    "goto/head_pose": PoseStamped,
    "set_target/joints": JointState,
    "goto/joints": JointState,
    LOOK_AT: PointStamped,
    LOOK_AT_PIXEL: PointStamped,
    JOINT_TRAJECTORY: JointTrajectory,
    PLAY_MOVE: String,
    **{f"admin/{name}": String for name in NAMED},
}


class DashboardCommands:
    """Carries out commands; every method but the constructor belongs to the loop's thread."""

    def __init__(
        self,
        node: RobotNode,
        io: LoopThread,
        picture_stamp: Callable[[], Time | None],
    ) -> None:
        """``picture_stamp`` returns the stamp of the picture that is shown, if any is."""
        self.receipts = Receipts(node, io)
        self._picture_stamp = picture_stamp
        self._triggers = {
            name: Service(node, io, Trigger, name) for name in (*TRIGGERS.values(), LIST_MOVES)
        }
        self._parameters = Service(node, io, GetParameters, "control/get_parameters")
        self._sounds = _Target(node, String, PLAY_SOUND)
        self._record = Service(node, io, SetBool, "camera/record")
        self.leases = Leases(node, io)
        self._camera_parameters = Parameters(node, io, "camera")
        self._camera = Latest(node, CameraInfo, CAMERA_INFO)
        self._camera_interest = Interest(self._camera.want, CAMERA_KEPT_S)
        self._new_ends = partial(_ControlEnds, node, io)
        self._own = self._new_ends()
        self._holders: _ControlEnds | None = None

    async def obey(self, command: Command, *, to_its_end: bool = False, holder: str = "") -> Done:
        """Carry out a command; see :class:`reachy_mini_ros.web.robot.Robot`."""
        match command:
            case commands.Lease():
                return Done(await self._lease(command))
            case commands.Record():
                return Done(await self._record.call(SetBool.Request(data=command.enabled)))
            case commands.MotionDetection(enabled=on):
                await self._camera_parameters.set({DETECTION: on})
                return Done(f"motion detection is {'on' if on else 'off'}")
            case commands.Photo():
                path = await self._trigger(TRIGGERS[commands.Photo])
                return PhotoTaken(f"saved {path}", PurePosixPath(path).name)
            case commands.PlaySound():
                self._sounds.require()
                await self._sounds.publish(String(data=command.name))
                return Done(f"sent to {PLAY_SOUND}; its node warns of what it cannot play")
            case commands.StreamStart() | commands.StreamStop():
                return Done(await self._trigger(TRIGGERS[type(command)]))
            case commands.Stop():
                return Done(await self._own.trigger(command))
        ends = await self._ends_of(holder) if holder else self._own
        match command:
            case commands.Motors() | commands.AutomaticBodyYaw():
                service = ends.switches[type(command)]
                return Done(await service.call(SetBool.Request(data=command.enabled)))
            case commands.Head() | commands.Antennas() | commands.Body():
                return await self._target(ends, order_of(command), to_its_end)
            case commands.LookAt():
                point = PointStamped(point=Point(x=command.x, y=command.y, z=command.z))
                point.header.stamp = self.receipts.stamp()
                return await self._send(ends, LOOK_AT, point, to_its_end)
            case commands.LookAtPixel():
                message = await self._pixel(command)
                return await self._send(ends, LOOK_AT_PIXEL, message, to_its_end)
            case commands.PlayMove():
                # A String has no stamp: it is known by what it says.
                move = String(data=command.name)
                return await self._send(ends, PLAY_MOVE, move, to_its_end, ANSWER_S)
        return Done(await ends.trigger(command))

    async def moves(self) -> Moves:
        """Return the moves that can be played."""
        found: dict[str, Any] = json.loads(await self._trigger(LIST_MOVES))
        recorded, unavailable = found.pop("recorded", []), found.pop("unavailable", None)
        names = tuple(name for names in found.values() for name in names)
        return Moves(names, tuple(recorded), unavailable)

    async def send_text(self, topic: str, text: str, to_its_end: bool) -> Done:
        """Send a command that is a text; return when it was accepted, or at its end."""
        return await self._send(self._own, topic, String(data=text), to_its_end, ANSWER_S)

    async def limits(self) -> Limits:
        """Return what the control node's parameters say."""
        answer = await self._parameters.ask(GetParameters.Request(names=list(LIMITS)))
        values = [value.double_value for value in answer.values]
        if len(values) != len(LIMITS):
            raise RobotError("the control node does not tell its limits")
        tilt, head_to_body, translation, body, antennas, goto_s = values
        angles = (degrees(angle) for angle in (tilt, head_to_body, body, antennas))
        tilt, head_to_body, body, antennas = angles
        return Limits(tilt, head_to_body, translation, body, antennas, goto_s)

    async def _pixel(self, command: commands.LookAtPixel) -> PointStamped:
        message = PointStamped()
        # Where the head was in the picture, from which it may have turned since.
        message.header.stamp = self.receipts.stamp(self._picture_stamp())
        message.point.x, message.point.y = command.u, command.v
        if command.width or command.height:
            published = await self._published()
            message.point.x *= published.width / (command.width or published.width)
            message.point.y *= published.height / (command.height or published.height)
        return message

    async def _published(self) -> CameraInfo:
        """Return what pixels are of; raises NotConnectedError if the camera does not say."""
        self._camera_interest.touch()
        information = await reached(self._camera.get)
        if information is None:
            raise NotConnectedError(
                f"no {CAMERA_INFO} came, which a pixel needs: is the camera node running, and has "
                "it pictures?"
            )
        return information

    async def _trigger(self, name: str) -> str:
        return await self._triggers[name].call(Trigger.Request())

    async def _lease(self, command: commands.Lease) -> str:
        answer = await self.leases.ask(command)
        if command.action != "release":
            self._of_holder(command.name).keep(command.seconds)
        elif self._holders is not None and self._holders.holder == command.name:
            self._holders.drop()
        return answer

    async def _ends_of(self, holder: str) -> "_ControlEnds":
        """Return what a holder commands by; raises BusyError if it holds no lease."""
        await self.leases.require(holder)
        return self._of_holder(holder)

    def _of_holder(self, holder: str) -> "_ControlEnds":
        if self._holders is None or self._holders.holder != holder:
            if self._holders is not None:
                self._holders.drop()
            self._holders = self._new_ends(holder)
        return self._holders

    async def _target(self, ends: "_ControlEnds", order: Order, to_its_end: bool) -> Done:
        stamp = self.receipts.stamp()
        if order.head_pose is not None:
            message: Any = pose_message(order.head_pose, "", stamp)
        elif order.duration_s is not None:
            message = _trajectory(order.joints, order.duration_s)
            message.header.stamp = stamp
        else:
            message = JointState(name=list(order.joints), position=list(order.joints.values()))
            message.header.stamp = stamp
        if not order.streamed:
            return await self._send(ends, order.source, message, to_its_end)
        # A finger on the page sends twenty a second: nothing is waited for, and what is refused is
        # told with the safety events.
        target = ends.targets[order.source]
        target.require()
        await target.publish(message)
        return Done(f"sent to {order.source}")

    async def _send(
        self,
        ends: "_ControlEnds",
        topic: str,
        message: Any,
        to_its_end: bool,
        within_s: float = FIRST_RECEIPT_S,
    ) -> Done:
        target = ends.targets[topic]
        target.require()
        header = getattr(message, "header", None)
        known_by = ("", message.data) if header is None else (command_id(header.stamp), "")
        async with self.receipts.of(ends.prefix + topic, *known_by) as fate:
            await target.publish(message)
            told = await fate.begun(within_s)
            if to_its_end:
                told = await fate.ended(LAST_RECEIPT_S)
        return Done(f"{topic} {told}")


def _trajectory(joints: Mapping[str, float], duration_s: float) -> JointTrajectory:
    """Return the trajectory of one point, from where the robot is."""
    time = Duration(sec=int(duration_s), nanosec=int(duration_s % 1 * 1e9))
    point = JointTrajectoryPoint(positions=list(joints.values()), time_from_start=time)
    return JointTrajectory(joint_names=list(joints), points=[point])


class _ControlEnds:
    """Services and topics by which the control node is commanded, by one name or by none."""

    def __init__(self, node: RobotNode, io: LoopThread, holder: str = "") -> None:
        self.holder = holder
        self.prefix = f"lease/{holder}/" if holder else ""

        def service(kind: type, name: str) -> Service:
            return Service(node, io, kind, self.prefix + name)

        self._triggers = {kind: service(Trigger, name) for kind, name in CONTROL_TRIGGERS.items()}
        self.switches = {
            commands.Motors: service(SetBool, "enable_motors"),
            commands.AutomaticBodyYaw: service(SetBool, "automatic_body_yaw"),
        }
        self.targets = {
            topic: _Target(node, kind, self.prefix + topic) for topic, kind in TARGETS.items()
        }

    async def trigger(self, command: Command) -> str:
        """Have what needs no more words than its name carried out."""
        return await self._triggers[type(command)].call(Trigger.Request())

    def keep(self, for_s: float) -> None:
        """Be seen to be there for so long: a lease ends when its holder goes."""
        self.targets["goto/head_pose"].keep(for_s + MATCH_S)

    def drop(self) -> None:
        """Be there no longer."""
        for target in self.targets.values():
            target.drop()


class _Target:
    """A topic that commands go to; published on only while it is used."""

    def __init__(self, node: RobotNode, kind: type, topic: str) -> None:
        self._node = node
        self._publisher = PublisherOnDemand(node, kind, topic)
        self._interest = Interest(self._publisher.want, KEEP_S)

    def keep(self, for_s: float) -> None:
        """Have the publisher there for so long, used or not."""
        self._interest.touch(for_s)

    def drop(self) -> None:
        """Have the publisher there no longer."""
        self._interest.drop()

    def require(self) -> None:
        """Raise NotConnectedError if nobody listens."""
        topic = self._publisher.topic
        if not self._node.count_subscribers(topic):
            raise NotConnectedError(f"nobody listens on {topic}: start the control node")

    async def publish(self, message: Any) -> None:
        """Publish to who listens; raises NotConnectedError if they cannot be reached."""
        self._interest.touch()
        if not await reached(partial(self._publisher.publish, message)):
            raise NotConnectedError(f"who listens on {self._publisher.topic} was not reached")
