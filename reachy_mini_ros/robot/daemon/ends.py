# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Who waits for the daemon to report the end of a task or of an uploaded move."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reachy_mini_ros.aio import Supervisor
from reachy_mini_ros.robot.daemon.messages import TaskEnd, UploadReport


class Ends:
    """Ends that are awaited over one link, on its loop. The daemon reports them to all clients."""

    def __init__(self, supervisor: Supervisor) -> None:
        """``supervisor`` hears of callbacks that fail."""
        self._supervisor = supervisor
        self._tasks: dict[str, asyncio.Future[str]] = {}
        self._uploads: dict[str, tuple[Callable[[], None], asyncio.Future[UploadReport]]] = {}

    @property
    def awaited(self) -> bool:
        """Whether anybody waits."""
        return bool(self._tasks or self._uploads)

    @contextmanager
    def of_task(self, uuid: str) -> Iterator[asyncio.Future[str]]:
        """Give what a task's error comes to, which is empty if it ends well."""
        end: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._tasks[uuid] = end
        try:
            yield end
        finally:
            del self._tasks[uuid]

    @contextmanager
    def of_upload(
        self, upload_id: str, on_started: Callable[[], None]
    ) -> Iterator[asyncio.Future[UploadReport]]:
        """Give what the report of an uploaded move's end comes to."""
        end: asyncio.Future[UploadReport] = asyncio.get_running_loop().create_future()
        self._uploads[upload_id] = (on_started, end)
        try:
            yield end
        finally:
            del self._uploads[upload_id]

    def take(self, report: TaskEnd | UploadReport) -> None:
        """Pass a report on to whoever waits for it."""
        if isinstance(report, TaskEnd):
            task = self._tasks.get(report.uuid)
            if task is not None and not task.done():
                task.set_result(report.error)
        elif report.upload_id in self._uploads:
            on_started, end = self._uploads[report.upload_id]
            if report.started:
                with self._supervisor.guard("what hears of a move's begin"):
                    on_started()
            elif not end.done():
                end.set_result(report)
