# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What happens with a fault: what is told, what is published meanwhile, and what is left of it."""

import re
import time
from dataclasses import dataclass

from harness.fault_rig import Resources, Rig, came_s
from harness.faults import CONTROL, Fault
from harness.waiting import patience, wait_for

NOTHING = "nothing: it stays connected"
STALE_S = 0.25
GROWS_MB, OPENS, STARTS = 40.0, 4, 4
"""What the nodes may have more of after a fault: a pool's threads, a cache."""
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
        if fault.asks is not None:
            told = fault.asks(rig)
        elif fault.tells:
            told = wait_for(
                lambda: _told(rig, fault, seen[2], known), 15, lambda: _missing(rig, fault)
            )
        wait_for(lambda: time.time() > begun_s + fault.lasts_s, 2 * fault.lasts_s + 5)
        ended_s = time.time()
    if not fault.tells:
        told = _complaint(rig, seen[2], known) or NOTHING
    back_s = rig.wait_good(30) - ended_s
    states = rig.joints.messages[-max(1, rig.joints.count - seen[0]) :]
    pictures = rig.pictures.messages[-max(1, rig.pictures.count - seen[1]) :]
    now_s = time.time()
    return Outcome(
        fault.name,
        rig.anonymous(told),
        sum(begun_s + AWAY_S < stamp_s(one) < ended_s for one in states),
        sum(begun_s + AWAY_S < stamp_s(one) < ended_s for one in pictures),
        max(stamp_s(one) - came_s(one, now_s) for one in states),
        max(stamp_s(one) - (rig.taken_s(one) or stamp_s(one)) for one in pictures),
        back_s,
        before,
        _settled(rig, before),
    )


def check(rig: Rig, fault: Fault, outcome: Outcome) -> None:
    """Hold what came of a fault to what is promised."""
    assert re.search(fault.tells, outcome.told) if fault.tells else outcome.told == NOTHING, outcome
    if fault.stops:
        assert getattr(outcome, fault.stops) == 0, outcome
    assert outcome.oldest_state_s < fault.late_s + patience(STALE_S), outcome
    assert outcome.oldest_picture_s < patience(STALE_S), outcome
    before, after = outcome.before, outcome.after
    assert after.rss_mb < before.rss_mb + GROWS_MB, outcome
    assert after.descriptors <= before.descriptors + OPENS, outcome
    assert after.threads <= before.threads + STARTS, outcome
    assert rig.node.process.poll() is None
    output = rig.node.output()
    for sign in ("Traceback", "internal error", "a bug, please"):
        assert sign not in output, output[-5000:]
    assert max(map(len, output.splitlines())) < 500


def _told(rig: Rig, fault: Fault, since: int, known: int) -> str:
    texts = rig.texts(fault.node, since)
    if fault.node == CONTROL:  # at once, where diagnostics are told once a second
        texts += [one.data for one in rig.connections.messages[known:]]
    return next((one for one in texts if re.search(fault.tells, rig.anonymous(one))), "")


def _complaint(rig: Rig, since: int, known: int) -> str:
    """Return the first word of a node, or of the connection, on anything that is not as usual."""
    texts = [*rig.texts("control", since), *rig.texts("camera", since)]
    texts += [one.data for one in rig.connections.messages[known:]]
    return next((one for one in texts if not one.startswith("connected")), "")


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
