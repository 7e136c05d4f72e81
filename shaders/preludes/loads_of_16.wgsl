// Weights of 8 bits, 16 of them at a time and under one scale; in front of int8_loads.wgsl and bytes_loads.wgsl.
struct Load { words: vec4u, scale: f32 }

// The weights of a load.
fn load_size() -> u32 {
  return 16;
}

// The sums of two rows with the products of a load of each, whose inputs are staged from `at` on.
fn add_load(sums: Sums, at: u32, upper: Load, lower: Load) -> Sums {
  var s = sums;
  for (var i = 0u; i < 4; i++) {
    s = add_staged(s, at + i, four_of(upper.words[i], upper.scale), four_of(lower.words[i], lower.scale));
  }
  return s;
}
