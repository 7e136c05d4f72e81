// computes     y[t, h] = Σ_s softmax_s(softcapped(q[t, h] · keys[s, h'] · scale)) values[s, h'] over the slots token t
//              may see, as attention.wgsl, to the bit
// inputs       q [T, heads, head_dim] f32 · keys, values [slots, kv_heads, head_dim] f32, head h reading
//              h' = h · kv_heads / heads · spans [T] (begin, end, begin, end): two ranges of visible slots
// output       y [T, heads, head_dim] f32
// invocation   64 share 16 tokens × 1 head and walk the slots 32 at a time, twice: for the largest score, for the sums.
//              Of a tile's scores each has 2 tokens × 4 slots, of the sums 2 tokens × COLUMNS / 8 vec4 of components
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against attention.ts
struct Params { T: u32, heads: u32, kv_heads: u32, head_dim: u32, scale: f32, softcap: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> keys: array<vec4f>;
@group(0) @binding(3) var<storage, read> values: array<vec4f>;
@group(0) @binding(4) var<storage, read> spans: array<vec4u>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

// vec4s of a head, rounded up to 16, 32 or 64.
override COLUMNS: u32 = 64;

const TOKENS = 16u;
const SLOTS = 32u;
// vec4s of a head that a step brings, and the width of a row that keeps neighbours out of each other's banks.
const STEP = 8u;
const ROW = STEP + 1;

var<workgroup> queries: array<vec4f, TOKENS * ROW>;
var<workgroup> slot_keys: array<vec4f, SLOTS * ROW>;
var<workgroup> weights: array<f32, TOKENS * (SLOTS + 1)>;

// What the lane works on: its tokens `pair` and pair + 1 of the group, its slots or vec4s `place`, place + 8, …
var<private> pair: u32;
var<private> place: u32;
var<private> spans_a: vec4u;
var<private> spans_b: vec4u;
var<private> peaks: vec2f;
var<private> masses: vec2f;
var<private> a0: vec4f;
var<private> a1: vec4f;
var<private> a2: vec4f;
var<private> a3: vec4f;
var<private> a4: vec4f;
var<private> a5: vec4f;
var<private> a6: vec4f;
var<private> a7: vec4f;
var<private> b0: vec4f;
var<private> b1: vec4f;
var<private> b2: vec4f;
var<private> b3: vec4f;
var<private> b4: vec4f;
var<private> b5: vec4f;
var<private> b6: vec4f;
var<private> b7: vec4f;

// A tile of consecutive slots, and the group whose tokens look at it.
struct Tile { first: u32, end: u32, token: u32, head: u32, kv_head: u32 }

// A token's first or second range of visible slots.
fn range_of(span: vec4u, range: u32) -> vec2u {
  return select(span.xy, span.zw, range == 1);
}

// Whether any token of the group sees a slot of a tile in a range.
fn any_sees(tile: Tile, range: u32) -> bool {
  for (var t = tile.token; t < min(tile.token + TOKENS, params.T); t++) {
    let seen = range_of(spans[t], range);
    if (max(tile.first, seen.x) < min(tile.end, seen.y)) {
      return true;
    }
  }
  return false;
}

// The products of the lane's tokens with its four slots: those of the first token, then of the second.
fn products_of(tile: Tile, lane: u32) -> array<vec4f, 2> {
  let width = params.head_dim / 4;
  var s = vec4f();
  var r = vec4f();
  for (var begin = 0u; begin < width; begin += STEP) {
    let count = min(STEP, width - begin);
    workgroupBarrier();
    for (var i = lane; i < TOKENS * STEP; i += 64) {
      let token = min(tile.token + i / STEP, params.T - 1);
      if (i % STEP < count) {
        queries[i / STEP * ROW + i % STEP] = q[(token * params.heads + tile.head) * width + begin + i % STEP];
      }
    }
    for (var i = lane; i < SLOTS * STEP; i += 64) {
      let slot = min(tile.first + i / STEP, tile.end - 1);
      if (i % STEP < count) {
        slot_keys[i / STEP * ROW + i % STEP] =
          keys[(slot * params.kv_heads + tile.kv_head) * width + begin + i % STEP];
      }
    }
    workgroupBarrier();
    for (var d = 0u; d < count; d++) {
      let a = queries[pair * ROW + d];
      let b = queries[(pair + 1) * ROW + d];
      let k0 = slot_keys[place * ROW + d];
      let k1 = slot_keys[(place + 8) * ROW + d];
      let k2 = slot_keys[(place + 16) * ROW + d];
      let k3 = slot_keys[(place + 24) * ROW + d];
      s = vec4f(dot_on(s.x, a, k0), dot_on(s.y, a, k1), dot_on(s.z, a, k2), dot_on(s.w, a, k3));
      r = vec4f(dot_on(r.x, b, k0), dot_on(r.y, b, k1), dot_on(r.z, b, k2), dot_on(r.w, b, k3));
    }
  }
  return array(s, r);
}

// Which of the lane's four slots a token sees.
fn visible(tile: Tile, span: vec2u) -> vec4<bool> {
  let slots = tile.first + place + vec4u(0, 8, 16, 24);
  return (slots >= vec4u(max(tile.first, span.x))) & (slots < vec4u(min(tile.end, span.y)));
}

fn scores_of(products: vec4f) -> vec4f {
  return vec4f(score_of(products.x), score_of(products.y), score_of(products.z), score_of(products.w));
}

fn largest(scores: vec4f, seen: vec4<bool>) -> f32 {
  let s = select(vec4f(LEAST), scores, seen);
  return max(max(s.x, s.y), max(s.z, s.w));
}

fn weigh(token: u32, scores: vec4f, seen: vec4<bool>, peak: f32) {
  let w = select(vec4f(), exp(scores - peak), seen);
  let at = token * (SLOTS + 1) + place;
  weights[at] = w.x;
  weights[at + 8] = w.y;
  weights[at + 16] = w.z;
  weights[at + 24] = w.w;
}

// Adds a tile's slots to the sums, in their order. What a token does not see weighs 0 and is left out, whatever it holds.
fn add_values(tile: Tile) {
  let width = params.head_dim / 4;
  for (var slot = tile.first; slot < tile.end; slot++) {
    let a = weights[pair * (SLOTS + 1) + slot - tile.first];
    let b = weights[(pair + 1) * (SLOTS + 1) + slot - tile.first];
    masses += vec2f(a, b);
    // A column past the head's end reads whatever lies there, and is not written.
    let at = (slot * params.kv_heads + tile.kv_head) * width + place;
    let v0 = values[at];
    let v1 = values[at + 8];
    var v2: vec4f;
    var v3: vec4f;
    var v4: vec4f;
    var v5: vec4f;
    var v6: vec4f;
    var v7: vec4f;
    if (COLUMNS > 16) {
      v2 = values[at + 16];
      v3 = values[at + 24];
    }
    if (COLUMNS > 32) {
      v4 = values[at + 32];
      v5 = values[at + 40];
      v6 = values[at + 48];
      v7 = values[at + 56];
    }
    if (a != 0.0) {
      a0 = mix_on(a0, a, v0);
      a1 = mix_on(a1, a, v1);
      if (COLUMNS > 16) {
        a2 = mix_on(a2, a, v2);
        a3 = mix_on(a3, a, v3);
      }
      if (COLUMNS > 32) {
        a4 = mix_on(a4, a, v4);
        a5 = mix_on(a5, a, v5);
        a6 = mix_on(a6, a, v6);
        a7 = mix_on(a7, a, v7);
      }
    }
    if (b != 0.0) {
      b0 = mix_on(b0, b, v0);
      b1 = mix_on(b1, b, v1);
      if (COLUMNS > 16) {
        b2 = mix_on(b2, b, v2);
        b3 = mix_on(b3, b, v3);
      }
      if (COLUMNS > 32) {
        b4 = mix_on(b4, b, v4);
        b5 = mix_on(b5, b, v5);
        b6 = mix_on(b6, b, v6);
        b7 = mix_on(b7, b, v7);
      }
    }
  }
}

fn write_mix(token: u32, head: u32, column: u32, mix: vec4f, mass: f32) {
  let width = params.head_dim / 4;
  if (token < params.T && column < width) {
    y[(token * params.heads + head) * width + column] = mix / mass;
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let token = group.x * TOKENS;
  let head = group.y;
  let kv_head = head * params.kv_heads / params.heads;
  pair = 2 * (lane / 8);
  place = lane % 8;
  spans_a = spans[min(token + pair, params.T - 1)];
  spans_b = spans[min(token + pair + 1, params.T - 1)];

  // The slots that any token of the group sees in its first range, and in its second.
  var begins = vec2u(0xffffffff);
  var ends = vec2u();
  for (var t = token; t < min(token + TOKENS, params.T); t++) {
    let span = spans[t];
    let some = span.xz < span.yw;
    begins = select(begins, min(begins, span.xz), some);
    ends = select(ends, max(ends, span.yw), some);
  }

  peaks = vec2f(LEAST);
  masses = vec2f();
  for (var walk = 0u; walk < 2; walk++) {
    for (var range = 0u; range < 2; range++) {
      for (var first = begins[range]; first < ends[range]; first += SLOTS) {
        let tile = Tile(first, min(first + SLOTS, ends[range]), token, head, kv_head);
        if (!any_sees(tile, range)) {
          continue;
        }
        let products = products_of(tile, lane);
        let a = scores_of(products[0]);
        let b = scores_of(products[1]);
        let sees_a = visible(tile, range_of(spans_a, range));
        let sees_b = visible(tile, range_of(spans_b, range));
        if (walk == 0) {
          peaks = max(peaks, vec2f(largest(a, sees_a), largest(b, sees_b)));
        } else {
          weigh(pair, a, sees_a, peaks.x);
          weigh(pair + 1, b, sees_b, peaks.y);
          workgroupBarrier();
          add_values(tile);
        }
      }
    }
    if (walk == 0) {
      // The largest of the eight lanes that share two tokens.
      workgroupBarrier();
      let own = pair * (SLOTS + 1);
      weights[own + place] = peaks.x;
      weights[own + SLOTS + 1 + place] = peaks.y;
      workgroupBarrier();
      for (var i = 0u; i < 8; i++) {
        peaks = max(peaks, vec2f(weights[own + i], weights[own + SLOTS + 1 + i]));
      }
    }
  }

  write_mix(token + pair, head, place, a0, masses.x);
  write_mix(token + pair + 1, head, place, b0, masses.y);
  write_mix(token + pair, head, place + 8, a1, masses.x);
  write_mix(token + pair + 1, head, place + 8, b1, masses.y);
  if (COLUMNS > 16) {
    write_mix(token + pair, head, place + 16, a2, masses.x);
    write_mix(token + pair + 1, head, place + 16, b2, masses.y);
    write_mix(token + pair, head, place + 24, a3, masses.x);
    write_mix(token + pair + 1, head, place + 24, b3, masses.y);
  }
  if (COLUMNS > 32) {
    write_mix(token + pair, head, place + 32, a4, masses.x);
    write_mix(token + pair + 1, head, place + 32, b4, masses.y);
    write_mix(token + pair, head, place + 40, a5, masses.x);
    write_mix(token + pair + 1, head, place + 40, b5, masses.y);
    write_mix(token + pair, head, place + 48, a6, masses.x);
    write_mix(token + pair + 1, head, place + 48, b6, masses.y);
    write_mix(token + pair, head, place + 56, a7, masses.x);
    write_mix(token + pair + 1, head, place + 56, b7, masses.y);
  }
}
