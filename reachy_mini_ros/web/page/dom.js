// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Small helpers for elements, texts, and what is remembered between visits.

export const element = (id) => document.getElementById(id);
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Writes a text only if it differs, so that screen readers and layout are left alone. */
export function setText(target, text) {
  const node = typeof target === "string" ? element(target) : target;
  if (node.textContent !== String(text)) node.textContent = text;
}

/** Makes an element; `properties` are assigned, `aria` and `data` become attributes. */
export function make(tag, { aria = {}, data = {}, ...properties } = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(aria)) node.setAttribute(`aria-${name}`, value);
  Object.assign(node.dataset, data);
  node.append(...children);
  return node;
}

/** A number with a fixed count of digits, its unit, and a real minus sign; a dash for none. */
export function number(value, digits, unit = "") {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  return value.toFixed(digits).replace(/^-(?=[0.]*$)/, "").replace("-", "−") + unit;
}

/** A length as minutes and seconds. */
export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** What was remembered, or the default where storage is empty or forbidden. */
export function remembered(name, fallback = "") {
  try {
    return localStorage.getItem(`reachy_mini.${name}`) ?? fallback;
  } catch {
    return fallback;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`reachy_mini.${name}`, value);
  } catch {
    // Private windows may forbid it: the setting then lasts as long as the page.
  }
}

/** A page that nobody sees keeps neither camera nor topics busy. */
export function whenVisible() {
  return new Promise((done) => {
    const check = () => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", check);
      done();
    };
    document.addEventListener("visibilitychange", check);
    check();
  });
}

/**
 * Lets a button ask once: the first press asks, a second one within 4 s acts. `label` shows the
 * question if the button is not its own label; while `harmless` says so it acts at once.
 */
export function askOnce(button, question, act, { label = button, harmless = () => false } = {}) {
  let before = "";
  let end = 0;
  const calm = () => {
    if (!label.dataset.asking) return;
    clearTimeout(end);
    label.textContent = before;
    delete label.dataset.asking;
  };
  button.addEventListener("click", () => {
    if (label.dataset.asking || harmless()) {
      calm();
      act();
    } else {
      before = label.textContent;
      label.dataset.asking = "true";
      label.textContent = question;
      end = setTimeout(calm, 4000);
    }
  });
  button.addEventListener("blur", calm);
}
