import { openLab, type EndableLab } from '../../lab/client/open_lab.ts';
import { rememberedAdapter } from './adapter_choice.ts';
import { parseOptions } from './page_options.ts';

/** The forms of the matmul that the address asks for. */
const { kernels } = parseOptions(typeof location === 'undefined' ? '' : location.search);

/** The one lab of the page; its worker starts with the first call, on the adapter that was chosen last. */
export const lab: EndableLab = openLab(rememberedAdapter(), kernels);
