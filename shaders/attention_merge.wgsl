// computes     y[t, h] = Σ_j exp(largest_j - largest) · mix_j / Σ_j exp(largest_j - largest) · sum_j over a token's splits
// inputs       mixes [T, heads, splits, head_dim] f32 and stats [T, heads, splits] (largest, sum) of attention_split ·
//              spans [T] (begin, end, begin, end), which say how many of the splits are the token's
// output       y [T, heads, head_dim] f32
// invocation   1 vec4 of 1 head of 1 token
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against attention_merge.ts
struct Params { T: u32, heads: u32, head_dim: u32, splits: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> mixes: array<vec4f>;
@group(0) @binding(2) var<storage, read> stats: array<vec2f>;
@group(0) @binding(3) var<storage, read> spans: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64 + lane;
  let width = params.head_dim / 4;
  if (i >= params.T * params.heads * width) {
    return;
  }
  let head = i / width; // Counted over all tokens.
  let span = spans[head / params.heads];
  let seen = max(span.x, span.y) - span.x + max(span.z, span.w) - span.z;
  let splits = min(params.splits, (seen + 63) / 64);
  let first = head * params.splits;
  var peak = stats[first].x;
  for (var j = 1u; j < splits; j++) {
    peak = max(peak, stats[first + j].x);
  }
  var mass = 0.0;
  var mix = vec4f();
  for (var j = 0u; j < splits; j++) {
    let shrink = exp(stats[first + j].x - peak);
    mass = fma(shrink, stats[first + j].y, mass);
    mix = fma(vec4f(shrink), mixes[(first + j) * width + i % width], mix);
  }
  y[i] = mix / mass;
}
