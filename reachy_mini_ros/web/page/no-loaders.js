// Copyright 2026 reachy_mini_ros contributors
// SPDX-License-Identifier: Apache-2.0
// urdf-loader imports these from three's examples, and uses them only where the meshes of a robot
// are not loaded by its caller, as they are here: so the page does without 100 kB.

export class STLLoader {}
export class ColladaLoader {}
