/** Numbers of which the smallest comes out first. */
export interface Heap {
  push(value: number): void;
  pop(): number | undefined;
}

/** A binary heap. */
export function makeHeap(): Heap {
  const values: number[] = [];
  return {
    push(value) {
      let at = values.length;
      values.push(value);
      for (let up = (at - 1) >> 1; at > 0 && values[up]! > value; at = up, up = (at - 1) >> 1) {
        values[at] = values[up]!;
        values[up] = value;
      }
    },
    pop() {
      const smallest = values[0];
      const value = values.pop();
      if (values.length === 0 || value === undefined) return smallest;
      let at = 0;
      for (;;) {
        let down = 2 * at + 1;
        if (down + 1 < values.length && values[down + 1]! < values[down]!) down++;
        if (down >= values.length || values[down]! >= value) break;
        values[at] = values[down]!;
        at = down;
      }
      values[at] = value;
      return smallest;
    },
  };
}
