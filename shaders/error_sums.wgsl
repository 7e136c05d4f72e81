// computes     sums[g] = (Σ|e|, Σe², Σw, Σw²) over 4096 weights, with e = w - code[nibble] · absmax of its block
// inputs       weight [n] f32, f16 or bf16 (DTYPE 0, 1, 2) · packed [n / 8] u32 and absmax [n / blocksize] f32 of
//              quantize_4bit · code [16] f32
// output       sums [n / 4096, 4] f32; the CPU adds them up, in double precision
// invocation   64 weights, 64 apart; the first one adds up its workgroup's
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against dequantizeBlockwise
struct Params { n: u32, blocksize: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> weight: array<u32>;
@group(0) @binding(2) var<storage, read> packed: array<u32>;
@group(0) @binding(3) var<storage, read> absmax: array<f32>;
@group(0) @binding(4) var<storage, read> code: array<f32>;
@group(0) @binding(5) var<storage, read_write> sums: array<vec4f>;

var<workgroup> lanes: array<vec4f, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let run = group.y * groups.x + group.x;
  var sum = vec4f();
  for (var j = 0u; j < 64; j++) {
    let i = run * 4096 + 64 * j + lane;
    if (i < params.n) {
      let w = bitcast<f32>(element_bits(weight[word_of(i)], i));
      let shift = 8 * ((i / 2) % 4) + 4 * (1 - i % 2);
      let e = w - code[(packed[i / 8] >> shift) & 15] * absmax[i / params.blocksize];
      sum += vec4f(abs(e), e * e, w, w * w);
    }
  }
  lanes[lane] = sum;
  workgroupBarrier();
  if (lane == 0 && run * 4096 < params.n) {
    for (var other = 1u; other < 64; other++) {
      sum += lanes[other];
    }
    sums[run] = sum;
  }
}
