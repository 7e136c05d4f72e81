// computes     y[t, h] = Σ_s softmax_s(softcapped(q[t, h] · keys[s, h'] · scale)) values[s, h'] over the slots token t
//              may see; softcap 0 leaves scores as they are
// inputs       q [T, heads, head_dim] f32 · keys, values [slots, kv_heads, head_dim] f32, head h reading
//              h' = h · kv_heads / heads · spans [T] (begin, end, begin, end): two ranges of visible slots
// output       y [T, heads, head_dim] f32
// invocation   1 token × 1 head; one pass over the slots with a running maximum (online softmax), so the scores
//              are never stored
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against attention.ts
struct Params { T: u32, heads: u32, kv_heads: u32, head_dim: u32, scale: f32, softcap: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> keys: array<vec4f>;
@group(0) @binding(3) var<storage, read> values: array<vec4f>;
@group(0) @binding(4) var<storage, read> spans: array<vec4u>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

const MAX_HEAD_DIM = 256;

var<private> query: array<vec4f, MAX_HEAD_DIM / 4>;
var<private> mix: array<vec4f, MAX_HEAD_DIM / 4>;
var<private> peak: f32;
var<private> mass: f32;

fn visit(begin: u32, end: u32, head: u32) {
  let width = params.head_dim / 4;
  for (var slot = begin; slot < end; slot++) {
    let at = (slot * params.kv_heads + head) * width;
    var score = 0.0;
    for (var d = 0u; d < width; d++) {
      score += dot(query[d], keys[at + d]);
    }
    score = softcapped(score * params.scale, params.softcap);
    if (score > peak) {
      let shrink = exp(peak - score);
      peak = score;
      mass *= shrink;
      for (var d = 0u; d < width; d++) {
        mix[d] *= shrink;
      }
    }
    let weight = exp(score - peak);
    mass += weight;
    for (var d = 0u; d < width; d++) {
      mix[d] += weight * values[at + d];
    }
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64 + lane;
  if (i >= params.T * params.heads) {
    return;
  }
  let width = params.head_dim / 4;
  for (var d = 0u; d < width; d++) {
    query[d] = q[i * width + d];
    mix[d] = vec4f();
  }
  peak = -3.4e38;
  mass = 0.0;
  let head = (i % params.heads) * params.kv_heads / params.heads;
  let span = spans[i / params.heads];
  visit(span.x, span.y, head);
  visit(span.z, span.w, head);
  for (var d = 0u; d < width; d++) {
    y[i * width + d] = mix[d] / mass;
  }
}
