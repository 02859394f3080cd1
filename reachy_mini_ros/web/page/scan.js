// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Panoramas: begun, watched and cancelled here, and shown as a picture that scrolls.

import { ask, post } from "./api.js";
import { element, setText } from "./dom.js";
import { on } from "./events.js";
import { toast } from "./log.js";

const WORDS = { done: "Done", cancelled: "Cancelled", stopped: "Stopped", failed: "Failed" };

let asked = false;

async function load() {
  asked = true;
  try {
    show(await ask("api/scan"));
  } catch (error) {
    asked = false; // asked again with the next status
    setText("scan-note", `Not known: ${error.message}`);
  }
}

function show({ state, name, done, total, taken, reason, files }) {
  const running = state === "running";
  element("scan-begin").hidden = running;
  element("scan-cancel").hidden = !running;
  element("scan-bar").hidden = !running;
  element("scan-bar").max = total || 1;
  element("scan-bar").value = done;
  if (running) setText("scan-note", `${done} of ${total}: ${reason}`);
  else if (state === "none") setText("scan-note", "The head looks around, and the pictures become one.");
  else setText("scan-note", `${WORDS[state]}, ${taken} of ${total} pictures${reason ? `: ${reason}` : ""}`);
  const file = ["panorama.jpg", "panorama_grid.jpg"].find((one) => files.includes(one));
  element("scan-view").hidden = !file;
  if (!file) return;
  const address = `api/scans/${encodeURIComponent(name)}/${file}`;
  if (element("scan-picture").getAttribute("src") !== address) element("scan-picture").src = address;
  element("scan-open").href = address;
}

async function change(button, work) {
  button.dataset.busy = "true";
  try {
    await work();
  } catch (error) {
    toast("error", "Panorama", error.message);
  }
  delete button.dataset.busy;
}

export function start() {
  const [begin, cancel] = [element("scan-begin"), element("scan-cancel")];
  begin.addEventListener("click", () =>
    change(begin, async () => show(await post("api/scan", { full_360: element("scan-full").checked }))),
  );
  cancel.addEventListener("click", () => change(cancel, () => ask("api/scan", { method: "DELETE" })));
  on("scan", show);
  on("status", (status) => status && !asked && load());
}
