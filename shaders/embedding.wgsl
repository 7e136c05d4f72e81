// computes     y[t] = table[ids[t]]
// inputs       ids [T] u32 · table [rows, width] f32, f16 or bf16 (DTYPE 0, 1, 2): rows first_row to first_row + rows - 1
// output       y [T, width] f32; tokens of other rows are left alone, so a table in parts takes one dispatch a part
// invocation   1 element
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against embedding.ts
struct Params { T: u32, width: u32, first_row: u32, rows: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64 + lane;
  if (i >= params.T * params.width) {
    return;
  }
  let row = ids[i / params.width] - params.first_row; // Wraps to a huge number below first_row.
  if (row < params.rows) {
    let at = row * params.width + i % params.width;
    y[i] = bitcast<f32>(element_bits(table[word_of(at)], at));
  }
}
