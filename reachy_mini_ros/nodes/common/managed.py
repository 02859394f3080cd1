# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Managed nodes: what they take from the robot flows only while they are active.

The states and their services are those of ROS 2's managed nodes (`ros2 lifecycle`). Topics,
services and parameters are there in every state; it is the stream that is opened and closed.
"""

from abc import abstractmethod
from collections.abc import Callable

from rclpy.lifecycle import LifecycleNodeMixin, LifecycleState, TransitionCallbackReturn

from reachy_mini_ros.errors import ReachyMiniRosError
from reachy_mini_ros.nodes.common.runtime import RobotNode


class ManagedNode(LifecycleNodeMixin, RobotNode):
    """A node whose stream from the robot is open while the node is active, and only then.

    Subclasses declare the parameter ``autostart``, and call :meth:`start` at the end of their
    constructor.
    """

    def __init__(self, name: str) -> None:
        RobotNode.__init__(self, name)
        LifecycleNodeMixin.__init__(self)

    @abstractmethod
    def open_stream(self) -> None:
        """Begin to take from the robot; returns at once.

        Raises ReachyMiniRosError if that is not possible now; the node stays inactive then.
        """

    @abstractmethod
    def close_stream(self) -> None:
        """Close the stream; returns at once, and nothing is published from then on.

        Called again for a stream that is closed already, it does nothing.
        """

    @property
    def lifecycle(self) -> str:
        """Return the state: unconfigured, inactive, active or finalized."""
        return str(self._state_machine.current_state[1])

    def start(self, autostart: bool) -> None:
        """Become active, if that is wanted."""
        if autostart:
            self.trigger_configure()
            self.trigger_activate()
        else:
            self.get_logger().info("unconfigured; configure and activate it to begin")

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open the stream."""
        return self._carry_out(self.open_stream)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the stream."""
        return self._carry_out(self.close_stream)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the stream for good."""
        return self._carry_out(self.close_stream)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the stream; the node is unconfigured then."""
        return self._carry_out(self.close_stream)

    def _carry_out(self, change: Callable[[], None]) -> TransitionCallbackReturn:
        try:
            change()
        except ReachyMiniRosError as error:
            self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        except Exception as error:
            # rclpy turns it into a state and says nothing.
            self.get_logger().fatal(f"internal error, please report it: {error!r}")
            raise
        return TransitionCallbackReturn.SUCCESS
