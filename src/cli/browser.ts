import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from '@playwright/test';
import { build, preview, type Connect, type PreviewServer } from 'vite';
import { CHROMIUM_ARGS, requireChromium } from '../../bin/chromium.mjs';
import type { Lab, NamedFile, RunRequest } from '../lab/protocol.ts';
import { diskFiles } from './disk.ts';
import type { Folders } from './node_host.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The folders that can be given, each served and handed over under its name. */
const KINDS = ['model', 'data', 'adapter'] as const;

type Files = Pick<RunRequest, 'model_files' | 'data_files' | 'adapter_files'>;

/**
 * Builds the app, serves it, opens it in headless Chromium and hands over the lab behind the page's own worker.
 * Local folders are served beside it, readable only by this process' browser, and come as `files` for a RunRequest.
 */
export async function withBrowserLab<T>(
  folders: Folders,
  use: (lab: Lab, files: Files, runtime: string) => Promise<T>,
): Promise<T> {
  const files: Partial<Record<keyof Files, NamedFile[]>> = {};
  for (const kind of KINDS) {
    const folder = folders[kind];
    if (folder) files[`${kind}_files`] = await addresses(kind, folder);
  }
  await build({ root: ROOT, logLevel: 'error' });
  const server = await serve(folders);
  const browser = await chromium.launch({ executablePath: requireChromium(), args: CHROMIUM_ARGS });
  try {
    const page = await browser.newPage();
    const base = server.resolvedUrls!.local[0]!;
    await page.goto(`${base}headless.html`);
    await page.waitForFunction(() => 'lab' in window);
    const runtime = await page.evaluate(() => navigator.userAgent);
    return await use(await labOf(page), absolute(files, base), runtime);
  } finally {
    await browser.close();
    await server.close();
  }
}

/** The page's lab as if it were here: calls go in by evaluate, callbacks come out through an exposed function. */
async function labOf(page: Page): Promise<Lab> {
  let callback: (...args: never[]) => void = () => {};
  await page.exposeFunction('called', (args: never[]) => callback(...args));
  return {
    adapter: () => page.evaluate(() => window.lab.adapter()),
    cancel: () => page.evaluate(() => window.lab.cancel()),
    run(request, onEvent) {
      callback = onEvent;
      return page.evaluate((asked) => window.lab.run(asked, (...args) => window.called(args)), request);
    },
    saveCheckpoint: () => Promise.reject(new Error('the command line writes checkpoints itself')),
    measureTensor: () => Promise.reject(new Error('the command line measures whole models')),
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

function serve(folders: Folders): Promise<PreviewServer> {
  return preview({
    root: ROOT,
    logLevel: 'error',
    preview: { port: 0, host: '127.0.0.1' },
    plugins: [
      {
        name: 'local-folders',
        configurePreviewServer(server) {
          for (const kind of KINDS) {
            const folder = folders[kind];
            if (folder) server.middlewares.use(`/${kind}-files`, sendFrom(resolve(folder)));
          }
        },
      },
    ],
  });
}

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
    'Content-Type': 'application/octet-stream',
    'Content-Length': last - begin + 1,
    ...(asked ? { 'Content-Range': `bytes ${begin}-${last}/${info.size}` } : {}),
  });
  createReadStream(path, { start: begin, end: last }).pipe(response);
}
