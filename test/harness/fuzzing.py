# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Made-up JSON: anything at all, and good JSON with something in it exchanged."""

import copy
import math
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

BOUNDED = settings(
    max_examples=200,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from([10**400, -(10**400), 1e308, -1e308, math.nan, math.inf, "\ud800", "1", ""]),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5)
    ),
    max_leaves=12,
)


@st.composite
def altered(draw: Any, good: object) -> Any:
    """Return ``good`` with one value in it, at any depth, exchanged or left out."""
    result = copy.deepcopy(good)
    node: Any = result
    while isinstance(node, dict | list) and node:
        key = draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        if isinstance(node[key], dict | list) and draw(st.booleans()):
            node = node[key]
        elif draw(st.integers(0, 4)) == 0:
            del node[key]
            break
        else:
            node[key] = draw(JSON)
            break
    return result
