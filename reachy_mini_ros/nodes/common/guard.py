# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Callbacks of rclpy under the supervisor: an exception in one would end the executor."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from reachy_mini_ros.aio import Supervisor, summary


def guarded(supervisor: Supervisor, part: str, callback: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``callback`` with its exceptions told to the supervisor."""

    @functools.wraps(callback)
    def guarded_callback(*arguments: Any) -> Any:
        with supervisor.guard(part):
            return callback(*arguments)

    return guarded_callback


def guarded_service(
    supervisor: Supervisor, part: str, callback: Callable[..., Any]
) -> Callable[..., Any]:
    """Return the callback of a service, which answers also when it fails.

    The answer says so in ``success`` and ``message``, where it has these.
    """

    def refuse(response: Any, error: Exception) -> Any:
        supervisor.failed(part, error)
        if hasattr(response, "success") and hasattr(response, "message"):
            response.success = False
            response.message = f"internal error, please report it: {summary(error)}"
        return response

    if inspect.iscoroutinefunction(callback):

        @functools.wraps(callback)
        async def answer_later(request: Any, response: Any) -> Any:
            try:
                answer = await callback(request, response)
            except Exception as error:  # noqa: BLE001 - the client waits for an answer
                return refuse(response, error)
            supervisor.works(part)
            return answer

        return answer_later

    @functools.wraps(callback)
    def answer_now(request: Any, response: Any) -> Any:
        try:
            answer = callback(request, response)
        except Exception as error:  # noqa: BLE001 - the client waits for an answer
            return refuse(response, error)
        supervisor.works(part)
        return answer

    return answer_now
