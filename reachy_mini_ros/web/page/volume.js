// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The volumes of the robot's speaker and microphone.

import { ask, post } from "./api.js";
import { element, setText } from "./dom.js";

const DEVICES = ["speaker", "microphone"];

const slider = (device) => element(`volume-${device}`);
const say = (text) => setText("volume-note", text);

function show(device, percent) {
  if (typeof percent === "number") slider(device).value = percent;
  setText(`volume-${device}-text`, typeof percent === "number" ? `${percent} %` : "as it is");
}

/** Asks which volumes were set. */
export async function load() {
  try {
    const volumes = await ask("api/volume");
    for (const device of DEVICES) show(device, volumes[device]);
    say("");
  } catch (error) {
    say(error.message);
  }
}

export function start() {
  for (const device of DEVICES) {
    slider(device).addEventListener("input", () => show(device, Number(slider(device).value)));
    slider(device).addEventListener("change", async () => {
      try {
        await post("api/volume", { [device]: Number(slider(device).value) });
        say("");
      } catch (error) {
        say(error.message);
      }
    });
  }
}
