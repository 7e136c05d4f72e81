// What normalizes a token's values, summed by the LANES of a group; put behind group.wgsl and input_normed.wgsl. Each lane
// sums every LANES-th value.
fn prepare_norm(token: u32, lane: u32) {
  let begin = token * params.K;
  moved = 0.0;
  if (params.norm == 2) {
    var part = 0.0;
    for (var k = lane; k < params.K; k += LANES) {
      part += raw_at(begin + k);
    }
    moved = group_sum(part, lane) / f32(params.K);
  }
  var squares = 0.0;
  for (var k = lane; k < params.K; k += LANES) {
    let value = raw_at(begin + k) - moved;
    squares = fma(value, value, squares);
  }
  scale = 1.0 / sqrt(group_sum(squares, lane) / f32(params.K) + params.eps);
}
