# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot behind the page, without ROS: the driver and the robot's media."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from reachy_mini_ros.aio import LoopThread, Supervisor
from reachy_mini_ros.app.commands import DriverCommands
from reachy_mini_ros.app.media import Media
from reachy_mini_ros.app.motion import MotionWatch
from reachy_mini_ros.app.photos import Photographer
from reachy_mini_ros.app.pictures import PictureFeed
from reachy_mini_ros.app.presence import Presence
from reachy_mini_ros.app.recordings import Recordings
from reachy_mini_ros.app.settings import Settings
from reachy_mini_ros.app.sound import SoundFeed, SoundMeter
from reachy_mini_ros.app.streams import Streams
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import NotConnectedError, UnreachableError
from reachy_mini_ros.media.streaming.target import Target
from reachy_mini_ros.robot.daemon.sound import SoundApi
from reachy_mini_ros.robot.driver import Driver, Listeners
from reachy_mini_ros.robot.geometry.limits import lies
from reachy_mini_ros.robot.geometry.passive_joints import platform
from reachy_mini_ros.robot.geometry.rotations import roll_pitch_yaw
from reachy_mini_ros.robot.history import History
from reachy_mini_ros.robot.motion.events import SafetyEvent
from reachy_mini_ros.robot.motion.receipts import Receipt
from reachy_mini_ros.robot.rows import HEAD, row_of
from reachy_mini_ros.robot.state import Matrix, RobotState
from reachy_mini_ros.web import commands
from reachy_mini_ros.web.admin import Admin
from reachy_mini_ros.web.commands import Command, Done, Moves
from reachy_mini_ros.web.robot import (
    HeadAngles,
    HeadPose,
    JointPositions,
    LeaseHeld,
    Limits,
    MotionState,
    Rates,
    Robot,
    Shot,
    Status,
    Volumes,
    degrees,
)
from reachy_mini_ros.web.timeline import Timeline


class DirectRobot(Robot):
    """One robot; everything but the constructor belongs to the event loop's thread."""

    def __init__(
        self, io: LoopThread, settings: Settings, targets: list[Target], supervisor: Supervisor
    ) -> None:
        """``targets`` are where it may stream to. Raises SetupError without the SDK."""
        self._moving = False
        self._history = History()
        self._driver = Driver(
            settings.host,
            settings.port,
            settings.driving,
            listeners=Listeners(
                on_state=self._on_state,
                on_connection=self._on_connection,
                on_moving=self._on_moving,
                on_event=self._on_event,
                on_receipt=self._on_receipt,
            ),
            supervisor=supervisor,
        )
        self._presence = Presence(self._driver, supervisor)
        self._api = SoundApi(settings.host, settings.port)
        self._media = Media(settings.host, settings.signalling_port, self._api, supervisor)
        values = settings.values
        self.feed = PictureFeed(
            io, self._media, supervisor, values["frame_rate"], values["jpeg_quality"]
        )
        self.timeline = Timeline(self.feed.pictures, supervisor)
        self._motion = MotionWatch(self._media, self.timeline, supervisor)
        threshold = values["activity_threshold"]
        self._meter = SoundMeter(self._media, self._api, self.timeline, supervisor, threshold)
        self.sound = SoundFeed(self._media, self._api)
        self._recordings = Recordings(
            settings.record_directory,
            settings.record_limits,
            self._media,
            self._presence,
            supervisor,
        )
        self._records_motion = settings.record_motion
        self._streams = Streams(io, self._media, self.feed, targets, settings.quality, supervisor)
        photographer = Photographer(
            settings.photo_directory, self._media, self._driver, self._history
        )
        self._photographer = photographer
        self._commands = DriverCommands(self._driver, self._media, self.feed, self._history)
        self.on_safety: Callable[[dict[str, str]], None] = _nobody
        """Hears of each safety event."""

    def start(self) -> None:
        """Begin with what is wished whoever looks."""
        if self._records_motion:
            self._recordings.watch()

    async def close(self) -> None:
        """End what moves the robot for us, and let go of its media."""
        await self._streams.close()
        await self._recordings.close()
        await self._presence.close()
        await self._meter.close()
        await self._motion.close()
        self.sound.close()
        await self._media.close()
        await self._api.close()
        self.feed.close()

    def status(self, *, sound: bool = False) -> Status:
        """Return what is known now."""
        self._presence.touch()
        if sound:
            self._meter.interest.touch()
        driver, link = self._driver, self._driver.link
        info = driver.info
        known = Status(
            link.connection.value,
            {} if info is None else {key: str(value) for key, value in info.facts().items()},
            sound=self._meter.state(),
            camera=self._media.state(),
            recording=self._recordings.state(),
            picture_motion=self._motion.state(),
            streams=self._streams.states(),
            latency=self.feed.latency(),
        )
        state = link.state
        if state is None:
            return known
        motion = driver.commander.motion
        return replace(
            known,
            lease=self._lease(),
            head=_head(state),
            target_head=self._target_head(),
            joints=_joints(state),
            motion=MotionState(
                motion.owner.value,
                self._moving,
                motion.motor_mode or None,
                lies(state.head_joints),
            ),
            rates=Rates(joint_states_hz=round(link.intervals_ms.rate_hz(), 1)),
        )

    def joint_positions(self) -> JointPositions | None:
        """Return where the joints are now."""
        self._presence.touch()
        state = self._driver.link.state
        return None if state is None else _joint_positions(state)

    async def obey(self, command: Command, *, to_its_end: bool = False, holder: str = "") -> Done:
        """Begin with a command."""
        async with self._presence.held():
            match command:
                case commands.PlaySound(name=name):
                    return Done(f"plays {await self._api.play_sound(name)}")
                case commands.Photo():
                    return await self._photographer.take()
                case commands.Record(enabled=True):
                    return Done(await self._recordings.start())
                case commands.Record():
                    return Done(await self._recordings.stop())
                case commands.MotionDetection(enabled=on):
                    self._motion.want(on)
                    return Done(f"motion detection is {'on' if on else 'off'}")
                case commands.StreamStart():
                    return Done(await self._streams.start())
                case commands.StreamStop():
                    return Done(await self._streams.stop())
            return await self._commands.obey(command, to_its_end, holder)

    async def moves(self) -> Moves:
        """Return the moves that can be played."""
        async with self._presence.held():
            return await self._commands.moves()

    async def shot(self) -> Shot:
        """Return the next picture."""
        async with self._presence.held():
            frame = await self._media.frame()
            state = self._history.at(frame.captured_ns, self._driver.state)
            model = await self._media.known_model(frame.width, frame.height)
        return Shot(
            await asyncio.to_thread(lambda: frame.bgr),
            time.time() - (time.monotonic_ns() - frame.captured_ns) / 1e9,
            state.head_pose,
            model,
        )

    def stops(self) -> int:
        """Count the stops."""
        return self._driver.commander.motion.stops

    def admin(self) -> Admin:
        """Refuse: this page is one of the apps, and would end with another one's start."""
        raise NotConnectedError(
            "this page is itself one of the robot's apps: change apps on the robot's own dashboard"
        )

    async def limits(self) -> Limits:
        """Return how far the robot may be told to go."""
        settings = self._driver.settings
        reach = settings.limits.reach
        return Limits(
            degrees(reach.tilt_rad),
            degrees(reach.head_to_body_rad),
            reach.translation_m,
            degrees(reach.body_rad),
            degrees(reach.antennas_rad),
            settings.goto_duration_s,
        )

    async def say(self, samples: bytes, rate_hz: int) -> None:
        """Have the speaker play 16-bit samples of one channel."""
        await self.sound.say(samples, rate_hz)

    async def volumes(self) -> Volumes:
        """Return the volumes that were set here."""
        return self.sound.volumes()

    async def set_volumes(self, percents: Mapping[str, int]) -> Done:
        """Set the volumes that are named."""
        return await self.sound.set_volumes(percents)

    def _lease(self) -> LeaseHeld | None:
        lease = self._driver.leasing.lease
        holder, left_s = lease.state.holder, lease.left_s()
        return LeaseHeld(holder, round(time.time() + left_s, 1)) if holder else None

    def _target_head(self) -> HeadAngles | None:
        try:
            target = self._driver.commander.target_pose()
        except UnreachableError:
            return None  # joints whose pose cannot be told from where the head is now
        return None if target is None else _angles(target)

    def _on_state(self, state: RobotState) -> None:
        self._history.note(state)
        self._recordings.add(state)

    def _on_connection(self, connection: Connection, reason: str) -> None:
        self._presence.changed()
        self.timeline.connection(connection.value)

    def _on_moving(self, moving: bool) -> None:
        self._moving = moving

    def _on_event(self, event: SafetyEvent) -> None:
        self.on_safety(
            {"level": "warn", "name": event.source, "message": f"{event.kind}: {event.reason}"}
        )

    def _on_receipt(self, receipt: Receipt) -> None:
        self._commands.on_receipt(receipt)


def _nobody(_: dict[str, str]) -> None:
    pass


def _angles(pose: Matrix) -> HeadAngles:
    return HeadAngles.of(*roll_pitch_yaw(pose))


def _head(state: RobotState) -> HeadPose | None:
    """Return where the head is; None where the daemon's head pose is wrong."""
    if platform().mirrored(state.head_pose, state.head_joints):
        return None
    x, y, z = state.head_pose[:3, 3].tolist()
    return HeadPose.at(_angles(state.head_pose), x, y, z)


def _joints(state: RobotState) -> dict[str, float]:
    right, left = (-state.antennas).tolist()
    angles = {"yaw_body": float(state.head_joints[0]), "right_antenna": right, "left_antenna": left}
    return {name: degrees(angle) for name, angle in angles.items()}


def _joint_positions(state: RobotState) -> JointPositions:
    age_s = (time.monotonic_ns() - state.received_ns) / 1e9
    row = row_of(state)
    joints = {name: position for name, position in row.items() if name not in HEAD}
    return JointPositions(time.time() - age_s, joints)
