/** Memory that the CPU quantizes in, used again for each piece: the garbage of a checkpoint would be as large as it. */
export interface CpuRoom {
  floats(length: number): Float32Array<ArrayBuffer>;
  integers(length: number): Int8Array<ArrayBuffer>;
}

/** Room that grows to the largest piece. */
export function cpuRoom(): CpuRoom {
  let floats = new Float32Array(0);
  let integers = new Int8Array(0);
  return {
    floats(length) {
      if (floats.length < length) floats = new Float32Array(length);
      return floats.subarray(0, length);
    },
    integers(length) {
      if (integers.length < length) integers = new Int8Array(length);
      return integers.subarray(0, length).fill(0);
    },
  };
}
