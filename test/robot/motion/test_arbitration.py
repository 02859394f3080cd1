# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The rules of one owner at a time: every situation with every command, and any sequence."""

import re
from pathlib import Path

import hypothesis.strategies as st
import pytest
from harness.virtual_time import Clock
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reachy_mini_ros.errors import BusyError
from reachy_mini_ros.robot.motion.arbitration import (
    MESSAGES,
    OVERTAKEN_MESSAGE,
    RULES,
    Command,
    Motion,
    Owner,
    Situation,
    Verdict,
)

TIMEOUT_S = 0.5
DOCS = Path(__file__).parents[3] / "docs" / "motion.md"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def motion(clock: Clock) -> Motion:
    return Motion(TIMEOUT_S, clock)


def bring_into(motion: Motion, situation: Situation) -> None:
    """Bring about a situation as the robot would."""
    began = {
        Situation.STREAMING: Command.TARGET,
        Situation.GOTO: Command.GOTO,
        Situation.TRAJECTORY: Command.TRAJECTORY,
        Situation.MOVE: Command.MOVE,
        Situation.TRANSITION: Command.GOTO_SLEEP,
    }
    if situation in began:
        motion.began(began[situation])
    elif situation is Situation.ASLEEP:
        motion.began(Command.GOTO_SLEEP)
        motion.motor_mode = "disabled"
        motion.ended(asleep=True)
    elif situation is Situation.MOTORS_OFF:
        motion.motor_mode = "disabled"
    elif situation is Situation.COMPLIANT:
        motion.motor_mode = "gravity_compensation"
    assert motion.situation is situation


@pytest.mark.parametrize("situation", list(Situation))
@pytest.mark.parametrize("command", list(Command))
def test_every_command_in_every_situation_meets_the_verdict_of_the_table(
    motion: Motion, situation: Situation, command: Command
) -> None:
    bring_into(motion, situation)
    verdict = RULES[situation][command]
    if verdict in MESSAGES:
        with pytest.raises(BusyError) as refusal:
            motion.admit(command)
        assert str(refusal.value) == MESSAGES[verdict].format(owner=motion.running)
        assert motion.situation is situation
    else:
        assert motion.admit(command) is verdict
        motion.began(command)
        assert motion.running is command


def test_the_table_keeps_its_promises() -> None:
    for situation, row in RULES.items():
        if situation not in (Situation.IDLE, Situation.STREAMING):
            assert row[Command.TARGET] in MESSAGES, "a stream takes nothing from anybody"
        if situation is not Situation.TRANSITION:
            assert row[Command.WAKE_UP] not in MESSAGES, "wake_up always helps"
        preempting = [verdict for verdict in row.values() if verdict is Verdict.PREEMPT]
        assert not preempting or situation.value in list(Owner)


@pytest.mark.parametrize(
    ("situation", "owner"),
    [
        *((Situation(owner.value), owner) for owner in list(Owner)[:5]),
        (Situation.TRANSITION, Owner.SLEEPING),
        (Situation.ASLEEP, Owner.SLEEPING),
        (Situation.MOTORS_OFF, Owner.IDLE),
        (Situation.COMPLIANT, Owner.IDLE),
    ],
)
def test_the_owner_is_who_moves_the_robot(
    motion: Motion, situation: Situation, owner: Owner
) -> None:
    bring_into(motion, situation)
    assert motion.owner is owner


def test_a_stream_is_over_when_no_target_came_for_the_timeout(motion: Motion, clock: Clock) -> None:
    assert not motion.stream_is_over()
    for _ in range(3):
        motion.began(Command.TARGET)
        clock.now_s += TIMEOUT_S * 0.9
        assert not motion.stream_is_over()
    clock.now_s += TIMEOUT_S * 0.2
    assert motion.stream_is_over()
    motion.began(Command.GOTO)
    clock.now_s += TIMEOUT_S * 2
    assert not motion.stream_is_over()


def test_a_stop_refuses_a_stream_until_it_has_paused(motion: Motion, clock: Clock) -> None:
    motion.stopped()
    for _ in range(20):
        clock.now_s += TIMEOUT_S * 0.9
        with pytest.raises(BusyError, match="was stopped: pause"):
            motion.admit(Command.TARGET)
    clock.now_s += TIMEOUT_S
    motion.admit(Command.TARGET)
    motion.admit(Command.TARGET)


def test_a_goto_after_a_stop_does_not_let_the_old_stream_in(motion: Motion, clock: Clock) -> None:
    motion.stopped()
    motion.admit(Command.GOTO)
    motion.began(Command.GOTO)
    motion.ended()
    clock.now_s += TIMEOUT_S * 0.9
    with pytest.raises(BusyError, match="was stopped"):
        motion.admit(Command.TARGET)


def test_who_was_asleep_and_was_switched_on_is_not_asleep_when_switched_off(motion: Motion) -> None:
    bring_into(motion, Situation.ASLEEP)
    motion.motor_mode = "enabled"
    motion.motor_mode = "disabled"
    assert motion.situation is Situation.MOTORS_OFF


def test_what_was_got_ready_before_a_stop_is_refused_after_it(motion: Motion) -> None:
    assert motion.stops == 0
    motion.admit(Command.GOTO, motion.stops)
    motion.stopped()
    assert motion.stops == 1
    with pytest.raises(BusyError, match=OVERTAKEN_MESSAGE):
        motion.admit(Command.GOTO, 0)
    motion.admit(Command.GOTO, 1)
    motion.admit(Command.GOTO)


def test_who_sleeps_sleeps_on_when_the_motors_are_told_to_be_off_again(motion: Motion) -> None:
    bring_into(motion, Situation.ASLEEP)
    motion.motor_mode = "disabled"
    assert motion.situation is Situation.ASLEEP
    motion.began(Command.WAKE_UP)
    motion.stopped()
    assert motion.situation is Situation.MOTORS_OFF, "stopped on the way up, it does not sleep"


def test_motors_that_went_off_in_a_goto_are_no_sleep(motion: Motion) -> None:
    motion.began(Command.GOTO)
    motion.motor_mode = "disabled"
    motion.ended()
    assert motion.situation is Situation.MOTORS_OFF


def test_a_stream_is_over_with_its_timeout_and_not_before(motion: Motion, clock: Clock) -> None:
    motion.began(Command.TARGET)
    began_s = clock.now_s
    clock.now_s = began_s + TIMEOUT_S - 2**-20
    assert not motion.stream_is_over()
    clock.now_s = began_s + TIMEOUT_S
    assert motion.stream_is_over()
    motion.stopped()
    clock.now_s += TIMEOUT_S
    motion.admit(Command.TARGET)


class AnySequence(RuleBasedStateMachine):
    """Commands, ends, stops and switched motors in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.motion = Motion(TIMEOUT_S, self.clock)
        self.stopped_s = -TIMEOUT_S

    @rule(command=st.sampled_from(Command))
    def command(self, command: Command) -> None:
        before = self.motion.owner
        verdict = RULES[self.motion.situation][command]
        try:
            self.motion.admit(command)
        except BusyError:
            paused = self.clock.now_s - self.stopped_s >= TIMEOUT_S
            assert verdict in MESSAGES or (command is Command.TARGET and not paused)
            if command is Command.TARGET and verdict not in MESSAGES:
                self.stopped_s = self.clock.now_s
            assert self.motion.owner is before
        else:
            assert verdict not in MESSAGES
            self.motion.began(command)

    @rule()
    def end(self) -> None:
        asleep = self.motion.running is Command.GOTO_SLEEP
        if asleep:
            self.motion.motor_mode = "disabled"
        self.motion.ended(asleep=asleep)
        assert self.motion.running is None

    @rule()
    def stop(self) -> None:
        self.motion.stopped()
        self.stopped_s = self.clock.now_s
        assert self.motion.running is None

    @rule(mode=st.sampled_from(["", "enabled", "disabled", "gravity_compensation"]))
    def motors(self, mode: str) -> None:
        self.motion.motor_mode = mode

    @rule(duration_s=st.floats(0.0, 1.0))
    def wait(self, duration_s: float) -> None:
        self.clock.now_s += duration_s

    @invariant()
    def owner_and_situation_agree(self) -> None:
        if self.motion.running is None:
            assert self.motion.owner in (Owner.IDLE, Owner.SLEEPING)
        if self.motion.situation.value in list(Owner):
            assert self.motion.owner.value == self.motion.situation.value


AnySequence.TestCase.settings = settings(max_examples=100)
TestAnySequence = AnySequence.TestCase


def test_the_docs_show_the_same_table() -> None:
    rows = re.findall(r"^\| \*\*(.+?)\*\* \| (.+) \|$", DOCS.read_text(encoding="utf-8"), re.M)
    documented = {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}
    assert documented == {
        situation.value: [verdict.value for verdict in row.values()]
        for situation, row in RULES.items()
    }
