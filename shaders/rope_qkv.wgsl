// computes     of queries, keys and values that lie side by side: queries turned, keys turned and values into their slots
// inputs       qkv [T, heads + 2 · kv_heads, head_dim] f32 · turns [T, rotary_dim/2, 2] f32: cosine and sine
// output       turned [T, heads, head_dim] f32 · keys, values [.., kv_heads, head_dim] f32, from slot `first` on
// invocation   1 pair
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against rope_qkv.ts
struct Params { T: u32, heads: u32, kv_heads: u32, head_dim: u32, rotary_dim: u32, interleaved: u32, first: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<f32>;
@group(0) @binding(2) var<storage, read> turns: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> turned: array<f32>;
@group(0) @binding(4) var<storage, read_write> keys: array<f32>;
@group(0) @binding(5) var<storage, read_write> values: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64 + lane;
  let half = params.head_dim / 2;
  let row = params.heads + 2 * params.kv_heads;
  let token = i / half / row;
  let head = i / half % row;
  let pair = i % half;
  if (token >= params.T) {
    return;
  }
  let place = pair_at(pair);
  let at = (token * row + head) * params.head_dim + place.x;
  let value = vec2f(qkv[at], qkv[at + place.y]);
  if (head < params.heads) {
    let to = (token * params.heads + head) * params.head_dim + place.x;
    let own = turned_pair(value, token, pair);
    turned[to] = own.x;
    turned[to + place.y] = own.y;
    return;
  }
  let slot = (params.first + token) * params.kv_heads;
  if (head < params.heads + params.kv_heads) {
    let to = (slot + head - params.heads) * params.head_dim + place.x;
    let own = turned_pair(value, token, pair);
    keys[to] = own.x;
    keys[to + place.y] = own.y;
    return;
  }
  let to = (slot + head - params.heads - params.kv_heads) * params.head_dim + place.x;
  values[to] = value.x;
  values[to + place.y] = value.y;
}
