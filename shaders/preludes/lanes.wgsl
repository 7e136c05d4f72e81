// The lanes of a workgroup, a power of two; put before the shaders that are compiled for several numbers of them.
override LANES: u32 = 64;

// The row of a group, where rows may be more than one dimension of a grid takes.
fn row_of(group: vec3u, groups: vec3u) -> u32 {
  return group.y * groups.x + group.x;
}
