# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``/api/timeline``: what happened, over HTTP, with the clips of that time."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from aiohttp import web

from reachy_mini_ros.web.endpoints import Endpoint, json_answer
from reachy_mini_ros.web.gallery import Clip, ClipFolder
from reachy_mini_ros.web.timeline import Happening, Happenings, Timeline

NEAR_S = 1.0
"""A clip that begins or ends so near is of that time: files know theirs no better."""


class TimelineRoutes:
    """Lists what happened, and sends its pictures."""

    def __init__(self, timeline: Timeline, folder: ClipFolder) -> None:
        self._timeline = timeline
        self._folder = folder

    def endpoints(self) -> Iterator[Endpoint]:
        """Return the list and the pictures."""
        yield Endpoint(
            *("GET", "/api/timeline", self._list),
            *("What happened in the last day, the newest first.", Happenings),
        )
        yield Endpoint(
            *("GET", "/api/timeline/{id}/picture", self._picture),
            *("A small picture of what happened.", "image/jpeg"),
            path_parameters={"id": "Of what happened, as the list has it."},
            failures=(404,),
        )

    async def _list(self, request: web.Request) -> web.StreamResponse:
        happenings = self._timeline.happenings()
        return json_answer(await asyncio.to_thread(self._with_clips, happenings))

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        id = request.match_info["id"]
        picture = self._timeline.picture(int(id)) if id.isdecimal() and len(id) < 20 else None
        if picture is None:
            raise web.HTTPNotFound(text="there is no picture of that")
        return web.Response(body=picture, content_type="image/jpeg")

    def _with_clips(self, happenings: Sequence[Happening]) -> Happenings:
        clips = self._folder.clips().clips[::-1]
        return Happenings(tuple(replace(one, clip=clip_of(one, clips)) for one in happenings))


def clip_of(happening: Happening, clips: Sequence[Clip]) -> str | None:
    """Return the first of the clips, the oldest first, in which it is seen."""
    end_s = time.time() if happening.until is None else happening.until
    for clip in clips:
        begun_s = clip.time - clip.length
        if begun_s - NEAR_S <= end_s and happening.time <= clip.time + NEAR_S:
            return clip.name
    return None
