# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Node ``dashboard``: the browser's view of the robot over HTTP."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from builtin_interfaces.msg import Time as Stamp

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.files import live_directory
from reachy_mini_ros.hosts import is_loopback
from reachy_mini_ros.nodes.common.diagnostics import Level, Report, publish_diagnostics
from reachy_mini_ros.nodes.common.parameters import declare
from reachy_mini_ros.nodes.common.runtime import RobotNode
from reachy_mini_ros.nodes.common.secrets import secret_lines
from reachy_mini_ros.nodes.dashboard.admin import RosAdmin
from reachy_mini_ros.nodes.dashboard.agents import AgentEvents
from reachy_mini_ros.nodes.dashboard.commands import DashboardCommands
from reachy_mini_ros.nodes.dashboard.parameters import PARAMETERS
from reachy_mini_ros.nodes.dashboard.scans import ScanServices
from reachy_mini_ros.nodes.dashboard.settings import NodeSettings
from reachy_mini_ros.nodes.dashboard.shots import Shots
from reachy_mini_ros.nodes.dashboard.sound import SoundTopics
from reachy_mini_ros.nodes.dashboard.state import DashboardState
from reachy_mini_ros.nodes.dashboard.video import PictureTopic, VideoTopic
from reachy_mini_ros.secret_files import one_line
from reachy_mini_ros.web.agents import CallEntry
from reachy_mini_ros.web.application import Dashboard, Settings
from reachy_mini_ros.web.commands import (
    Command,
    Done,
    Lease,
    MotionDetection,
    Moves,
    Photo,
    StreamStart,
    StreamStop,
)
from reachy_mini_ros.web.https import tls_context
from reachy_mini_ros.web.robot import (
    JointPositions,
    Latency,
    Limits,
    Robot,
    Shot,
    Status,
    Volumes,
)
from reachy_mini_ros.web.timeline import Timeline

WITHOUT_ROBOT = (Lease, MotionDetection, Photo, StreamStart, StreamStop)
"""What is not for the control node, and may be done while it has no robot."""
THUMBNAIL_TOPIC = "camera/thumbnail/compressed"
THUMBNAIL_S = 5.0
"""A picture of the timeline may take so long: its topic is subscribed to for it."""


class DashboardNode(RobotNode):
    """Feeds the dashboard from topics; pictures and the head's pose only while looked at."""

    def __init__(self, io: LoopThread) -> None:
        super().__init__("dashboard")
        self._io = io
        values = declare(self, PARAMETERS)
        token = values["token"] or one_line(
            secret_lines(self, values, "token"), "parameter token_file"
        )
        self._pictures = PictureTopic(self, io, values["image_topic"])
        self._video = VideoTopic(self, io, values["video_topic"])
        small = PictureTopic(self, io, THUMBNAIL_TOPIC, THUMBNAIL_S)
        timeline = Timeline(self._pictures.hub, self.supervisor, small=small.hub)
        state = DashboardState(self, io, values, timeline, self._on_safety)
        sound = SoundTopics(self, io)
        commands = DashboardCommands(self, io, self._picture_stamp)
        agents = AgentEvents(self)
        shots = Shots(self, io, values["image_topic"])
        admin = RosAdmin(self, io, commands)
        robot = _RobotOfRos(state, commands, sound, agents, admin, self._shown, shots)
        self._dashboard = Dashboard(
            self._pictures.hub,
            robot,
            Settings(
                Path(values["photo_directory"]).expanduser(),
                Path(values["record_directory"]).expanduser(),
                live_directory(values["live_directory"], self.get_namespace()),
                token,
                _read_only(values["read_only"], values["address"]),
                tls_context(values["certfile"], values["keyfile"]),
            ),
            self.supervisor,
            video=self._video.hub,
            hearing=sound.hub,
            store=NodeSettings(self, io, robot.status),
            timeline=timeline,
            small=small.hub,
            address=values["address"],
            port=values["port"],
        )
        try:
            io.submit(self._dashboard.start()).result()
        except SetupError:
            self.destroy_node()  # others of this process may go on
            raise
        self._scans = ScanServices(self, io, self._dashboard.scanner)
        self._dashboard.on_scan = self._scans.publish
        publish_diagnostics(self, "", self._report)
        how = "with ?token=... " if token else ""
        self.get_logger().info(f"open {self._dashboard.url} {how}in a browser")

    def close(self) -> None:
        """End all streams and stop listening."""
        self._io.submit(self._dashboard.stop()).result()

    def _shown(self) -> PictureTopic | VideoTopic | None:
        """Return where pictures come from now, None while none do."""
        topics: tuple[PictureTopic | VideoTopic, ...] = (self._video, self._pictures)
        return next((topic for topic in topics if topic.hub.state().age_s is not None), None)

    def _picture_stamp(self) -> Stamp | None:
        shown = self._shown()
        return shown.stamp if shown is not None else None

    def _on_safety(self, event: dict[str, str]) -> None:
        self._dashboard.on_safety(event)

    def _report(self) -> Report:
        pictures, video = self._dashboard.streams.state(), self._video.hub.state()
        shown = self._shown()
        latency = shown.latency() if shown is not None else None
        values = {
            "url": self._dashboard.url,
            **asdict(pictures),
            "encoded pictures": self._dashboard.streams.encoded.encoded,
            **{f"video {name}": value for name, value in asdict(video).items()},
            "video skipped": self._video.hub.skipped,
            "listeners": self._dashboard.events.listeners,
            "latency p50 (ms)": latency.p50 if latency is not None else None,
            "latency p95 (ms)": latency.p95 if latency is not None else None,
        }
        if not pictures.viewers and not video.viewers:
            return Report(Level.OK, "nobody looks", values)
        if shown is None:
            return Report(Level.WARN, "somebody looks, but the camera sends no pictures", values)
        return Report(Level.OK, "somebody looks", values)


def _read_only(setting: str, address: str) -> bool:
    return setting == "true" or (setting == "auto" and not is_loopback(address))


class _RobotOfRos(Robot):
    """The robot behind the topics."""

    def __init__(
        self,
        state: DashboardState,
        commands: DashboardCommands,
        sound: SoundTopics,
        agents: AgentEvents,
        admin: RosAdmin,
        shown: Callable[[], PictureTopic | VideoTopic | None],
        shots: Shots,
    ) -> None:
        self._state = state
        self._commands = commands
        self._sound = sound
        self._admin = admin
        self._shown = shown
        self._agents = agents
        self._shots = shots

    def status(self, *, sound: bool = False) -> Status:
        shown = self._shown()
        latency = Latency(shown.latency() if shown is not None else None)
        leases = self._commands.leases
        leases.interest.touch()
        status = self._state.status(sound=sound)
        lease = leases.held() if status.connection is not None else None
        return replace(status, latency=latency, lease=lease, admin=self._admin.there())

    def joint_positions(self) -> JointPositions | None:
        return self._state.joint_positions()

    def admin(self) -> RosAdmin:
        return self._admin.require()

    async def obey(self, command: Command, *, to_its_end: bool = False, holder: str = "") -> Done:
        if not isinstance(command, WITHOUT_ROBOT):
            self._state.require_robot()
        return await self._commands.obey(command, to_its_end=to_its_end, holder=holder)

    async def shot(self) -> Shot:
        return await self._shots.take()

    def stops(self) -> int:
        return self._commands.receipts.stops

    async def volumes(self) -> Volumes:
        return await self._sound.volumes()

    async def set_volumes(self, percents: Mapping[str, int]) -> Done:
        return await self._sound.set_volumes(percents)

    async def say(self, samples: bytes, rate_hz: int) -> None:
        await self._sound.say(samples, rate_hz)

    async def moves(self) -> Moves:
        return await self._commands.moves()

    async def limits(self) -> Limits:
        return await self._commands.limits()

    def note_agent(self, call: CallEntry) -> None:
        self._agents.publish(call)
