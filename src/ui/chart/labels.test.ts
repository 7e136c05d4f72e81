import { expect, test } from 'vitest';
import { labelSide, lastOfCluster, spreadLabels, spreadMarks } from './labels.ts';

test('labels that share a column are moved apart, others stay', () => {
  const at = (x: number, y: number) => ({ x, y, width: 50 });
  expect(spreadLabels([at(0, 10), at(10, 10), at(200, 10)], 16)).toEqual([10, 26, 10]);
  expect(spreadLabels([at(0, 30), at(0, 20), at(0, 22)], 16)).toEqual([52, 20, 36]);
});

test('marks at one place stand side by side, marks above each other stay', () => {
  const at = (x: number, y = 0) => ({ x, top: y - 6, bottom: y + 6 });
  expect(spreadMarks([at(10), at(40), at(10)], 14)).toEqual([10, 40, 24]);
  expect(spreadMarks([at(50), at(10)], 14)).toEqual([50, 10]);
  expect(spreadMarks([at(10), at(10, 20)], 14)).toEqual([10, 10]);
});

test('a label takes the side that is free', () => {
  expect(labelSide(100, 60, [], [0, 400])).toBe('right');
  expect(labelSide(380, 60, [], [0, 400])).toBe('left');
  expect(labelSide(100, 60, [120], [0, 400])).toBe('left');
  expect(labelSide(100, 60, [120], [50, 400])).toBe('right');
  expect(labelSide(100, 60, [80, 120], [0, 400])).toBe('right');
});

test('a label stands behind the marks beside its own', () => {
  const marks = [0, 14, 28, 90].map((x) => ({ x, y: 5 }));
  expect(lastOfCluster(marks[0]!, marks, 24)).toBe(28);
  expect(lastOfCluster(marks[3]!, marks, 24)).toBe(90);
  expect(lastOfCluster({ x: 0, y: 50 }, marks, 24)).toBe(0);
});
