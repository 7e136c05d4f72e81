import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from '@playwright/test';
import { build, preview, type Connect, type Plugin, type PreviewServer } from 'vite';
import { CHROMIUM_ARGS, requireChromium } from '../../bin/chromium.mjs';
import { LabError } from '../errors.ts';
import type { Lab, NamedFile, RunRequest } from '../lab/protocol.ts';
import type { RunRecord, StoredItem } from '../study/record.ts';
import { diskFiles } from './disk.ts';
import type { Device, Folders } from './node_host.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The folders that can be given, each served and handed over under its name. */
const KINDS = ['model', 'data', 'adapter'] as const;

type Files = Pick<RunRequest, 'model_files' | 'data_files' | 'adapter_files'>;

/** Puts a run that is on disk into the browser's store. */
type Restore = (record: RunRecord, items: readonly StoredItem[]) => Promise<void>;

/**
 * Builds the lab for a page without a screen, serves it, opens it in headless Chromium and hands over the lab behind the
 * page's own worker, on the device that is asked for. Local folders are served beside it, readable only by this process'
 * browser, and come as `files` for a RunRequest.
 * @param options `served`: more folders by their path on the server. Code from there is not the page's own, so that its
 * content security policy is put aside.
 */
export async function withBrowserLab<T>(
  folders: Folders,
  { choice, forms }: Required<Device>,
  use: (lab: Lab, files: Files, runtime: string, restore: Restore, base: string) => Promise<T>,
  { served = {} }: { served?: Readonly<Record<string, string>> } = {},
): Promise<T> {
  const files: Partial<Record<keyof Files, NamedFile[]>> = {};
  for (const kind of KINDS) {
    const folder = folders[kind];
    if (folder) files[`${kind}_files`] = await addresses(kind, folder);
  }
  const executablePath = orNoBrowser(requireChromium);
  // A folder of its own: several command lines of one checkout may run at a time.
  const built = await mkdtemp(join(tmpdir(), 'nibble-page-'));
  await build({
    root: ROOT,
    logLevel: 'error',
    plugins: [ONE_PAGE],
    build: { outDir: built, emptyOutDir: true },
  });
  const server = await serve(folders, built, served);
  try {
    const browser = await chromium
      .launch({ executablePath, args: CHROMIUM_ARGS, ...OWN_SIGNALS })
      .catch(noBrowser);
    try {
      const page = await browser.newPage({ bypassCSP: Object.keys(served).length > 0 });
      const base = server.resolvedUrls!.local[0]!;
      return await orDead(browser, page, async () => {
        await page.goto(`${base}headless.html`);
        await page.waitForFunction(() => 'lab' in window);
        const runtime = await page.evaluate(() => navigator.userAgent);
        const restore: Restore = (record, items) =>
          page.evaluate(([run, rows]) => window.restore(run, rows), [record, items] as const);
        const lab = await labOf(page);
        await lab.useAdapter(choice);
        await lab.useForms(forms);
        return use(lab, absolute(files, base), runtime, restore, base);
      });
    } finally {
      await browser.close();
    }
  } finally {
    await server.close();
    await rm(built, { recursive: true, force: true });
  }
}

/** Builds the page without a screen alone: the one that people see takes five times as long. */
const ONE_PAGE: Plugin = {
  name: 'one-page',
  options: (options) => ({ ...options, input: join(ROOT, 'headless.html') }),
};

/** Signals are the command's: Playwright would end browser and process at once. */
const OWN_SIGNALS = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };

function orNoBrowser<T>(find: () => T): T {
  try {
    return find();
  } catch (error) {
    return noBrowser(error);
  }
}

/** Says in one sentence what Playwright tells in pages of what it tried. */
function noBrowser(error: unknown): never {
  const why = (error as Error).message.split('\n')[0]!.replace(/^browserType\.launch: /, '');
  throw new LabError('no-browser', `No Chromium could be started: ${why} --runtime node needs none.`, {
    cause: error,
  });
}

/** What `work` gives, as long as the browser lives. @throws interrupted once it does not. */
async function orDead<T>(browser: Browser, page: Page, work: () => Promise<T>): Promise<T> {
  let crashed = false;
  const dead = new Promise<never>((_, reject) => {
    const end = (what: string) => reject(new LabError('interrupted', `${what} ended before the run did.`));
    browser.once('disconnected', () => end('Chromium'));
    page.once('crash', () => {
      crashed = true;
      end("Chromium's page");
    });
  });
  dead.catch(() => undefined);
  try {
    return await Promise.race([work(), dead]);
  } catch (error) {
    // A call into the page may hear of the end before its event does.
    if (error instanceof LabError || (browser.isConnected() && !crashed && !page.isClosed())) throw error;
    throw new LabError('interrupted', 'Chromium ended before the run did.', { cause: error });
  }
}

/** The page's lab as if it were here: calls go in by evaluate, callbacks come out through an exposed function. */
async function labOf(page: Page): Promise<Lab> {
  let callback: (...args: never[]) => void = () => {};
  await page.exposeFunction('called', (args: never[]) => callback(...args));
  return {
    adapter: () => page.evaluate(() => window.lab.adapter()),
    useAdapter: (choice) => page.evaluate((wanted) => window.lab.useAdapter(wanted), choice),
    useForms: (names) => page.evaluate((wanted) => window.lab.useForms(wanted), names),
    cancel: () => page.evaluate(() => window.lab.cancel()),
    async run(request, onEvent) {
      callback = onEvent;
      const failure = await page.evaluate(
        (asked) =>
          window.lab
            .run(asked, (...args) => window.called(args))
            .then(
              () => undefined,
              // An error would come as a text.
              ({ code, message }: LabError) => ({ code, message }),
            ),
        request,
      );
      if (failure) throw new LabError(failure.code, failure.message);
    },
    saveCheckpoint: () => Promise.reject(new Error('the command line writes checkpoints itself')),
    measureTensor: () => Promise.reject(new Error('the command line measures whole models')),
    bench(request, onEvent) {
      callback = onEvent;
      return page.evaluate((asked) => window.lab.bench(asked, (...args) => window.called(args)), request);
    },
    selfCheck(onRow) {
      callback = onRow;
      return page.evaluate(() => window.lab.selfCheck((...args) => window.called(args)));
    },
  };
}

declare global {
  interface Window {
    called(args: unknown[]): void;
  }
}

const addresses = async (kind: keyof Folders, folder: string): Promise<NamedFile[]> =>
  (await diskFiles(folder)).names.map((path) => ({
    path,
    file: `${kind}-files/${path.split('/').map(encodeURIComponent).join('/')}`,
  }));

const absolute = (files: Files, base: string): Files =>
  Object.fromEntries(
    Object.entries(files).map(([kind, list]) => [
      kind,
      (list ?? []).map(({ path, file }) => ({ path, file: `${base}${file as string}` })),
    ]),
  );

async function serve(
  folders: Folders,
  built: string,
  served: Readonly<Record<string, string>>,
): Promise<PreviewServer> {
  const before = new Set(process.listeners('SIGTERM'));
  const server = await preview({
    root: ROOT,
    logLevel: 'error',
    build: { outDir: built },
    preview: { port: 0, host: '127.0.0.1' },
    plugins: [
      {
        name: 'local-folders',
        configurePreviewServer({ middlewares }) {
          for (const kind of KINDS) {
            const folder = folders[kind];
            if (folder) middlewares.use(`/${kind}-files`, sendFrom(resolve(folder)));
          }
          for (const [path, folder] of Object.entries(served)) {
            middlewares.use(`/${path}`, sendFrom(resolve(folder)));
          }
        },
      },
    ],
  });
  // Vite's server would end the process at SIGTERM, before what was measured is written.
  for (const added of process.listeners('SIGTERM').filter((each) => !before.has(each))) {
    process.off('SIGTERM', added);
  }
  return server;
}

/** Browsers run code by these types alone. */
const TYPES: Record<string, string> = { '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

/** Sends files of a folder, whole or by Range. */
function sendFrom(folder: string): Connect.NextHandleFunction {
  return (request, response) => {
    const path = resolve(
      join(folder, decodeURIComponent(new URL(request.url!, 'http://localhost').pathname)),
    );
    if (path.startsWith(folder + sep)) void send(path, request.headers.range, response);
    else response.writeHead(404).end();
  };
}

async function send(path: string, range: string | undefined, response: ServerResponse): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  const asked = /^bytes=(\d+)-(\d*)$/.exec(range ?? '');
  const begin = Number(asked?.[1] ?? 0);
  const last = Math.min(info.size - 1, asked?.[2] ? Number(asked[2]) : Infinity);
  response.writeHead(asked ? 206 : 200, {
    'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
    'Content-Length': last - begin + 1,
    ...(asked ? { 'Content-Range': `bytes ${begin}-${last}/${info.size}` } : {}),
  });
  createReadStream(path, { start: begin, end: last }).pipe(response);
}
