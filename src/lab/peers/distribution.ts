/** The logarithm of the sum of a row's exponentials, in float64. */
export function logSumExp(row: Float32Array): number {
  let largest = -Infinity;
  for (const x of row) if (x > largest) largest = x;
  let sum = 0;
  for (const x of row) sum += Math.exp(x - largest);
  return largest + Math.log(sum);
}

/** KL(base ‖ other) of two rows of logits, in nats, in float64. */
export function klOf(base: Float32Array, other: Float32Array): number {
  const [zBase, zOther] = [logSumExp(base), logSumExp(other)];
  let kl = 0;
  for (let i = 0; i < base.length; i++) {
    const log = base[i]! - zBase;
    kl += Math.exp(log) * (log - (other[i]! - zOther));
  }
  // Of equal rows rounding may leave a little below zero.
  return Math.max(0, kl);
}
