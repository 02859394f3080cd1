# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures as the robot encodes them, by real WebRTC: whole, decodable, soon, and nothing torn."""

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCRtpSender
from aiortc.codecs import vpx
from aiortc.mediastreams import VideoStreamTrack
from harness.loop import on_a_loop
from harness.media import Way, is_media, media_server
from harness.waiting import until

from reachy_mini_ros.media.aiortc_patches import Loopback, gathering
from reachy_mini_ros.media.backlog import Backlog
from reachy_mini_ros.media.encoded import EncodedPictures
from reachy_mini_ros.media.frames import EncodedFrame, Picture
from reachy_mini_ros.media.peer import Peer
from reachy_mini_ros.media.sessions import SharedSession
from reachy_mini_ros.media.signalling import Offer
from reachy_mini_ros.media.webrtc import WebRtcSession
from reachy_mini_ros.robot.state import Matrix
from reachy_mini_ros.simulation import camera, overlay
from reachy_mini_ros.simulation.camera import Camera
from reachy_mini_ros.simulation.feed import AnyPacket
from reachy_mini_ros.simulation.yuv import Yuv

SIZE = (640, 360)
LIVE_S = 1.0
"""Within this somebody who comes is to have a picture."""
PAUSE_S = 1.0
"""Between two requests for a key frame."""
NACK, PLI = 205, 206
"""RTCP packet types (RFC 4585, section 6.1), which encryption leaves readable."""


class Watched(Camera):
    """A camera that looks around, makes key frames when asked for only, and keeps what it sent."""

    def __init__(self) -> None:
        super().__init__(*SIZE, 30, 0, _looking_around)
        self.sent: list[bytes] = []
        self.asked = 0

    def deliver(self, packet: AnyPacket) -> None:
        self.sent.append(bytes(packet))
        super().deliver(packet)

    def request_keyframe(self) -> None:
        self.asked += 1
        super().request_keyframe()


def _looking_around() -> Matrix:
    yaw = 0.4 * math.sin(time.monotonic())
    pose: Matrix = np.eye(4)
    pose[:2, :2] = [[math.cos(yaw), -math.sin(yaw)], [math.sin(yaw), math.cos(yaw)]]
    return pose


@pytest.fixture(autouse=True)
def _no_key_frames_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "KEYFRAMES_S", 1000.0)


@asynccontextmanager
async def running(session: WebRtcSession | SharedSession) -> AsyncIterator[None]:
    task = asyncio.create_task(session.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Decoder:
    """Decodes one picture after the other."""

    def __init__(self, codec: str = "h264") -> None:
        self._codec = av.CodecContext.create(codec, "r")
        self._codec.thread_count = 1
        self._codec.options = {"err_detect": "explode"}

    def images(self, packet: bytes) -> list[av.VideoFrame]:
        return list(self._codec.decode(av.Packet(packet)))


def pictures(frames: list[EncodedFrame], codec: str = "h264") -> Iterator[av.VideoFrame]:
    """Yield what a viewer sees who decodes all of it."""
    decoder = Decoder(codec)
    for frame in frames:
        (image,) = decoder.images(frame.data)
        assert (image.width, image.height) == (frame.width, frame.height)
        yield image


def counter(image: av.VideoFrame) -> int:
    read = overlay.read(image.to_ndarray(format="bgr24"))
    assert read is not None
    return read.frame


@on_a_loop
async def test_each_picture_comes_once_whole_and_with_its_time() -> None:
    async with media_server(Watched()) as port:
        session = WebRtcSession("127.0.0.1", port)
        frames: list[EncodedFrame] = []
        session.add_encoded(frames.append)
        async with running(session):
            await until(lambda: len(frames) > 40)
            peer = session._peer
            assert peer is not None
            # Nothing was decoded for it.
            assert not peer.gates["video"].is_open
            assert not peer.decoded_ns["video"]
    assert frames[0].is_key
    assert {frame.codec for frame in frames} == {session.encoded.codec} == {"h264"}
    assert {(frame.width, frame.height) for frame in frames} == {SIZE}
    counters = [counter(image) for image in pictures(frames)]
    numbers = [frame.sequence for frame in frames]
    assert np.diff(counters).tolist() == np.diff(numbers).tolist() == [1] * (len(frames) - 1)
    assert all(frame.captured_ns <= frame.arrived_ns for frame in frames)
    for one, later in pairwise(frames):
        assert one.captured_ns < later.captured_ns
        assert one.pts < later.pts
    assert session.encoded.gaps == session.encoded.missing == 0


@on_a_loop
async def test_an_image_and_its_encoded_picture_have_the_same_stamp() -> None:
    async with media_server(Watched()) as port:
        session = WebRtcSession("127.0.0.1", port)
        frames: list[EncodedFrame] = []
        stamps: dict[int, int] = {}
        session.add_encoded(frames.append)
        session.add_video(
            lambda frame: stamps.__setitem__(counter_of(frame.bgr), frame.captured_ns)
        )
        async with running(session):
            await until(lambda: len(stamps) > 20)
    encoded = {
        counter(image): frame.captured_ns
        for frame, image in zip(frames, pictures(frames), strict=True)
    }
    assert stamps.items() <= encoded.items()


def counter_of(bgr: Picture) -> int:
    read = overlay.read(bgr)
    assert read is not None
    return read.frame


@on_a_loop
async def test_who_comes_later_has_a_picture_within_a_second_and_disturbs_nobody() -> None:
    robot = Watched()
    async with media_server(robot) as port:
        first, second = (SharedSession("127.0.0.1", port) for _ in range(2))
        frames: list[EncodedFrame] = []
        first.add_encoded(frames.append)
        async with running(first), running(second):
            await until(lambda: len(frames) > 40)
            asked = robot.asked
            for share in (first, second):
                came: list[EncodedFrame] = []
                begun_s = time.monotonic()
                share.add_encoded(came.append)
                # Behind another one's request: the pause between two comes before the second.
                behind_s = 0.0 if share is first else PAUSE_S
                await until(lambda came=came: came, LIVE_S + behind_s)  # type: ignore[misc]
                assert came[0].is_key
                share.remove_encoded(came.append)
                # The second one asks at once; the robot hears it when a second has passed.
                assert robot.asked <= asked + 1 + (time.monotonic() - begun_s)
                asked = robot.asked
    numbers = [frame.sequence for frame in frames]
    assert np.diff(numbers).tolist() == [1] * (len(numbers) - 1)


@on_a_loop
async def test_a_robot_is_asked_once_a_second_at_most() -> None:
    robot = Watched()
    async with media_server(robot) as port, Way(port).open() as way:
        asked_s: list[float] = []

        def passes(datagram: bytes) -> bool:
            if is_media(datagram) and datagram[1] == PLI:
                asked_s.append(time.monotonic())
                return False  # and it never hears of it
            return True

        session = WebRtcSession("127.0.0.1", way.port)
        frames: list[EncodedFrame] = []
        session.add_encoded(frames.append)
        async with running(session):
            await until(lambda: frames)
            way.passes = passes
            for _ in range(20):
                session.add_encoded(lambda frame: None)
                await asyncio.sleep(0)
            await until(lambda: len(asked_s) > 2)
    assert min(later - one for one, later in pairwise(asked_s)) > 0.99


@on_a_loop
async def test_lost_packets_heal_by_key_frame_and_nothing_torn_is_whole() -> None:
    robot = Watched()
    chooser = random.Random(1)
    lost = 0

    def passes(datagram: bytes) -> bool:
        nonlocal lost
        if not is_media(datagram) or datagram[1] == PLI:
            return True
        if datagram[1] == NACK:  # or what is lost would be sent again
            return False
        passed = datagram[1] in range(200, 208) or chooser.random() > 0.02
        lost += not passed
        return passed

    async with media_server(robot) as port, Way(port).open() as way:
        session = WebRtcSession("127.0.0.1", way.port)
        frames: list[EncodedFrame] = []
        decoded: list[int] = []
        session.add_encoded(frames.append)
        session.add_video(lambda frame: decoded.append(counter_of(frame.bgr)))
        async with running(session):
            await until(lambda: frames)
            way.passes = passes
            # A key frame of many packets is seldom whole, and asked for once a second.
            await until(lambda: session.encoded.gaps >= 4, 60)
            begun = len(frames)
            await until(lambda: len(frames) > begun + 20, 60)
    assert lost >= 4
    # What a viewer sees is to the last bit what the robot encoded, each picture once.
    original = {}
    robots = Decoder()
    for packet in robot.sent:
        (image,) = robots.images(packet)
        original[counter(image)] = image.to_ndarray(format="yuv420p")
    seen = []
    for image in pictures(frames):
        seen.append(counter(image))
        assert np.array_equal(image.to_ndarray(format="yuv420p"), original[seen[-1]])
    assert seen == sorted(set(seen))
    # Each gap is told, and ends with a key frame.
    breaks = 0
    for one, later in pairwise(frames):
        if later.sequence != one.sequence + 1:
            breaks += 1
            assert later.is_key
    assert breaks == session.encoded.gaps
    assert decoded == sorted(set(decoded))


@on_a_loop
async def test_what_a_stall_held_up_is_no_new_picture() -> None:
    async with media_server(Watched()) as port, Way(port).open() as way:
        session = WebRtcSession("127.0.0.1", way.port)
        frames: list[EncodedFrame] = []
        session.add_encoded(frames.append)
        async with running(session):
            await until(lambda: len(frames) > 60)
            before = len(frames)
            way.hold()
            await asyncio.sleep(0.9)  # the stall itself
            await way.release()
            await until(lambda: len(frames) > before + 20)
    assert frames[before].is_key
    assert frames[before].sequence - frames[before - 1].sequence > 10
    assert session.encoded.gaps == 1
    list(pictures(frames))


@on_a_loop
async def test_after_a_restart_of_the_robot_it_goes_on_with_a_key_frame() -> None:
    frames: list[EncodedFrame] = []
    async with media_server(Watched()) as port:
        session = WebRtcSession("127.0.0.1", port)
        session.add_encoded(frames.append)
        async with running(session):
            await until(lambda: len(frames) > 10)
            before = len(frames)
            peer = session._peer
            assert peer is not None
            await peer._connection.close()
            await until(lambda: len(frames) > before + 10)
    assert frames[before].is_key
    assert frames[before].sequence > frames[before - 1].sequence + 1
    assert all(one.pts < later.pts for one, later in pairwise(frames))
    # The media time goes on as this machine's does.
    last, later = frames[before - 1 : before + 1]
    passed_s = (later.captured_ns - last.captured_ns) / 1e9
    assert (later.pts - last.pts) / 90_000 == pytest.approx(passed_s, abs=0.2)


class Robot(VideoStreamTrack):
    """Grey pictures with a counter in them, which aiortc encodes.

    They are so large that a block of the counter is a macroblock: aiortc's VP8 reduces noise
    and has few bits, so on a busy machine it smears smaller ones now and then.
    """

    def __init__(self) -> None:
        super().__init__()
        self._number = 0

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        picture = Yuv.of(np.full((1080, 1280), 128, np.uint8))
        overlay.draw(picture, overlay.Overlay(self._number, time.time_ns()))
        self._number += 1
        frame = av.VideoFrame.from_ndarray(picture.buffer, format="yuv420p")
        frame.pts, frame.time_base = pts, Fraction(time_base)
        return frame


@pytest.mark.parametrize(("offered", "taken"), [(["VP8", "H264"], "h264"), (["VP8"], "vp8")])
@on_a_loop
async def test_h264_is_taken_where_it_is_offered_and_vp8_where_not(
    offered: list[str], taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bound in ("DEFAULT_BITRATE", "MIN_BITRATE"):  # or aiortc's VP8 is too coarse to be read
        monkeypatch.setattr(vpx, bound, vpx.MAX_BITRATE)
    robot = RTCPeerConnection()
    robot.addTrack(Robot())
    codecs = RTCRtpSender.getCapabilities("video").codecs
    robot.getTransceivers()[0].setCodecPreferences(
        [codec for name in (*offered, "rtx") for codec in codecs if codec.name == name]
    )
    with gathering(Loopback.ONLY):
        await robot.setLocalDescription(await robot.createOffer())
    frames: list[EncodedFrame] = []
    encoded = EncodedPictures(frames.append)
    encoded.wanted = True
    backlogs = {"video": Backlog(), "audio": Backlog()}
    peer = Peer(Loopback.ONLY, lambda _: None, lambda _: None, backlogs, encoded=encoded)
    answer = await peer.answer(Offer("session", robot.localDescription.sdp))
    if taken == "h264":
        (line,) = (line for line in answer.splitlines() if line.startswith("m=video"))
        first = line.split()[3]
        (parameters,) = (
            line for line in answer.splitlines() if line.startswith(f"a=fmtp:{first} ")
        )
        assert "profile-level-id=42e01f" in parameters
        assert "VP8" not in answer
    await robot.setRemoteDescription(type(robot.localDescription)(answer, "answer"))
    try:
        await until(lambda: len(frames) > 20)
    finally:
        await peer.close()
        await robot.close()
    assert encoded.counts.codec == taken
    counters = [counter(image) for image in pictures(frames, {"vp8": "libvpx"}.get(taken, taken))]
    assert counters == sorted(set(counters))
