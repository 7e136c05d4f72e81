// The activations of MLPs, by number; put before the shaders that activate:
// 0 silu · 1 gelu (of erf) · 2 gelu_tanh · 3 relu · 4 relu2, relu(x)² · 5 quick_gelu, x · sigmoid(1.702 x)

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

fn activated(v: f32, activation: u32) -> f32 {
  switch activation {
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
