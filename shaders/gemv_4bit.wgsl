// computes     y[t, n] = round(Σ_k x[t, k] · round(code[nibble(n, k)] · scale[(n·K + k) / blocksize]) + round(bias[bias_row + n]))
// inputs       x [M, K] f32 · packed [N·K / 8] u32, even element in the high nibble of its byte ·
//              absmax [N·K / blocksize] f32 bits, or NESTED: bytes, places in nested_code [256], scaled by
//              nested_absmax [blocks / 256] f32 and moved by absmax_offset · code [16] f32 · bias [N] f32
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   1 row of the weight × 1 token, all of K: for the few tokens of a decoding step
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against gemm_4bit.ts
override NESTED: u32 = 0;

struct Params {
  M: u32,
  N: u32,
  K: u32,
  first_row: u32,
  blocksize: u32,
  first_block: u32,
  absmax_offset: f32,
  stride: u32,
  offset: u32,
  has_bias: u32,
  bias_row: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> packed: array<u32>;
@group(0) @binding(3) var<storage, read> absmax: array<u32>;
@group(0) @binding(4) var<storage, read> nested_absmax: array<f32>;
@group(0) @binding(5) var<storage, read> nested_code: array<f32>;
@group(0) @binding(6) var<storage, read> code: array<f32>;
@group(0) @binding(7) var<storage, read> bias: array<f32>;
@group(0) @binding(8) var<storage, read_write> y: array<f32>;

var<workgroup> table: array<f32, 16>;

// The absmax of a block: as stored, or from its 8-bit code (double quantization).
fn scale_of(block: u32) -> f32 {
  if (NESTED == 0) {
    return bitcast<f32>(absmax[block]);
  }
  let place = (absmax[block / 4] >> (8 * (block % 4))) & 255;
  return nested_code[place] * nested_absmax[(params.first_block + block) / 256] + params.absmax_offset;
}

// Elements 0 to 3 of a word of eight.
fn lower(word: u32, scale: f32) -> vec4f {
  let v = vec4f(table[(word >> 4) & 15], table[word & 15], table[(word >> 12) & 15], table[(word >> 8) & 15]);
  return rounded(v * scale);
}

fn weight1(i: u32) -> f32 {
  let shift = 8 * ((i / 2) % 4) + 4 * (1 - i % 2);
  return rounded1(table[(packed[i / 8] >> shift) & 15] * scale_of(i / params.blocksize));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (lane < 16) {
    table[lane] = code[lane];
  }
  workgroupBarrier();

  let row = id.x;
  let token = id.y;
  if (row >= params.N) {
    return;
  }
  let n = params.first_row + row;
  let w = n * params.K;
  let a = token * params.K;
  var sum = 0.0;
  if (params.K % 8 == 0) {
    let words_per_block = params.blocksize / 8;
    for (var k = 0u; k < params.K / 8; k++) {
      let word = packed[w / 8 + k];
      let scale = scale_of((w / 8 + k) / words_per_block);
      let i = a / 4 + 2 * k;
      sum += dot(x[i], lower(word, scale)) + dot(x[i + 1], lower(word >> 16, scale));
    }
  } else {
    for (var k = 0u; k < params.K; k++) {
      sum += x[(a + k) / 4][(a + k) % 4] * weight1(w + k);
    }
  }
  if (params.has_bias != 0) {
    sum += rounded1(bias[params.bias_row + row]);
  }
  y[token * params.stride + params.offset + row] = rounded1(sum);
}
