# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A link that does not come about, or breaks, says how far it came."""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from importlib import metadata

import pytest
from aiohttp import web
from harness.daemon import Daemon
from harness.linked import Linked
from harness.processes import Processes, free_port
from harness.relay import Relay
from harness.waiting import Awaited, wait_for

from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.connection import Connection
from reachy_mini_ros.errors import NotConnectedError, RobotError
from reachy_mini_ros.robot.daemon.api import DaemonApi

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]


@pytest.fixture
def io() -> Iterator[LoopThread]:
    with LoopThread(on_failure=lambda *_: None) as io:  # TLS servers complain of their guests
        yield io


@pytest.fixture(scope="module")
def daemon(processes: Processes) -> Daemon:
    return Daemon.start(processes, free_port())


def lost_reason(port: int, host: str = "127.0.0.1") -> str:
    """Return why a link is lost, which goes on trying, in one line."""
    with Linked(port, host) as linked:
        reason = linked.wait(Connection.LOST, 10)
        assert not linked.running.done()
        assert [connection for connection, _ in linked.changes] == [Connection.LOST]
    assert reason.isprintable()
    assert f":{port}" in reason
    return reason


@contextlib.contextmanager
def served(io: LoopThread, answer: Handler, **options: object) -> Iterator[int]:
    """Listen on a free port, which is returned, while the context lasts."""
    writers: list[asyncio.StreamWriter] = []

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        answer(reader, writer)

    async def start() -> asyncio.Server:
        return await asyncio.start_server(take, "127.0.0.1", 0, **options)

    async def stop() -> None:
        server.close()
        for writer in writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = Awaited(io.submit(start())).result(5)
    yield int(server.sockets[0].getsockname()[1])
    Awaited(io.submit(stop())).result(5)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "x..y", "not a host"])
def test_a_name_that_is_not_found(host: str) -> None:
    reason = lost_reason(1, host)
    assert f"cannot connect to {host}:1: the name '{host}' is not found (" in reason
    assert "give the robot's address" in reason


@pytest.mark.parametrize("host", ["", "[::1]"])
def test_what_cannot_be_a_host(host: str) -> None:
    assert "cannot connect" in lost_reason(1, host)


def test_nothing_listens() -> None:
    port = free_port()
    assert lost_reason(port) == (
        f"nothing listens on 127.0.0.1:{port}: the daemon does not run, or has another port"
    )


def test_nothing_listens_on_any_address_of_a_name() -> None:
    assert "nothing listens on localhost:" in lost_reason(free_port(), "localhost")


def test_no_route() -> None:
    # No system has a route for TCP to all at once.
    assert "no route there" in lost_reason(8000, "255.255.255.255")


def test_no_answer_at_all() -> None:
    """A listener whose queue is full drops what comes, as a firewall does."""
    with contextlib.ExitStack() as opened:
        listener = opened.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        reason = lost_reason(listener.getsockname()[1])
    assert "no answer within 1 s: the robot is off, on another network, or behind a" in reason


def test_something_that_says_nothing(io: LoopThread) -> None:
    with served(io, lambda reader, writer: None) as port:
        reason = lost_reason(port)
    assert "accepts the connection and does not answer within 1 s" in reason


def test_something_that_does_not_speak_http(io: LoopThread) -> None:
    def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        writer.close()

    with served(io, answer) as port:
        assert "does not answer in HTTP" in lost_reason(port)


def test_something_that_closes_at_once(io: LoopThread) -> None:
    with served(io, lambda reader, writer: writer.close()) as port:
        assert "does not answer in HTTP" in lost_reason(port)


def test_something_that_speaks_tls(io: LoopThread) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with served(io, lambda reader, writer: None, ssl=context) as port:
        assert "does not answer in HTTP (but in TLS, perhaps)" in lost_reason(port)


def test_another_web_server(io: LoopThread) -> None:
    runner = web.AppRunner(web.Application())

    async def start(port: int) -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()

    port = free_port()
    Awaited(io.submit(start(port))).result(5)
    assert "(HTTP 404 to /ws/sdk: 404: Not Found): check the port" in lost_reason(port)
    Awaited(io.submit(runner.cleanup())).result(5)


@pytest.mark.skipif(
    metadata.version("reachy-mini").startswith("1.11."), reason="that daemon takes any name"
)
def test_a_daemon_that_does_not_take_the_name(daemon: Daemon) -> None:
    reason = lost_reason(daemon.port, "127.1")  # a short form of 127.0.0.1, and no address to it
    assert "the daemon refuses the name '127.1' (HTTP 403): give the robot's address" in reason


class Asked:
    """A link that can ask over HTTP too, to a daemon of its own behind a relay."""

    def __init__(self, processes: Processes, io: LoopThread) -> None:
        self.daemon = Daemon.start(processes, free_port())
        self.io = io
        self.relay, self.port = Relay(self.daemon.port), free_port()
        Awaited(io.submit(self.relay.start(self.port))).result(5)
        self.api = DaemonApi("127.0.0.1", self.port)
        self.reasons: list[str] = []
        self.linked = Linked(self.port, ask_info=self.api.info, on_reason=self.reasons.append)

    def reason(self, text: str) -> str:
        return wait_for(lambda: next((r for r in self.reasons if text in r), ""), 10, text)


@pytest.fixture
def asked(processes: Processes, io: LoopThread) -> Iterator[Asked]:
    asked = Asked(processes, io)
    with asked.linked as linked:
        linked.wait(Connection.CONNECTED)
        yield asked
        Awaited(linked.io.submit(asked.api.close())).result(5)
        Awaited(io.submit(asked.relay.stop())).result(5)


def test_open_and_no_state_of_a_daemon_that_was_stopped(asked: Asked) -> None:
    asked.daemon.post("/api/daemon/stop?goto_sleep=false")
    reason = asked.reason("the daemon is 'stop")
    assert f"no state from 127.0.0.1:{asked.port} for more than 0.5 s: the daemon is" in reason
    assert "start it (service daemon/start)" in asked.reason("the daemon is 'stopped'")
    assert asked.linked.link.info is not None
    assert asked.linked.link.info.daemon_state == "stopped"
    with pytest.raises(NotConnectedError, match="the daemon is 'stopped'"):
        Awaited(asked.linked.io.submit(asked.linked.link.send("{}"))).result(5)


def test_open_and_no_state_of_a_daemon_with_an_error(asked: Asked) -> None:
    # The daemon checks nothing, and its own thread dies of it.
    joints = '{"type": "set_head_joints", "joints": [0, 0, 0]}'
    Awaited(asked.linked.io.submit(asked.linked.link.send(joints))).result(5)
    assert "restart it (service daemon/restart)" in asked.reason("the daemon is 'error' (")
    asked.daemon.post("/api/daemon/restart")
    asked.linked.wait(Connection.CONNECTED)


def test_open_and_no_state_of_a_daemon_that_hangs(asked: Asked) -> None:
    asked.daemon.child.send_signal(signal.SIGSTOP)
    asked.reason("over HTTP no answer either: the daemon hangs, or the network is gone")
    asked.daemon.child.send_signal(signal.SIGCONT)
    asked.linked.wait(Connection.CONNECTED)


def test_open_and_no_state_and_an_answer_that_cannot_be_understood(asked: Asked) -> None:
    asked.relay.answers["/api/daemon/status"] = "null"
    asked.relay.loses = lambda message: True
    asked.reason("the daemon's status is not understood by the installed reachy_mini")
    with pytest.raises(RobotError, match="not understood"):
        Awaited(asked.linked.io.submit(asked.api.info())).result(5)
    asked.relay.loses = lambda message: False
    asked.linked.wait(Connection.CONNECTED)


def test_a_connection_that_breaks(asked: Asked) -> None:
    asked.daemon.kill()
    changes = asked.linked.changes
    wait_for(lambda: changes[-1][0] is Connection.LOST, 5, "the loss")
    assert f"127.0.0.1:{asked.port} closed the connection" in changes[-1][1]


def test_a_connection_to_a_daemon_that_is_killed(daemon: Daemon) -> None:
    with Linked(daemon.port) as linked:
        linked.wait(Connection.CONNECTED)
        daemon.kill()
        linked.wait(Connection.LOST)
        assert linked.changes[-1][1] == f"the connection to 127.0.0.1:{daemon.port} broke off"
