import { expect, test } from 'vitest';
import { LabError, toFailure } from './errors.ts';

test('a message stays readable, however long the value that it shows', () => {
  const { message } = toFailure(
    new LabError('bad-config', `hidden_act is ${'a'.repeat(100_000)}; supported: silu.`),
  );
  expect(message.length).toBeLessThan(1200);
  expect(message).toMatch(/^hidden_act is a+ … a+; supported: silu\.$/);
});
