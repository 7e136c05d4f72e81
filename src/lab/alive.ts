/** A worker that can say that it is alive: it holds a lock, which goes with it however it ends. */
export interface Alive {
  /** Resolves when the worker holds the lock; it lets go of it only by its end. */
  hold(lock: string): Promise<void>;
}

/** Holds a lock of the page for as long as this worker lives. */
export const hold = (lock: string): Promise<void> =>
  new Promise((held, reject) => {
    navigator.locks
      .request(lock, () => {
        held();
        return new Promise<never>(() => undefined);
      })
      .catch(reject);
  });
