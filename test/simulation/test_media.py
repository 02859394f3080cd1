# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a WebRTC client gets from the simulated robot, over the robot's own protocol."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from fractions import Fraction

import av
import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from harness.rates import made_hz
from harness.simulation import FULL, Simulation
from harness.waiting import patience, too_slow, wait_for
from harness.webrtc import Client, Peer

from reachy_mini_ros.simulation import overlay
from reachy_mini_ros.simulation.overlay import Overlay
from reachy_mini_ros.simulation.picture import head_rotation
from reachy_mini_ros.simulation.sound import TONE_DBFS, TONE_HZ, analyse

SIMULATION_ARGUMENTS = FULL
RATE_HZ = 48_000


def with_client(
    simulation: Simulation,
    body: Callable[[Client], Awaitable[None]],
    outgoing: MediaStreamTrack | None = None,
) -> None:
    async def run() -> None:
        async with Client(simulation.signalling_port, outgoing) as client:
            await body(client)

    asyncio.run(run())


def goto(simulation: Simulation, **angles_deg: float) -> None:
    """Move the head there over the daemon's HTTP, and return when it has arrived."""
    target = {name: float(np.deg2rad(angle)) for name, angle in angles_deg.items()}
    pose = {"x": 0, "y": 0, "z": 0, "roll": 0, "pitch": 0, "yaw": 0, **target}
    simulation.post("/api/move/goto", {"head_pose": pose, "duration": 0.5})
    wait_for(lambda: not simulation.get("/api/move/running"), 5, "the end of the move")


def angles_deg(rotation: np.ndarray) -> np.ndarray:
    """Return roll, pitch and yaw of a rotation matrix."""
    roll = np.arctan2(rotation[2, 1], rotation[2, 2])
    yaw = np.arctan2(rotation[1, 0], rotation[0, 0])
    return np.rad2deg([roll, -np.arcsin(rotation[2, 0]), yaw])


async def view(client: Client, expected_deg: list[float]) -> np.ndarray:
    """Return roll, pitch, yaw of the head as pictures show it, when it is that, or after 5 s."""
    since_ns = time.time_ns()
    deadline_s = time.monotonic() + patience(5)
    while True:
        image = await client.image()
        taken = overlay.read(image)
        assert taken is not None
        if taken.time_ns > since_ns:
            rotation = head_rotation(image)
            assert rotation is not None
            seen = angles_deg(rotation)
            if np.allclose(seen, expected_deg, atol=1.0) or time.monotonic() > deadline_s:
                return seen


def test_pictures_come_in_order_and_on_time(simulation: Simulation) -> None:
    async def three_seconds(client: Client) -> float:
        """Check pictures and return how many the camera makes a second, by its own count."""
        delays_s, seen = [], []
        for _ in range(90):
            image = await client.image()
            assert image.shape == (720, 1280, 3)
            taken = overlay.read(image)
            assert taken is not None, "the overlay cannot be read"
            delays_s.append((time.time_ns() - taken.time_ns) / 1e9)
            seen.append(taken)
        first = seen[0].frame
        assert [taken.frame for taken in seen] == list(range(first, first + 90))
        assert 0 < float(np.median(delays_s)) < patience(0.5)
        return made_hz(seen[0], seen[-1])

    async def body(client: Client) -> None:
        rates_hz: list[float] = []
        while max(rates_hz, default=0.0) < 25 and len(rates_hz) < 6:
            rates_hz.append(await three_seconds(client))
        # A late picture is left out and never caught up with.
        assert max(rates_hz) < 31
        if max(rates_hz) < 25:
            too_slow(f"the simulated camera makes {max(rates_hz):.1f} pictures a second at best")


def test_the_offer_is_the_robots(simulation: Simulation) -> None:
    async def body(client: Client) -> None:
        await client.image()
        offer = client.messages[0]["sdp"]
        assert offer["type"] == "offer"
        codecs = set(re.findall(r"a=rtpmap:\d+ (\w+)/", offer["sdp"]))
        assert codecs == {"H264", "rtx", "opus"}
        assert "profile-level-id=42e01f" in offer["sdp"]
        assert offer["sdp"].count("a=sendrecv") == 2
        assert "m=application" in offer["sdp"]
        assert "a=candidate" not in offer["sdp"], "candidates come apart from the offer"
        candidates = [message["ice"] for message in client.messages if "ice" in message]
        assert candidates[-1]["candidate"] == ""
        assert candidates[0]["sdpMLineIndex"] == 0
        addresses = {ice["candidate"].split()[4] for ice in candidates[:-1]}
        assert addresses == {"127.0.0.1"}

    with_client(simulation, body)


@pytest.mark.parametrize(
    "move", [{"yaw": 20.0}, {"yaw": -30.0, "pitch": 8.0}, {"pitch": 12.0}, {"roll": 15.0}], ids=str
)
def test_the_picture_follows_the_head(simulation: Simulation, move: dict[str, float]) -> None:
    async def body(client: Client) -> None:
        await asyncio.to_thread(goto, simulation, **move)
        expected = [move.get(name, 0.0) for name in ("roll", "pitch", "yaw")]
        np.testing.assert_allclose(await view(client, expected), expected, atol=1.0)

    with_client(simulation, body)


def test_the_microphone_hears_the_test_sound_without_a_gap(simulation: Simulation) -> None:
    async def body(client: Client) -> None:
        chunks, stamps = [], []
        for _ in range(150):
            frame = await client.frame("audio")
            stamps.append(frame.pts)
            chunks.append(frame.to_ndarray().reshape(-1, 2)[:, 0])
        assert set(np.diff(stamps)) == {RATE_HZ // 50}
        sound = np.concatenate(chunks).astype(np.int16)
        heard = analyse(sound, RATE_HZ)
        assert heard.frequency_hz == pytest.approx(TONE_HZ, abs=2.0)
        level = 20 * np.log10(np.sqrt(np.mean(sound.astype(float) ** 2)) / 32768)
        # Half of the time it sounds: 3 dB less.
        assert level == pytest.approx(TONE_DBFS - 3.0, abs=1.5)

    with_client(simulation, body)


class Tone(MediaStreamTrack):
    """A sine at -12 dBFS RMS."""

    kind = "audio"

    def __init__(self, frequency_hz: float) -> None:
        super().__init__()
        self._frequency_hz = frequency_hz
        self._sample = 0
        self._start_s = time.monotonic()

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(self._start_s + self._sample / RATE_HZ - time.monotonic())
        angle = 2 * np.pi * self._frequency_hz * (self._sample + np.arange(960)) / RATE_HZ
        amplitude = 32768 * 10 ** (-12 / 20) * np.sqrt(2)
        samples = (amplitude * np.sin(angle)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples.repeat(2)[None], "s16", "stereo")
        frame.sample_rate, frame.pts = RATE_HZ, self._sample
        frame.time_base = Fraction(1, RATE_HZ)
        self._sample += 960
        return frame


def test_the_speaker_tells_what_it_plays(simulation: Simulation) -> None:
    def reported() -> tuple[float, float]:
        lines = re.findall(r"speaker (\d+) Hz (-[\d.]+) dBFS", simulation.child.output())
        return (float(lines[-1][0]), float(lines[-1][1])) if lines else (0.0, 0.0)

    async def body(client: Client) -> None:
        async with asyncio.timeout(patience(15)):
            while True:
                frequency_hz, level_dbfs = reported()
                if abs(frequency_hz - 700) < 10 and abs(level_dbfs + 12) < 1.5:
                    return
                await client.frame("audio")

    with_client(simulation, body, Tone(700.0))


def test_the_data_channel_answers_and_moves_the_robot(simulation: Simulation) -> None:
    async def body(client: Client) -> None:
        state = (await client.command('{"type": "get_state"}'))["state"]
        assert np.shape(state["head_pose"]) == (4, 4)
        assert len(state["head_joint_positions"]) == 7
        assert state["motor_mode"] in ("enabled", "disabled")
        assert "version" in await client.command('{"type": "get_version"}')
        done = await client.command(
            json.dumps({"type": "goto_target", "antennas": [0.5, -0.4], "duration": 0.4})
        )
        assert done == {"status": "ok", "command": "goto_target", "completed": True}
        state = (await client.command('{"type": "get_state"}'))["state"]
        np.testing.assert_allclose(state["antennas"], [0.5, -0.4], atol=0.02)
        done = await client.command('{"type": "set_antennas", "antennas": [0.1, 0.2]}')
        assert done == {"status": "ok", "command": "set_antennas"}
        assert (await client.command('{"type": "stop_move"}'))["stopped"] is False

    with_client(simulation, body)
    wait_for(
        lambda: np.allclose(
            simulation.get("/api/state/present_antenna_joint_positions"), [0.1, 0.2], atol=0.01
        ),
        5,
        "the antennas in place",
    )


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"type": "dance"}', '{"type": "set_antennas", "antennas": "up"}', "\x00"],
)
def test_a_bad_command_is_answered_with_an_error(simulation: Simulation, text: str) -> None:
    async def body(client: Client) -> None:
        assert (await client.command(text))["error"].startswith("Invalid command")
        assert "version" in await client.command('{"type": "get_version"}')

    with_client(simulation, body)


def test_a_goto_to_nowhere_is_answered_with_an_error(simulation: Simulation) -> None:
    async def body(client: Client) -> None:
        command = {"type": "goto_target", "head": [1.0, 2.0], "duration": 0.4}
        answer = await client.command(json.dumps(command))
        assert answer["command"] == "goto_target"
        assert answer["error"]

    with_client(simulation, body)


def test_four_clients_see_the_same_pictures(simulation: Simulation) -> None:
    async def run() -> None:
        async def frames(count: int) -> set[int]:
            async with Client(simulation.signalling_port) as client:
                read = [overlay.read(await client.image()) for _ in range(count)]
                return {taken.frame for taken in read if taken is not None}

        seen = await asyncio.gather(*(frames(60) for _ in range(4)))
        assert len(set.intersection(*seen)) > 20

    asyncio.run(run())


@pytest.mark.parametrize("way", ["endSession", "closed socket"])
def test_pictures_are_made_only_while_somebody_watches(simulation: Simulation, way: str) -> None:
    async def drain(client: Client) -> None:
        while True:
            await client.frame("video")

    async def watch() -> Overlay:
        async with Client(simulation.signalling_port) as client:
            taken = overlay.read(await client.image())
            assert taken is not None
            if way == "endSession":
                await client.send(type="endSession", sessionId=client.session)
            else:
                await client.socket.close()
            with pytest.raises(MediaStreamError):  # the robot closes its side
                await drain(client)
            return taken

    async def run() -> None:
        before = await watch()
        for degrees in (10, 0, 10, 0):  # in which nobody watches: time for 60 pictures
            await asyncio.to_thread(goto, simulation, yaw=degrees)
        assert made_hz(before, await watch()) < 15

    asyncio.run(run())


def test_a_lost_connection_ends_the_session(simulation: Simulation) -> None:
    async def body(client: Client) -> None:
        await client.image()
        await client.connection.close()  # the websocket stays open
        async with asyncio.timeout(patience(10)):
            await client.ended.wait()

    with_client(simulation, body)


NONSENSE = [
    {"sdp": {"type": "answer", "sdp": "v=0\r\nnonsense"}},
    {"sdp": {"type": "answer"}},
    {"sdp": {"type": "dance", "sdp": 7}},
    {"sdp": {"type": "offer", "sdp": ""}},
    {"ice": {"candidate": "candidate:1 1 UDP x 127.0.0.1 y typ host", "sdpMLineIndex": "z"}},
    {"ice": {}},
    {"ice": {"candidate": 5, "sdpMLineIndex": None}},
]


@pytest.mark.parametrize("content", NONSENSE, ids=str)
def test_nonsense_in_a_session_ends_that_session_at_most(
    simulation: Simulation, content: dict[str, object]
) -> None:
    async def run() -> None:
        async with Client(simulation.signalling_port) as watching:
            await watching.image()
            async with Peer(simulation.signalling_port) as peer:
                session = await peer.start_session()
                assert (await peer.expect("peer"))["sdp"]["type"] == "offer"
                await peer.send(type="peer", sessionId=session, **content)
                for _ in range(5):
                    await watching.image()
        async with Client(simulation.signalling_port) as client:
            await client.image()

    asyncio.run(run())
