# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The docstrings of the package, for Griffe: roles of reStructuredText become links of Markdown."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import griffe

ROLE = re.compile(r":\w+:`(~?)([^`]+)`")
CODE = re.compile(r"^(.*)::$", re.MULTILINE)
REFERENCE = re.compile(r"reachy_mini_ros\.(robot|media)(\.[a-zA-Z]\w*)*$")
"""Of what the reference has a page or an entry."""


class Roles(griffe.Extension):
    """Rewrite every docstring once all modules are known."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Do so for all that is in the package."""
        for one in objects(pkg):
            if one.docstring is not None:
                one.docstring.value = markdown(one, one.docstring.value)


def objects(parent: griffe.Object) -> Iterator[griffe.Object]:
    """Return an object and all that is defined in it; what is imported is found elsewhere."""
    yield parent
    for member in parent.members.values():
        if isinstance(member, griffe.Object):
            yield from objects(member)


def markdown(one: griffe.Object, text: str) -> str:
    """Return the docstring of an object in Markdown."""

    def link(match: re.Match[str]) -> str:
        name = match[2].removeprefix(".")
        shown = name.rsplit(".", 1)[-1] if match[1] else name
        path = found(one, name)
        return f"[`{shown}`][{path}]" if path else f"`{shown}`"

    return CODE.sub(r"\1", ROLE.sub(link, text))


def found(one: griffe.Object, name: str) -> str:
    """Return the whole path of what a docstring names, empty where the reference has it not."""
    modules = one.modules_collection
    scope: griffe.Object | None = one
    while scope is not None:
        for path in (f"{scope.path}.{name}", name):
            with contextlib.suppress(KeyError, griffe.GriffeError):
                target = modules[path]
                target = target.final_target if target.is_alias else target
                known = REFERENCE.match(target.path) and target.has_docstring
                return target.path if known else ""
        scope = scope.parent
    return ""
