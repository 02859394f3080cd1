// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Where all joints of the robot are, as the dashboard tells it while somebody looks.

const SILENT_MS = 3000; // it says something at least once a second
const PAUSE_MS = 1500;

let tell = null;
let source = null;
let timer = 0;

function connect() {
  end();
  if (!tell || document.hidden) return;
  source = new EventSource("api/joints");
  // EventSource gives up for good on an HTTP error: so this begins anew by itself.
  source.onerror = () => again(PAUSE_MS);
  source.addEventListener("joints", (event) => {
    again(SILENT_MS);
    tell(JSON.parse(event.data));
  });
  again(SILENT_MS);
}

function again(ms) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    tell?.({ joints: {}, view: null });
    connect();
  }, ms);
}

function end() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

/** Calls back with `joints` (rad by name, empty if not known) and `view`; null ends it. */
export function follow(call) {
  tell = call;
  connect();
}

document.addEventListener("visibilitychange", connect);
addEventListener("pagehide", end);
