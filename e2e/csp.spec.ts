import { expect, LONG, resultTable, runButton, runState, smallSpec, specHash, test } from './page.ts';

/** What code is kept from where it runs, and whether it was. */
async function tries(base: string): Promise<Record<string, boolean>> {
  // What a driver evaluates may do anything, but only until it waits.
  await new Promise((resolve) => setTimeout(resolve));
  const refused = async (work: () => unknown): Promise<boolean> => {
    try {
      await work();
      return false;
    } catch {
      return true;
    }
  };
  const make = Function;
  return {
    eval: await refused(() => globalThis.eval('1')),
    function: await refused(() => make('return 1')),
    foreign: await refused(() => fetch('https://example.org/')),
    own: await refused(() => fetch(new URL('favicon.svg', base))),
    markup:
      'document' in globalThis &&
      (await refused(() => {
        document.createElement('div').innerHTML = '<b>markup</b>';
      })),
  };
}

test('neither the page nor its workers run text as code or reach a foreign host', async ({
  browser,
  baseURL,
}) => {
  // A context of its own, since its complaints are what is asked for.
  const context = await browser.newContext({ baseURL: baseURL! });
  await context.route('https://example.org/**', (route) =>
    route.fulfill({ body: 'reached', headers: { 'Access-Control-Allow-Origin': '*' } }),
  );
  const page = await context.newPage();
  await page.goto(`/${await specHash(smallSpec())}`);
  await runButton(page).click();
  await expect(runState(page)).toHaveText('Done', LONG);
  const kept = { eval: true, function: true, foreign: true, own: false };
  expect(await page.evaluate(tries, page.url())).toEqual({ ...kept, markup: true });
  expect(await page.workers()[0]!.evaluate(tries, page.url())).toEqual({ ...kept, markup: false });
  await page.getByRole('link', { name: 'Open the results' }).click();
  await expect(resultTable(page)).toBeVisible();
  for (const worker of page.workers()) expect(await worker.evaluate(tries, page.url())).toMatchObject(kept);
  await context.close();
});
