declare const __COMMIT__: string;
import { version } from '../../package.json';

/** The build that measured: its version, and the commit it was made from where that is known. */
export const APP = { version, commit: typeof __COMMIT__ === 'string' ? __COMMIT__ : 'unknown' };
