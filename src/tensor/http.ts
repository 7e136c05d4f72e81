import { LabError } from '../errors.ts';

/** A request that fails in a way that may pass is made so often; the waits between bridge some eight seconds. */
const MAX_TRIES = 5;

/** The wait before the second try; it doubles with each further one. */
const FIRST_WAIT_MS = 500;

/** A server that asks for a longer wait gets an error instead: nobody watches a still bar for minutes. */
const MAX_WAIT_MS = 60_000;

/** A connection that brings nothing for so long counts as lost; slow ones bring something every second. */
const STALL_MS = 30_000;

/** One try: what it fetches with `signal` ends when nothing was reported to `alive` for a while. */
export interface Try {
  readonly signal: AbortSignal;
  alive(): void;
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
 * Makes tries until one succeeds: lost connections, stalls and `mayPass` errors are repeated, other errors are final.
 * `retried('a.bin', signal, async (t) => (await request('a.bin', fetch, url, t)).text())`
 */
export async function retried<T>(
  name: string,
  signal: AbortSignal | undefined,
  once: (attempt: Try) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const error = await one();
    if ('value' in error) return error.value;
    if (signal?.aborted) throw new LabError('cancelled', `reading ${name} was cancelled`);
    if (!transient.has(error.failed)) throw error.failed;
    const waitMs = transient.get(error.failed) ?? FIRST_WAIT_MS * 2 ** (tries - 1);
    if (tries === MAX_TRIES || waitMs > MAX_WAIT_MS) {
      const why =
        tries === MAX_TRIES ? `${tries} tries` : `the server asks to wait ${Math.round(waitMs / 1000)} s`;
      throw new LabError('network', `${error.failed.message} (${why})`, { cause: error.failed });
    }
    await wait(waitMs, signal);
  }

  async function one(): Promise<{ value: T } | { failed: LabError }> {
    const stall = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        stall.abort(mayPass(`${name}: nothing arrived for ${STALL_MS / 1000} s`));
      }, STALL_MS);
    };
    alive();
    const both = signal ? AbortSignal.any([signal, stall.signal]) : stall.signal;
    try {
      return { value: await once({ signal: both, alive }) };
    } catch (error) {
      if (signal?.aborted) return { failed: new LabError('cancelled', name) };
      if (error instanceof LabError) return { failed: error };
      if (stall.signal.aborted) return { failed: stall.signal.reason as LabError };
      // What fetch and a broken body throw in every browser and in Node.
      if (!(error instanceof TypeError)) throw error;
      const lost = mayPass(`${name}: the connection failed (${error.message})`);
      lost.cause = error;
      return { failed: lost };
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

/**
 * One GET; resolves with 200, 206 or 416 and throws for all else: 404 and 410 'missing-file', 408, 425, 429 and 5xx
 * `mayPass`, others 'network'. `range` is a Range header such as `bytes=0-99`.
 */
export async function request(
  name: string,
  get: typeof fetch,
  url: string,
  attempt: Try,
  range?: string,
): Promise<Response> {
  const { signal } = attempt;
  const response = await unlessAborted(get(url, { signal, headers: range ? { Range: range } : {} }), signal);
  attempt.alive();
  const { status } = response;
  if (status === 200 || status === 206 || status === 416) return response;
  await discard(response);
  if (status === 404 || status === 410) {
    throw new LabError('missing-file', `${name} is not on the server (HTTP ${status} for ${url})`);
  }
  const message = `${name}: HTTP ${status} for ${url}`;
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    throw mayPass(message, retryAfterMs(response));
  }
  const why = status === 401 || status === 403 ? ': private, gated, misspelt, or the link has expired' : '';
  throw new LabError('network', message + why);
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
      attempt.alive();
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
