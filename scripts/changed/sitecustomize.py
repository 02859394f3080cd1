# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Has a process run a module with a changed source.

Python imports this as it begins where this folder is in PYTHONPATH, so that the processes which
tests start run the change as well.
"""

import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType

MODULE, FILE, SOURCE = "CHANGED_MODULE", "CHANGED_FILE", "CHANGED_SOURCE"
"""Its name, its file, and a file with the source that it is to have."""


class Changed(SourceFileLoader):
    """Finds one module, and has it be of another source."""

    def __init__(self, name: str, file: str, source: str) -> None:
        super().__init__(name, file)
        self.source = source

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Return itself for its module."""
        if name == self.name:
            return importlib.util.spec_from_file_location(name, self.path, loader=self)
        return None

    def get_code(self, fullname: str) -> CodeType:
        """Return the code of the changed source."""
        return compile(self.source, self.path, "exec", dont_inherit=True)


def change(environment: dict[str, str]) -> None:
    """Have the module that the environment names be the changed one, if it names any."""
    if MODULE in environment:
        source = Path(environment[SOURCE]).read_text(encoding="utf-8")
        changed = Changed(environment[MODULE], environment[FILE], source)
        sys.meta_path.insert(0, changed)  # type: ignore[arg-type]


if __name__ == "sitecustomize":
    change(dict(os.environ))
