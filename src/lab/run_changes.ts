/** The channel on which tabs and workers of the page hear which run has changed in the store. */
const CHANNEL = 'nibble-runs';

/** Changes of one run are told no more often: items may come faster than anybody reads. */
const REST_MS = 300;

let channel: BroadcastChannel | undefined;
const resting = new Map<string, 'told' | 'to tell'>();

/** Tells everybody else, in this tab and others, that a run was changed: at once, and once more after a rest. */
export function tellChange(id: string): void {
  if (resting.has(id)) {
    resting.set(id, 'to tell');
    return;
  }
  channel ??= new BroadcastChannel(CHANNEL);
  channel.postMessage(id);
  resting.set(id, 'told');
  setTimeout(() => {
    const again = resting.get(id) === 'to tell';
    resting.delete(id);
    if (again) tellChange(id);
  }, REST_MS);
}

/** Calls back with the id of each run that changed, until what it gives is called. */
export function onChange(callback: (id: string) => void): () => void {
  const heard = new BroadcastChannel(CHANNEL);
  heard.addEventListener('message', ({ data }: MessageEvent<string>) => callback(data));
  return () => heard.close();
}
