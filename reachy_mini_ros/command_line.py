# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The options of the executables: --help, and one line for what is wrong."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NoReturn

ROS_ARGUMENTS = "--ros-args"
NAMESPACE_HELP = f"For a robot in another namespace: {ROS_ARGUMENTS} -r __ns:=/NAMESPACE"


def fail(program: str, reason: object, code: int = 1) -> NoReturn:
    """End the process with ``code`` and one line on stderr."""
    print(f"{program}: {' '.join(str(reason).split())}", file=sys.stderr)
    sys.exit(code)


class Parser(argparse.ArgumentParser):
    """The options of an executable; a wrong one ends it with one line and code 2."""

    def __init__(self, program: str, description: str, *, details: str = "") -> None:
        """``details`` follow the options in --help, as they are."""
        super().__init__(
            prog=program,
            description=description,
            epilog=details,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """End the process with what is wrong."""
        fail(self.prog, f"{message} (what there is: {self.prog} --help)", 2)


def parse(parser: Parser, arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options among a ROS executable's ``arguments``, those of ROS left out.

    ROS would take some of the wrong ones without a word, and tell others in its parser's terms.
    """
    own, ros = split(arguments)
    for argument in own:
        if ":=" in argument:
            parser.error(f"{argument}: parameters are given as {ROS_ARGUMENTS} -p {argument}")
    options = parser.parse_args(own)
    for flag, value in pairwise([*ros, ""]):
        if flag in ("-p", "--param", "-r", "--remap") and ":=" not in value:
            parser.error(f"{flag} {value}: write {flag} NAME:=VALUE")
    return options


def split(arguments: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the arguments of the program itself, and those between --ros-args and -- or the end.

    rclpy's function for it imports rclpy.
    """
    own: list[str] = []
    ros: list[str] = []
    taker = own
    for argument in arguments:
        if argument == ROS_ARGUMENTS:
            taker = ros
        elif argument == "--" and taker is ros:
            taker = own
        else:
            taker.append(argument)
    return own, ros
