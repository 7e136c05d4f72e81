/** A label that wants to stand at `y`, over the pixels `x` to `x + width`. */
export interface Label {
  x: number;
  y: number;
  width: number;
}

/**
 * Moves labels down as little as keeps any two that share pixels of x `gap` apart. Gives the new y of each, in the
 * order given: two at y 10 with gap 16 stand at 10 and 26.
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

/** A mark at `x` that takes the pixels `top` to `bottom`, its error bar included. */
export interface Mark {
  x: number;
  top: number;
  bottom: number;
}

/**
 * Moves marks to the right as little as keeps any two that would cover each other `gap` apart: at 10, 10 and 40 with
 * gap 14 they come to 10, 24 and 40. Marks that only share a column stay where they are. In the order given.
 */
export function spreadMarks(marks: readonly Mark[], gap: number): number[] {
  const spread = marks.map(({ x }) => x);
  const placed: number[] = [];
  for (const i of [...marks.keys()].sort((a, b) => marks[a]!.x - marks[b]!.x)) {
    const mark = marks[i]!;
    for (const j of placed) {
      const other = marks[j]!;
      const covers = mark.top <= other.bottom && other.top <= mark.bottom;
      if (covers && spread[i]! < spread[j]! + gap) spread[i] = spread[j]! + gap;
    }
    placed.push(i);
  }
  return spread;
}

/** The side of its mark that a label of `width` takes: the right one, unless only the left one is free. */
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
 * The x of the last mark in the row of marks that begins at `mark` and goes on to the right in steps below `gap`: a
 * label behind it covers none of them.
 */
export function lastOfCluster(
  mark: { x: number; y: number },
  marks: readonly { x: number; y: number }[],
  gap: number,
): number {
  const row = marks.filter(({ y }) => Math.abs(y - mark.y) < gap / 2).map(({ x }) => x);
  return row.sort((a, b) => a - b).reduce((last, x) => (x > last && x - last < gap ? x : last), mark.x);
}
