// The strip of a row whose largest logit is the row's, the first of equals, found by one lane; put before shaders that declare peaks.
fn top_strip(first: u32) -> u32 {
  var top = first;
  for (var s = first + 1; s < first + params.strips; s++) {
    if (peaks[s].x > peaks[top].x) {
      top = s;
    }
  }
  return top;
}
