// computes     x[i] = softcapped(x[i] · factor): softcap · tanh(x[i] · factor / softcap), or with softcap 0 the product
// inputs       x [n] f32
// output       x [n] f32, in place: embeddings, or the vocabulary's logits
// invocation   1 element
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against scale.ts
struct Params { n: u32, factor: f32, softcap: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64 + lane;
  if (i < params.n) {
    x[i] = softcapped(x[i] * params.factor, params.softcap);
  }
}
