// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The one connection for everything but the picture. EventSource gives up for good on an HTTP
// error, and hides its reason: so this reconnects by itself, and asks /api/status meanwhile.

import { reason } from "./api.js";
import { sleep, whenVisible } from "./dom.js";

const SILENT_MS = 3000; // the server says something at least once a second
const PAUSE_MS = [250, 2000];

/** The last status (null when there is none) and why there is none, in the server's words. */
export const known = { status: null, refusal: null };

const listeners = { status: [], safety: [], timeline: [], photos: [], clips: [], agents: [], scan: [] };
let source = null;
let withSound = false;
let end = () => {}; // of the connection that is open

/**
 * Calls back on `status` (document or null), `safety`, `timeline` (what happened, or nothing where
 * some may have been missed), `photos`, `clips`, `agents` and `scan` events.
 */
export const on = (kind, call) => listeners[kind].push(call);
const tell = (kind, value) => listeners[kind].forEach((call) => call(value));

/** Sound has the robot's microphones read, so it is asked for only while it is looked at. */
export function listenToSound(wanted) {
  if (wanted === withSound) return;
  withSound = wanted;
  end();
}

export async function run() {
  let [pause] = PAUSE_MS;
  for (;;) {
    await whenVisible();
    const asked = withSound;
    if (await connection(asked)) [pause] = PAUSE_MS;
    if (document.hidden) continue;
    if (asked !== withSound) continue;
    await askStatus();
    await sleep(pause * (0.7 + 0.3 * Math.random()));
    pause = Math.min(pause * 2, PAUSE_MS[1]);
  }
}

/** Listens until the connection ends; tells whether anything came. */
function connection(sound) {
  return new Promise((done) => {
    let heard = false;
    let silence = 0;
    source = new EventSource(sound ? "api/events?sound=1" : "api/events");
    end = () => {
      clearTimeout(silence);
      source.close();
      end = () => {};
      done(heard);
    };
    const wait = () => {
      clearTimeout(silence);
      silence = setTimeout(() => {
        update(null, null); // what is known is too old to be shown
        end();
      }, SILENT_MS);
    };
    source.onerror = () => end();
    source.onopen = () => ["timeline", "photos", "clips", "agents"].forEach((kind) => tell(kind)); // some may have been missed
    source.addEventListener("status", (event) => {
      heard = true;
      wait();
      update(JSON.parse(event.data), null);
    });
    for (const kind of ["safety", "timeline", "agents", "scan"]) {
      source.addEventListener(kind, (event) => tell(kind, JSON.parse(event.data)));
    }
    for (const kind of ["photos", "clips"]) source.addEventListener(kind, () => tell(kind));
    wait();
  });
}

async function askStatus() {
  try {
    const answer = await fetch("api/status", {
      cache: "no-store",
      signal: AbortSignal.timeout(3000),
    });
    if (answer.ok) update(await answer.json(), null);
    else update(null, await reason(answer));
  } catch {
    update(null, null);
  }
}

function update(status, refusal) {
  Object.assign(known, { status, refusal });
  tell("status", status);
}

document.addEventListener("visibilitychange", () => document.hidden && end());
addEventListener("pagehide", () => end());
