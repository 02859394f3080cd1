# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The daemon's own application as on the wireless robot, with nothing of a robot's system.

``python -m harness.wireless PORT`` serves it, with a simulated backend. What its system has, and
what it would change there, is not reached: `nmcli` and `journalctl` are scripts of the test's.
"""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.daemon import Daemon
from harness.processes import Processes, free_port
from harness.python_path import TEST, python_path

NETWORK = "Home Network"
_CONNECTIONS = f"""NAME          UUID                                  TYPE  DEVICE
{NETWORK}  0b6bd7d6-4d38-4b5c-8e4e-2c0a1f6f0001  wifi  wlan0
Hotspot       0b6bd7d6-4d38-4b5c-8e4e-2c0a1f6f0002  wifi  --
"""


@dataclass
class Wireless(Daemon):
    """Such a daemon; what stands in ``journal`` is what its log's readers get."""

    journal: Path = Path()

    @classmethod
    def begin(cls, processes: Processes, folder: Path) -> "Wireless":
        """Start one and wait until it runs."""
        port, journal = free_port(), folder / "journal"
        journal.write_text("")
        _script(folder / "sudo", 'exec "$@"')
        _script(folder / "journalctl", f"exec tail -n 100 -F {journal}")
        _script(folder / "nmcli", f'[ "$1" != connection ] || cat <<END\n{_CONNECTIONS}END')
        child = processes.start_module(
            *("harness.wireless", str(port)),
            env={
                "PATH": f"{folder}:{os.environ['PATH']}",
                **python_path(TEST),
                "REACHY_MINI_TELEMETRY": "0",
                "HF_HUB_OFFLINE": "1",
                **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"),
                "NO_PROXY": "127.0.0.1",
            },
        )
        child.takes_leave = False
        daemon = cls(child, port, journal=journal)
        daemon.wait_running()
        return daemon

    def log(self, line: str) -> None:
        """Have a line in the log, as the robot's journal gives it out."""
        with self.journal.open("a") as file:
            file.write(f"2026-11-25T10:00:00+0000 reachy-mini daemon[7]: {line}\n")


def _script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def main() -> None:
    """Serve until killed; tell first which addresses are WebSockets."""
    import logging

    import uvicorn
    from fastapi.routing import APIWebSocketRoute
    from reachy_mini.daemon.app.main import Args, create_app

    from reachy_mini_ros.simulation import zeroconf_patch

    assert zeroconf_patch  # its import is what matters
    logging.basicConfig(level=logging.INFO)
    args = Args(
        wireless_version=True,
        mockup_sim=True,
        no_media=True,
        wake_up_on_start=False,
        goto_sleep_on_stop=False,
        dataset_update_interval_hours=0,
        fastapi_host="127.0.0.1",
        fastapi_port=int(sys.argv[1]),
    )
    app = create_app(args, asyncio.Event())

    def sockets(routes: list[Any]) -> list[str]:
        nested = [getattr(route, "original_router", None) for route in routes]
        own = [route.path for route in routes if isinstance(route, APIWebSocketRoute)]
        return own + [path for one in nested if one is not None for path in sockets(one.routes)]

    print(f"sockets {json.dumps(sockets(app.routes))}", flush=True)
    uvicorn.run(app, host=args.fastapi_host, port=args.fastapi_port, log_config=None)


if __name__ == "__main__":
    main()
