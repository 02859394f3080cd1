# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the robot's app manager finds and runs; all of it is in :mod:`reachy_mini_ros.app`."""

import threading
from typing import Any

from reachy_mini_ros.app.main import main, run
from reachy_mini_ros.robot.sdk import app_class

ReachyMiniApp = app_class()


class CameraLiveFeed(ReachyMiniApp):  # type: ignore[misc, valid-type]
    """Serves the page; connects to the daemon by itself and leaves its media alone."""

    # Read from this file by the daemon of the wireless robot.
    custom_app_url: str | None = "http://0.0.0.0:8042"
    dont_start_webserver = True

    def wrapped_run(self, *args: Any, **kwargs: Any) -> None:
        """Run without the SDK's client.

        That would open the camera's socket and the sound card, or, without media, release the
        daemon's for everybody.
        """
        try:
            self.run(None, self.stop_event)
        except Exception as error:
            self.error = str(error)
            raise

    def run(self, reachy_mini: Any, stop_event: threading.Event) -> None:
        """Serve the page until the event is set; the SDK's client is not needed."""
        run(stop_event)


if __name__ == "__main__":
    main(CameraLiveFeed)
