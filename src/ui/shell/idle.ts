/** Calls back when the page has been quiet for a while; Safari has no requestIdleCallback. */
export function whenIdle(callback: () => void, afterMs: number): () => void {
  let idle: number | undefined;
  const timer = setTimeout(() => {
    if ('requestIdleCallback' in window) idle = requestIdleCallback(callback, { timeout: 5000 });
    else callback();
  }, afterMs);
  return () => {
    clearTimeout(timer);
    if (idle !== undefined) cancelIdleCallback(idle);
  };
}
