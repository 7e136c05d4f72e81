// computes     nested_absmax[⌈blocks / 256⌉] = mean of absmax, added up in the order of torch (torch_mean.ts)
// inputs       absmax [blocks] u32, the bits of float32s that are not negative
// output       nested_absmax [⌈blocks / 256⌉ + 1] u32, the bits of a float32 as its last
// invocation   1 of 32 sums that run side by side, in one group
// tested by    src/gpu/kernels/kernels.gpu.test.ts, to the bit against torchMean
struct Params { blocks: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> absmax: array<u32>;
@group(0) @binding(2) var<storage, read_write> nested_absmax: array<u32>;

var<workgroup> sums: array<u32, 32>;

// The sum of a column of rows of `width`: 16 rows at a time, then 16 such sums, then 16 of those.
fn column_sum(rows: u32, width: u32, column: u32) -> u32 {
  var of_256 = 0u;
  var of_4096 = 0u;
  var all = 0u;
  let sixteens = rows / 16;
  for (var sixteen = 0u; sixteen < sixteens; sixteen++) {
    var sum = 0u;
    for (var i = 0u; i < 16; i++) {
      sum = positive_sum(sum, absmax[(16 * sixteen + i) * width + column]);
    }
    of_256 = positive_sum(of_256, sum);
    if (sixteen % 16 == 15) {
      of_4096 = positive_sum(of_4096, of_256);
      of_256 = 0u;
    }
    if (sixteen % 256 == 255) {
      all = positive_sum(all, of_4096);
      of_4096 = 0u;
    }
  }
  var rest = 0u;
  for (var row = 16 * sixteens; row < rows; row++) {
    rest = positive_sum(rest, absmax[row * width + column]);
  }
  return positive_sum(positive_sum(positive_sum(rest, of_256), of_4096), all);
}

@compute @workgroup_size(32)
fn main(@builtin(local_invocation_index) lane: u32) {
  // Rows of eight values, or of one where there are fewer; four sums of rows run side by side.
  let lanes = select(8u, 1u, params.blocks < 8);
  let rows = params.blocks / lanes;
  let fours = rows / 4;
  if (lane < 4 * lanes) {
    sums[lane] = column_sum(fours, 4 * lanes, lane);
  }
  workgroupBarrier();
  if (lane != 0) {
    return;
  }
  // First the values that fill no row, then the lanes; the rows left over go to the first of their four sums.
  var total = 0u;
  for (var i = rows * lanes; i < params.blocks; i++) {
    total = positive_sum(total, absmax[i]);
  }
  for (var i = 0u; i < lanes; i++) {
    var sum = sums[i];
    for (var row = 4 * fours; row < rows; row++) {
      sum = positive_sum(sum, absmax[row * lanes + i]);
    }
    for (var four = 1u; four < 4; four++) {
      sum = positive_sum(sum, sums[four * lanes + i]);
    }
    total = positive_sum(total, sum);
  }
  nested_absmax[(params.blocks + 255) / 256] = bitcast<u32>(divide(bitcast<f32>(total), f32(params.blocks)));
}
