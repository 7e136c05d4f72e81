// The order in which every form of attention adds up, so that tiles, batches and places change no bit: a score is one
// sum over a head's components; weights are exp(score - the largest score); mass and mix are one sum each over the
// visible slots, the first range before the second. Put before the shaders of attention, behind softcap.wgsl.
const LEAST = -3.4e38;

fn dot_on(sum: f32, a: vec4f, b: vec4f) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}

fn mix_on(mix: vec4f, weight: f32, value: vec4f) -> vec4f {
  return fma(vec4f(weight), value, mix);
}

fn score_of(product: f32) -> f32 {
  return softcapped(product * params.scale, params.softcap);
}
