import type { RunRecord, StoredItem } from '../study/record.ts';
import { store } from './client/kept.ts';
import { openLab } from './client/open_lab.ts';
import type { Lab } from './protocol.ts';
import { restore } from './restore.ts';

declare global {
  interface Window {
    /** The lab for a script that drives this page: the command line's --runtime browser. */
    lab: Lab;
    /** Puts a run into this browser's store, so that the lab can go on with it. */
    restore: (record: RunRecord, items: readonly StoredItem[]) => Promise<void>;
  }
}

window.lab = openLab();
window.restore = (record, items) => restore(store, record, items);
