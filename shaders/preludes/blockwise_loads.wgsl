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
  let words = packed[at];
  let first = scale_at(row.nested, (32 * at) >> params.block_shift);
  var second = first;
  if (params.block_shift < 5) {
    second = scale_at(row.nested, (32 * at + 16) >> params.block_shift);
  }
  return Load(words, first, second);
}

// The sums of two rows with the products of a load of each, whose inputs are staged from `at` on.
fn add_load(sums: Sums, at: u32, upper: Load, lower: Load) -> Sums {
  var s = sums;
  for (var i = 0u; i < 8; i++) {
    let a = four_of(upper.words[i / 2], 16 * (i % 2), scale_in(upper, i));
    s = add_staged(s, at + i, a, four_of(lower.words[i / 2], 16 * (i % 2), scale_in(lower, i)));
  }
  return s;
}

// Of its fours 0 to 7.
fn scale_in(load: Load, i: u32) -> Scale {
  if (i < 4) {
    return load.first;
  }
  return load.second;
}
