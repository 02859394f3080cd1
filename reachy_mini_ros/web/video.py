# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The hub between the robot's own encoded video and everybody who looks at it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from reachy_mini_ros.errors import MalformedError
from reachy_mini_ros.media.bitstream import H264
from reachy_mini_ros.media.frames import EncodedFrame, EncodedSound
from reachy_mini_ros.media.mp4 import Film
from reachy_mini_ros.media.opus import OPUS
from reachy_mini_ros.media.packet_timeline import PacketTimeline
from reachy_mini_ros.statistics import Window
from reachy_mini_ros.web.interest import Interest
from reachy_mini_ros.web.outbox import Outbox, Part
from reachy_mini_ros.web.pictures import FRESH_S, LINGER_S, PictureState

KEY_EVERY_S = 10.0
"""A key frame is asked for when there was none for so long: browsers keep all since the last."""
ASK_EVERY_S = 1.0
"""Between two times that one is asked for."""
MOST_WAITING = 30
"""Pictures that wait for a slow viewer; with more, it goes on at the next key frame."""
_PARTS_WITH_SOUND = 3
"""That wait for each picture: 50 packets a second of sound with 30 pictures."""
SILENT = "the camera sends no video"
BEGINNING = "the video begins with the next key frame"


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a film begins with, for its viewers."""

    width: int
    height: int
    parts: tuple[Part, ...]
    """The type for a browser's MediaSource with the size, and the initialisation segment."""
    parts_with_sound: tuple[Part, ...]
    """The same for those who hear the robot too."""


class Video:
    """Makes a fragment of MP4 of each picture once, for all viewers; on the loop's thread.

    Those who asked for sound get the robot's Opus in the same film.

    ``on_demand(True)`` asks the source to begin, which it does with a key frame,
    ``on_demand(False)`` to end; ``ask_for_key`` asks it for a key frame meanwhile. ``problem``
    returns why nothing can come, as far as that is known at once, or an empty text.
    ``on_sound_demand`` is as ``on_demand``, for the sound.
    """

    def __init__(
        self,
        on_demand: Callable[[bool], None],
        ask_for_key: Callable[[], None],
        problem: Callable[[], str] = str,
        *,
        on_sound_demand: Callable[[bool], None] = lambda wanted: None,
        fresh_s: float = FRESH_S,
        linger_s: float = LINGER_S,
    ) -> None:
        self.fresh_s = fresh_s
        self._ask_for_key = ask_for_key
        self._problem = problem
        self._interest = Interest(on_demand, linger_s)
        self._sound_interest = Interest(on_sound_demand, linger_s)
        self._sound: PacketTimeline | None = None
        """Of the film; None while nobody hears."""
        self._viewers: set[Viewer] = set()
        self._film: Film | None = None
        self._beginning: Beginning | None = None
        self._reason = SILENT
        self._sequence: int | None = None
        """Of the last picture of the film; None if the next one can only be a key frame."""
        self._received_s = self._key_s = self._asked_s = float("-inf")
        self._arrivals = Window()
        self._closed = False
        self.skipped = 0
        """Pictures left out for viewers that were too slow."""

    @property
    def closed(self) -> bool:
        """Whether everybody was turned away."""
        return self._closed

    @property
    def viewers(self) -> int:
        """How many look at the moment."""
        return len(self._viewers)

    @contextmanager
    def looking(self, *, sound: bool = False) -> "Iterator[Viewer]":
        """Look, and hear with ``sound``, for as long as the block runs."""
        viewer = Viewer(self, sound=sound)
        with self._interest.held(), self._sound_interest.held() if sound else nullcontext():
            self._viewers.add(viewer)
            if problem := self._problem():
                viewer.outbox.tell(problem)
            try:
                yield viewer
            finally:
                self._viewers.discard(viewer)

    def publish(self, frame: EncodedFrame) -> None:
        """Hand on a picture that has just come."""
        self._received_s = time.monotonic()
        try:
            fragment = self._fragment(frame)
        except MalformedError as error:
            self._sequence = None
            self._reason = f"the camera's video cannot be shown: {error}"
            for viewer in self._viewers:
                viewer.outbox.tell(self._reason)
            return
        if fragment is None:
            self.want_key()
            return
        assert self._beginning is not None
        self._arrivals.add()
        self._reason = SILENT
        for viewer in self._viewers:
            viewer.add(self._beginning, fragment, frame.is_key)
        self._publish_sound(frame.captured_ns)
        if self._received_s - self._key_s > KEY_EVERY_S:
            self.want_key()

    def publish_sound(self, packet: EncodedSound) -> None:
        """Hand on a packet that has just come; its clock is that of the pictures."""
        if self._sound is not None:
            times_s = packet.arrived_ns / 1e9, packet.captured_ns / 1e9
            self._sound.add(packet.data, *times_s)

    def _publish_sound(self, now_ns: int) -> None:
        """Give the sound that is due with a picture of this time; silence where none came."""
        assert self._film is not None
        listeners = [viewer for viewer in self._viewers if viewer.hears]
        if not listeners:
            self._sound = None
            return
        if self._sound is None:
            self._sound = PacketTimeline(self._film.time_s)
        for fragment in self._film.sound(now_ns / 1e9, self._sound):
            for viewer in listeners:
                viewer.add_sound(fragment)

    def want_key(self) -> None:
        """Ask the source for a key frame, if that was not just done."""
        now_s = time.monotonic()
        if now_s - self._asked_s > ASK_EVERY_S:
            self._asked_s = now_s
            self._ask_for_key()

    def reason(self) -> str:
        """Return why nothing comes."""
        if problem := self._problem():
            return problem
        if self._reason == SILENT and time.monotonic() - self._received_s < self.fresh_s:
            return BEGINNING
        return self._reason

    def state(self) -> PictureState:
        """Return what comes in and who looks."""
        age_s = time.monotonic() - self._received_s
        if age_s >= self.fresh_s or self._beginning is None or self._sequence is None:
            return PictureState(None, None, self.viewers, None, None)
        size = self._beginning.width, self._beginning.height
        rate_hz = round(self._arrivals.rate_hz(), 2)
        return PictureState(rate_hz, round(age_s, 3), self.viewers, *size)

    def close(self) -> None:
        """Turn away everybody who looks or comes."""
        self._closed = True
        for viewer in self._viewers:
            viewer.outbox.end()
        self._interest.drop()
        self._sound_interest.drop()

    def _fragment(self, frame: EncodedFrame) -> bytes | None:
        """Return a picture as a fragment; None for one that cannot be decoded."""
        if frame.codec != H264:
            raise MalformedError(f"it is {frame.codec.upper()}, not H264")
        if frame.is_key:
            if self._film is None or not self._film.goes_on_with(frame):
                self._film, self._sound = Film(frame), None
                head = self._film.header
                size = {"width": head.width, "height": head.height}
                self._beginning = Beginning(
                    head.width,
                    head.height,
                    ({"mime": head.mime, **size}, head.segment()),
                    ({"mime": head.mime_with(OPUS), **size}, head.segment(sound=True)),
                )
            self._key_s = self._received_s
        elif self._sequence is None or frame.sequence != self._sequence + 1:
            self._sequence = None
            return None
        assert self._film is not None
        self._sequence = frame.sequence
        return self._film.fragment(frame)


class Viewer:
    """One viewer, who begins with a key frame, and goes on with one after it was too slow."""

    def __init__(self, video: Video, *, sound: bool = False) -> None:
        self._video = video
        self.hears = sound
        self._most = MOST_WAITING * (_PARTS_WITH_SOUND if sound else 1)
        self._beginning: Beginning | None = None
        self._needs_key = True
        self.outbox = Outbox(video.fresh_s, video.reason)

    def add(self, beginning: Beginning, fragment: bytes, is_key: bool) -> None:
        """Have a picture sent, unless the viewer cannot decode it or is too slow for it."""
        if len(self.outbox) >= self._most:
            self._drop()
        if self._needs_key and not is_key:
            self._video.want_key()
            return
        if beginning is not self._beginning:
            self._beginning = beginning
            for part in beginning.parts_with_sound if self.hears else beginning.parts:
                self.outbox.put(part)
        self._needs_key = False
        self.outbox.put(fragment)

    def add_sound(self, fragment: bytes) -> None:
        """Have sound sent, once pictures are."""
        if not self._needs_key:
            self.outbox.put(fragment)

    def _drop(self) -> None:
        dropped = self.outbox.drop()
        self._video.skipped += len(dropped)
        if any(not isinstance(part, bytes) for part in dropped):
            self._beginning = None
        self._needs_key = True
