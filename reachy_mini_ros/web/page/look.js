// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// "Look there": a click in the picture turns the head to what it shows.

import { command } from "./api.js";
import { element, remember, remembered } from "./dom.js";
import { known } from "./events.js";
import { isLive, shownKind, shownSize } from "./live.js";
import { toast } from "./log.js";

const picture = element("picture");
const stage = element("stage");
const toggle = element("look");
const aim = element("aim");

/** Where a click lies in the picture, 0 to 1 from its top left; null beside it. */
function place(event) {
  const box = picture.getBoundingClientRect();
  const scale = Math.min(box.width / shownSize()[0], box.height / shownSize()[1]);
  const [width, height] = shownSize().map((each) => each * scale);
  const x = (event.clientX - box.x - (box.width - width) / 2) / width;
  const y = (event.clientY - box.y - (box.height - height) / 2) / height;
  return x >= 0 && x < 1 && y >= 0 && y < 1 ? [x, y] : null;
}

function publishedSize() {
  const { width, height } = known.status?.picture ?? {};
  if (!width) throw new Error("the size of the camera's pictures is not known");
  return [width, height];
}

async function lookAt(event) {
  if (toggle.getAttribute("aria-pressed") !== "true" || toggle.disabled || !isLive()) return;
  const at = place(event);
  if (!at) return;
  mark(event);
  try {
    // JPEG pictures may be shown scaled, and the robot's video may have another size than they.
    const ofVideo = shownKind() === "video";
    const [width, height] = ofVideo ? shownSize() : publishedSize();
    const pixel = { u: at[0] * width, v: at[1] * height };
    await command("look_at_pixel", ofVideo ? { ...pixel, width, height } : pixel);
  } catch (error) {
    toast("error", "Look there", error.message);
  }
}

function mark(event) {
  const box = stage.getBoundingClientRect();
  aim.style.left = `${event.clientX - box.x}px`;
  aim.style.top = `${event.clientY - box.y}px`;
  aim.hidden = true;
  aim.getBoundingClientRect(); // so that its animation begins anew
  aim.hidden = false;
}

function press(on) {
  toggle.setAttribute("aria-pressed", on);
  stage.dataset.look = on;
  if (!on) aim.hidden = true;
}

export function start() {
  press(remembered("look") === "true");
  toggle.addEventListener("click", () => {
    const on = toggle.getAttribute("aria-pressed") !== "true";
    press(on);
    remember("look", on);
  });
  picture.addEventListener("click", lookAt);
  aim.addEventListener("animationend", () => (aim.hidden = true));
}
