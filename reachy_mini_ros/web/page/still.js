// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Pictures that stand still, over the live one: the snapshot just taken, or a photo of the gallery.

import { reason } from "./api.js";
import { askOnce, element } from "./dom.js";
import { isLive } from "./live.js";
import { toast } from "./log.js";

const shot = element("shot");
const viewer = element("viewer");
let opener = null; // what had the focus before
let remove = null; // deletes what is shown

/** Shows a picture by its address; `onDelete` gives it a delete button. */
export function showStill(url, name, onDelete = null) {
  if (viewer.hidden) opener = document.activeElement;
  release();
  shot.src = element("preview").href = element("save").href = url;
  shot.alt = `Still picture ${name}`;
  element("shot-name").textContent = name;
  element("save").download = name;
  element("remove").hidden = !onDelete;
  remove = onDelete;
  viewer.hidden = false;
  viewer.scrollIntoView({ block: "nearest" });
  element("save").focus({ preventScroll: true });
}

/** Closes the picture, or only if it is the one named. */
export function hideStill(name = null) {
  if (viewer.hidden || (name && element("save").download !== name)) return;
  viewer.hidden = true;
  release();
  shot.removeAttribute("src");
  (opener?.isConnected ? opener : element("shoot")).focus({ preventScroll: true });
}

function release() {
  if (shot.src.startsWith("blob:")) URL.revokeObjectURL(shot.src);
}

async function shoot() {
  const button = element("shoot");
  button.disabled = true;
  try {
    const answer = await fetch("api/snapshot", { cache: "no-store" });
    if (!answer.ok) throw new Error(await reason(answer));
    const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"))?.[1];
    const url = URL.createObjectURL(await answer.blob());
    button.disabled = !isLive();
    button.focus({ preventScroll: true });
    showStill(url, name ?? "reachy_mini.jpg");
  } catch (error) {
    toast("error", "Snapshot", error.name === "Error" ? error.message : "The dashboard did not answer");
  }
  button.disabled = !isLive();
}

export function start() {
  element("shoot").addEventListener("click", shoot);
  element("stage").addEventListener("statechange", () => (element("shoot").disabled = !isLive()));
  element("dismiss").addEventListener("click", () => hideStill());
  viewer.addEventListener("keydown", (event) => event.key === "Escape" && hideStill());
  askOnce(element("remove"), "Really delete?", () => remove?.());
}
