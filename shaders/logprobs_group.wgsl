// computes     logprob[i] = the target's logit - log Σ_v exp(logits[row, v]), for wanted[i] = (row, target);
//              best[i] = the row's most likely token, the first of equals
// inputs       targets [W] f32 of pick_targets · peaks [R, strips] and places [R, strips] of logit_strips · wanted [W] (row, target)
// output       logprob [W] f32 · best [W] u32
// invocation   LANES share 1 wanted token, each every LANES-th strip of its row
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against logprobs.ts
struct Params { W: u32, strips: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> targets: array<f32>;
@group(0) @binding(2) var<storage, read> peaks: array<vec2f>;
@group(0) @binding(3) var<storage, read> places: array<u32>;
@group(0) @binding(4) var<storage, read> wanted: array<vec2u>;
@group(0) @binding(5) var<storage, read_write> logprob: array<f32>;
@group(0) @binding(6) var<storage, read_write> best: array<u32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = row_of(group, groups);
  if (i >= params.W) {
    return;
  }
  let row = wanted[i].x;
  let first = row * params.strips;
  let top = largest_strip(first, lane);
  var sum = 0.0;
  for (var s = lane; s < params.strips; s += LANES) {
    sum += peaks[first + s].y * exp(peaks[first + s].x - top.value);
  }
  let mass = group_sum(sum, lane);
  if (lane == 0) {
    logprob[i] = targets[i] - top.value - log(mass);
    best[i] = places[top.place];
  }
}
