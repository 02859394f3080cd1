// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Photos kept by the robot's computer: taken, looked at, downloaded and deleted here.

import { command } from "./api.js";
import { element, make } from "./dom.js";
import { toast } from "./log.js";
import { Shelf, WHEN } from "./shelf.js";
import { hideStill, showStill } from "./still.js";

const photos = new Shelf({
  kind: "photos",
  id: "gallery",
  none: "None yet. “Photo” under the picture takes one.",
  key: ({ name }) => name,
  entry,
  removed: hideStill,
});

function entry({ name, time, width, height, bytes }) {
  const taken = new Date(time * 1000).toLocaleString([], WHEN);
  const image = make("img", { src: `${photos.address(name)}?width=320`, alt: "", loading: "lazy" });
  const size = width && height ? `${width} × ${height}, ` : "";
  const open = make(
    "button",
    { type: "button", className: "thumb", title: `${name}, ${size}${Math.ceil(bytes / 1000)} kB`, aria: { label: `Photo of ${taken}` } },
    image,
    make("span", { textContent: taken }),
  );
  open.addEventListener("click", () => showStill(photos.address(name), name, () => photos.remove(name)));
  return make("li", { data: { name } }, open, photos.bin(name, `Delete photo of ${taken}`));
}

async function take() {
  const button = element("photo");
  button.dataset.busy = "true";
  try {
    const { photo, message } = await command("photo");
    toast("ok", "Photo", photo ?? message);
    photos.load();
  } catch (error) {
    toast("error", "Photo", error.message);
  }
  delete button.dataset.busy;
}

export function start() {
  element("photo").addEventListener("click", take);
  photos.start();
}
