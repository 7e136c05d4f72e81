import { openLab, type EndableLab } from '../../lab/client/open_lab.ts';

/** The one lab of the page; its worker starts with the first call. */
export const lab: EndableLab = openLab();
