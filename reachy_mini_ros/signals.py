# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C and SIGTERM at the beginning and at the end of every executable.

An executable imports this module alone, calls :func:`end_at_signals`, and imports the rest inside
its main function: for the second that this takes, Ctrl-C must not show where the imports were.
"""

import queue
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Flag:
    """An event that handlers of signals may set.

    The lock of ``threading.Event`` is not reentrant: a handler that comes while the same thread
    holds it, in ``wait`` or in the handler of another signal, would wait for itself.
    """

    def __init__(self) -> None:
        self._set: queue.SimpleQueue[None] = queue.SimpleQueue()  # its put is reentrant

    def set(self) -> None:
        """Set it for good."""
        self._set.put(None)

    def is_set(self) -> bool:
        """Return whether it was set."""
        return not self._set.empty()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it is set, for at most ``timeout_s``; return whether it is."""
        try:
            self._set.get(timeout=timeout_s)
        except queue.Empty:
            return False
        self._set.put(None)
        return True


ended = Flag()
"""Set by the first of them, for what waits while nodes are being made."""


def end_at_signals() -> None:
    """Let Ctrl-C and SIGTERM end the process at once, until it has handlers of its own.

    By the signal itself, which a shell tells as 130 and 143: nothing has begun that needs an end.
    Python would raise KeyboardInterrupt wherever it is, and print a traceback.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def ignore_signals() -> None:
    """Let no further signal break the end of a process that is about to return from main.

    At its own end the interpreter takes handlers away, and a second Ctrl-C would kill it there;
    what is ignored stays so.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def interruptible() -> Iterator[None]:
    """Leave the block at the first SIGINT or SIGTERM as if it had ended; ignore further ones."""

    def on_signal(signum: int, frame: FrameType | None) -> NoReturn:
        ignore_signals()
        raise KeyboardInterrupt

    for number in SIGNALS:
        signal.signal(number, on_signal)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        ignore_signals()
