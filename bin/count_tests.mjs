// What the reports of the two test runners come to, and the lines that npm test ends with.

/**
 * @typedef {object} Count
 * @property {number} passed
 * @property {number} failed
 * @property {{ tests: number, suite: string, why?: string | undefined }[]} skipped suites of which some tests did not run
 */

/**
 * @typedef {object} VitestReport what of its JSON is read
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {{ assertionResults: { status: string, ancestorTitles: string[], title: string }[] }[]} testResults
 */

/**
 * @typedef {{ title: string, tests: { status: string, annotations: { type: string, description?: string }[] }[] }} Spec
 * @typedef {{ specs?: Spec[], suites?: Suite[] }} Suite
 * @typedef {Suite & { stats: { expected: number, flaky: number, unexpected: number } }} PlaywrightReport
 */

/** @type {() => Count} */
const noReport = () => ({ passed: 0, failed: 1, skipped: [] });

/**
 * Counts a report of `vitest --reporter=json`. A suite that can be skipped says in its title what it needs.
 * @param {VitestReport | undefined} report undefined where there is none
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
 * @param {PlaywrightReport | undefined} report undefined where there is none
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

/** @type {(suite: Suite) => Spec[]} */
const specsOf = ({ specs = [], suites = [] }) => [...specs, ...suites.flatMap(specsOf)];

/**
 * @param {{ suite: string, why?: string | undefined }[]} tests
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
  /** @type {(numbers: number[]) => number} */
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  return [
    ...skipped.map(({ tests, suite, why }) => `skipped ${tests}: ${suite}${why ? `: ${why}` : ''}`),
    `${sum(counts.map(({ passed }) => passed))} passed, ${sum(counts.map(({ failed }) => failed))} failed, ${sum(skipped.map(({ tests }) => tests))} skipped`,
  ];
}
