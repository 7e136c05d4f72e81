import { awq } from './formats/awq.ts';
import { custom } from './formats/custom.ts';
import { fp4 } from './formats/fp4.ts';
import { fp8 } from './formats/fp8.ts';
import { gguf } from './formats/gguf.ts';
import { gptq } from './formats/gptq.ts';
import { hqq } from './formats/hqq.ts';
import { int4 } from './formats/int4.ts';
import { int4_group } from './formats/int4_group.ts';
import { int8 } from './formats/int8.ts';
import { llm_int8 } from './formats/llm_int8.ts';
import { mxfp4 } from './formats/mxfp4.ts';
import { nf4 } from './formats/nf4.ts';
import { none } from './formats/none.ts';
import { nvfp4 } from './formats/nvfp4.ts';
import { searched } from './formats/searched.ts';
import { peer } from './formats/peer.ts';
import { pack_quantized } from './formats/stored_groups.ts';

/** Every weight format by its quant_type: schema, links, names, sizes, builder and lists follow from these rows. */
export const FORMATS = {
  none,
  nf4,
  fp4,
  int4,
  custom,
  searched,
  mxfp4,
  nvfp4,
  int4_group,
  hqq,
  gptq,
  awq,
  gguf,
  fp8,
  int8,
  llm_int8,
  pack_quantized,
  peer,
};
