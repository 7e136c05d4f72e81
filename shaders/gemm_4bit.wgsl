// computes     y[t, n] = round(Σ_k x[t, k] · round(code[nibble(n, k)] · scale[(n·K + k) / blocksize]) + round(bias[bias_row + n]))
// inputs       x [M, K] f32 · packed [N·K / 8] u32, even element in the high nibble of its byte ·
//              absmax [N·K / blocksize] f32 bits, or NESTED: bytes, places in nested_code [256], scaled by
//              nested_absmax [blocks / 256] f32 and moved by absmax_offset · code [16] f32 · bias [N] f32
// output       y [M, stride] f32, from column `offset`, for the N rows from first_row on
// invocation   4 rows of the weight × 8 tokens, all of K; only the code in shared memory
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

// Elements 4 to 7 of a word of eight.
fn upper(word: u32, scale: f32) -> vec4f {
  return lower(word >> 16, scale);
}

fn weight1(i: u32) -> f32 {
  let shift = 8 * ((i / 2) % 4) + 4 * (1 - i % 2);
  return rounded1(table[(packed[i / 8] >> shift) & 15] * scale_of(i / params.blocksize));
}

fn store(token: u32, row: u32, sums: vec4f) {
  if (token >= params.M) {
    return;
  }
  for (var r = 0u; r < min(4u, params.N - row); r++) {
    var value = sums[r];
    if (params.has_bias != 0) {
      value += rounded1(bias[params.bias_row + row + r]);
    }
    y[token * params.stride + params.offset + row + r] = rounded1(value);
  }
}

// K is no multiple of 8: rows are not aligned to words, so every element is fetched by itself.
fn unaligned(token: u32, row: u32) -> vec4f {
  var sums = vec4f();
  for (var k = 0u; k < params.K; k++) {
    let i = token * params.K + k;
    var w = vec4f();
    for (var r = 0u; r < min(4u, params.N - row); r++) {
      w[r] = weight1((params.first_row + row + r) * params.K + k);
    }
    sums += x[i / 4][i % 4] * w;
  }
  return sums;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (lane < 16) {
    table[lane] = code[lane];
  }
  workgroupBarrier();

  let row = 4 * id.x;
  let token = 8 * id.y;
  if (row >= params.N) {
    return;
  }
  if (params.K % 8 != 0) {
    for (var t = token; t < min(token + 8, params.M); t++) {
      store(t, row, unaligned(t, row));
    }
    return;
  }

  let K8 = params.K / 8;
  let words_per_block = params.blocksize / 8;
  // Rows and tokens past the end compute a copy of the last one and store nothing.
  let w = K8 * (params.first_row + min(vec4u(row, row + 1, row + 2, row + 3), vec4u(params.N - 1)));
  let a = 2 * K8 * min(vec4u(token, token + 1, token + 2, token + 3), vec4u(params.M - 1));
  let b = 2 * K8 * min(vec4u(token + 4, token + 5, token + 6, token + 7), vec4u(params.M - 1));
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  var s4 = vec4f();
  var s5 = vec4f();
  var s6 = vec4f();
  var s7 = vec4f();
  for (var k = 0u; k < K8; k++) {
    let at = w + k;
    let word = vec4u(packed[at.x], packed[at.y], packed[at.z], packed[at.w]);
    let block = at / words_per_block;
    let scale = vec4f(scale_of(block.x), scale_of(block.y), scale_of(block.z), scale_of(block.w));
    // A row vector times such a matrix is its four dot products with the four rows of the weight.
    let p = mat4x4f(lower(word.x, scale.x), lower(word.y, scale.y), lower(word.z, scale.z), lower(word.w, scale.w));
    let q = mat4x4f(upper(word.x, scale.x), upper(word.y, scale.y), upper(word.z, scale.z), upper(word.w, scale.w));
    let i = 2 * k;
    s0 += x[a.x + i] * p + x[a.x + i + 1] * q;
    s1 += x[a.y + i] * p + x[a.y + i + 1] * q;
    s2 += x[a.z + i] * p + x[a.z + i + 1] * q;
    s3 += x[a.w + i] * p + x[a.w + i + 1] * q;
    s4 += x[b.x + i] * p + x[b.x + i + 1] * q;
    s5 += x[b.y + i] * p + x[b.y + i + 1] * q;
    s6 += x[b.z + i] * p + x[b.z + i + 1] * q;
    s7 += x[b.w + i] * p + x[b.w + i + 1] * q;
  }
  store(token, row, s0);
  store(token + 1, row, s1);
  store(token + 2, row, s2);
  store(token + 3, row, s3);
  store(token + 4, row, s4);
  store(token + 5, row, s5);
  store(token + 6, row, s6);
  store(token + 7, row, s7);
}
