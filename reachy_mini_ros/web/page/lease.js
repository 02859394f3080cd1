// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Who commands the robot alone; this page can take that, and keeps it while it is open.

import { command, sender } from "./api.js";
import { act } from "./controls.js";
import { element, setText } from "./dom.js";

const SECONDS = 30;
const RENEW_MS = 10000;
const own = `page_${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;

let renewedAt = -Infinity;

async function take() {
  sender.holder = own; // a stream of the pad would else be refused in between
  renewedAt = performance.now();
  await act(element("lease-take"), "Control", "lease", { action: "take", name: own, seconds: SECONDS });
}

function release() {
  act(element("lease-release"), "Control", "lease", { action: "release", name: own });
}

function renew() {
  if (performance.now() - renewedAt < RENEW_MS) return;
  renewedAt = performance.now();
  command("lease", { action: "renew", name: own, seconds: SECONDS }).catch(() => {}); // shown by the next status
}

export function update(status) {
  const lease = status?.lease ?? null;
  const mine = lease?.holder === own;
  if (mine) renew();
  sender.holder = mine ? own : "";
  element("lease").hidden = !lease;
  if (!lease) return;
  const left = Math.max(0, Math.round(lease.until - status.time));
  setText("lease-text", mine ? "Only this page commands." : `Only ${lease.holder} commands, for ${left} s more.`);
  element("lease-take").hidden = mine;
  element("lease-release").hidden = !mine;
}

export function start() {
  element("lease-take").addEventListener("click", take);
  element("lease-release").addEventListener("click", release);
}
