# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs nodes in one process: start, spin, signals, clean end, one clear line on failure."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import rclpy
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.executors import SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.impl.logging_severity import LoggingSeverity
from rclpy.logging import get_logger_effective_level, set_logger_level
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from reachy_mini_ros import signals
from reachy_mini_ros.aio import LoopThread, Supervisor
from reachy_mini_ros.command_line import ROS_ARGUMENTS, fail, split
from reachy_mini_ros.errors import SetupError, StoppedError, UnavailableError
from reachy_mini_ros.nodes.common.distribution import profiles_variables
from reachy_mini_ros.nodes.common.guard import guarded, guarded_service
from reachy_mini_ros.nodes.common.network import check_security, explained
from reachy_mini_ros.nodes.common.pulse import Beat, Pulse
from reachy_mini_ros.nodes.common.resources import share_directory
from reachy_mini_ros.nodes.common.streams import Streams
from reachy_mini_ros.nodes.common.unknown_parameters import tell_of_unknown
from reachy_mini_ros.signals import SIGNALS, ignore_signals

NAMESPACE = "reachy_mini"


class RobotNode(Node):
    """A node of this package: in the robot's namespace unless ``__ns`` moves it."""

    def __init__(self, name: str) -> None:
        # Before the base class, which makes services of its own.
        self.supervisor = Supervisor(self._log_failure, self._give_up)
        self.on_given_up: Callable[[str], object] = self._log_failure
        """Hears of what the node cannot go on without; :func:`run` ends the process then."""
        self.streams: Streams | None = None
        """What comes often, if anything does."""
        super().__init__(name, namespace=NAMESPACE)
        self._due: deque[Callable[[], None]] = deque()
        self._something_due = self.create_guard_condition(self._do_what_is_due)

    def in_executor(self, action: Callable[[], None]) -> None:
        """Have the executor's thread call ``action`` soon; from any thread.

        It alone may make and destroy entities, over which it iterates.
        """
        self._due.append(action)
        self._something_due.trigger()

    def _do_what_is_due(self) -> None:
        while self._due:
            with self.supervisor.guard("executor"):
                self._due.popleft()()

    def _log_failure(self, text: str) -> None:
        self.get_logger().error(text)

    def _give_up(self, text: str) -> None:
        self.on_given_up(f"{self.get_name()}: {text}")

    if not TYPE_CHECKING:  # the types stay rclpy's
        # Without handlers of incompatible QoS, of which the other end warns too: the executor
        # waits for each of them anew with every callback, which took half of its time.
        def create_publisher(self, *arguments: Any, **options: Any) -> Any:
            """Create a publisher."""
            events = PublisherEventCallbacks(use_default_callbacks=False)
            return super().create_publisher(*arguments, **{"event_callbacks": events, **options})

        def create_subscription(
            self, kind: Any, topic: str, callback: Any, qos: Any, **options: Any
        ) -> Any:
            """Create a subscription."""
            events = SubscriptionEventCallbacks(use_default_callbacks=False)
            guard = guarded(self.supervisor, f"topic {topic}", callback)
            return super().create_subscription(
                kind, topic, guard, qos, **{"event_callbacks": events, **options}
            )

        def destroy_subscription(self, subscription: Any) -> bool:
            """Destroy a subscription."""
            if self.streams is not None:
                self.streams.forget(subscription)
            return super().destroy_subscription(subscription)

        def create_service(self, kind: Any, name: str, callback: Any, **options: Any) -> Any:
            """Create a service."""
            guard = guarded_service(self.supervisor, f"service {name}", callback)
            return super().create_service(kind, name, guard, **options)

        def create_timer(self, period_s: float, callback: Any, *others: Any, **options: Any) -> Any:
            """Create a timer."""
            guard = guarded(self.supervisor, "timer", callback)
            return super().create_timer(period_s, guard, *others, **options)

    def close(self) -> None:
        """End threads and tasks; nothing is published afterwards."""


SIGNALS_PERIOD_S = 0.5
"""The main thread looks for signals at least so often."""

Builder = Callable[[LoopThread], RobotNode]


def run(program: str, builders: Mapping[str, Builder]) -> int:
    """Build the nodes, spin them until SIGINT or SIGTERM, close them; return the exit code.

    ``builders`` go by the nodes' names. What is wrong with them is one line on stderr, which begins
    with ``program``. A node that cannot be there as the machine is now is left out if there are
    others, with such a line.
    """
    stop = signals.Flag()

    def on_signal(signum: int, frame: FrameType | None) -> None:
        signals.ended.set()
        stop.set()

    for number in SIGNALS:
        signal.signal(number, on_signal)
    try:
        initialise(program)
        nodes: list[RobotNode] = []
        try:
            _run(program, builders, nodes, stop)
        finally:
            for node in nodes:
                node.destroy_node()
            rclpy.try_shutdown()
    except SetupError as error:
        fail(program, str(error).removeprefix(f"{program}: "))
    finally:
        ignore_signals()
    return 0


def _run(
    program: str, builders: Mapping[str, Builder], nodes: list[RobotNode], stop: signals.Flag
) -> None:
    """Put the nodes into ``nodes`` and spin them until ``stop`` is set.

    Raises SetupError if one cannot be built or cannot go on.
    """
    failures: list[BaseException] = []

    def on_failure(part: str, error: BaseException) -> None:
        for node in nodes[:1]:  # which node's it was is not known, and one log is enough
            node.supervisor.failed(part, error)

    def on_given_up(text: str) -> None:
        failures.append(SetupError(text))
        stop.set()

    with LoopThread(on_failure=on_failure) as io:
        try:
            if not _build_all(program, builders, nodes, io, stop, on_given_up):
                return
            executor = SingleThreadedExecutor()
            for node in nodes:
                executor.add_node(node)
            tell_of_unknown(nodes)
            stopped: Future[None] = Future()
            spins = _spins(executor, stopped, nodes)
            spinners = [
                threading.Thread(target=_spin, args=(spin, failures, stop), name=name)
                for name, (spin, _) in spins.items()
            ]
            for spinner in spinners:
                spinner.start()
            # With a period: a signal may reach another thread, as it does just after SIGCONT, and
            # its handler runs only when this one wakes.
            threads: dict[str, Beat] = {"io": io.call}
            threads |= {name: call for name, (_, call) in spins.items()}
            with Pulse(program, threads, SIGNALS_PERIOD_S) as pulse:
                while not stop.wait(SIGNALS_PERIOD_S):
                    pulse.look()
            # First out of spin, then shutdown: under a spinning thread it aborts the process.
            stopped.set_result(None)
            for spinner in spinners:
                spinner.join()
            executor.shutdown()
        finally:
            for node in nodes:
                node.close()
    if failures:
        raise failures[0]


def _build_all(
    program: str,
    builders: Mapping[str, Builder],
    nodes: list[RobotNode],
    io: LoopThread,
    stop: signals.Flag,
    on_given_up: Callable[[str], object],
) -> bool:
    """Put the nodes into ``nodes``; return whether ``stop`` let that come to an end."""
    for name, builder in builders.items():
        if stop.is_set():
            return False
        try:
            nodes.append(_build(name, builder, io))
            nodes[-1].on_given_up = on_given_up
        except StoppedError:
            return False
        except UnavailableError as error:
            if len(builders) == 1:
                raise
            left_out = f"{program}: left out, the rest runs without it: {error}"
            print(left_out, file=sys.stderr, flush=True)
    return True


def _build(name: str, builder: Builder, io: LoopThread) -> RobotNode:
    try:
        with warnings.catch_warnings():
            # rclpy's second word on a node that could not be made.
            warnings.filterwarnings("ignore", "Failed to fini rosout", RuntimeWarning)
            return builder(io)
    except SetupError as error:
        raise type(error)(f"{name}: {error}") from None
    except rclpy_implementation.RCLError as error:  # e.g. of a name that was remapped
        raise SetupError(f"{name}: {explained(_without_place(error))}") from None


def initialise(program: str) -> None:
    """Let rclpy read the command line and the files that it names.

    Raises SetupError for a file that cannot be used; unknown options end the process with code 2.
    """
    check_security(os.environ)
    use_fastdds_profile()
    _, arguments = split(sys.argv[1:])
    for flag, path in pairwise(arguments):
        if flag == "--params-file":
            try:
                Path(path).read_bytes()
            except OSError as error:
                raise SetupError(f"cannot read {path}: {error.strerror}") from None
    quiet, unset = LoggingSeverity.FATAL, LoggingSeverity.UNSET
    set_logger_level("rcl", quiet)  # it says of each error that there is one
    try:
        # Own handlers: rclpy's would end the context under threads that still publish.
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    except rclpy_implementation.UnknownROSArgsError:
        known = f"unknown option after {ROS_ARGUMENTS}: {' '.join(arguments)}"
        fail(program, f"{known} (what there is: {program} --help)", 2)
    except rclpy_implementation.RCLError as error:
        text = _without_place(error)
        if "remap rule" in text:
            text += "; names are of letters, digits and _, a namespace begins with /"
        raise SetupError(text.removeprefix("failed to initialize rcl: ")) from None
    if get_logger_effective_level("rcl") is quiet:
        set_logger_level("rcl", unset)


def _without_place(error: Exception) -> str:
    """Return the text of an error without where in rcl it came up."""
    return re.sub(r", at \S+:\d+", "", str(error))


def use_fastdds_profile() -> None:
    """Give Fast DDS the profile of config/fastdds.xml, unless the user chose one, or transports.

    The profile names transports, so that Fast DDS would not look at its FASTDDS_BUILTIN_TRANSPORTS.
    """
    names = profiles_variables()
    if not any(name in os.environ for name in (*names, "FASTDDS_BUILTIN_TRANSPORTS")):
        os.environ[names[0]] = str(share_directory() / "config" / "fastdds.xml")


def _spins(
    executor: SingleThreadedExecutor, stopped: Future[None], nodes: list[RobotNode]
) -> dict[str, tuple[Callable[[], object], Beat]]:
    """Return what spins until ``stopped`` and what has a function called there, by the thread."""
    spin = partial(executor.spin_until_future_complete, stopped)
    spins: dict[str, tuple[Callable[[], object], Beat]] = {"executor": (spin, executor.create_task)}
    for node in nodes:
        if (streams := node.streams) is not None:
            stopped.add_done_callback(streams.end)
            spins[f"streams of {node.get_name()}"] = streams.spin, streams.call
    return spins


def _spin(spin: Callable[[], object], failures: list[BaseException], stop: signals.Flag) -> None:
    try:
        spin()
    except BaseException as error:  # noqa: BLE001 - handed to the main thread, which raises it
        failures.append(error)
    finally:
        stop.set()
