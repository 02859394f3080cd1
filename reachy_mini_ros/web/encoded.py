# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures encoded anew: once for each setting, whoever looks."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.media.rate import RateChooser
from reachy_mini_ros.web.pictures import FRESH_S, NoPictureError, Picture, Pictures
from reachy_mini_ros.web.transcoding import UnreadablePictureError, transcode

MAX_SETTINGS = 8
THREADS = 2

Width = Annotated[int, Field(ge=64, le=3840, description="px; never scaled up")]
Quality = Annotated[int, Field(ge=1, le=100, description="of the JPEG")]
Rate = Annotated[float, Field(ge=0.2, le=60.0, description="pictures a second at most")]


class SnapshotQuery(BaseModel):
    """How a picture is wanted; as it comes from the camera where nothing is said."""

    model_config = ConfigDict(frozen=True)

    width: Width | None = None
    quality: Quality | None = None


class StreamQuery(SnapshotQuery):
    """How pictures are wanted."""

    fps: Rate | None = None


class TooManySettingsError(ReachyMiniRosError):
    """As many settings as there may be are looked at already."""


class EncodedPictures:
    """Gives a hub for each setting; it runs while somebody looks. On the loop's thread."""

    def __init__(self, source: Pictures, supervisor: Supervisor) -> None:
        self._source = source
        self._supervisor = supervisor
        self._running: dict[StreamQuery, _Encoding] = {}
        self._threads = ThreadPoolExecutor(THREADS, "encode")
        self.encoded = 0
        """Pictures encoded so far."""

    @property
    def viewers(self) -> int:
        """How many look at pictures encoded anew, less the encoders that look for them."""
        hubs = [encoding.hub for encoding in self._running.values()]
        running = sum(encoding.running for encoding in self._running.values())
        return sum(hub.viewers for hub in hubs) - running

    def of(self, setting: StreamQuery) -> Pictures:
        """Return where pictures of a setting come out; raises TooManySettingsError."""
        if setting not in self._running:
            if len(self._running) >= MAX_SETTINGS:
                self._drop_idle()
            self._running[setting] = _Encoding(
                self._source,
                setting,
                partial(self._encode, setting),
                partial(self._running.pop, setting, None),
                self._supervisor,
            )
        return self._running[setting].hub

    def close(self) -> None:
        """Turn away everybody who looks."""
        for encoding in tuple(self._running.values()):
            encoding.hub.close()
        self._threads.shutdown(wait=False)

    async def _encode(self, setting: StreamQuery, picture: bytes) -> bytes:
        """Return a picture in a setting, made in a thread; raises UnreadablePictureError."""
        if setting.width is None and setting.quality is None:
            return picture
        self.encoded += 1
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, transcode, picture, setting.width, setting.quality
        )

    def _drop_idle(self) -> None:
        for setting, encoding in tuple(self._running.items()):
            if not encoding.hub.viewers:
                encoding.hub.close()
                self._running.pop(setting, None)
                return
        raise TooManySettingsError(
            f"{MAX_SETTINGS} settings of width, quality and fps are looked at already, which is "
            "the limit: take one of them, or none"
        )


class _Encoding:
    """The pictures of one setting; ``ended`` is called when nobody looks any more."""

    def __init__(
        self,
        source: Pictures,
        setting: StreamQuery,
        encode: Callable[[bytes], Coroutine[Any, Any, bytes]],
        ended: Callable[[], object],
        supervisor: Supervisor,
    ) -> None:
        self._source = source
        self._supervisor = supervisor
        self._chooser = RateChooser(setting.fps) if setting.fps else None
        self._encode = encode
        self._ended = ended
        period_s = 1 / setting.fps if setting.fps else 0.0
        self.hub = Pictures(self._want, fresh_s=FRESH_S + period_s)
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether it looks at the source's pictures."""
        return self._task is not None

    def _want(self, wanted: bool) -> None:
        if wanted:
            work = self._supervisor.keep("encoded pictures", self._run)
            self._task = asyncio.ensure_future(work)
        elif self._task is not None:
            self._task.cancel()
            self._task = None
            self._ended()

    async def _run(self) -> None:
        picture: Picture | None = None
        with self._source.looking():
            while True:
                try:
                    # Whatever came while one was encoded is left out but for the newest.
                    picture = await self._source.newer_than(picture)
                    if self._chooser is None or self._chooser.choose(int(picture.received_s * 1e9)):
                        self.hub.publish(await self._encode(picture.jpeg), picture.stamp_s)
                except (NoPictureError, UnreadablePictureError) as error:
                    self.hub.turn_away(str(error))
