// 4-bit codes 16 bytes at a time, for forms whose lanes read side by side; the words as in blockwise_words.wgsl.
// packed [N·K / 32] vec4u
@group(0) @binding(4) var<storage, read> packed: array<vec4u>;

fn word_at(i: u32) -> u32 {
  return packed[i / 4][i % 4];
}

// The weights of a load, and whether each lies in one and its halves within a block.
fn load_size() -> u32 {
  return 32;
}

fn loads_fit() -> bool {
  return params.K % 32 == 0 && params.block_shift >= 4;
}

struct Load { words: vec4u, first: Scale, second: Scale }

fn load_of(row: Row, k: u32) -> Load {
  let at = row.first / 32 + k;
  let first = scale_at(block_of(32 * at));
  if (params.block_shift >= 5) {
    return Load(packed[at], first, first);
  }
  return Load(packed[at], first, scale_at(block_of(32 * at + 16)));
}

// The sums of two rows with the products of a load of each, whose inputs are staged from `at` on.
fn add_load(sums: Sums, at: u32, upper: Load, lower: Load) -> Sums {
  var s = add_word(sums, at, vec2u(upper.words.x, lower.words.x), upper.first, lower.first);
  s = add_word(s, at + 2, vec2u(upper.words.y, lower.words.y), upper.first, lower.first);
  s = add_word(s, at + 4, vec2u(upper.words.z, lower.words.z), upper.second, lower.second);
  return add_word(s, at + 6, vec2u(upper.words.w, lower.words.w), upper.second, lower.second);
}

fn add_word(sums: Sums, at: u32, words: vec2u, upper: Scale, lower: Scale) -> Sums {
  let s = add_staged(sums, at, four_of(words.x, upper), four_of(words.y, lower));
  return add_staged(s, at + 1, four_of(words.x >> 16, upper), four_of(words.y >> 16, lower));
}
