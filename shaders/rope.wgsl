// computes     each pair (x[i], x[i + rotary_dim/2]) of a head, interleaved (x[2i], x[2i + 1]), turned by the angle of
//              its position and i; components from rotary_dim on as they are
// inputs       x [T, heads, head_dim] f32 · turns [T, rotary_dim/2, 2] f32: cosine and sine, made on the CPU because
//              WGSL's own are not accurate at large angles
// output       y [.., heads, head_dim] f32, from token `first` on
// invocation   1 pair
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against rope.ts
struct Params { T: u32, heads: u32, head_dim: u32, rotary_dim: u32, interleaved: u32, first: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> turns: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64 + lane;
  let half = params.head_dim / 2;
  if (i >= params.T * params.heads * half) {
    return;
  }
  let head = i / half; // Counted over all tokens.
  let token = head / params.heads;
  let place = pair_at(i % half);
  let at = head * params.head_dim + place.x;
  let value = turned_pair(vec2f(x[at], x[at + place.y]), token, i % half);
  let to = params.first * params.heads * params.head_dim + at;
  y[to] = value.x;
  y[to + place.y] = value.y;
}
