// The strips that a band of the vocabulary is worked on in, all of a row before those of the next; put before the shaders
// whose parameters have R rows, V logits of the band in each, `strip` of them in a strip, the vocabulary's entry `first`
// that the band begins with, and the `strips` that a row of the whole vocabulary has.
struct Strip { row: u32, begin: u32, end: u32, at: u32 }

// Strip i of the band: where its row begins, the logits of the row that are its own, and its place among all strips of
// all rows; no logits past the last row.
fn strip_at(i: u32) -> Strip {
  let here = (params.V + params.strip - 1) / params.strip;
  if (i >= params.R * here) {
    return Strip();
  }
  let row = i / here;
  let begin = (i % here) * params.strip;
  let at = row * params.strips + params.first / params.strip + i % here;
  return Strip(row * params.V, begin, min(begin + params.strip, params.V), at);
}
