// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Clips kept by the robot's computer: recorded, watched, downloaded and deleted here.

import { command } from "./api.js";
import { clock, element, make, setText } from "./dom.js";
import { toast } from "./log.js";
import { Shelf, WHEN } from "./shelf.js";

const button = element("record");

let since = null; // what is recorded began then, unix time in s
let ended = null; // the reason told last

const clips = new Shelf({
  kind: "clips",
  id: "clips",
  none: "None yet. “Record” under the picture begins one.",
  key: ({ name, length, states }) => `${name} ${length} ${states}`,
  entry,
});

function entry({ name, time, width, height, bytes, length, states }) {
  const ended = new Date(time * 1000).toLocaleString([], { ...WHEN, second: "2-digit" });
  const title = `${name}, ${width} × ${height}, ${(bytes / 1e6).toFixed(1)} MB`;
  const href = clips.address(name);
  const open = make(
    "a",
    { className: "thumb", href, target: "_blank", rel: "noopener", title, aria: { label: `Clip of ${ended}, ${clock(length)}` } },
    make("img", { src: `${href}/still?width=320`, alt: "", loading: "lazy" }),
    make("span", { textContent: `${clock(length)} · ${ended}` }),
  );
  const links = make("span", { className: "clip-links" }, make("a", { href, download: name, textContent: "Download" }));
  if (states) links.append(make("a", { href: clips.address(states), download: states, textContent: "States" }));
  return make("li", { data: { name } }, open, links, clips.bin(name, `Delete clip of ${ended}`));
}

async function record() {
  const enabled = since === null;
  button.dataset.busy = "true";
  try {
    const { message } = await command("record", { enabled });
    if (!enabled) toast("ok", "Record", message);
    show(enabled ? Date.now() / 1000 : null);
  } catch (error) {
    toast("error", "Record", error.message);
  }
  delete button.dataset.busy;
}

function show(began) {
  since = began;
  button.setAttribute("aria-pressed", since !== null);
  tick();
}

function tick() {
  setText("record-text", since === null ? "Record" : clock(Math.max(0, Date.now() / 1000 - since)));
}

/** Takes what the robot says of its recording. */
export function update(status) {
  const recording = status?.recording ?? null;
  button.disabled = !recording;
  if (button.dataset.busy) return;
  show(recording?.since ?? null);
  if (recording && recording.ended !== ended) {
    if (recording.ended && ended !== null) toast(recording.failed ? "error" : "ok", "Record", recording.ended);
    ended = recording.ended;
  }
}

export function start() {
  button.addEventListener("click", record);
  setInterval(() => since !== null && tick(), 500);
  clips.start();
}
