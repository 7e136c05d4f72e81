import { openLab } from '../../lab/client/open_lab.ts';
import type { PageLab } from '../../lab/protocol.ts';

/** The one lab of the page; its worker starts with the first call. */
export const lab: PageLab = openLab();
