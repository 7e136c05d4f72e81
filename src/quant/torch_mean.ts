/** Values added side by side in one vector register: eight float32 of AVX2. */
const LANES = 8;

/** Sums of rows that run side by side, to hide the latency of an addition. */
const INTERLEAVED = 4;

/** Additions after which a partial sum moves up a level, so that small values are not lost in a large sum. */
const CASCADE = 16;

const { fround } = Math;

/**
 * The float32 mean of a vector, addition by addition as torch computes it on a CPU in one thread
 * (aten/src/ATen/native/cpu/SumKernel.cpp, cascade_sum). Double quantization subtracts it, and a mean one float32
 * beside moves codes. From 32,768 values on torch shares the sum among threads, and its last bit depends on them.
 */
export function torchMean(values: Float32Array): number {
  const n = values.length;
  if (n === 0) return 0;
  const lanes = n < LANES ? 1 : LANES;
  const whole = n - (n % lanes);
  const sums = laneSums(values.subarray(0, whole), lanes);
  // Last come the values that fill no row, then the lanes, one by one.
  let total = 0;
  if (lanes === 1) total = sums[0]!;
  else for (const value of [...values.subarray(whole), ...sums]) total = fround(total + value);
  return fround(total / n);
}

/** The sum of each lane: four interleaved sums of rows, the rows left over going to the first. */
function laneSums(values: Float32Array, lanes: number): Float32Array {
  const rows = values.length / lanes;
  const quarter = Math.floor(rows / INTERLEAVED);
  const sums = cascadeSum(values.subarray(0, quarter * INTERLEAVED * lanes), INTERLEAVED * lanes);
  const parts = Array.from({ length: INTERLEAVED }, (_, i) => sums.slice(i * lanes, (i + 1) * lanes));
  for (let row = quarter * INTERLEAVED; row < rows; row++) {
    addTo(parts[0]!, values.subarray(row * lanes, (row + 1) * lanes));
  }
  return inOrder(parts);
}

/** The sum of rows of `width`: 16 at a time, then 16 such sums, then 16 of those. */
function cascadeSum(values: Float32Array, width: number): Float32Array {
  const levels = Array.from({ length: 4 }, () => new Float32Array(width));
  const rows = values.length / width;
  for (let row = 0; row < rows; row++) {
    addTo(levels[0]!, values.subarray(row * width, (row + 1) * width));
    for (let level = 1; level < levels.length && (row + 1) % CASCADE ** level === 0; level++) {
      addTo(levels[level]!, levels[level - 1]!);
      levels[level - 1]!.fill(0);
    }
  }
  return inOrder(levels);
}

/** ((a + b) + c) + d, lane by lane. */
function inOrder([first, ...others]: Float32Array[]): Float32Array {
  const sum = first!.slice();
  others.forEach((other) => addTo(sum, other));
  return sum;
}

/** A Float32Array rounds each sum as it is stored. */
function addTo(sums: Float32Array, row: Float32Array): void {
  for (let i = 0; i < sums.length; i++) sums[i] = sums[i]! + row[i]!;
}
