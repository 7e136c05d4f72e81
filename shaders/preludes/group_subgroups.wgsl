// Sums over the LANES of a workgroup by way of its subgroups, whatever their size; in the place of group.wgsl. The order
// of the sum is the adapter's own.

var<workgroup> partials: array<f32, LANES>;

fn group_sum(part: f32, lane: u32) -> f32 {
  let sum = subgroupAdd(part);
  let size = subgroupAdd(1u);
  let own = subgroupExclusiveAdd(1u);
  // An earlier sum may still be read.
  workgroupBarrier();
  // One lane of each subgroup brings its sum.
  partials[lane] = select(0.0, sum, own == 0);
  workgroupBarrier();
  var all = 0.0;
  for (var i = own; i < LANES; i += size) {
    all += partials[i];
  }
  return subgroupAdd(all);
}
