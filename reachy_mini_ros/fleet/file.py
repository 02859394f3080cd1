# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A fleet's file: its robots, and what each has of its own.

Launch files import this, in an environment that may lack everything but PyYAML.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reachy_mini_ros.fleet.arguments import NODES, OF_A_ROBOT, PORTS, Argument
from reachy_mini_ros.fleet.reading import Item, Mistakes, plain, read
from reachy_mini_ros.hosts import is_loopback, network_address
from reachy_mini_ros.texts import LONGEST_NAME, shown

HERE = "127.0.0.1"
_NAME = re.compile(r"[A-Za-z](_?[A-Za-z0-9])*", re.ASCII)
"""What ROS takes for a namespace."""
READ_ONLY = ("auto", "true", "false")

OF_THE_FILE = {
    "robots": "the robots, a list",
    "defaults": "what each robot has that does not say otherwise: any key of a robot but name",
    "page": "the page that shows all; false for none",
}
OF_THE_PAGE = {
    one.name: one
    for one in (
        Argument("address", HERE, "address to listen on; any but loopback needs a token"),
        Argument("port", "8040", "port to listen on", port=True),
        Argument("token_file", "", "file with its token"),
        Argument("read_only", "auto", "whether it refuses to stop; auto: unless on loopback"),
    )
}
NAME = Argument("name", "", "its name: its namespace, what its frames and folders begin with")
DIRECTORY = Argument("directory", "", "folder of its photos, clips and moves")
PARAMETERS = "parameters"
"""A mapping: node -> parameter -> value."""
KEYS = {one.name: one for one in (NAME, *OF_A_ROBOT.values(), DIRECTORY)}
"""Of a robot, beside its parameters."""
FIRST_PORTS = {"robot_port": 8000, "signalling_port": 8443, "dashboard_port": 8042}
"""The first robot's; each further one has the next."""


@dataclass(frozen=True)
class Page:
    """The page that shows all."""

    address: str
    port: int
    token_file: str
    read_only: str
    """``auto``, ``true`` or ``false``."""


@dataclass(frozen=True)
class Robot:
    """One robot; all that may be left out in the file is filled in."""

    name: str
    host: str
    robot_port: int
    signalling_port: int
    sim: bool
    frame_prefix: str
    nodes: tuple[str, ...]
    dashboard_address: str
    dashboard_port: int
    dashboard_token_file: str
    admin: bool
    directory: Path
    params_file: Path | None
    """None for the package's."""
    parameters: Mapping[str, Mapping[str, Any]]
    """Of its own: node -> name, with dots -> value."""


@dataclass(frozen=True)
class Fleet:
    """What a file says."""

    robots: tuple[Robot, ...]
    page: Page | None


def read_fleet(path: Path, package_parameters: Path | None = None) -> Fleet:
    """Read a fleet's file.

    The parameters that it gives are checked by name against the file ``package_parameters``.
    Paths in it are relative to its folder. Raises MistakesError with a line for each mistake.
    """
    whole, mistakes = read(path)
    known = known_parameters(package_parameters) if package_parameters is not None else None
    return _Reader(path.parent.absolute(), mistakes, known).fleet(whole)


def known_parameters(file: Path) -> dict[str, set[str]]:
    """Return the names of each node's parameters, out of the package's file of parameters."""
    sections = {
        name.rpartition("/")[2]: set(flat(section["ros__parameters"]))
        for name, section in plain(read(file)[0]).items()
    }
    common = sections.pop("**")
    return {node: names | common for node, names in sections.items()}


def flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return parameters by their names with dots."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


class _Reader:
    """Turns what stands in a file into a Fleet."""

    def __init__(
        self, folder: Path, mistakes: Mistakes, known: Mapping[str, set[str]] | None
    ) -> None:
        self._folder = folder
        self._mistakes = mistakes
        self._known = known

    def fleet(self, whole: Item) -> Fleet:
        parts = self._mapping(whole, "the file")
        for name, item in parts.items():
            if name not in OF_THE_FILE:
                self._mistakes.unknown("key", item, name, OF_THE_FILE)
        defaults = self._mapping(parts.get("defaults"), "defaults")
        self._check_keys(defaults, "defaults", (*KEYS, PARAMETERS))
        if NAME.name in defaults:
            self._mistakes.add(defaults[NAME.name].line, "defaults: a name is a robot's own")
        robots = self._robots(parts.get("robots", Item(None, whole.line)), defaults)
        page = self._page(parts.get("page"))
        _find_shared(robots, page, parts.get("page"), self._mistakes)
        self._mistakes.raise_any()
        return Fleet(tuple(robot for robot, _ in robots), page)

    def _robots(self, item: Item, defaults: Mapping[str, Item]) -> list[tuple[Robot, int]]:
        """Return each robot with its line."""
        if not isinstance(item.value, list) or not item.value:
            self._mistakes.add(item.line, "robots: a list of robots is needed, each with a name")
            return []
        found = [self._robot(one, index, defaults) for index, one in enumerate(item.value)]
        return [(robot, one.line) for one, robot in zip(item.value, found, strict=True) if robot]

    def _robot(self, item: Item, index: int, defaults: Mapping[str, Item]) -> Robot | None:
        given = self._mapping(item, f"robot {index + 1}")
        name = given[NAME.name].value if NAME.name in given else None
        where = f"robot {shown(name, LONGEST_NAME) if name is not None else index + 1}"
        self._check_keys(given, where, (*KEYS, PARAMETERS))
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            line = given[NAME.name].line if NAME.name in given else item.line
            rule = "letters, digits and single _, a letter first"
            what = f"its name cannot be '{shown(name, LONGEST_NAME)}'" if given else "no name"
            self._mistakes.add(line, f"{where}: {what if name is not None else 'no name'}: {rule}")
            return None
        before = len(self._mistakes.found)
        values = {
            key: self._value({**defaults, **given}.get(key), argument, where)
            for key, argument in KEYS.items()
        }
        own = self._parameters(given.get(PARAMETERS), where)
        common = self._parameters(defaults.get(PARAMETERS), "defaults")
        both = {node: {**common.get(node, {}), **own.get(node, {})} for node in {**common, **own}}
        if len(self._mistakes.found) == before:
            self._check_host(values, where, item.line)
        if len(self._mistakes.found) > before:
            return None
        return self._made(name, index, values, both)

    def _made(
        self, name: str, index: int, values: Mapping[str, Any], parameters: Mapping[str, Any]
    ) -> Robot:
        here = is_loopback(values["robot_host"]) or values["sim"]
        ports = {
            key: values[key] or first + (index if here or key == "dashboard_port" else 0)
            for key, first in FIRST_PORTS.items()
        }
        file = values["params_file"]
        return Robot(
            name=name,
            host=HERE if values["sim"] else values["robot_host"],
            **ports,
            sim=values["sim"],
            frame_prefix=values["frame_prefix"] or f"{name}/",
            nodes=tuple(node for node in NODES if node == "control" or values[node]),
            dashboard_address=values["dashboard_address"] or HERE,
            dashboard_token_file=self._path(values["dashboard_token_file"]),
            admin=values["admin"],
            directory=Path(self._path(values["directory"] or f"~/reachy_mini/{name}")),
            params_file=Path(self._path(file)) if file else None,
            parameters=parameters,
        )

    def _check_host(self, values: Mapping[str, Any], where: str, line: int) -> None:
        host = values["robot_host"]
        if values["sim"] and host:
            self._mistakes.add(line, f"{where}: either sim or a robot_host")
        elif not values["sim"] and not host:
            self._mistakes.add(line, f"{where}: its robot_host is needed, or sim: true")
        elif host == "auto":
            self._mistakes.add(
                line, f"{where}: robot_host auto is for who has one robot: give its name or address"
            )

    def _page(self, item: Item | None) -> Page | None:
        if item is not None and item.value is False:
            return None
        given = self._mapping(item, "page")
        self._check_keys(given, "page", OF_THE_PAGE)
        values = {
            key: self._value(given.get(key), argument, "page")
            for key, argument in OF_THE_PAGE.items()
        }
        values["read_only"] = str(values["read_only"]).lower()  # true, as YAML takes it
        if values["read_only"] not in READ_ONLY:
            line = given["read_only"].line
            self._mistakes.add(line, f"page: read_only is one of {', '.join(READ_ONLY)}")
        port = int(values["port"] or 0)
        token_file = self._path(values["token_file"])
        return Page(values["address"], port, token_file, values["read_only"])

    def _parameters(self, item: Item | None, where: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for node, section in self._mapping(item, f"{where}: {PARAMETERS}").items():
            if self._known is not None and node not in self._known:
                self._mistakes.unknown("node", section, node, self._known)
                continue
            given = self._mapping(section, f"{where}: parameters of {node}")
            for name, value in self._flat(given).items():
                if self._known is not None and name not in self._known[node]:
                    self._mistakes.unknown(f"parameter of {node}", value, name, self._known[node])
                found.setdefault(node, {})[name] = plain(value)
        return found

    def _flat(self, tree: Mapping[str, Item], prefix: str = "") -> dict[str, Item]:
        found: dict[str, Item] = {}
        for name, item in tree.items():
            if isinstance(item.value, Mapping) and item.value:
                found |= self._flat(item.value, f"{prefix}{name}.")
            else:
                found[f"{prefix}{name}"] = item
        return found

    def _check_keys(self, given: Mapping[str, Item], where: str, known: Any) -> None:
        for name, item in given.items():
            if name not in known:
                self._mistakes.unknown(f"key of {where}", item, name, known)

    def _value(self, item: Item | None, argument: Argument, where: str) -> Any:
        """Return a value in its argument's type; a mistake is noted, and the default returned."""
        default = argument.default
        if item is None or item.value is None:
            return int(default) if argument.port and default else default
        value, name = item.value, argument.name
        if argument.is_switch and isinstance(value, bool):
            return value
        if argument.port and type(value) is int and value in PORTS:
            return value
        if not argument.is_switch and not argument.port and isinstance(value, str):
            return value
        if name == "read_only" and isinstance(value, bool):
            return value
        kind = "a port, 1 to 65535" if argument.port else "true or false"
        kind = kind if argument.port or argument.is_switch else "a text, in quotes if need be"
        text = f"{where}: {name} is {kind}, not {shown(repr(plain(item)), LONGEST_NAME)}"
        self._mistakes.add(item.line, text)
        return default

    def _mapping(self, item: Item | None, where: str) -> Mapping[str, Item]:
        if item is None or item.value is None:
            return {}
        if isinstance(item.value, Mapping):
            return item.value
        self._mistakes.add(item.line, f"{where}: keys with values are needed")
        return {}

    def _path(self, text: str) -> str:
        return str(self._folder / Path(text).expanduser()) if text else ""


def _find_shared(
    robots: list[tuple[Robot, int]], page: Page | None, item: Item | None, mistakes: Mistakes
) -> None:
    """Note what two have that only one can have."""
    taken: dict[tuple[str, object], str] = {}

    def take(kind: str, value: object, owner: str, line: int) -> None:
        key = (kind, str(value).lower() if kind == "name" else value)
        if key in taken:
            mistakes.add(line, f"{kind} {value} is both {taken[key]} and {owner}")
        taken.setdefault(key, owner)

    if page is not None:
        take("port", page.port, "the page's port", item.line if item is not None else 1)
    for number, (robot, line) in enumerate(robots, 1):
        take("name", robot.name, f"robot {number}", line)
        take("directory", robot.directory, f"the directory of {robot.name}", line)
        take("frame_prefix", robot.frame_prefix, f"that of {robot.name}", line)
        if "dashboard" in robot.nodes:
            take("port", robot.dashboard_port, f"the dashboard_port of {robot.name}", line)
        if is_loopback(robot.host):
            take("port", robot.robot_port, f"the robot_port of {robot.name}", line)
            take("port", robot.signalling_port, f"the signalling_port of {robot.name}", line)
        else:
            address = network_address(robot.host.lower(), robot.robot_port)
            take("robot", address, robot.name, line)
