# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whatever the signalling, the offer or a candidate holds, it ends one attempt at most."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from aiortc import RTCPeerConnection
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from harness.loop import on_a_loop
from harness.media import Message, Way, media_server
from harness.waiting import patience
from hypothesis import given, settings
from hypothesis import strategies as st

from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import RobotError
from reachy_mini_ros.media import signalling
from reachy_mini_ros.media.aiortc_patches import Loopback, gathering
from reachy_mini_ros.media.backlog import Backlog
from reachy_mini_ros.media.peer import Peer
from reachy_mini_ros.media.signalling import Candidate, Offer
from reachy_mini_ros.media.webrtc import WebRtcSession

KEYS = "type producers id meta name peerId roles sessionId details ice candidate sdpMLineIndex sdp"
TYPES = "list peerStatusChanged sessionStarted endSession error peer welcome offer"
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(TYPES.split())
    | st.sampled_from([10**400, float("inf"), -1, 2**64])
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS.split()) | st.text(), inner, max_size=6)
    ),
    max_leaves=20,
)
messages = st.builds(
    lambda kind, rest: {**rest, "type": kind},
    st.sampled_from(TYPES.split()),
    st.dictionaries(st.sampled_from(KEYS.split()), values, max_size=8),
)


def parsed(text: str | bytes) -> tuple[str, signalling.Message | None]:
    """Return why it is refused, and what it says."""
    try:
        return "", signalling.parse(text)
    except RobotError as error:
        return str(error), None


@given(messages | values)
@settings(max_examples=300)
def test_any_json_is_a_message_or_refused(value: Any) -> None:
    refused, message = parsed(json.dumps(value))
    assert "\n" not in refused
    assert len(refused) < 500
    if isinstance(message, signalling.Candidate):
        assert 0 <= message.line_index < 1000


@given(st.binary() | st.text())
@settings(max_examples=300)
def test_any_text_is_a_message_or_refused(text: str | bytes) -> None:
    parsed(text)


def peer() -> Peer:
    backlogs = {"video": Backlog(), "audio": Backlog()}
    return Peer(Loopback.ONLY, lambda frame: None, lambda frame: None, backlogs)


async def offered() -> str:
    robot = RTCPeerConnection()
    robot.addTrack(VideoStreamTrack())
    robot.addTrack(AudioStreamTrack())
    robot.createDataChannel("data")
    with gathering(Loopback.ONLY):
        await robot.setLocalDescription(await robot.createOffer())
    sdp = robot.localDescription.sdp
    await robot.close()
    return str(sdp)


OFFER = asyncio.run(offered())
lines = OFFER.splitlines()


@st.composite
def odd_offers(draw: st.DrawFn) -> str:
    """Take lines out of an offer, put others in, and change some."""
    kept = list(lines)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(kept) - 1))
        match draw(st.sampled_from(["leave out", "twice", "swap", "cut", "insert", "number"])):
            case "leave out":
                del kept[place]
            case "twice":
                kept.insert(draw(st.integers(0, len(kept))), kept[place])
            case "swap":
                other = draw(st.integers(0, len(kept) - 1))
                kept[place], kept[other] = kept[other], kept[place]
            case "cut":
                kept[place] = kept[place][: draw(st.integers(0, len(kept[place])))]
            case "insert":
                kept.insert(place, draw(st.text(max_size=30)))
            case "number":
                number = draw(st.sampled_from(["-1", "0", "99999999999", "1e400", "x", ""]))
                head, colon, _ = kept[place].partition(" ")
                kept[place] = head + colon + number
    return "\r\n".join(kept) + "\r\n"


@given(odd_offers() | st.text())
@settings(max_examples=60)
def test_any_offer_is_answered_or_refused(sdp: str) -> None:
    asyncio.run(_answer(sdp))


async def _answer(sdp: str) -> None:
    stray: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: stray.append(context))
    robot = peer()
    try:
        await robot.answer(Offer("session", sdp))
        await asyncio.sleep(0)
    except RobotError:
        pass
    finally:
        await robot.close()
    assert not stray


FIELDS = (
    "candidate:1 candidate: 0 1 2 udp UDP tcp 2130706431 -1 1e9 127.0.0.1 ::1 x.invalid 9 typ host "
    "relay srflx raddr rport tcptype generation 99999999999"
)
fields = st.sampled_from(FIELDS.split())


@given(st.lists(fields, max_size=14).map(" ".join) | st.text(), st.integers(0, 999))
@settings(max_examples=30)
def test_any_candidate_is_taken_or_left_out(text: str, line: int) -> None:
    async def add() -> None:
        robot = peer()
        try:
            await robot.add_candidate(Candidate("session", text, line))
            await robot.answer(Offer("session", OFFER))
            await robot.add_candidate(Candidate("session", text, line))
        finally:
            await robot.close()

    asyncio.run(add())


Spoil = Callable[[Message], Message | str | bytes]


def instead_of_ice(content: str | bytes) -> Spoil:
    return lambda message: content if "ice" in message else message


def ice(candidate: str, line: str) -> Spoil:
    def spoil(message: Message) -> Message | str:
        if "ice" not in message:
            return message
        begin = json.dumps({**message, "ice": None}).removesuffix("null}")
        return f'{begin}{{"candidate": {candidate}, "sdpMLineIndex": {line}}}}}'

    return spoil


def sdp(change: Callable[[str], str]) -> Spoil:
    def spoil(message: Message) -> Message:
        if "sdp" in message:
            message["sdp"]["sdp"] = change(message["sdp"]["sdp"])
        return message

    return spoil


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (ice('"c"', "Infinity"), "does not speak the robot's protocol"),
        (ice('"c"', "1e999"), "does not speak the robot's protocol"),
        (ice('"c"', "NaN"), "does not speak the robot's protocol"),
        (ice('"c"', "9" * 400), "does not speak the robot's protocol"),
        (ice("7", "0"), "does not speak the robot's protocol"),
        (instead_of_ice("[" * 10_000), "does not speak the robot's protocol"),
        (instead_of_ice("[" * 9_000 + "]" * 9_000), "does not speak the robot's protocol"),
        (instead_of_ice('{"a":' * 100_000), "does not speak the robot's protocol"),
        (instead_of_ice(b"\x00\xff\xfe"), "does not speak the robot's protocol"),
        (instead_of_ice('{"type": "' + "x" * 3_000_000 + '"}'), "closed"),
        (sdp(lambda text: "v=0\r\n" * 3), "neither pictures nor sound"),
        (sdp(lambda text: text.replace("a=fingerprint", "a=finger")), "offer"),
        (sdp(lambda text: text.replace("a=ice-ufrag", "a=ice")), ""),
    ],
)
@on_a_loop
async def test_garbage_ends_one_attempt_only(spoil: Spoil, reason: str) -> None:
    reasons: asyncio.Queue[str] = asyncio.Queue()
    stray: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: stray.append(context))
    async with media_server() as port, Way(port).open() as way:
        way.to_client = spoil
        session = WebRtcSession(
            "127.0.0.1", way.port, on_connection=lambda _, told: reasons.put_nowait(told)
        )
        running = asyncio.create_task(session.run())
        try:
            async with asyncio.timeout(patience(15)):
                while not (told := await reasons.get()) or reason not in told:
                    pass
                assert len(told) < 500
                assert not running.done()
                way.to_client = lambda message: message
                while session.connection is not Connection.CONNECTED:
                    await reasons.get()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    assert not stray
