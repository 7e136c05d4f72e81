/**
 * The 256 values of bitsandbytes' signed dynamic 8-bit type, ascending (functional.py, create_dynamic_map(True, 7, 8)):
 * seven decades, each cut into twice as many steps as the one below, so that small and large absmax values keep about
 * the same relative error. 0 is value 127, 1 is value 255, and there is no -1.
 *
 * Bit for bit the table torch computes with AVX2 or AVX-512, as every published checkpoint holds it: its linspace
 * fuses multiply and add, which float64 does here.
 */
export const DYNAMIC_MAP: Float32Array<ArrayBuffer> = createDynamicMap();

function createDynamicMap(): Float32Array<ArrayBuffer> {
  const values = [0, 1];
  for (let decade = 0; decade < 7; decade++) {
    const edges = linspace(0.1, 1, 2 ** decade + 1);
    const scale = Math.fround(10 ** (decade - 6));
    for (let i = 0; i + 1 < edges.length; i++) {
      const middle = Math.fround(edges[i]! + edges[i + 1]!) / 2;
      const value = Math.fround(middle * scale);
      values.push(value, -value);
    }
  }
  return Float32Array.from(values).sort();
}

/** torch.linspace in float32: from the start up to the middle, from the end down to it, one rounding each. */
function linspace(start: number, end: number, count: number): number[] {
  const first = Math.fround(start);
  const step = Math.fround(Math.fround(end - first) / (count - 1));
  return Array.from({ length: count }, (_, i) =>
    Math.fround(i < count >> 1 ? step * i + first : end - step * (count - 1 - i)),
  );
}
