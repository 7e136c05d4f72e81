import { LabError } from '../errors.ts';

/** How long a request is given; tests are less patient. */
export interface Patience {
  /** Tries in a row that bring nothing which is kept; the waits between five bridge some eight seconds. */
  readonly tries: number;
  /** The wait before the second try; it doubles with each further one. */
  readonly first_wait_ms: number;
  /** A server that asks for a longer wait gets an error instead: nobody watches a still bar for minutes. */
  readonly longest_wait_ms: number;
  /** A connection counts as lost that brings fewer than `least_bytes` in this time, be it none or a drip. */
  readonly stall_ms: number;
  readonly least_bytes: number;
}

/** Of the page and the command line: a kilobyte a second is slower than any network people use. */
export const PATIENCE: Patience = {
  tries: 5,
  first_wait_ms: 500,
  longest_wait_ms: 60_000,
  stall_ms: 30_000,
  least_bytes: 30_000,
};

/** One try: what it fetches with `signal` ends when too little was reported to `arrived` for a while. */
export interface Try {
  readonly signal: AbortSignal;
  /** The server has answered. */
  answered(): void;
  /** So many bytes came. */
  arrived(bytes: number): void;
  /** So many of them are kept and will not be asked for again. */
  kept(bytes: number): void;
}

/** Errors that may pass, with the wait the server asked for in milliseconds, if it did. */
const transient = new WeakMap<LabError, number | undefined>();

/** A 'network' error after which the next try may succeed: `throw mayPass('a.bin: HTTP 503', 2000)`. */
export function mayPass(message: string, waitMs?: number): LabError {
  const error = new LabError('network', message);
  transient.set(error, waitMs);
  return error;
}

/**
 * Makes tries until one succeeds: lost connections, stalls, drips and `mayPass` errors are repeated, other errors are
 * final. A try that kept as many bytes as a live connection brings begins the count anew, so that a download through a
 * network that cuts every connection still ends.
 * `retried('a.bin', signal, async (t) => (await request('a.bin', fetch, url, t)).text())`
 */
export async function retried<T>(
  name: string,
  signal: AbortSignal | undefined,
  once: (attempt: Try) => Promise<T>,
  patience: Patience = PATIENCE,
): Promise<T> {
  const { first_wait_ms, longest_wait_ms, stall_ms, least_bytes } = patience;
  for (let tries = 1; ; tries++) {
    const { kept, ...end } = await one();
    if ('value' in end) return end.value;
    const { failed } = end;
    if (signal?.aborted) throw new LabError('cancelled', `reading ${name} was cancelled`);
    if (!transient.has(failed)) throw failed;
    if (kept >= least_bytes) tries = 1;
    const waitMs = transient.get(failed) ?? first_wait_ms * 2 ** (tries - 1);
    if (tries === patience.tries || waitMs > longest_wait_ms) {
      const why =
        tries === patience.tries
          ? `${tries} tries`
          : `the server asks to wait ${Math.round(waitMs / 1000)} s`;
      throw new LabError('network', `${failed.message} (${why})`, { cause: failed });
    }
    await wait(waitMs, signal);
  }

  async function one(): Promise<{ kept: number } & ({ value: T } | { failed: LabError })> {
    const stall = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let lately = 0;
    let kept = 0;
    const watch = () => {
      clearTimeout(timer);
      lately = 0;
      timer = setTimeout(() => {
        const came = lately === 0 ? 'nothing' : `only ${lately} bytes`;
        if (lately >= least_bytes) watch();
        else stall.abort(mayPass(`${name}: ${came} arrived in ${stall_ms / 1000} s`));
      }, stall_ms);
    };
    watch();
    const attempt: Try = {
      signal: signal ? AbortSignal.any([signal, stall.signal]) : stall.signal,
      answered: watch,
      arrived: (bytes) => (lately += bytes),
      kept: (bytes) => (kept += bytes),
    };
    try {
      return { kept, value: await once(attempt) };
    } catch (error) {
      if (signal?.aborted) return { kept, failed: new LabError('cancelled', name) };
      if (error instanceof LabError) return { kept, failed: error };
      if (stall.signal.aborted) return { kept, failed: stall.signal.reason as LabError };
      // What fetch and a broken body throw in every browser and in Node.
      if (!(error instanceof TypeError)) throw error;
      const lost = mayPass(`${name}: the connection failed (${error.message})`);
      lost.cause = error;
      return { kept, failed: lost };
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Resolves after the time or as soon as the signal aborts. */
function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal?.aborted) done();
    else signal?.addEventListener('abort', done);
  });
}

/** The promise, or the signal's reason as soon as it aborts: a `fetch` that was handed in may not heed its signal. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    promise.finally(() => signal.removeEventListener('abort', abort)).then(resolve, reject);
  });
}

/** What of a request is not its address. */
export interface Asking {
  /** A Range header such as `bytes=0-99`. */
  range?: string | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * One GET; resolves with 200, where a range was asked for with 206 and 416 too, and throws for all else: 404 and 410
 * 'missing-file', 401 and 403 'needs-login', 408, 425, 429 and 5xx `mayPass`, others 'network'. A web page in place of
 * the file is 'network' as well: networks answer so before their login.
 */
export async function request(
  name: string,
  get: typeof fetch,
  url: string,
  attempt: Try,
  { range, headers }: Asking = {},
): Promise<Response> {
  const { signal } = attempt;
  const asked = { ...headers, ...(range ? { Range: range } : {}) };
  const response = await unlessAborted(get(url, { signal, headers: asked }), signal);
  attempt.answered();
  const { status } = response;
  const isPage = response.headers.get('Content-Type')?.startsWith('text/html') === true;
  if (status === 511 || (isPage && status < 300 && !name.endsWith('.html'))) {
    await discard(response);
    const sent = isPage ? 'a web page' : `HTTP ${status}`;
    throw new LabError(
      'network',
      `${name}: ${new URL(url).host} sent ${sent} in place of the file; does this network want a login first?`,
    );
  }
  if (status === 200 || (range && (status === 206 || status === 416))) return response;
  await discard(response);
  if (status === 404 || status === 410) {
    throw new LabError('missing-file', `${name} is not on the server (HTTP ${status} for ${url})`);
  }
  const message = `${name}: HTTP ${status} for ${url}`;
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    throw mayPass(message, retryAfterMs(response));
  }
  if (status === 401 || status === 403) {
    throw new LabError('needs-login', `${message}: private, gated, misspelt, or the link has expired`);
  }
  throw new LabError('network', message);
}

/** Retry-After is a number of seconds or a date. */
function retryAfterMs(response: Response): number | undefined {
  const value = response.headers.get('Retry-After')?.trim();
  if (!value) return undefined;
  if (/^[0-9]+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** Lets go of a body nobody reads, so that its connection is free. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined);
}

/** Hands on the body's chunks as they arrive; a body that breaks off throws what `retried` repeats. */
export async function readBody(
  response: Response,
  attempt: Try,
  onChunk: (chunk: Uint8Array) => void,
): Promise<void> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await unlessAborted(reader.read(), attempt.signal);
      if (done) return;
      attempt.arrived(value.byteLength);
      onChunk(value);
    }
  } catch (error) {
    reader.cancel().catch(() => undefined);
    throw error;
  }
}

/** Which bytes [begin, end) of how many an answer holds. */
export interface ContentRange {
  readonly begin: number;
  readonly end: number;
  readonly size: number;
}

/** `Content-Range: bytes 5-9/20` is {begin: 5, end: 10, size: 20}; `bytes * /0` (without the space) has begin = end = 0. */
export function contentRange(response: Response): ContentRange | undefined {
  const match = /^bytes (?:([0-9]+)-([0-9]+)|\*)\/([0-9]+)$/.exec(
    response.headers.get('Content-Range') ?? '',
  );
  if (!match) return undefined;
  const [, first, last, size] = match;
  return { begin: Number(first ?? 0), end: last === undefined ? 0 : Number(last) + 1, size: Number(size) };
}

/** The ETag if it stands for the exact bytes; a weak one (`W/"…"`) does not, and many servers send none. */
export function strongEtag(response: Response): string | undefined {
  const etag = response.headers.get('ETag');
  return etag && !etag.startsWith('W/') ? etag : undefined;
}
