/** A label that wants to stand at `y`, over the pixels `x` to `x + width`. */
export interface Label {
  x: number;
  y: number;
  width: number;
}

/**
 * Moves labels down as little as keeps any two that share pixels of x `gap` apart. Gives the new y of each, in the order
 * given: two at y 10 with gap 16 stand at 10 and 26.
 */
export function spreadLabels(labels: readonly Label[], gap: number): number[] {
  const placed: { label: Label; y: number }[] = [];
  const order = [...labels.keys()].sort((a, b) => labels[a]!.y - labels[b]!.y);
  const ys = labels.map(({ y }) => y);
  for (const i of order) {
    const label = labels[i]!;
    const rivals = placed.filter(
      ({ label: other }) => other.x < label.x + label.width && label.x < other.x + other.width,
    );
    let y = label.y;
    for (const rival of rivals.sort((a, b) => a.y - b.y)) if (Math.abs(y - rival.y) < gap) y = rival.y + gap;
    ys[i] = y;
    placed.push({ label, y });
  }
  return ys;
}

/**
 * Moves marks to the right as little as keeps any two `gap` apart, so that two at the same place are both seen:
 * 10, 10 and 40 with gap 14 become 10, 24 and 40. In the order given.
 */
export function spreadMarks(xs: readonly number[], gap: number): number[] {
  const spread = [...xs];
  let last = -Infinity;
  for (const i of [...xs.keys()].sort((a, b) => xs[a]! - xs[b]!)) {
    spread[i] = last = Math.max(xs[i]!, last + gap);
  }
  return spread;
}

/** Which side of its mark a label of `width` takes: the right one, unless only the left one is free. */
export function labelSide(
  x: number,
  width: number,
  others: readonly number[],
  [left, right]: readonly [number, number],
): 'left' | 'right' {
  if (x + width > right) return 'left';
  const crowded = others.some((other) => other > x && other <= x + width);
  const freeLeft = x - width >= left && !others.some((other) => other < x && other >= x - width);
  return crowded && freeLeft ? 'left' : 'right';
}

/**
 * The x of the last mark in the row of marks that begins at `mark` and goes on to the right in steps below `gap`: a label
 * behind it covers none of them.
 */
export function lastOfCluster(
  mark: { x: number; y: number },
  marks: readonly { x: number; y: number }[],
  gap: number,
): number {
  const row = marks.filter(({ y }) => Math.abs(y - mark.y) < gap / 2).map(({ x }) => x);
  return row.sort((a, b) => a - b).reduce((last, x) => (x > last && x - last < gap ? x : last), mark.x);
}
