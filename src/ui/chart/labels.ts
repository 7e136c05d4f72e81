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
