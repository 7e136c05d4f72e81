// computes     per token, head and split of 64 of the slots that the token may see, counted from its first: the largest
//              score, Σ exp(score - largest) and Σ exp(score - largest) · value; where there is one split, attention
//              itself, the second sum over the first
// inputs       q [T, heads, head_dim] f32 · keys, values [slots, kv_heads, head_dim] f32, head h reading
//              h' = h · kv_heads / heads · spans [T] (begin, end, begin, end): two ranges of visible slots
// output       mixes [T, heads, splits, head_dim] f32 · stats [T, heads, splits] (largest, sum); those of splits past a
//              token's slots stay as they were
// invocation   64 share 1 token × up to 8 heads of one head of keys × 1 split, whose keys and values are read once:
//              each the scores of a slot, then a vec4 of components of a share of the heads
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against attention_split.ts
struct Params { T: u32, heads: u32, kv_heads: u32, head_dim: u32, scale: f32, softcap: f32, splits: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> keys: array<vec4f>;
@group(0) @binding(3) var<storage, read> values: array<vec4f>;
@group(0) @binding(4) var<storage, read> spans: array<vec4u>;
@group(0) @binding(5) var<storage, read_write> mixes: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> stats: array<vec2f>;

const SPLIT = 64u;
const HEADS = 8u;
// vec4s of a head that a step brings, and the width of a row that keeps neighbours out of each other's banks.
const STEP = 8u;
const ROW = STEP + 1;
// Likewise the width of a head's scores.
const SCORES = SPLIT + 1;

var<workgroup> slot_keys: array<vec4f, SPLIT * ROW>;
var<workgroup> scores: array<f32, HEADS * SCORES>;
var<workgroup> tops: array<f32, SPLIT>;

fn peak_of(head: u32) -> f32 {
  var peak = LEAST;
  for (var i = 0u; i < 8; i++) {
    peak = max(peak, tops[8 * head + i]);
  }
  return peak;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  // The heads that share a head of keys go eight at a time.
  let shared_by = params.heads / params.kv_heads;
  let shares = (shared_by + HEADS - 1) / HEADS;
  let token = group.y / (params.kv_heads * shares);
  let kv_head = group.y / shares % params.kv_heads;
  let first_head = kv_head * shared_by + group.y % shares * HEADS;
  let heads = min(HEADS, (kv_head + 1) * shared_by - first_head);

  let span = spans[token];
  let before = max(span.x, span.y) - span.x;
  let seen = before + max(span.z, span.w) - span.z;
  let first = group.x * SPLIT;
  if (first >= seen) {
    return;
  }
  let count = min(SPLIT, seen - first);
  let width = params.head_dim / 4;
  let q_at = (token * params.heads + first_head) * width;

  for (var h = 0u; h < heads; h++) {
    scores[h * SCORES + lane] = 0.0;
  }
  for (var begin = 0u; begin < width; begin += STEP) {
    let some = min(STEP, width - begin);
    workgroupBarrier();
    for (var i = lane; i < SPLIT * STEP; i += 64) {
      if (i % STEP < some) {
        let slot = slot_at(span, before, first + min(i / STEP, count - 1));
        slot_keys[i / STEP * ROW + i % STEP] = keys[(slot * params.kv_heads + kv_head) * width + begin + i % STEP];
      }
    }
    workgroupBarrier();
    for (var h = 0u; h < heads; h++) {
      var product = scores[h * SCORES + lane];
      for (var d = 0u; d < some; d++) {
        product = dot_on(product, q[q_at + h * width + begin + d], slot_keys[lane * ROW + d]);
      }
      scores[h * SCORES + lane] = product;
    }
  }
  for (var h = 0u; h < heads; h++) {
    scores[h * SCORES + lane] = select(LEAST, score_of(scores[h * SCORES + lane]), lane < count);
  }

  // Of each head eight lanes look for the largest score, of eight slots each, half of them from the middle on: so all
  // ask different banks.
  workgroupBarrier();
  var top = LEAST;
  for (var i = 0u; i < 8; i++) {
    top = max(top, scores[lane / 8 * SCORES + lane % 8 * 8 + (i ^ (lane & 4))]);
  }
  tops[lane] = top;
  workgroupBarrier();
  for (var h = 0u; h < heads; h++) {
    let weight = exp(scores[h * SCORES + lane] - peak_of(h));
    scores[h * SCORES + lane] = select(0.0, weight, lane < count);
  }
  workgroupBarrier();

  let column = lane % width;
  let lanes = 64 / width;
  if (lane >= lanes * width) {
    return;
  }
  for (var h = lane / width; h < heads; h += lanes) {
    var mass = 0.0;
    var mix = vec4f();
    for (var i = 0u; i < count; i++) {
      let weight = scores[h * SCORES + i];
      if (weight != 0.0) {
        let slot = slot_at(span, before, first + i);
        mass += weight;
        mix = mix_on(mix, weight, values[(slot * params.kv_heads + kv_head) * width + column]);
      }
    }
    let at = (token * params.heads + first_head + h) * params.splits + group.x;
    if (params.splits == 1) {
      mix /= mass;
    }
    mixes[at * width + column] = mix;
    if (column == 0) {
      stats[at] = vec2f(peak_of(h), mass);
    }
  }
}

// The slot of a token's i-th visible one, of which the first range has `before`.
fn slot_at(span: vec4u, before: u32, i: u32) -> u32 {
  return select(span.z + i - before, span.x + i, i < before);
}
