/** A page that is read again rests at least so long, so that its reader can read, too. */
const LEAST_REST_MS = 1500;

/** And this many times as long as the reading took: comparing thousands of answers takes a while. */
const REST_PER_READING = 4;

/**
 * Reads something, and goes on reading it if `again`, with a rest between. Gives what ends it; nothing is handed out
 * after that.
 */
export function pollRun<T>(
  read: () => Promise<T>,
  onread: (value: T) => void,
  onfailure: (error: unknown) => void,
  again: boolean,
): () => void {
  let ended = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const once = async () => {
    const begun = performance.now();
    try {
      const value = await read();
      if (!ended) onread(value);
    } catch (error) {
      if (!ended) onfailure(error);
    }
    const rest = Math.max(LEAST_REST_MS, REST_PER_READING * (performance.now() - begun));
    if (again && !ended) timer = setTimeout(() => void once(), rest);
  };
  void once();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
