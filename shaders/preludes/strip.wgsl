// The strips that a vocabulary is worked on in, all of a row before those of the next; put before the shaders whose
// parameters have R rows, V logits and `strip` of them in each.
struct Strip { row: u32, begin: u32, end: u32 }

// Strip i: where its row begins, and the logits of the row that are its own; none past the last row.
fn strip_at(i: u32) -> Strip {
  let strips = (params.V + params.strip - 1) / params.strip;
  if (i >= params.R * strips) {
    return Strip();
  }
  let begin = (i % strips) * params.strip;
  return Strip((i / strips) * params.V, begin, min(begin + params.strip, params.V));
}
