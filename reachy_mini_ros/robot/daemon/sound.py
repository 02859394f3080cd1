# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The daemon's sounds, volumes and direction of arrival, over HTTP."""

import asyncio
import hashlib
import math
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import aiohttp

from reachy_mini_ros import sound_files
from reachy_mini_ros.errors import InvalidCommandError, RobotError
from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.daemon import answers
from reachy_mini_ros.robot.daemon.api import DaemonApi

SIMULATED = ("mockup", "mujoco")
"""Models that are no robots."""


@dataclass(frozen=True, slots=True)
class Direction:
    """Where sound comes from."""

    yaw_rad: float
    """In the head's frame, REP-103: 0 is ahead, positive to the left."""
    speaking: bool
    """Whether the microphone array takes it for speech."""


def direction(angle_rad: float, speaking: bool) -> Direction:
    """Return the direction for the daemon's angle: 0 is left, pi/2 ahead, pi right."""
    return Direction(math.pi / 2 - angle_rad, speaking)


class SoundApi(DaemonApi):
    """What the daemon offers of sound; errors as for :class:`DaemonApi`.

    The daemon answers "ok" also to what it cannot do: with its media off it plays nothing, and a
    sound that it does not have is an error in its log alone. What is asked of it here is refused
    then, with RobotError or InvalidCommandError.
    """

    async def doa(self) -> Direction | None:
        """Return the direction of arrival, None if the robot cannot tell."""
        reading = await self._get("/api/state/doa", answers.doa)
        return None if reading is None else direction(*reading)

    async def require_media(self) -> None:
        """Raise RobotError, with what to do, unless the daemon has its sound at hand."""
        status = await self.media_status()
        if status.available:
            return
        if status.no_media:
            if (await self.info()).model in SIMULATED:
                raise RobotError(
                    "this robot is simulated and runs without media of its daemon, whose sounds it "
                    "cannot play: it hears what is sent to ~/play, as audio_play_file does"
                )
            raise RobotError("the robot's daemon runs without media: start it without --no-media")
        if status.released:
            raise RobotError(
                "the robot's media are released to another program: end it, or POST "
                "/api/media/acquire"
            )
        raise RobotError("the robot's daemon has no media: its GStreamer lacks webrtcsink, see log")

    async def play_sound(self, what: str) -> str:
        """Play one of the daemon's sounds, or a file of this machine; return the sound's name.

        A ``what`` with a slash or a leading tilde is a file, anything else a name.
        """
        path = None
        if "/" in what or what.startswith("~"):
            path = await asyncio.to_thread(sound_files.checked, what)
        await self.require_media()
        name = await (self._known(what) if path is None else self.upload(path))
        await self._request("POST", "/api/media/play_sound", json={"file": name})
        return name

    async def stop_sound(self) -> None:
        """End the sound that plays."""
        await self.require_media()
        await self._request("POST", "/api/media/stop_sound")

    async def test_sound(self) -> None:
        """Play the daemon's test sound."""
        await self.require_media()
        path = "/api/volume/test-sound"
        done, message = self._parsed(path, answers.outcome, await self._request("POST", path))
        if not done:
            raise RobotError(message or "the daemon did not play its test sound")

    async def uploaded(self) -> list[str]:
        """Return the names of the sounds that were uploaded to the daemon."""
        return await self._get("/api/media/sounds", answers.sounds)

    async def upload(self, path: Path) -> str:
        """Upload a sound file, unless the daemon has it already; return its name there.

        The name has the content's hash in it, so that nobody else's sound is overwritten.
        """
        content = await asyncio.to_thread(path.read_bytes)
        digest = hashlib.sha256(content).hexdigest()[:12]
        stem = re.sub(r"[^A-Za-z0-9_-]", "_", path.stem)[:60]
        name = f"{stem}-{digest}{path.suffix.lower()}"
        if name not in await self.uploaded():
            form = aiohttp.FormData()
            form.add_field("file", content, filename=name)
            await self._request("POST", "/api/media/sounds/upload", data=form)
        return name

    async def delete(self, name: str) -> None:
        """Delete an uploaded sound."""
        await self._request("DELETE", f"/api/media/sounds/{quote(name, safe='')}")

    async def set_volume(self, device: str, percent: int) -> None:
        """Set the volume of the ``speaker`` (the robot plays a sound then) or ``microphone``."""
        path = "/api/volume/set" if device == "speaker" else "/api/volume/microphone/set"
        try:
            await self._request("POST", path, json={"volume": percent})
        except RobotError as error:
            raise RobotError(
                f"the volume of the {device} stays as it is: the robot's daemon cannot set it "
                f"(no sound card, or no PulseAudio or ALSA that knows it): {error}"
            ) from None

    async def _known(self, name: str) -> str:
        names = sorted({*sdk.sound_names(), *(await self.uploaded())})
        wanted = name if Path(name).suffix else f"{name}.wav"
        if wanted not in names:
            raise InvalidCommandError(
                f"the robot has no sound '{name}'; it has {', '.join(names)}; "
                "a file of this machine is given by its path"
            )
        return wanted
