// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// WebSockets of the dashboard.

/** Opens one by its path; binary messages come as ArrayBuffer. */
export function socketTo(path) {
  const address = new URL(path, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  return socket;
}
