// computes     y[i] = act(x[i]), and with GATED act(x[i]) · up[i]; act by ACTIVATION:
//              0 silu · 1 gelu (of erf) · 2 gelu_tanh · 3 relu · 4 relu2, relu(x)² · 5 quick_gelu, x · sigmoid(1.702 x)
// inputs       x [n] f32 · up [n] f32, read with GATED alone
// output       y [n] f32
// invocation   1 element
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against activate.ts
struct Params { n: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> up: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

override ACTIVATION: u32 = 0;
override GATED: u32 = 0;

// v / (1 + exp(-z)). WGSL leaves exp of a large argument open; past 80 the result is 0 to float32 anyway.
fn sigmoid_of(z: f32, v: f32) -> f32 {
  return v / (1.0 + exp(min(-z, 80.0)));
}

// P(t) ≈ Φ(-a) exp(a²/2) / t for the normal tail Φ(-a), t = 1 / (1 + 0.3 a): least squares reweighted towards the
// least relative error, 1.1e-7 for a from 0 to 13.
const TAIL = array(
  0.119623266, 0.120845484, 0.0993474011, 0.130415581, -0.0571657931, 0.21011677, -0.159377419, 0.0361946544,
);

// v · Φ(v). Past 13 the tail is 0 to float32 anyway.
fn gelu(v: f32) -> f32 {
  let a = min(abs(v), 13.0);
  let t = 1.0 / (1.0 + 0.3 * a);
  var sum = 0.0;
  for (var k = 7; k >= 0; k--) {
    sum = (sum + TAIL[k]) * t;
  }
  let tail = exp(-0.5 * a * a) * sum;
  return select(v * tail, v - v * tail, v > 0.0);
}

fn act(v: f32) -> f32 {
  switch ACTIVATION {
    case 1: { return gelu(v); }
    // v / 2 · (1 + tanh(z)) = v / (1 + exp(-2 z)), z = sqrt(2 / π) · (v + 0.044715 v³)
    case 2: {
      let z = 0.7978845608028654 * (v + 0.044715 * v * v * v);
      return v / (1.0 + exp(min(-2.0 * z, 80.0)));
    }
    case 3: { return max(v, 0.0); }
    case 4: { return max(v, 0.0) * max(v, 0.0); }
    case 5: { return sigmoid_of(1.702 * v, v); }
    default: { return sigmoid_of(v, v); }
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64 + lane;
  if (i >= params.n) {
    return;
  }
  let activated = act(x[i]);
  if (GATED == 1) {
    y[i] = activated * up[i];
  } else {
    y[i] = activated;
  }
}
