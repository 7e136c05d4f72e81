import { badData, type DataRecord } from './records.ts';

/**
 * Which of `count` things each record's `field` names, from 0 on. It is one of `names`, or a number; whether those count
 * from 0 or from 1 is `from`, or what the file itself says: a 0 is in no list that counts from 1, and `count` in none from 0.
 * Throws LabError 'bad-data' for another value, and where the numbers say neither or both.
 */
export function placesOf(
  records: readonly DataRecord[],
  field: string,
  names: readonly string[],
  from?: 0 | 1,
): number[] {
  const count = names.length;
  const least = from ?? 0;
  const most = count - 1 + (from ?? 1);
  const found = records.map(({ where, value }) => {
    const written = String(value[field]);
    const named = names.indexOf(written);
    if (named >= 0) return { named };
    const number = /^\d$/.test(written) ? Number(written) : NaN;
    if (number >= least && number <= most) return { number };
    const numbers = Array.from({ length: most - least + 1 }, (_, i) => least + i);
    return badData(where, field, value[field], [...names, ...numbers].join(', '));
  });
  const begin =
    from ??
    begins(
      records,
      field,
      found.flatMap(({ number }) => number ?? []),
      count,
    );
  return found.map(({ named, number }) => named ?? number - begin);
}

/** The number that the first of `count` things has. */
function begins(
  records: readonly DataRecord[],
  field: string,
  numbers: readonly number[],
  count: number,
): 0 | 1 {
  const [zero, last] = [numbers.includes(0), numbers.includes(count)];
  if (zero !== last || numbers.length === 0) return zero ? 0 : 1;
  const file = records[0]!.where.replace(/, (line|row) \d+$/, '');
  const range = `${Math.min(...numbers)} to ${Math.max(...numbers)}`;
  return badData(
    file,
    field,
    range,
    `0 to ${count - 1} or 1 to ${count}, with a 0 or a ${count} that tells which`,
  );
}
