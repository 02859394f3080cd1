# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The faults: what each is, how long it lasts, and what a user must be told of it."""

import json
import math
import random
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from geometry_msgs.msg import PoseStamped
from std_srvs.srv import SetBool

from harness.fault_rig import NS, Rig
from harness.media import is_media
from harness.waiting import wait_for

Happening = Callable[[Rig], AbstractContextManager[None]]
CONTROL, CAMERA = "control", "camera"


@dataclass(frozen=True)
class Fault:
    """One that begins, lasts, and ends."""

    name: str
    happens: Happening
    """The fault is there between the block's begin and its end."""
    tells: str
    """In what the node says of itself meanwhile; empty: that nothing is wrong."""
    node: str = CONTROL
    lasts_s: float = 3.0
    short: bool = True
    """Whether it is in the short form too."""
    stops: str = ""
    """What must not be published meanwhile: ``states`` or ``pictures``."""
    late_s: float = 0.0
    """How old states are by the fault itself."""
    asks: Callable[[Rig], str] | None = None
    """Asks for something meanwhile, and returns the answer; this is what is told then."""


@contextmanager
def killed(rig: Rig) -> Iterator[None]:
    rig.close_relay()
    rig.daemon.kill()
    try:
        yield
    finally:
        rig.daemon.revive()
        rig.open_relay()


@contextmanager
def restarted(rig: Rig) -> Iterator[None]:
    rig.daemon.post("/api/daemon/restart")
    yield


@contextmanager
def frozen(rig: Rig) -> Iterator[None]:
    rig.daemon.child.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        rig.daemon.child.send_signal(signal.SIGCONT)


@contextmanager
def half_open(rig: Rig) -> Iterator[None]:
    rig.relay.pause()
    try:
        yield
    finally:
        rig.io.call(rig.relay.go_on)


@contextmanager
def delayed(rig: Rig, by_s: float) -> Iterator[None]:
    rig.relay.delay_s = by_s
    try:
        yield
    finally:
        rig.relay.delay_s = 0.0


@contextmanager
def lossy(rig: Rig, share: float) -> Iterator[None]:
    chance = random.Random(7)
    rig.relay.loses = lambda message: chance.random() < share
    try:
        yield
    finally:
        rig.relay.loses = lambda message: False


def _numbers(value: Any, to: Callable[[float], Any]) -> Any:
    """Return JSON with all its numbers exchanged."""
    if isinstance(value, dict):
        return {key: _numbers(one, to) for key, one in value.items()}
    if isinstance(value, list):
        return [_numbers(one, to) for one in value]
    return to(value) if type(value) in (int, float) else value


def _each(text: str, change: Callable[[Any], Any]) -> str:
    return json.dumps(change(json.loads(text)))


def _kept(message: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    return change(message) if isinstance(message, dict) else message


MUTATIONS: dict[str, Callable[[str], str]] = {
    "null": lambda text: "null",
    "NaN": partial(_each, change=lambda one: _numbers(one, lambda _: math.nan)),
    "integers of 400 digits": partial(_each, change=lambda one: _numbers(one, lambda _: 10**400)),
    "numbers as texts": partial(_each, change=lambda one: _numbers(one, str)),
    "10,000 lists": lambda text: "[" * 10_000,
    "keys missing": partial(
        _each, change=lambda one: _kept(one, lambda kept: {"type": kept.get("type")})
    ),
    "other types": partial(
        _each,
        change=lambda one: _kept(
            one, lambda kept: {key: {"x": []} if key != "type" else kept[key] for key in kept}
        ),
    ),
    "cut off": lambda text: text[: len(text) // 2],
    "2 MB": lambda text: text + " " * 2**21,
}


@contextmanager
def mutated(rig: Rig, kind: str) -> Iterator[None]:
    rig.relay.alters = MUTATIONS[kind]
    try:
        yield
    finally:
        rig.relay.alters = lambda message: message


@contextmanager
def answered_with(rig: Rig, kind: str) -> Iterator[None]:
    change = MUTATIONS[kind]

    def correct(path: str, answer: bytes) -> bytes:
        try:
            return change(answer.decode()).encode()
        except ValueError:
            return answer  # no JSON

    rig.relay.corrects = correct
    try:
        yield
    finally:
        rig.relay.corrects = lambda path, answer: answer


@contextmanager
def no_signalling(rig: Rig) -> Iterator[None]:
    rig.close_way()
    try:
        yield
    finally:
        rig.open_way()


@contextmanager
def garbage(rig: Rig) -> Iterator[None]:
    rig.way.to_client = lambda message: '{"type": 7'
    rig.close_way()
    rig.open_way()
    try:
        yield
    finally:
        rig.way.to_client = lambda message: message


@contextmanager
def no_producer(rig: Rig) -> Iterator[None]:
    rig.simulation.child.send_signal(signal.SIGUSR1)
    try:
        yield
    finally:
        rig.simulation.child.send_signal(signal.SIGUSR2)


@contextmanager
def no_video(rig: Rig) -> Iterator[None]:
    rig.way.passes = lambda datagram: not is_media(datagram)
    try:
        yield
    finally:
        rig.way.passes = lambda datagram: True


DEAF = """
import signal, sys, os
import rclpy
from sensor_msgs.msg import CompressedImage, Image, JointState
rclpy.init()
node = rclpy.create_node("deaf")
for kind, name in ((JointState, "joint_states"), (Image, "camera/image_raw"),
                   (CompressedImage, "camera/image_raw/compressed")):
    node.create_subscription(kind, f"/faults/{name}", print, 50)
while not node.count_publishers("/faults/joint_states"):
    rclpy.spin_once(node, timeout_sec=0.1)
print("there", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""


@contextmanager
def deaf(rig: Rig) -> Iterator[None]:
    child = rig.processes.start(sys.executable, "-c", DEAF)
    child.wait_for_output("there")
    try:
        yield
    finally:
        child.process.kill()
        child.process.wait()


@contextmanager
def viewer_that_never_reads(rig: Rig) -> Iterator[None]:
    with socket.create_connection(("127.0.0.1", rig.page_port)) as viewer:
        viewer.sendall(b"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        yield


@contextmanager
def second_driver(rig: Rig) -> Iterator[None]:
    other = rig.processes.start_node(
        "control", namespace=f"{NS}_second", robot_host="127.0.0.1", robot_port=rig.port
    )
    rig.ros.call(SetBool, f"{NS}/enable_motors", SetBool.Request(data=True))
    goto = rig.ros.publisher(PoseStamped, f"{NS}_second/goto/head_pose")
    message = PoseStamped()
    message.pose.position.z, message.pose.orientation.w = 0.187, 1.0
    rig.known_events = len(rig.events.messages)
    goto.publish(message)
    yield
    rig.ros.destroy(rig.ros.node.destroy_publisher, goto)
    other.stop_cleanly()


@contextmanager
def no_folder(rig: Rig) -> Iterator[None]:
    rig.clips.write_text("a file where the folder is to be")
    try:
        yield
    finally:
        rig.clips.unlink()


@contextmanager
def no_space(rig: Rig) -> Iterator[None]:
    """Limit how far the nodes' files may grow."""
    usual = resource.prlimit(rig.node.pid, resource.RLIMIT_FSIZE)
    most = max(20_000, rig.node.log.stat().st_size + 5_000)  # what it writes to is a file too
    resource.prlimit(rig.node.pid, resource.RLIMIT_FSIZE, (most, usual[1]))
    try:
        yield
    finally:
        resource.prlimit(rig.node.pid, resource.RLIMIT_FSIZE, usual)


def _record(rig: Rig) -> str:
    """Begin a clip and end it when pictures are in it; return what is told at its end."""
    _switch("camera/record")(rig)
    seen = rig.pictures.count
    rig.pictures.wait_count(seen + 120, 20)
    request = SetBool.Request(data=False)
    return str(rig.ros.call(SetBool, f"{NS}/camera/record", request, 40.0).message)


def _switch(name: str) -> Callable[[Rig], str]:
    def ask(rig: Rig) -> str:
        request = SetBool.Request(data=True)
        return str(rig.ros.call(SetBool, f"{NS}/{name}", request, 40.0).message)

    return ask


def _foreign_motion(rig: Rig) -> str:
    def told() -> str:
        reasons = [message.message for message in rig.events.messages[rig.known_events :]]
        return next((one for one in reasons if "nothing here moves it" in one), "")

    return wait_for(told, 15, lambda: str([m.message for m in rig.events.messages]))


OF_ANSWERS = ("null", "10,000 lists", "keys missing", "other types", "cut off", "2 MB")
"""The answer that is asked for has no number."""
SILENT = "no state from ROBOT for more than 0.5 s"

FAULTS = (
    Fault("the daemon is killed (-9)", killed, "nothing listens", stops="states"),
    Fault("the daemon is killed again", killed, "nothing listens", short=False, stops="states"),
    Fault(
        "the daemon is killed a third time", killed, "nothing listens", short=False, stops="states"
    ),
    Fault("the daemon is restarted over REST", restarted, "stalled|lost", lasts_s=1.0),
    Fault("the daemon stands still (SIGSTOP), 3 s", frozen, "the daemon hangs", stops="states"),
    Fault(
        *("the daemon stands still (SIGSTOP), 10 s", frozen, "the daemon hangs"),
        lasts_s=10.0,
        short=False,
        stops="states",
    ),
    Fault("the connection is half open, 0.45 s", half_open, "", lasts_s=0.45),
    Fault("the connection is half open, 0.9 s", half_open, "stalled", lasts_s=0.9, short=False),
    Fault("the connection is half open, 3 s", half_open, SILENT, stops="states"),
    Fault("messages come 300 ms late", partial(delayed, by_s=0.3), "", late_s=0.3),
    Fault("50 % of messages are lost", partial(lossy, share=0.5), "", short=False),
    Fault(
        "95 % of messages are lost", partial(lossy, share=0.95), "stalled", lasts_s=5.0, short=False
    ),
    *(
        Fault(
            *(f"each message is: {kind}", partial(mutated, kind=kind), "refused|broke|closed"),
            lasts_s=2.0,
            short=kind in ("NaN", "10,000 lists", "2 MB"),
            stops="states",
        )
        for kind in MUTATIONS
    ),
    *(
        Fault(
            *(
                f"each answer over REST is: {kind}",
                partial(answered_with, kind=kind),
                "not understood",
            ),
            lasts_s=0.5,
            short=kind == "null",
            asks=_switch("wobbling"),
        )
        for kind in OF_ANSWERS
    ),
    Fault("signalling is gone", no_signalling, "nothing listens", CAMERA, stops="pictures"),
    Fault("signalling sends garbage", garbage, "robot's protocol", CAMERA, 3.0, False, "pictures"),
    Fault(
        *("the media are released by another client", no_producer, "reachymini", CAMERA),
        stops="pictures",
    ),
    Fault(
        *("video stands still while signalling lives", no_video, "no |packets", CAMERA, 5.0),
        stops="pictures",
    ),
    Fault(
        "a second driver moves the robot",
        second_driver,
        "nothing here moves it",
        short=False,
        asks=_foreign_motion,
    ),
    Fault("a subscriber never reads", deaf, "", lasts_s=5.0),
    Fault("a viewer of MJPEG never reads", viewer_that_never_reads, "", lasts_s=5.0, short=False),
    Fault(
        *("clips cannot be written", no_folder, "cannot be written", CAMERA, 0.2),
        asks=_switch("camera/record"),
    ),
    Fault(
        *("clips meet a full disk (RLIMIT_FSIZE)", no_space, "too large", CAMERA, 0.2, False),
        asks=_record,
    ),
)
"""Those of a robot that is connected when they begin."""
