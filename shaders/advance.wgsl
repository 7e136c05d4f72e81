// computes     step += by; spans[0] = (0, 0, first, step + 1), the slots that the token at position `step` of a plain
//              sequence sees: all, or under a window the last of them; positions[0] = step + first_position
// inputs       step [1] u32: the position of the token before
// output       step [1], spans [1] vec4, positions [1] u32, ready for the next token: generation needs no word of the CPU
// invocation   the whole
// tested by    src/gpu/kernels/kernels.gpu.test.ts, against advance.ts
struct Params { by: u32, window: u32, first_position: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> step: array<u32>;
@group(0) @binding(2) var<storage, read_write> spans: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> positions: array<u32>;

@compute @workgroup_size(1)
fn main() {
  let at = step[0] + params.by;
  step[0] = at;
  let bounded = params.window != 0 && at + 1 > params.window;
  spans[0] = vec4u(0, 0, select(0u, at + 1 - params.window, bounded), at + 1);
  positions[0] = at + params.first_position;
}
