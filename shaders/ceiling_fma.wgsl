// computes     sums[lane] = Σ of 32 numbers a, each a = a · factor + term, `times` times over
// inputs       starts [64 · groups] f32
// output       sums [64 · groups] f32
// invocation   32 · times fused products and sums, in eight vec4 that do not wait for each other
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against ceiling.ts
struct Params { groups: u32, times: u32, factor: f32, term: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> starts: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let g = group.y * groups.x + group.x;
  if (g >= params.groups) {
    return;
  }
  let place = g * 64 + lane;
  let start = starts[place];
  let factor = vec4f(params.factor);
  let term = vec4f(params.term);
  var a = vec4f(start);
  var b = vec4f(start + 1);
  var c = vec4f(start + 2);
  var d = vec4f(start + 3);
  var e = vec4f(start + 4);
  var f = vec4f(start + 5);
  var h = vec4f(start + 6);
  var j = vec4f(start + 7);
  for (var i = 0u; i < params.times; i++) {
    a = fma(a, factor, term);
    b = fma(b, factor, term);
    c = fma(c, factor, term);
    d = fma(d, factor, term);
    e = fma(e, factor, term);
    f = fma(f, factor, term);
    h = fma(h, factor, term);
    j = fma(j, factor, term);
  }
  let all = (a + b + c + d) + (e + f + h + j);
  sums[place] = all.x + all.y + all.z + all.w;
}
