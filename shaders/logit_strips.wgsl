// computes     per strip of a band of the vocabulary: the largest logit, where it stands, and Σ exp(logit - largest)
// inputs       logits [R, V] f32, of the V entries from `first` on
// output       peaks [R, strips] (largest, sum) · places [R, strips] u32, the first of equals
// invocation   1 strip of 1 row
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against logit_strips.ts
struct Params { R: u32, V: u32, strip: u32, first: u32, strips: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read_write> peaks: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> places: array<u32>;

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
  var place = part.begin;
  var peak = logits[row + place];
  for (var v = part.begin + 1; v < part.end; v++) {
    let value = logits[row + v];
    let larger = value > peak;
    peak = select(peak, value, larger);
    place = select(place, v, larger);
  }
  var sum = 0.0;
  for (var v = part.begin; v < part.end; v++) {
    sum += exp(logits[row + v] - peak);
  }
  peaks[part.at] = vec2f(peak, sum);
  places[part.at] = params.first + place;
}
