// How a pair of a head's components turns; put before the shaders of rotary positions.

// Where a pair lies in its head: its first component, and how far from it the second.
fn pair_at(pair: u32) -> vec2u {
  let pairs = params.rotary_dim / 2;
  let paired = pair < pairs && params.interleaved == 0;
  return vec2u(select(2 * pair, pair, paired), select(1u, pairs, paired));
}

// A pair turned by the angle of its token; those from rotary_dim on as they are.
fn turned_pair(value: vec2f, token: u32, pair: u32) -> vec2f {
  let pairs = params.rotary_dim / 2;
  if (pair >= pairs) {
    return value;
  }
  let turn = turns[token * pairs + pair];
  return vec2f(value.x * turn.x - value.y * turn.y, value.y * turn.x + value.x * turn.y);
}
