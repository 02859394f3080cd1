// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Reads the MJPEG stream part by part: unlike an <img>, this tells when it ends or stalls.

import { reason } from "./api.js";

const HEAD_END = [13, 10, 13, 10];

/** Yields the JPEG of each part as a Blob; returns when the server ends the stream. */
export async function* pictures(url, signal) {
  const answer = await fetch(url, { signal, cache: "no-store" });
  if (!answer.ok) throw new Error(await reason(answer));
  let buffer = new Uint8Array(0);
  for await (const chunk of chunks(answer.body)) {
    buffer = joined(buffer, chunk);
    for (;;) {
      const part = firstPart(buffer);
      if (!part) break;
      yield new Blob([part.body], { type: "image/jpeg" });
      buffer = buffer.subarray(part.end);
    }
  }
}

async function* chunks(body) {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function joined(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function firstPart(buffer) {
  const start = headEnd(buffer);
  if (start < 0) return null;
  const head = new TextDecoder().decode(buffer.subarray(0, start));
  const length = Number(/content-length:\s*(\d+)/i.exec(head)?.[1]);
  if (!(length > 0)) throw new Error("the stream is not one of pictures");
  const end = start + length;
  return end <= buffer.length ? { body: buffer.slice(start, end), end } : null;
}

function headEnd(buffer) {
  for (let at = buffer.indexOf(13); at >= 0; at = buffer.indexOf(13, at + 1)) {
    if (HEAD_END.every((byte, offset) => buffer[at + offset] === byte)) return at + 4;
  }
  return -1;
}
