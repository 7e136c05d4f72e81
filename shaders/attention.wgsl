// computes     y[t, h] = Σ_s softmax_s(softcapped(q[t, h] · keys[s, h'] · scale)) values[s, h'] over the slots token t
//              may see; softcap 0 leaves scores as they are
// inputs       q [T, heads, head_dim] f32 · keys, values [slots, kv_heads, head_dim] f32, head h reading
//              h' = h · kv_heads / heads · spans [T] (begin, end, begin, end): two ranges of visible slots
// output       y [T, heads, head_dim] f32
// invocation   1 head × 1 token: two walks over the slots, one for the largest score; neighbours are tokens of one
//              head, which read the same keys at the same time
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

fn score_at(at: u32, width: u32) -> f32 {
  var product = 0.0;
  for (var d = 0u; d < width; d++) {
    product = dot_on(product, query[d], keys[at + d]);
  }
  return score_of(product);
}

// Scores of four slots, so that a component of the query is fetched once for all.
fn scores_at(at: vec4u, width: u32) -> vec4f {
  var p = vec4f();
  for (var d = 0u; d < width; d++) {
    let a = query[d];
    p = vec4f(
      dot_on(p.x, a, keys[at.x + d]),
      dot_on(p.y, a, keys[at.y + d]),
      dot_on(p.z, a, keys[at.z + d]),
      dot_on(p.w, a, keys[at.w + d]),
    );
  }
  return vec4f(score_of(p.x), score_of(p.y), score_of(p.z), score_of(p.w));
}

// Where the four slots from one on begin.
fn four_slots(slot: u32, head: u32, width: u32) -> vec4u {
  return ((slot + vec4u(0, 1, 2, 3)) * params.kv_heads + head) * width;
}

fn look(begin: u32, end: u32, head: u32) {
  let width = params.head_dim / 4;
  var slot = begin;
  for (; slot + 4 <= end; slot += 4) {
    let s = scores_at(four_slots(slot, head, width), width);
    peak = max(peak, max(max(s.x, s.y), max(s.z, s.w)));
  }
  for (; slot < end; slot++) {
    peak = max(peak, score_at((slot * params.kv_heads + head) * width, width));
  }
}

fn visit(begin: u32, end: u32, head: u32) {
  let width = params.head_dim / 4;
  var slot = begin;
  for (; slot + 4 <= end; slot += 4) {
    let at = four_slots(slot, head, width);
    let w = exp(scores_at(at, width) - peak);
    mass = mass + w.x + w.y + w.z + w.w;
    for (var d = 0u; d < width; d++) {
      let two = mix_on(mix_on(mix[d], w.x, values[at.x + d]), w.y, values[at.y + d]);
      mix[d] = mix_on(mix_on(two, w.z, values[at.z + d]), w.w, values[at.w + d]);
    }
  }
  for (; slot < end; slot++) {
    let at = (slot * params.kv_heads + head) * width;
    let weight = exp(score_at(at, width) - peak);
    mass += weight;
    for (var d = 0u; d < width; d++) {
      mix[d] = mix_on(mix[d], weight, values[at + d]);
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
  let token = i % params.T;
  let head = i / params.T;
  let width = params.head_dim / 4;
  let at = (token * params.heads + head) * width;
  for (var d = 0u; d < width; d++) {
    query[d] = q[at + d];
    mix[d] = vec4f();
  }
  peak = LEAST;
  mass = 0.0;
  let kv_head = head * params.kv_heads / params.heads;
  let span = spans[token];
  look(span.x, span.y, kv_head);
  look(span.z, span.w, kv_head);
  visit(span.x, span.y, kv_head);
  visit(span.z, span.w, kv_head);
  for (var d = 0u; d < width; d++) {
    y[at + d] = mix[d] / mass;
  }
}
