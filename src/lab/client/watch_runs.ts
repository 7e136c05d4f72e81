import { ownedRuns } from '../ownership.ts';
import { onChange } from '../run_changes.ts';

/** Milliseconds between two looks at who owns runs: a tab that dies tells nobody. */
const LOOK_MS = 2000;

/** Those who want to hear of the stored runs. */
export interface RunsWatcher {
  /** A run was added, changed or deleted, here or in another tab. */
  onchange: (id: string) => void;
  /** The runs that are in progress, here or in another tab. */
  onowned: (ids: ReadonlySet<string>) => void;
}

/** Tells of changes to the stored runs and of who owns them, until what it gives is called. */
export function watchRuns({ onchange, onowned }: RunsWatcher): () => void {
  const look = () =>
    ownedRuns().then(onowned, () => {
      // Without locks nobody can be asked; the store still refuses whoever comes too late.
    });
  const timer = setInterval(() => void look(), LOOK_MS);
  void look();
  const stop = onChange((id) => {
    void look();
    onchange(id);
  });
  return () => {
    clearInterval(timer);
    stop();
  };
}
