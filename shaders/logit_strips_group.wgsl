// computes     per strip of a band of the vocabulary: the largest logit, where it stands, and Σ exp(logit - largest)
// inputs       logits [R, V] f32, of the V entries from `first` on
// output       peaks [R, strips] (largest, sum) · places [R, strips] u32, the first of equals
// invocation   LANES share 1 strip of 1 row, each every LANES-th logit of it
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against logit_strips.ts
struct Params { R: u32, V: u32, strip: u32, first: u32, strips: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read_write> peaks: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> places: array<u32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = row_of(group, groups);
  let part = strip_at(i);
  if (part.begin == part.end) {
    return;
  }
  let row = part.row;
  // A lane without a logit of its own brings the first.
  var own = Largest(logits[row + part.begin], part.begin);
  for (var v = part.begin + lane; v < part.end; v += LANES) {
    own = larger(own, Largest(logits[row + v], v));
  }
  let top = group_largest(own, lane);
  var sum = 0.0;
  for (var v = part.begin + lane; v < part.end; v += LANES) {
    sum += exp(logits[row + v] - top.value);
  }
  let mass = group_sum(sum, lane);
  if (lane == 0) {
    peaks[part.at] = vec2f(top.value, mass);
    places[part.at] = params.first + top.place;
  }
}
