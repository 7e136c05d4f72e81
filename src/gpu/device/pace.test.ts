import { expect, it } from 'vitest';
import { openPace } from './pace.ts';

/** A device of so many multiplications a millisecond, which computes one thing after the other. */
function timed(rate: number, handed: readonly { at: number; work: number }[]): number {
  let clock = 0;
  const pace = openPace(() => clock);
  const ends = handed.map(({ at }) => {
    clock = at;
    return pace.begin();
  });
  let free = 0;
  handed.forEach(({ at, work }, i) => {
    free = Math.max(free, at) + work / rate;
    clock = free;
    ends[i]!(work);
  });
  return pace.work_per_submit;
}

const many = (work: number) => Array.from({ length: 30 }, (_, i) => ({ at: i, work }));

it('comes to what a device does in half of a tenth of a second, passes in flight or not', () => {
  for (const rate of [1e7, 1e8, 1e9]) {
    expect(timed(rate, many(100 * rate))).toBeCloseTo(50 * rate, -6);
    const apart = many(100 * rate).map(({ at, work }) => ({ at: 1000 * at, work }));
    expect(timed(rate, apart)).toBeCloseTo(50 * rate, -6);
  }
});

it('stays within bounds, and leaves what is too short to be timed', () => {
  expect(timed(1e3, many(1e6))).toBeCloseTo(2.5e8, -6);
  expect(timed(1e10, many(1e12))).toBeCloseTo(2e11, -9);
  expect(timed(1e9, many(1e9))).toBe(2e9);
});
