# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whatever order they start, hear of each other and end in: exactly one node commands."""

import random

import pytest

from reachy_mini_ros.nodes.control.election import (
    ALIVE_S,
    LOOK_S,
    PERIOD_S,
    Election,
    Presence,
    Role,
)

DAY_NS = 86_400 * 10**9


class Node:
    """A control node on a clock of its own, which is ``ahead_ns`` of the true time of day."""

    def __init__(self, net: "Net", name: str, ahead_ns: int = 0) -> None:
        self.net = net
        self.ahead_ns = ahead_ns
        self.alive = self.runs = True
        own = Presence(name, Role.LOOKING, self.unix_ns(), f"/{name}", "host", 1)
        self.election = Election(own, lambda: net.now_s, self.unix_ns)
        self.election.begin()

    def unix_ns(self) -> int:
        return round(self.net.now_s * 1e9) + self.ahead_ns

    @property
    def role(self) -> Role:
        return self.election.own.role

    def beat(self) -> None:
        before = self.role
        self.net.send(self, self.election.tell())
        if self.election.decide(self.net.silent_ones) is not before:
            self.net.send(self, self.election.tell())

    def hear(self, other: Presence) -> None:
        before = self.role
        self.election.heard(other)
        if self.election.decide(self.net.silent_ones) is not before:
            self.net.send(self, self.election.tell())

    def end(self) -> None:
        self.alive = False
        own = self.election.own
        gone = Presence(own.id, Role.ENDED, own.since_ns, own.node, own.host, own.pid)
        self.net.send(self, gone)


class Net:
    """Nodes that hear each other, except where ``parted``, after up to ``delay_s``."""

    def __init__(self, seed: int = 0, delay_s: float = 0.0) -> None:
        self.now_s = 1000.0
        self.nodes: list[Node] = []
        self.parted: set[frozenset[str]] = set()
        self.silent_ones = False
        self._random = random.Random(seed)
        self._delay_s = delay_s
        self._due: list[tuple[float, Node, Presence]] = []

    def start(self, name: str, ahead_ns: int = 0) -> Node:
        self.nodes.append(Node(self, name, ahead_ns))
        return self.nodes[-1]

    def part(self, one: Node, other: Node, parted: bool = True) -> None:
        pair = frozenset({one.election.own.id, other.election.own.id})
        (self.parted.add if parted else self.parted.discard)(pair)

    def send(self, sender: Node, presence: Presence) -> None:
        for node in self.nodes:
            if (
                node is not sender
                and frozenset({presence.id, node.election.own.id}) not in self.parted
            ):
                at_s = self.now_s + self._random.uniform(0.0, self._delay_s)
                self._due.append((at_s, node, presence))

    def run(self, for_s: float) -> None:
        end_s = self.now_s + for_s
        step_s = 0.05
        while self.now_s < end_s:
            self.now_s += step_s
            due, self._due = self._due, []
            for at_s, node, presence in due:
                if at_s > self.now_s or (node.alive and not node.runs):
                    self._due.append((at_s, node, presence))
                elif node.alive:
                    node.hear(presence)
            for node in self.nodes:
                beats = round(self.now_s / step_s) % round(PERIOD_S / step_s) == 0
                if node.alive and node.runs and beats:
                    node.beat()

    def roles(self) -> list[Role]:
        return [node.role for node in self.nodes if node.alive]


SETTLE_S = ALIVE_S + LOOK_S + 3 * PERIOD_S


def test_one_alone_commands_after_it_has_looked() -> None:
    net = Net()
    node = net.start("a")
    net.run(LOOK_S - PERIOD_S)
    assert node.role is Role.LOOKING
    net.run(2 * PERIOD_S)
    assert node.role is Role.ACTIVE


def test_one_looks_for_longer_while_there_are_some_that_have_not_told_of_themselves() -> None:
    net = Net()
    net.silent_ones = True
    node = net.start("a")
    net.run(ALIVE_S - PERIOD_S)
    assert node.role is Role.LOOKING
    net.run(3 * PERIOD_S)
    assert node.role is Role.ACTIVE


@pytest.mark.parametrize("ahead_ns", [0, DAY_NS, -DAY_NS])
def test_a_second_one_waits_and_takes_over_at_once(ahead_ns: int) -> None:
    net = Net()
    first = net.start("b")
    net.run(SETTLE_S)
    second = net.start("a", ahead_ns)
    net.run(SETTLE_S)
    assert (first.role, second.role) == (Role.ACTIVE, Role.STANDBY)
    assert str(second.election.first) == "/b on host (pid 1)"
    first.end()
    net.run(0.1)
    assert second.role is Role.ACTIVE


def test_a_second_one_takes_over_from_one_that_was_killed() -> None:
    net = Net()
    first, second = net.start("a"), net.start("b")
    net.run(SETTLE_S)
    first.alive = False
    net.run(ALIVE_S - PERIOD_S)
    assert second.role is Role.STANDBY
    net.run(3 * PERIOD_S)
    assert second.role is Role.ACTIVE


def test_one_that_was_stopped_for_long_gives_way_to_who_took_over() -> None:
    net = Net()
    first, second = net.start("a"), net.start("b")
    net.run(SETTLE_S)
    first.runs = False
    net.run(60.0)
    assert second.role is Role.ACTIVE
    first.runs = True
    net.run(SETTLE_S)
    assert (first.role, second.role) == (Role.STANDBY, Role.ACTIVE)


def test_one_that_waited_and_was_stopped_listens_before_it_takes_over() -> None:
    net = Net()
    first, second = net.start("a"), net.start("b")
    net.run(SETTLE_S)
    net.now_s += 60.0  # as with a machine that slept; nothing was heard yet
    second.beat()
    assert second.role is Role.STANDBY
    net.run(SETTLE_S)
    assert (first.role, second.role) == (Role.ACTIVE, Role.STANDBY)


def test_of_two_that_could_not_hear_each_other_the_older_one_stays() -> None:
    net = Net()
    first = net.start("b")
    net.run(1.0)
    second = net.start("a")
    net.part(first, second)
    net.run(SETTLE_S)
    assert net.roles() == [Role.ACTIVE, Role.ACTIVE]
    net.part(first, second, parted=False)
    net.run(SETTLE_S)
    assert (first.role, second.role) == (Role.ACTIVE, Role.STANDBY)


@pytest.mark.parametrize("seed", range(40))
def test_exactly_one_commands_whatever_happens(seed: int) -> None:
    chance = random.Random(seed)
    net = Net(seed, delay_s=0.3)
    for number in range(20):
        living = [node for node in net.nodes if node.alive]
        match chance.choice(["start", "start", "end", "kill", "stop", "go", "part"]):
            case "start":
                net.start(f"node{number}", chance.choice([0, DAY_NS, -DAY_NS]))
            case "end" if living:
                chance.choice(living).end()
            case "kill" if living:
                chance.choice(living).alive = False
            case "stop" if living:
                chance.choice(living).runs = False
            case "go":
                for node in living:
                    node.runs = True
            case "part" if len(living) > 1:
                net.part(*chance.sample(living, 2), parted=chance.random() < 0.5)
        net.run(chance.uniform(0.0, 3.0))
    net.parted.clear()
    for node in net.nodes:
        node.runs = True
    net.start("last")
    net.run(SETTLE_S)
    roles = net.roles()
    assert roles.count(Role.ACTIVE) == 1, roles
    assert roles.count(Role.STANDBY) == len(roles) - 1, roles
