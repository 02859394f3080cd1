# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Who commands alone: every question in every standing, and any sequence."""

import math
import re
from pathlib import Path

import hypothesis.strategies as st
import pytest
from harness.virtual_time import Clock
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reachy_mini_ros.errors import BusyError, InvalidCommandError
from reachy_mini_ros.robot.motion.lease import ALWAYS, RULES, Answer, Ask, Lease, Standing

DOCS = Path(__file__).parents[3] / "docs" / "motion.md"
ASKS = (Ask.ACQUIRE, Ask.RENEW, Ask.RELEASE, Ask.TAKE)
REFUSALS = (Answer.HELD, Answer.NONE)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lease(clock: Clock) -> Lease:
    return Lease(clock)


def bring_into(lease: Lease, standing: Standing) -> None:
    """Let things stand so for 'me'."""
    if standing is not Standing.FREE:
        lease.ask(Ask.ACQUIRE, "me" if standing is Standing.OWN else "other", 10.0)
    assert lease.standing("me") is standing


def do(lease: Lease, ask: Ask) -> Answer | None:
    """Ask as 'me'; return the answer where one is given."""
    if ask in ASKS:
        return lease.ask(ask, "me", 20.0)
    source = "stop" if ask is Ask.STOP else "goto/joints"
    lease.admit(source, "me" if ask is Ask.COMMAND_AS_HOLDER else "")
    return None


@pytest.mark.parametrize("standing", list(Standing))
@pytest.mark.parametrize("ask", list(Ask))
def test_every_question_in_every_standing_meets_the_answer_of_the_table(
    lease: Lease, clock: Clock, standing: Standing, ask: Ask
) -> None:
    answer = RULES[ask][standing]
    if answer is Answer.NEVER:
        return
    bring_into(lease, standing)
    before = lease.state
    if answer in REFUSALS:
        with pytest.raises(BusyError, match="other commands" if before.holder else "me holds no"):
            do(lease, ask)
        assert lease.state == before
        return
    assert do(lease, ask) in (None, answer)
    if answer is Answer.RELEASED:
        assert lease.state.holder == ""
    elif answer is Answer.STARTS:
        assert lease.state == before
    else:
        assert (lease.state.holder, lease.left_s()) == ("me", 20.0)
    clock.now_s += 20.0
    assert lease.standing("me") is Standing.FREE


def test_the_table_keeps_its_promises() -> None:
    assert not set(RULES[Ask.STOP].values()) & set(REFUSALS), "stop is never refused"
    assert not set(RULES[Ask.TAKE].values()) & set(REFUSALS), "a person can always take it"
    assert RULES[Ask.COMMAND][Standing.FREE] is Answer.STARTS, "without one all is as it was"
    for ask in (Ask.COMMAND, Ask.COMMAND_AS_HOLDER):
        assert RULES[ask][Standing.FOREIGN] is Answer.HELD


def test_it_ends_with_its_time_or_when_its_holder_goes(lease: Lease, clock: Clock) -> None:
    lease.ask(Ask.ACQUIRE, "me", 10.0)
    clock.now_s += 9.9
    with pytest.raises(BusyError, match="me commands the robot alone for 0 s more"):
        lease.admit("goto/joints", "")
    clock.now_s += 0.1
    lease.admit("goto/joints", "")
    assert lease.state.reason == "the time of me is over"
    lease.ask(Ask.ACQUIRE, "me", 10.0)
    assert not lease.gone("other")
    assert lease.gone("me")
    assert lease.state.reason == "me is gone"


@pytest.mark.parametrize("name", ["", "1a", "a b", "a/b", "a" * 41, "a\n", "ä"])
def test_a_name_that_cannot_be_part_of_a_topic_is_refused(lease: Lease, name: str) -> None:
    with pytest.raises(InvalidCommandError, match="is no name for a lease"):
        lease.ask(Ask.ACQUIRE, name, 10.0)


@pytest.mark.parametrize("for_s", [0.0, -1.0, 3601.0, math.nan, math.inf])
def test_a_time_that_is_none_is_refused(lease: Lease, for_s: float) -> None:
    with pytest.raises(InvalidCommandError, match="a lease is for 1 to 3600 s"):
        lease.ask(Ask.TAKE, "me", for_s)


def test_the_shortest_and_the_longest_name_and_time_are_taken(lease: Lease, clock: Clock) -> None:
    for name, for_s in (("a", 1.0), ("Z_9" + "a" * 37, 3600.0)):
        assert lease.ask(Ask.ACQUIRE, name, for_s) is Answer.GRANTED
        assert lease.left_s() == for_s
        clock.now_s += for_s
        assert lease.left_s() == 0.0
    assert lease.ask(Ask.ACQUIRE, "me") is Answer.GRANTED
    assert lease.left_s() == 1.0
    for for_s in (0.99, 3600.1):
        with pytest.raises(InvalidCommandError, match="a lease is for 1 to 3600 s"):
            lease.ask(Ask.RENEW, "me", for_s)


def test_what_changes_nothing_is_never_refused(lease: Lease) -> None:
    lease.ask(Ask.ACQUIRE, "other", 10.0)
    for source in ALWAYS:
        lease.admit(source, "")
        lease.admit(source, "me")


def test_why_it_is_as_it_is_is_told(lease: Lease) -> None:
    def reason(ask: Ask, name: str) -> str:
        lease.ask(ask, name, 10.0)
        return lease.state.reason

    assert (lease.state.holder, lease.state.until_s, lease.state.reason) == ("", 0.0, "")
    assert reason(Ask.ACQUIRE, "me") == "granted"
    assert reason(Ask.RENEW, "me") == "renewed"
    assert reason(Ask.TAKE, "other") == "taken from me"
    assert reason(Ask.RELEASE, "other") == "released by other"


class AnySequence(RuleBasedStateMachine):
    """Questions, commands, holders that go and time, in any order, beside a plain model."""

    names = st.sampled_from(["ann", "bob", "eve"])

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.lease = Lease(self.clock)
        self.holder, self.until_s = "", 0.0

    def held_by(self) -> str:
        return self.holder if self.clock.now_s < self.until_s else ""

    @rule(ask=st.sampled_from(ASKS), name=names, for_s=st.floats(1.0, 5.0))
    def ask(self, ask: Ask, name: str, for_s: float) -> None:
        held = self.held_by()
        fails = (held not in ("", name) and ask is not Ask.TAKE) or (
            not held and ask in (Ask.RENEW, Ask.RELEASE)
        )
        try:
            self.lease.ask(ask, name, for_s)
        except BusyError:
            assert fails
        else:
            assert not fails
            self.holder = "" if ask is Ask.RELEASE else name
            self.until_s = self.clock.now_s + for_s

    @rule(source=st.sampled_from(["stop", "goto/joints", "daemon/stop"]), name=names | st.just(""))
    def command(self, source: str, name: str) -> None:
        try:
            self.lease.admit(source, name)
        except BusyError:
            assert source != "stop"
            assert self.held_by() != name
        else:
            assert source == "stop" or self.held_by() == name

    @rule(name=names)
    def gone(self, name: str) -> None:
        was = self.held_by() == name
        assert self.lease.gone(name) is was
        if was:
            self.holder = ""

    @rule(duration_s=st.floats(0.0, 3.0))
    def wait(self, duration_s: float) -> None:
        self.clock.now_s += duration_s

    @invariant()
    def the_holder_is_who_should_be(self) -> None:
        assert self.lease.state.holder == self.held_by()
        assert (self.lease.left_s() > 0.0) is bool(self.held_by())


AnySequence.TestCase.settings = settings(max_examples=100)
TestAnySequence = AnySequence.TestCase


def test_the_docs_show_the_same_table() -> None:
    section = DOCS.read_text(encoding="utf-8").split("\n## Leases\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| \*(.+?)\* \| (.+) \|$", section, re.M)
    documented = {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}
    assert documented == {
        ask.value: [answer.value for answer in row.values()] for ask, row in RULES.items()
    }
