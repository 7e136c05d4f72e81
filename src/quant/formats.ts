import { custom } from './formats/custom.ts';
import { fp4 } from './formats/fp4.ts';
import { int4 } from './formats/int4.ts';
import { int8 } from './formats/int8.ts';
import { llm_int8 } from './formats/llm_int8.ts';
import { nf4 } from './formats/nf4.ts';
import { none } from './formats/none.ts';

/** Every weight format by its quant_type: schema, links, names, sizes, builder and lists follow from these rows. */
export const FORMATS = { none, nf4, fp4, int4, custom, int8, llm_int8 };
