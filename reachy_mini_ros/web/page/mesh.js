// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// The robot's meshes as the dashboard packs them: see robot/geometry/meshes.py.

import { BufferAttribute, BufferGeometry } from "./vendor/three.module.min.js";
import { reason } from "./api.js";

const MAGIC = "RMM1";
const HEAD = 36; // bytes

/** Loads one; throws an Error with the server's reason. */
export async function loadMesh(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(await reason(answer));
  return unpack(await answer.arrayBuffer());
}

function unpack(buffer) {
  const view = new DataView(buffer);
  if (String.fromCharCode(...new Uint8Array(buffer, 0, 4)) !== MAGIC) throw new Error("A mesh of the robot cannot be read.");
  const [vertices, triangles] = [view.getUint32(4, true), view.getUint32(8, true)];
  const box = Array.from({ length: 6 }, (_, index) => view.getFloat32(12 + 4 * index, true));
  const shares = new Uint16Array(buffer, HEAD, 3 * vertices);
  const indices = new Uint16Array(buffer, HEAD + 6 * vertices, 3 * triangles);
  const normals = new Int8Array(buffer, HEAD + 6 * (vertices + triangles), 3 * vertices);
  const places = Float32Array.from(shares, (share, index) => box[index % 3] + (share / 65535) * box[3 + (index % 3)]);
  return new BufferGeometry()
    .setAttribute("position", new BufferAttribute(places, 3))
    .setAttribute("normal", new BufferAttribute(Float32Array.from(normals, (each) => each / 127), 3))
    .setIndex(new BufferAttribute(indices, 1));
}
