// computes     rope.wgsl of queries and of keys at once
// inputs       q [T, heads, head_dim] and k [T, kv_heads, head_dim] f32 · turns [T, rotary_dim/2, 2] f32: cosine and sine
// output       turned [T, heads, head_dim] f32 · keys [.., kv_heads, head_dim] f32, from slot `first` on
// invocation   1 pair
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against rope_pair.ts
struct Params { T: u32, heads: u32, kv_heads: u32, head_dim: u32, rotary_dim: u32, interleaved: u32, first: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(3) var<storage, read> turns: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> turned: array<f32>;
@group(0) @binding(5) var<storage, read_write> keys: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64 + lane;
  let half = params.head_dim / 2;
  let queries = params.T * params.heads;
  let head = i / half; // Counted over all tokens, the keys' behind the queries'.
  if (head >= queries + params.T * params.kv_heads) {
    return;
  }
  let place = pair_at(i % half);
  if (head < queries) {
    let at = head * params.head_dim + place.x;
    let value = turned_pair(vec2f(q[at], q[at + place.y]), head / params.heads, i % half);
    turned[at] = value.x;
    turned[at + place.y] = value.y;
    return;
  }
  let own = head - queries;
  let at = own * params.head_dim + place.x;
  let value = turned_pair(vec2f(k[at], k[at + place.y]), own / params.kv_heads, i % half);
  let to = params.first * params.kv_heads * params.head_dim + at;
  keys[to] = value.x;
  keys[to + place.y] = value.y;
}
