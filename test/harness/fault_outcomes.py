# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What happens with a fault: what is told, what is published meanwhile, and what is left of it."""

import re
import time
from dataclasses import dataclass

from harness.fault_rig import Resources, Rig, came_s
from harness.faults import CONTROL, Fault
from harness.waiting import wait_for

AWAY_S = 1.0
"""After a fault's begin: what was on its way has come, and what is published later is not."""


@dataclass(frozen=True)
class Outcome:
    """One row."""

    name: str
    told: str
    states: int
    """Published while the fault was there, its first second left out."""
    pictures: int
    oldest_state_s: float
    """The age of the oldest state when it was published; the same of pictures."""
    oldest_picture_s: float
    back_s: float
    """From the fault's end to the first state and the first picture made after it."""
    before: Resources
    after: Resources


def stamp_s(message: object) -> float:
    stamp = message.header.stamp  # type: ignore[attr-defined]
    return float(stamp.sec + stamp.nanosec / 1e9)


def measure(rig: Rig, fault: Fault) -> Outcome:
    """Have a fault happen and end, and return what came of it."""
    rig.wait_good(30)
    before = Resources.of(rig.node.pid)
    seen = rig.joints.count, rig.pictures.count, rig.diagnostics.count
    known = rig.connections.count
    with fault.happens(rig):
        begun_s = time.time()
        told = fault.asks(rig) if fault.asks is not None else ""
        if not fault.asks and fault.tells:
            told = wait_for(
                lambda: _told(rig, fault, seen[2], known), 15, lambda: _missing(rig, fault)
            )
        wait_for(lambda: time.time() > begun_s + fault.lasts_s, 2 * fault.lasts_s + 5)
        ended_s = time.time()
    back_s = rig.wait_good(30) - ended_s
    states = rig.joints.messages[-max(1, rig.joints.count - seen[0]) :]
    pictures = rig.pictures.messages[-max(1, rig.pictures.count - seen[1]) :]
    now_s = time.time()
    return Outcome(
        fault.name,
        rig.anonymous(told) or "nothing: it stays connected",
        sum(begun_s + AWAY_S < stamp_s(one) < ended_s for one in states),
        sum(begun_s + AWAY_S < stamp_s(one) < ended_s for one in pictures),
        max(stamp_s(one) - came_s(one, now_s) for one in states),
        max(stamp_s(one) - (rig.taken_s(one) or stamp_s(one)) for one in pictures),
        back_s,
        before,
        _settled(rig, before),
    )


def _told(rig: Rig, fault: Fault, since: int, known: int) -> str:
    texts = rig.texts(fault.node, since)
    if fault.node == CONTROL:  # at once, where diagnostics are told once a second
        texts += [one.data for one in rig.connections.messages[known:]]
    return next((one for one in texts if re.search(fault.tells, rig.anonymous(one))), "")


def _missing(rig: Rig, fault: Fault) -> str:
    return f"'{fault.tells}' in {rig.texts(fault.node, 0)[-5:]}"


def _settled(rig: Rig, before: Resources) -> Resources:
    """Return what the nodes have when what the fault had opened is closed again."""
    now = Resources.of(rig.node.pid)
    deadline_s = time.monotonic() + 3.0
    while now.descriptors > before.descriptors and time.monotonic() < deadline_s:
        rig.joints.next()
        now = Resources.of(rig.node.pid)
    return now
