// computes     y[t, h] = Σ_s softmax_s(softcapped(q[t, h] · keys[s, h'] · scale)) values[s, h'] over the slots token t
//              may see; softcap 0 leaves scores as they are
// inputs       q [T, heads, head_dim] f32 · keys, values [slots, kv_heads, head_dim] f32, head h reading
//              h' = h · kv_heads / heads · spans [T] (begin, end, begin, end): two ranges of visible slots
// output       y [T, heads, head_dim] f32
// invocation   1 token × HEADS heads that read the same keys: an adapter that computes on the CPU takes as long to fetch a
//              value as for ten products, so heads share what is fetched, eight slots share a query, and scores are kept
//              from the walk that finds the largest to the walk that weighs values
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against attention.ts
struct Params { T: u32, heads: u32, kv_heads: u32, head_dim: u32, scale: f32, softcap: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> keys: array<vec4f>;
@group(0) @binding(3) var<storage, read> values: array<vec4f>;
@group(0) @binding(4) var<storage, read> spans: array<vec4u>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

// 1 to 4; a lane's sums have room for 512 components.
override HEADS: u32 = 1;

const MIXES = 128;
// Eights of scores that are kept; behind those they are computed again.
const KEPT = 64u;

// What a head makes of eight slots: its scores, or their weights.
struct Eight { a: vec4f, b: vec4f }

var<private> mixes: array<vec4f, MIXES>;
var<private> kept: array<Eight, KEPT>;

// Below, `h` is one of a lane's four heads: of one that it does not have, a compiler leaves nothing.
fn products_on(h: u32, sums: Eight, at: u32, a: array<vec4f, 4>, b: array<vec4f, 4>) -> Eight {
  var on = sums;
  if (h < HEADS) {
    on = Eight(four_on(sums.a, q[at], a), four_on(sums.b, q[at], b));
  }
  return on;
}

fn four_on(sums: vec4f, query: vec4f, k: array<vec4f, 4>) -> vec4f {
  return vec4f(
    dot_on(sums.x, query, k[0]),
    dot_on(sums.y, query, k[1]),
    dot_on(sums.z, query, k[2]),
    dot_on(sums.w, query, k[3]),
  );
}

fn scores_of(h: u32, products: Eight) -> Eight {
  var scores = products;
  if (h < HEADS) {
    scores = Eight(four_scores(products.a), four_scores(products.b));
  }
  return scores;
}

fn four_scores(p: vec4f) -> vec4f {
  return vec4f(score_of(p.x), score_of(p.y), score_of(p.z), score_of(p.w));
}

fn keep(h: u32, place: u32, scores: Eight) {
  if (h < HEADS) {
    kept[place + h] = scores;
  }
}

fn kept_at(h: u32, place: u32) -> Eight {
  var scores = Eight();
  if (h < HEADS) {
    scores = kept[place + h];
  }
  return scores;
}

fn largest(s: Eight) -> f32 {
  let m = max(s.a, s.b);
  return max(max(m.x, m.y), max(m.z, m.w));
}

fn weights_of(h: u32, scores: Eight, peak: f32, some_a: vec4<bool>, some_b: vec4<bool>) -> Eight {
  var weights = scores;
  if (h < HEADS) {
    weights = Eight(select(vec4f(), exp(scores.a - peak), some_a), select(vec4f(), exp(scores.b - peak), some_b));
  }
  return weights;
}

fn mass_on(mass: f32, w: Eight) -> f32 {
  return mass + w.a.x + w.a.y + w.a.z + w.a.w + w.b.x + w.b.y + w.b.z + w.b.w;
}

fn add_values(h: u32, at: u32, w: Eight, a: array<vec4f, 4>, b: array<vec4f, 4>) {
  if (h < HEADS) {
    mixes[at] = four_values_on(four_values_on(mixes[at], w.a, a), w.b, b);
  }
}

fn four_values_on(mix: vec4f, w: vec4f, v: array<vec4f, 4>) -> vec4f {
  return mix_on(mix_on(mix_on(mix_on(mix, w.x, v[0]), w.y, v[1]), w.z, v[2]), w.w, v[3]);
}

@compute @workgroup_size(16)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 16 + lane;
  // Neighbours are tokens of one head, which see nearly the same slots.
  let token = i % params.T;
  let head = HEADS * (i / params.T);
  if (head >= params.heads) {
    return;
  }
  let width = params.head_dim / 4;
  let kv_head = head * params.kv_heads / params.heads;
  let own = (token * params.heads + head) * width;
  for (var d = 0u; d < HEADS * width; d++) {
    mixes[d] = vec4f();
  }
  let span = spans[token];
  var peaks = vec4f(LEAST);
  var masses = vec4f();
  for (var walk = 0u; walk < 2; walk++) {
    var place = 0u;
    for (var range = 0u; range < 2; range++) {
      let begin = select(span.x, span.z, range == 1);
      let end = select(span.y, span.w, range == 1);
      for (var slot = begin; slot < end; slot += 8) {
        // Past the end comes the last slot again: no score is larger for that, and it weighs nothing.
        let slots_a = slot + vec4u(0, 1, 2, 3);
        let slots_b = slot + vec4u(4, 5, 6, 7);
        let a = (min(slots_a, vec4u(end - 1)) * params.kv_heads + kv_head) * width;
        let b = (min(slots_b, vec4u(end - 1)) * params.kv_heads + kv_head) * width;
        let room = place + HEADS <= KEPT;
        // By name: a variable without a value keeps that of the turn before on some adapters.
        var s0 = Eight();
        var s1 = Eight();
        var s2 = Eight();
        var s3 = Eight();
        // SwiftShader computes both sides of an `if`, and leaves out only loops without a turn.
        for (var turn = 0u; turn < u32(walk == 0 || !room); turn++) {
          for (var d = 0u; d < width; d++) {
            let k = array(keys[a.x + d], keys[a.y + d], keys[a.z + d], keys[a.w + d]);
            let l = array(keys[b.x + d], keys[b.y + d], keys[b.z + d], keys[b.w + d]);
            s0 = products_on(0, s0, own + d, k, l);
            s1 = products_on(1, s1, own + width + d, k, l);
            s2 = products_on(2, s2, own + 2 * width + d, k, l);
            s3 = products_on(3, s3, own + 3 * width + d, k, l);
          }
          s0 = scores_of(0, s0);
          s1 = scores_of(1, s1);
          s2 = scores_of(2, s2);
          s3 = scores_of(3, s3);
        }
        for (var turn = 0u; turn < u32(walk == 0); turn++) {
          peaks = max(peaks, vec4f(largest(s0), largest(s1), largest(s2), largest(s3)));
        }
        for (var turn = 0u; turn < u32(walk == 0 && room); turn++) {
          keep(0, place, s0);
          keep(1, place, s1);
          keep(2, place, s2);
          keep(3, place, s3);
        }
        for (var turn = 0u; turn < u32(walk == 1 && room); turn++) {
          s0 = kept_at(0, place);
          s1 = kept_at(1, place);
          s2 = kept_at(2, place);
          s3 = kept_at(3, place);
        }
        for (var turn = 0u; turn < u32(walk == 1); turn++) {
          let some_a = slots_a < vec4u(end);
          let some_b = slots_b < vec4u(end);
          s0 = weights_of(0, s0, peaks.x, some_a, some_b);
          s1 = weights_of(1, s1, peaks.y, some_a, some_b);
          s2 = weights_of(2, s2, peaks.z, some_a, some_b);
          s3 = weights_of(3, s3, peaks.w, some_a, some_b);
          masses = vec4f(mass_on(masses.x, s0), mass_on(masses.y, s1), mass_on(masses.z, s2), mass_on(masses.w, s3));
          for (var d = 0u; d < width; d++) {
            let v = array(values[a.x + d], values[a.y + d], values[a.z + d], values[a.w + d]);
            let u = array(values[b.x + d], values[b.y + d], values[b.z + d], values[b.w + d]);
            add_values(0, d, s0, v, u);
            add_values(1, width + d, s1, v, u);
            add_values(2, 2 * width + d, s2, v, u);
            add_values(3, 3 * width + d, s3, v, u);
          }
        }
        place += HEADS;
      }
    }
  }
  for (var d = 0u; d < HEADS * width; d++) {
    y[own + d] = mixes[d] / masses[d / width];
  }
}
