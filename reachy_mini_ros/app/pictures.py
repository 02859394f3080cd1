# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The live picture: the robot's own video as it comes, or each frame as JPEG, encoded once.

Nothing is decoded while nobody looks at JPEG pictures, and nothing is received while nobody looks.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from reachy_mini_ros.aio import LoopThread, Supervisor
from reachy_mini_ros.app.media import Hold, Media
from reachy_mini_ros.media import jpeg
from reachy_mini_ros.media.frames import EncodedFrame, Frame
from reachy_mini_ros.media.newest import NewestFrame
from reachy_mini_ros.media.rate import RateChooser
from reachy_mini_ros.statistics import Window
from reachy_mini_ros.web.interest import Interest
from reachy_mini_ros.web.pictures import Pictures
from reachy_mini_ros.web.robot import Latency, Percentiles
from reachy_mini_ros.web.video import Video

LINGER_S = 0.0


@dataclass(frozen=True, slots=True)
class Shot:
    """What is known of a picture beside itself."""

    captured_ns: int
    width: int
    height: int


class PictureFeed:
    """Feeds the page's pictures from the robot's; on the event loop's thread."""

    def __init__(
        self, io: LoopThread, media: Media, supervisor: Supervisor, rate_hz: float, quality: int
    ) -> None:
        """``rate_hz`` and ``quality`` (1 to 100) are those of JPEG pictures."""
        self._io = io
        self._quality = quality
        self._media = media
        self._chooser = RateChooser(rate_hz)
        self._latencies_ms = Window()
        self._shot: Shot | None = None
        self._session = Hold(media.interest)
        self.interest = Interest(self._want, LINGER_S)
        """Makes pictures come while it is held."""
        self.pictures = Pictures(Hold(self.interest).want)
        self.video = Video(
            self._want_video,
            media.session.request_key_frame,
            media.reason,
            on_sound_demand=self._want_video_sound,
        )
        """The robot's own, for who can play it: nothing is decoded."""
        self._video_session = Hold(media.interest)
        self.listeners: list[Callable[[bytes], None]] = []
        """Who gets each picture, beside the page."""
        self.encodes = 0
        self._worker = NewestFrame(self._encode, "pictures of the page", supervisor)

    def close(self) -> None:
        """End the worker; nobody may look any more."""
        self._worker.close()

    def shown(self) -> Shot | None:
        """Return what is known of the picture that is shown, if any is."""
        looked_at = (self.video.state().age_s, self.pictures.state().age_s)
        return self._shot if looked_at != (None, None) else None

    def latency(self) -> Latency:
        """Return how old pictures are when they are ready."""
        p50, p95 = (self._latencies_ms.percentile(percent) for percent in (50, 95))
        if p50 is None or p95 is None:
            return Latency()
        return Latency(Percentiles(round(p50, 1), round(p95, 1)))

    def _want(self, wanted: bool) -> None:
        self._session.want(wanted)
        if wanted:
            self._media.session.add_video(self._on_frame)
        else:
            self._media.session.remove_video(self._on_frame)
            self._worker.offer(None)

    def _want_video(self, wanted: bool) -> None:
        self._video_session.want(wanted)
        if wanted:
            self._media.session.add_encoded(self._on_encoded)
        else:
            self._media.session.remove_encoded(self._on_encoded)

    def _want_video_sound(self, wanted: bool) -> None:
        if wanted:
            self._media.session.add_audio_packets(self.video.publish_sound)
        else:
            self._media.session.remove_audio_packets(self.video.publish_sound)

    def _on_encoded(self, frame: EncodedFrame) -> None:
        self._shot = Shot(frame.captured_ns, frame.width, frame.height)
        self._latencies_ms.add((time.monotonic_ns() - frame.captured_ns) / 1e6)
        self.video.publish(frame)

    def _on_frame(self, frame: Frame) -> None:
        if self._chooser.choose(frame.captured_ns):
            self._worker.offer(frame)

    def _encode(self, frame: Frame) -> None:
        """Make the JPEG, on the worker's thread."""
        picture = jpeg.encode(frame.bgr, self._quality).tobytes()
        self._io.call(self._publish, picture, Shot(frame.captured_ns, frame.width, frame.height))

    def _publish(self, picture: bytes, shot: Shot) -> None:
        self.encodes += 1
        self._shot = shot
        age_s = (time.monotonic_ns() - shot.captured_ns) / 1e9
        self._latencies_ms.add(age_s * 1e3)
        self.pictures.publish(picture, time.time() - age_s)
        for listener in self.listeners:
            listener(picture)
