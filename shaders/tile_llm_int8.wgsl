// computes     y[t, n] = round(Σ_k CA[t, k] · CB[n, k] · (SCA[t] · SCB[n]) · 6.200124e-5 + bias[n]), the sum in exact
//              integers; then, where there are outlier columns o, round(y + Σ_o round(x[t, o]) · round(CB[n, o] · SCB[n] / 127))
// inputs       x [M, K] f32 · columns [1 + K] of list_outliers · CA [M, K4] u32 and SCA [M] of int8_vectorwise_quant ·
//              CB [N, K4] u32, rows padded to whole words · SCB [N] f32 · bias [N] f32
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   4 rows of the weight × 4 tokens, all of K; a group fetches both together, DEPTH words of
//              four integers at a time
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against gemm_llm_int8.ts, and to the bit against
//              gemm_llm_int8.wgsl by tile_bits.gpu.test.ts
struct Params { M: u32, N: u32, K: u32, first_row: u32, threshold: f32, stride: u32, offset: u32, has_bias: u32, bias_row: u32 }

// A tile of 64 rows × 64 tokens.
const SIDE = 16u;
const LANES = SIDE * SIDE;
const SIZE = 4 * SIDE;
const DEPTH = 16u;
// Odd, so that rows side by side begin in different banks.
const PITCH = DEPTH + 1;
// From a lane's row or token to its next one.
const NEXT = SIDE * PITCH;

var<workgroup> xs: array<u32, SIZE * PITCH>;
var<workgroup> ws: array<u32, SIZE * PITCH>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = SIZE * group.xy;
  let at = vec2u(lane % SIDE, lane / SIDE);
  let K4 = row_words();
  var sums = array<vec4i, 4>();
  for (var k0 = 0u; k0 < K4; k0 += DEPTH) {
    for (var i = lane; i < SIZE * DEPTH; i += LANES) {
      let k = k0 + i % DEPTH;
      let place = i / DEPTH * PITCH + i % DEPTH;
      // What lies behind the last word adds nothing, rows and tokens past the end are copies of the last one.
      xs[place] = 0u;
      ws[place] = 0u;
      if (k < K4) {
        xs[place] = CA[min(first.y + i / DEPTH, params.M - 1) * K4 + k];
        ws[place] = CB[(params.first_row + min(first.x + i / DEPTH, params.N - 1)) * K4 + k];
      }
    }
    workgroupBarrier();
    let w = PITCH * at.x;
    let a = PITCH * at.y;
    for (var k = 0u; k < DEPTH; k++) {
      let b = vec4u(ws[w + k], ws[w + NEXT + k], ws[w + 2 * NEXT + k], ws[w + 3 * NEXT + k]);
      let c = vec4u(xs[a + k], xs[a + NEXT + k], xs[a + 2 * NEXT + k], xs[a + 3 * NEXT + k]);
      sums[0] += dots(c.x, b);
      sums[1] += dots(c.y, b);
      sums[2] += dots(c.z, b);
      sums[3] += dots(c.w, b);
    }
    workgroupBarrier();
  }
  // A lane's rows and tokens are SIDE apart, so that lanes side by side fetch and write side by side.
  let apart = vec4u(0, SIDE, 2 * SIDE, 3 * SIDE);
  write_tile(first.y + at.y + apart, first.x + at.x + apart, sums);
}
