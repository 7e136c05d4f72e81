import { openLab } from './client/open_lab.ts';
import type { Lab } from './protocol.ts';

declare global {
  interface Window {
    /** The lab for a script that drives this page: the command line's --runtime browser. */
    lab: Lab;
  }
}

window.lab = openLab();
