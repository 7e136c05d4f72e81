// What the reports of the two test runners come to, and the lines that npm test ends with.

/**
 * @typedef {object} Count
 * @property {number} passed
 * @property {number} failed
 * @property {{ tests: number, suite: string, why?: string }[]} skipped suites of which some tests did not run
 */

/** @type {() => Count} */
const noReport = () => ({ passed: 0, failed: 1, skipped: [] });

/**
 * Counts a report of `vitest --reporter=json`. A suite that can be skipped says in its title what it needs.
 * @param {any} report undefined where there is none
 * @returns {Count}
 */
export function countVitest(report) {
  if (!report) return noReport();
  const { numPassedTests: passed, numFailedTests: failed, testResults } = report;
  const suites = testResults.flatMap(({ assertionResults }) =>
    assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ ancestorTitles, title }) => ancestorTitles[0] ?? title),
  );
  return { passed, failed, skipped: tally(suites.map((suite) => ({ suite }))) };
}

/**
 * Counts a report of `playwright test --reporter=json`; it has the reason that was given to test.skip().
 * @param {any} report undefined where there is none
 * @returns {Count}
 */
export function countPlaywright(report) {
  if (!report) return noReport();
  const { expected, flaky, unexpected } = report.stats;
  const skipped = specsOf(report).flatMap(({ title, tests }) =>
    tests
      .filter(({ status }) => status === 'skipped')
      .map(({ annotations }) => ({
        suite: title,
        why: annotations.find(({ type }) => type === 'skip')?.description,
      })),
  );
  return { passed: expected + flaky, failed: unexpected, skipped: tally(skipped) };
}

/** @type {(suite: any) => any[]} */
const specsOf = ({ specs = [], suites = [] }) => [...specs, ...suites.flatMap(specsOf)];

/**
 * @param {{ suite: string, why?: string }[]} tests
 * @returns {Count['skipped']}
 */
function tally(tests) {
  const bySuite = new Map();
  for (const { suite, why } of tests) {
    const before = bySuite.get(suite)?.tests ?? 0;
    bySuite.set(suite, { tests: before + 1, suite, why });
  }
  return [...bySuite.values()];
}

/**
 * A line for each suite that was skipped, and the sum: `22 passed, 0 failed, 5 skipped`.
 * @param {Count[]} counts
 * @returns {string[]}
 */
export function lastLines(counts) {
  const skipped = counts.flatMap((count) => count.skipped);
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  return [
    ...skipped.map(({ tests, suite, why }) => `skipped ${tests}: ${suite}${why ? `: ${why}` : ''}`),
    `${sum(counts.map(({ passed }) => passed))} passed, ${sum(counts.map(({ failed }) => failed))} failed, ${sum(skipped.map(({ tests }) => tests))} skipped`,
  ];
}
