# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tools that move the robot: each waits for the last receipt of what it commands."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from reachy_mini_ros.agent.robot import Moves, Robot
from reachy_mini_ros.agent.settings import Grant
from reachy_mini_ros.agent.tool import Arguments, Reply, Tool
from reachy_mini_ros.web import paced
from reachy_mini_ros.web.commands import Antennas, Body, Command, Head


class Move(Arguments):
    """Where head, body and antennas go; what is left out stays, and one is needed."""

    head: Annotated[
        Head | None,
        Field(description="degrees: roll, pitch (positive: down), yaw (positive: left); metres"),
    ] = None
    body: Annotated[Body | None, Field(description="yaw in degrees, positive: left")] = None
    antennas: Annotated[Antennas | None, Field(description="degrees; right, left or both")] = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.head is None and self.body is None and self.antennas is None:
            raise ValueError("one of 'head', 'body' and 'antennas' is needed")
        for part in (self.head, self.body, self.antennas):
            if part is not None and part.mode != "goto":
                raise ValueError("'mode' is 'goto' here: targets are not streamed")
        return self


class MoveTool(Tool):
    """Gotos: body, head, antennas, one after the other."""

    name = "move"
    description = (
        "Move head, body and antennas, one after the other, and return at the end. Angles in "
        "degrees and metres from the neutral pose (x forward, y left, z up). What is out of "
        "reach is refused with the limit."
    )
    arguments = Move
    needs = (Grant.MOTION,)
    changes = True

    async def run(self, robot: Robot, given: Arguments) -> Reply:
        """Move."""
        assert isinstance(given, Move)
        parts = (("body", given.body), ("head", given.head), ("antennas", given.antennas))
        with robot.moving(self.name) as moves:
            told = [
                f"{name}: {await _goto(robot, moves, name, part)}"
                for name, part in parts
                if part is not None
            ]
        return Reply("\n".join(told))


async def _goto(robot: Robot, moves: Moves, name: str, target: Command) -> str:
    """Go to a target within the speed that is allowed, and return the last receipt."""
    wanted = target.model_dump(exclude_unset=isinstance(target, Antennas))
    wanted = {key: value for key, value in wanted.items() if key != "mode" and value is not None}
    status = await robot.status()
    begin = _present(status, name)
    if begin is None:
        return await moves.command(name, wanted)
    duration_s = wanted.get("duration") or await robot.goto_s()
    told, count = "", 0
    for step in paced.steps(begin, wanted, duration_s, robot.settings.caps.speed_deg_s):
        told = await moves.command(name, step)
        count += 1
    return told if count == 1 else f"{told}, in {count} steps for the sake of speed"


def _present(status: dict[str, object], name: str) -> dict[str, float] | None:
    """Return where a part is, by its command's fields; None where that is not known."""
    if name == "head":
        head = status.get("head")
        return dict(head) if isinstance(head, dict) else None
    joints = status.get("joints")
    if not isinstance(joints, dict):
        return None
    if name == "body":
        return {"yaw": joints["yaw_body"]}
    return {side: joints[f"{side}_antenna"] for side in ("right", "left")}


class StopTool(Tool):
    """Ends whatever moves."""

    name = "stop"
    description = "Stop whatever moves the robot, at once. Always allowed."

    async def run(self, robot: Robot, given: Arguments) -> Reply:
        """Stop."""
        return Reply(await robot.stop())


class Rest(Arguments):
    """Awake or asleep."""

    state: Literal["awake", "asleep"]


class RestTool(Tool):
    """Wakes the robot up, or puts it to sleep."""

    name = "rest"
    description = (
        "Wake the robot up (motors on), or put it to sleep (it lies down, motors off). A robot "
        "that sleeps does not move: wake it first."
    )
    arguments = Rest
    needs = (Grant.MOTION,)
    changes = True

    async def run(self, robot: Robot, given: Arguments) -> Reply:
        """Wake or sleep."""
        assert isinstance(given, Rest)
        command = "wake_up" if given.state == "awake" else "goto_sleep"
        with robot.moving(self.name) as moves:
            return Reply(await moves.command(command, {}, wait=False))


class Lease(Arguments):
    """What is asked, and for how long."""

    action: Literal["acquire", "renew", "release"]
    seconds: Annotated[float, Field(ge=1, le=600)] = 30.0


class LeaseTool(Tool):
    """Commands alone for a while."""

    name = "lease"
    description = (
        "Command the robot alone for some seconds: 'acquire', 'renew', 'release'. Commands of "
        "others are refused meanwhile, but their stop; a person can take it back."
    )
    arguments = Lease
    needs = (Grant.MOTION,)
    changes = True

    async def run(self, robot: Robot, given: Arguments) -> Reply:
        """Ask for it."""
        assert isinstance(given, Lease)
        return Reply(await robot.lease(given.action, given.seconds))


class LookAt(Arguments):
    """A pixel of the last picture, or a point."""

    u: Annotated[float | None, Field(ge=0, le=10_000, description="px from the left")] = None
    v: Annotated[float | None, Field(ge=0, le=10_000, description="px from the top")] = None
    width: Annotated[float | None, Field(ge=1, le=10_000, description="of that picture")] = None
    height: Annotated[float | None, Field(ge=1, le=10_000, description="of that picture")] = None
    x: Annotated[float | None, Field(ge=-100, le=100, description="m ahead")] = None
    y: Annotated[float | None, Field(ge=-100, le=100, description="m to the left")] = None
    z: Annotated[float | None, Field(ge=-100, le=100, description="m above the table")] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        pixel = [self.u, self.v, self.width, self.height]
        point = [self.x, self.y, self.z]
        if None not in pixel and point == [None] * 3:
            return self
        if None not in point and pixel == [None] * 4:
            return self
        raise ValueError("give 'u', 'v', 'width' and 'height' of a picture, or 'x', 'y' and 'z'")


class LookAtTool(Tool):
    """Turns the camera to something."""

    name = "look_at"
    description = (
        "Turn the camera to what a pixel of the newest picture shows (u, v, and the width and "
        "height of the picture that 'look' gave), or to a point in metres from where the robot "
        "stands (x ahead, y left, z up). The head is level then."
    )
    arguments = LookAt
    needs = (Grant.MOTION,)
    changes = True

    async def run(self, robot: Robot, given: Arguments) -> Reply:
        """Look there."""
        values = {key: value for key, value in given.model_dump().items() if value is not None}
        command = "look_at_pixel" if "u" in values else "look_at"
        with robot.moving(self.name) as moves:
            return Reply(await moves.command(command, values))


class Express(Arguments):
    """List the moves, or play one."""

    action: Literal["list", "play"]
    name: Annotated[str, Field(max_length=200, description="of a move, as listed")] = ""

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.action == "play") != bool(self.name):
            raise ValueError("'name' is for 'play', and needed there")
        return self


class ExpressTool(Tool):
    """Plays dances and emotions."""

    name = "express"
    description = "List the recorded moves (dances, emotions), or play one and return at its end."
    arguments = Express
    needs = (Grant.MOTION,)
    changes = True

    async def run(self, robot: Robot, given: Arguments) -> Reply:
        """List or play."""
        assert isinstance(given, Express)
        if given.action == "list":
            found = await robot.get("/api/moves")
            names = [*found["recorded"], *found["moves"]]
            missing = f"\n(no more: {found['unavailable']})" if found["unavailable"] else ""
            return Reply("\n".join(names) + missing if names else f"no moves{missing}")
        with robot.moving(self.name) as moves:
            return Reply(await moves.command("play_move", {"name": given.name}))
