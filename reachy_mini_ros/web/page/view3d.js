// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The card's switch between the drawing and the robot in 3D, for which nothing is loaded before.

import { element, setText } from "./dom.js";

const NO_WEBGL = "This browser draws no WebGL here: the drawing stays.";

const button = element("solid-show");
const card = button.closest(".pose-card");
let scene = null; // the module that draws, once it was loaded
let opening = 0; // counts, so that who opens and closes fast gets what was wanted last

/** Shows a status; null clears everything. */
export const update = (status) => scene?.update(status);

const hasWebGL = () => Boolean(document.createElement("canvas").getContext("webgl2"));

async function open() {
  const mine = ++opening;
  tell("Loading the robot's shape.");
  try {
    if (!hasWebGL()) throw new Error(NO_WEBGL);
    const module = await import("./scene.js");
    await module.load();
    if (mine !== opening) return;
    scene = module;
    card.dataset.view = "solid";
    scene.show();
    tell("");
  } catch (error) {
    if (mine === opening) close(error.message);
  }
}

function close(why = "") {
  opening++;
  scene?.hide();
  scene = null;
  delete card.dataset.view;
  button.setAttribute("aria-expanded", false);
  element("solid").hidden = !why;
  element("solid-tools").hidden = true;
  setText(button, "3D");
  tell(why);
}

function tell(text) {
  setText("solid-note", text);
}

export function start() {
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-expanded") === "true") {
      close();
      return;
    }
    button.setAttribute("aria-expanded", true);
    setText(button, "Drawing");
    element("solid").hidden = false;
    open();
  });
  element("solid-canvas").addEventListener("webglcontextlost", () => close("The graphics were lost: open it again."));
}
