// computes     y[t, n] = round(Σ_k CA[t, k] · CB[n, k] · (SCA[t] · SCB[n]) · 6.200124e-5 + bias[n]), the sum in exact
//              integers; then, where there are outlier columns o, round(y + Σ_o round(x[t, o]) · round(CB[n, o] · SCB[n] / 127))
// inputs       x [M, K] f32 · columns [1 + K] of list_outliers · CA [M, K4] u32 and SCA [M] of int8_vectorwise_quant ·
//              CB [N, K4] u32, rows padded to whole words · SCB [N] f32 · bias [N] f32
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   SHARING lanes have 4 rows of the weight × 4 tokens, each every SHARING-th word of them; then 1 row × 1
//              token each
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against gemm_llm_int8.ts, and to the bit against
//              gemm_llm_int8.wgsl by tile_bits.gpu.test.ts
struct Params { M: u32, N: u32, K: u32, first_row: u32, threshold: f32, stride: u32, offset: u32, has_bias: u32, bias_row: u32 }

const LANES = 64u;
const SHARING = 32u;
// Odd, so that the sums of neighbouring lanes' rows and tokens begin in different banks.
const PITCH = SHARING + 1;

// Of each row and token what each lane summed up.
var<workgroup> parts: array<i32, LANES / SHARING * 16 * PITCH>;

fn keep(place: u32, sums: vec4i) {
  parts[place] = sums.x;
  parts[place + PITCH] = sums.y;
  parts[place + 2 * PITCH] = sums.z;
  parts[place + 3 * PITCH] = sums.w;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let share = lane / SHARING;
  let own = lane % SHARING;
  let row = 4 * (LANES / SHARING * group.x + share);
  let token = 4 * group.y;
  let K4 = row_words();
  // Rows and tokens past the end are copies of the last one; one token alone is most of what this form is for.
  let w = K4 * (params.first_row + min(row + vec4u(0, 1, 2, 3), vec4u(params.N - 1)));
  let a = K4 * min(token + vec4u(0, 1, 2, 3), vec4u(params.M - 1));
  let several = params.M - token > 1;
  var s0 = vec4i();
  var s1 = vec4i();
  var s2 = vec4i();
  var s3 = vec4i();
  for (var k = own; k < K4; k += SHARING) {
    let b = vec4u(CB[w.x + k], CB[w.y + k], CB[w.z + k], CB[w.w + k]);
    s0 += dots(CA[a.x + k], b);
    if (several) {
      s1 += dots(CA[a.y + k], b);
      s2 += dots(CA[a.z + k], b);
      s3 += dots(CA[a.w + k], b);
    }
  }
  let first = 16 * PITCH * share;
  keep(first + own, s0);
  keep(first + 4 * PITCH + own, s1);
  keep(first + 8 * PITCH + own, s2);
  keep(first + 12 * PITCH + own, s3);
  workgroupBarrier();
  if (own < 16) {
    var sum = 0;
    for (var i = 0u; i < SHARING; i++) {
      sum += parts[first + own * PITCH + i];
    }
    let t = token + own / 4;
    let r = row + own % 4;
    if (t < params.M && r < params.N) {
      write_one(t, r, sum, outlier_sum(t, params.first_row + r));
    }
  }
}
