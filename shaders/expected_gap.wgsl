// computes     per strip of a band of the vocabulary: Σ exp(base - largest base) · (base - logit), half of a Kullback-Leibler divergence
// inputs       base [R, V] and logits [R, V] f32, of the V entries from `first` on · peaks [R, strips] of base, by logit_strips
// output       gaps [R, strips] f32
// invocation   1 strip of 1 row
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against expected_gap.ts
struct Params { R: u32, V: u32, strip: u32, first: u32, strips: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> base: array<f32>;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> peaks: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> gaps: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64 + lane;
  let part = strip_at(i);
  if (part.begin == part.end) {
    return;
  }
  let row = part.row;
  let peak = peaks[part.at].x;
  var gap = 0.0;
  for (var v = part.begin; v < part.end; v++) {
    let value = base[row + v];
    gap += exp(value - peak) * (value - logits[row + v]);
  }
  gaps[part.at] = gap;
}
