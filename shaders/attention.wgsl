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

fn products_on(sums: Eight, query: vec4f, a: array<vec4f, 4>, b: array<vec4f, 4>) -> Eight {
  return Eight(four_on(sums.a, query, a), four_on(sums.b, query, b));
}

fn four_on(sums: vec4f, query: vec4f, k: array<vec4f, 4>) -> vec4f {
  return vec4f(
    dot_on(sums.x, query, k[0]),
    dot_on(sums.y, query, k[1]),
    dot_on(sums.z, query, k[2]),
    dot_on(sums.w, query, k[3]),
  );
}

fn scores_of(products: Eight) -> Eight {
  return Eight(four_scores(products.a), four_scores(products.b));
}

fn four_scores(p: vec4f) -> vec4f {
  return vec4f(score_of(p.x), score_of(p.y), score_of(p.z), score_of(p.w));
}

fn largest(s: Eight) -> f32 {
  let m = max(s.a, s.b);
  return max(max(m.x, m.y), max(m.z, m.w));
}

fn weights_of(s: Eight, peak: f32, some_a: vec4<bool>, some_b: vec4<bool>) -> Eight {
  return Eight(select(vec4f(), exp(s.a - peak), some_a), select(vec4f(), exp(s.b - peak), some_b));
}

fn mass_on(mass: f32, w: Eight) -> f32 {
  return mass + w.a.x + w.a.y + w.a.z + w.a.w + w.b.x + w.b.y + w.b.z + w.b.w;
}

fn values_on(mix: vec4f, w: Eight, a: array<vec4f, 4>, b: array<vec4f, 4>) -> vec4f {
  return four_values_on(four_values_on(mix, w.a, a), w.b, b);
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
        var s0: Eight;
        var s1: Eight;
        var s2: Eight;
        var s3: Eight;
        // SwiftShader computes both sides of an `if`, and leaves out only loops without a turn.
        for (var turn = 0u; turn < u32(walk == 0 || !room); turn++) {
          var p0 = Eight();
          var p1 = Eight();
          var p2 = Eight();
          var p3 = Eight();
          for (var d = 0u; d < width; d++) {
            let k = array(keys[a.x + d], keys[a.y + d], keys[a.z + d], keys[a.w + d]);
            let l = array(keys[b.x + d], keys[b.y + d], keys[b.z + d], keys[b.w + d]);
            p0 = products_on(p0, q[own + d], k, l);
            if (HEADS > 1) {
              p1 = products_on(p1, q[own + width + d], k, l);
            }
            if (HEADS > 2) {
              p2 = products_on(p2, q[own + 2 * width + d], k, l);
            }
            if (HEADS > 3) {
              p3 = products_on(p3, q[own + 3 * width + d], k, l);
            }
          }
          s0 = scores_of(p0);
          if (HEADS > 1) {
            s1 = scores_of(p1);
          }
          if (HEADS > 2) {
            s2 = scores_of(p2);
          }
          if (HEADS > 3) {
            s3 = scores_of(p3);
          }
        }
        for (var turn = 0u; turn < u32(walk == 0 && room); turn++) {
          kept[place] = s0;
          if (HEADS > 1) {
            kept[place + 1] = s1;
          }
          if (HEADS > 2) {
            kept[place + 2] = s2;
          }
          if (HEADS > 3) {
            kept[place + 3] = s3;
          }
        }
        for (var turn = 0u; turn < u32(walk == 0); turn++) {
          peaks.x = max(peaks.x, largest(s0));
          if (HEADS > 1) {
            peaks.y = max(peaks.y, largest(s1));
          }
          if (HEADS > 2) {
            peaks.z = max(peaks.z, largest(s2));
          }
          if (HEADS > 3) {
            peaks.w = max(peaks.w, largest(s3));
          }
        }
        for (var turn = 0u; turn < u32(walk == 1 && room); turn++) {
          s0 = kept[place];
          if (HEADS > 1) {
            s1 = kept[place + 1];
          }
          if (HEADS > 2) {
            s2 = kept[place + 2];
          }
          if (HEADS > 3) {
            s3 = kept[place + 3];
          }
        }
        for (var turn = 0u; turn < u32(walk == 1); turn++) {
          let some_a = slots_a < vec4u(end);
          let some_b = slots_b < vec4u(end);
          s0 = weights_of(s0, peaks.x, some_a, some_b);
          masses.x = mass_on(masses.x, s0);
          if (HEADS > 1) {
            s1 = weights_of(s1, peaks.y, some_a, some_b);
            masses.y = mass_on(masses.y, s1);
          }
          if (HEADS > 2) {
            s2 = weights_of(s2, peaks.z, some_a, some_b);
            masses.z = mass_on(masses.z, s2);
          }
          if (HEADS > 3) {
            s3 = weights_of(s3, peaks.w, some_a, some_b);
            masses.w = mass_on(masses.w, s3);
          }
          for (var d = 0u; d < width; d++) {
            let v = array(values[a.x + d], values[a.y + d], values[a.z + d], values[a.w + d]);
            let u = array(values[b.x + d], values[b.y + d], values[b.z + d], values[b.w + d]);
            mixes[d] = values_on(mixes[d], s0, v, u);
            if (HEADS > 1) {
              mixes[width + d] = values_on(mixes[width + d], s1, v, u);
            }
            if (HEADS > 2) {
              mixes[2 * width + d] = values_on(mixes[2 * width + d], s2, v, u);
            }
            if (HEADS > 3) {
              mixes[3 * width + d] = values_on(mixes[3 * width + d], s3, v, u);
            }
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
