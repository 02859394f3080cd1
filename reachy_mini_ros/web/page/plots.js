// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Rates and latency of the last minute as small plots.

import { element, make, number } from "./dom.js";
import { known } from "./events.js";
import { shownRate } from "./live.js";

const SPAN_S = 60;
const WIDTH = 120;
const HEIGHT = 30;

const PLOTS = [
  { title: "Picture here", unit: " Hz", least: 20, read: () => shownRate() },
  { title: "Picture at the dashboard", unit: " Hz", least: 20, read: (status) => status?.rates?.picture_hz ?? status?.picture?.rate_hz },
  { title: "Picture's age there, p95", unit: " ms", least: 100, read: (status) => status?.latency?.picture_ms?.p95 },
  { title: "Joint states", unit: " Hz", least: 60, read: (status) => status?.rates?.joint_states_hz },
];

const svg = (tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);

function prepare(plot) {
  const drawing = svg("svg");
  drawing.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.setAttribute("aria-hidden", "true");
  plot.area = drawing.appendChild(svg("path"));
  plot.area.setAttribute("class", "area");
  plot.line = drawing.appendChild(svg("path"));
  plot.value = make("b", { textContent: "–" });
  plot.most = make("small", { aria: { hidden: "true" } });
  plot.points = [];
  const label = make("p", {}, make("span", { textContent: plot.title }), plot.value);
  element("plots").append(make("div", { className: "plot" }, label, make("div", { className: "frame" }, drawing, plot.most)));
}

function draw(plot, now) {
  const value = plot.read(known.status);
  plot.points.push([now, typeof value === "number" ? value : null]);
  while (now - plot.points[0][0] > SPAN_S) plot.points.shift();
  plot.value.textContent = number(value, value >= 100 ? 0 : 1, plot.unit);
  const values = plot.points.map(([, each]) => each).filter((each) => each !== null);
  const top = Math.max(plot.least, ...values) * 1.1;
  plot.most.textContent = Math.round(top / 1.1);
  let [line, area, open] = ["", "", null];
  const close = (x) => {
    if (open !== null) area += `V${HEIGHT}H${open}Z`;
    open = null;
    return x;
  };
  let last = 0;
  for (const [at, each] of plot.points) {
    const x = (WIDTH * (1 - (now - at) / SPAN_S)).toFixed(1);
    if (each === null) {
      close();
      continue;
    }
    const y = (HEIGHT * (1 - each / top)).toFixed(1);
    line += `${open === null ? "M" : "L"}${x} ${y}`;
    area += `${open === null ? "M" : "L"}${x} ${y}`;
    open ??= x;
    last = x;
  }
  close(last);
  plot.line.setAttribute("d", line);
  plot.area.setAttribute("d", area);
}

export function start() {
  PLOTS.forEach(prepare);
  setInterval(() => {
    if (document.hidden) return;
    const now = performance.now() / 1000;
    for (const plot of PLOTS) draw(plot, now);
  }, 1000);
}
