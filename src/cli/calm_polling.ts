/** Milliseconds between two questions whether the GPU is done; Node's timers know no shorter time. */
const BETWEEN = 1;

let calmed = false;

/**
 * Lets Dawn's binding for Node ask once a millisecond whether the GPU is done. By itself it asks again at once, with
 * `setImmediate`, as long as anything is awaited: half a million times a second, on a core that a GPU played by the
 * processor needs, and with garbage for each (webgpu 0.6.2; its `AsyncRunner`).
 */
export function calmPolling(): void {
  if (calmed) return;
  calmed = true;
  const immediately = globalThis.setImmediate;
  let polling = false;
  const calm = (poll: () => void) => {
    const asked = () => {
      polling = true;
      try {
        poll();
      } finally {
        polling = false;
      }
    };
    // The first question comes at once: what is done already need not wait. Those that follow from one come calmly.
    return polling ? setTimeout(asked, BETWEEN) : immediately(asked);
  };
  const replaced = (callback: (...values: unknown[]) => void, ...values: unknown[]): unknown =>
    isNative(callback) ? calm(callback) : immediately(callback, ...values);
  globalThis.setImmediate = Object.assign(replaced, immediately);
}

/** Dawn's question is a nameless function of native code; nobody else hands `setImmediate` such a one. */
function isNative(callback: unknown): callback is () => void {
  return (
    typeof callback === 'function' &&
    callback.name === '' &&
    Function.prototype.toString.call(callback).includes('[native code]')
  );
}
