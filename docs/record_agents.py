# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Records the conversation of agents.md and its picture, from a simulated robot and all its nodes.

``python docs/record_agents.py``; it needs what scripts/setup.sh and test.sh install.
"""

import asyncio
import sys
import tempfile
import threading
from pathlib import Path

import take_pictures
from take_pictures import HERE, start

sys.path.insert(0, str(HERE.parent / "examples"))

from agent_conversation import converse
from harness.browser import Browser
from harness.processes import Processes
from harness.waiting import wait_for

BEGIN, END = "<!-- recorded by docs/record_agents.py -->\n", "<!-- end -->\n"
PAGE = HERE / "agents.md"


def main() -> None:
    """Record both."""
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Processes(folder) as processes, Browser() as browser:
            url = start(processes, folder)
            browser.renew(1360, 1000)
            browser.open(url)
            browser.wait_for_state("live")
            talking = threading.Thread(target=lambda: lines.extend(asyncio.run(converse(url))))
            talking.start()
            wait_for(lambda: "move: begun" in browser.text("agents-log"), 60, "a move")
            browser.find("agents").scroll_into_view_if_needed()
            browser.page.screenshot(path=HERE / "agents.png")
            talking.join()
    take_pictures._shrink(HERE / "agents.png")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    text = "\n".join(lines).rstrip()
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
