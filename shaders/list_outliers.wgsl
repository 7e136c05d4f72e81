// computes     the columns whose bits are set in a mask, ascending, behind their number
// inputs       mask [K / 32] u32 of outlier_columns, bit k % 32 of word k / 32 for column k
// output       columns [1 + K] u32: how many, then which; what is behind them stays as it was
// invocation   32 columns, behind those of the words before
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against list_outliers.ts
struct Params { K: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> mask: array<u32>;
@group(0) @binding(2) var<storage, read_write> columns: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let words = (params.K + 31) / 32;
  if (id.x >= words) {
    return;
  }
  var next = 1u;
  for (var word = 0u; word < id.x; word++) {
    next += countOneBits(mask[word]);
  }
  for (var bits = mask[id.x]; bits != 0; bits &= bits - 1) {
    columns[next] = 32 * id.x + firstTrailingBit(bits);
    next++;
  }
  if (id.x == words - 1) {
    columns[0] = next - 1;
  }
}
