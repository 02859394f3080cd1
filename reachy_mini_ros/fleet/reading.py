# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""YAML with the line of everything in it, so that each mistake is told where it is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.texts import LONGEST_NAME, shown


class MistakesError(SetupError):
    """A file is not as it should be."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        """``mistakes``: one line each, with file and line."""
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


@dataclass(frozen=True)
class Item:
    """A value in a file, and where it begins; ``value`` is a Mapping or a list of these."""

    value: Any
    line: int


@dataclass
class Mistakes:
    """All that is wrong with a file, in the order of its lines."""

    file: str
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, text: str) -> None:
        """Take note of one, in the words of a person who reads the file."""
        self.found.append((line, text))

    def unknown(self, what: str, item: Item, name: str, known: Iterable[str]) -> None:
        """Take note of a name that does not exist, with the nearest that does."""
        choices = sorted(known)
        nearest = difflib.get_close_matches(name, choices, n=1)
        hint = f"the nearest is {nearest[0]}" if nearest else f"there are {', '.join(choices)}"
        self.add(item.line, f"there is no {what} {shown(name, LONGEST_NAME)}; {hint}")

    def raise_any(self) -> None:
        """Raise MistakesError if there are any."""
        if self.found:
            raise MistakesError(
                f"{self.file}, line {line}: {' '.join(text.split())}"
                for line, text in sorted(self.found)
            )


def read(path: Path) -> tuple[Item, Mistakes]:
    """Return what is in a file, keys that stand twice noted as mistakes.

    Raises MistakesError for one that cannot be read or is no YAML.
    """
    name = str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise MistakesError([f"cannot read {name}: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise MistakesError([f"{name} is no text"]) from None
    mistakes = Mistakes(name)
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        item = _item(loader, node, mistakes) if node is not None else Item(None, 1)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        mistakes.add(mark.line + 1 if mark else 1, f"this is no YAML: {error.problem}")
        mistakes.raise_any()
        raise  # it has raised
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise MistakesError([f"{name} is no YAML: {shown(' '.join(str(error).split()))}"]) from None
    finally:
        loader.dispose()
    return item, mistakes


def _item(loader: yaml.SafeLoader, node: yaml.Node, mistakes: Mistakes) -> Item:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return Item([_item(loader, one, mistakes) for one in node.value], line)
    if not isinstance(node, yaml.MappingNode):
        return Item(loader.construct_object(node), line)
    found: dict[str, Item] = {}
    for key, value in node.value:
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else "a key that is no text"
        item = _item(loader, value, mistakes)
        if name in found:
            # YAML's own readers take the last one without a word.
            mistakes.add(key.start_mark.line + 1, f"{name} stands there twice")
        # A mistake in a value is looked for where its key is.
        found[name] = Item(item.value, key.start_mark.line + 1)
    return Item(found, line)


def plain(item: Item) -> Any:
    """Return a value as Python has it, without lines."""
    if isinstance(item.value, Mapping):
        return {name: plain(one) for name, one in item.value.items()}
    if isinstance(item.value, list):
        return [plain(one) for one in item.value]
    return item.value
