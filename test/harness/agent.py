# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An agent: the mcp package's own client, at a server of ours."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from harness.waiting import Awaited
from reachy_mini_ros.aio import LoopThread

MODULE = "reachy_mini_ros.agent.main"


def program(*options: str, **environment: str) -> StdioServerParameters:
    """Return the server as a program that the client starts."""
    arguments = ["-m", MODULE, *options]
    variables = {**os.environ, **environment}
    return StdioServerParameters(command=sys.executable, args=arguments, env=variables)


class Agent:
    """A client that is connected; its calls wait for their answers."""

    def __init__(self, io: LoopThread, client: Client) -> None:
        self.io = io
        self.client = client

    def begin(self, tool: str, **arguments: Any) -> "Awaited[Any]":
        """Begin with a call."""
        return Awaited(self.io.submit(self.client.call_tool(tool, arguments)))

    def call(self, tool: str, **arguments: Any) -> Any:
        """Return the result of a call."""
        return self.begin(tool, **arguments).result(60)

    def told(self, tool: str, **arguments: Any) -> str:
        """Return the text of a call that succeeds."""
        result = self.call(tool, **arguments)
        assert not result.is_error, result
        return str(result.content[0].text)

    def refused(self, tool: str, **arguments: Any) -> str:
        """Return the reason of a call that does not."""
        result = self.call(tool, **arguments)
        assert result.is_error, result
        (content,) = result.content
        return str(content.text)

    def status(self) -> Any:
        """Return what the tool of this name says."""
        return json.loads(self.told("status"))

    def ask(self, method: str, *arguments: Any) -> Any:
        """Return what another method of the client's returns."""
        return Awaited(self.io.submit(getattr(self.client, method)(*arguments))).result(30)


@contextmanager
def connected(server: Any) -> Iterator[Agent]:
    """Give an agent at a server: a program, or a transport."""
    with LoopThread() as io:
        ready: asyncio.Queue[Client] = asyncio.Queue()
        end = asyncio.Event()

        async def stay() -> None:
            # Its task groups are left in the task that entered them.
            async with Client(server) as client:
                ready.put_nowait(client)
                await end.wait()

        staying = Awaited(io.submit(stay()))
        client = Awaited(io.submit(_first(ready, staying))).result(30)
        try:
            yield Agent(io, client)
        finally:
            io.call(end.set)
            staying.result(20)


async def _first(ready: "asyncio.Queue[Client]", staying: "Awaited[None]") -> Client:
    while ready.empty():
        if staying.done():
            staying.result(0)
        await asyncio.sleep(0.01)
    return ready.get_nowait()


@asynccontextmanager
async def over_http(url: str, token: str = "") -> AsyncIterator[Any]:
    """Be the transport to a server that is reached over HTTP."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as client,
        streamable_http_client(url, http_client=client) as streams,
    ):
        yield streams
