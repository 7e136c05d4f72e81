// computes     ids[r] = the place of the largest logit of row r, the first of equals
// inputs       peaks [R, strips] and places [R, strips] of logit_strips
// output       ids [R] u32, ready to be embedded: greedy decoding never leaves the GPU
// invocation   1 row
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against argmax.ts
struct Params { R: u32, strips: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> peaks: array<vec2f>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read_write> ids: array<u32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.y * groups.x + group.x) * 64 + lane;
  if (row >= params.R) {
    return;
  }
  ids[row] = places[top_strip(row * params.strips)];
}
