import type { Family } from './families/family.ts';
import { arcee } from './families/arcee.ts';
import { cohere, cohere2 } from './families/cohere.ts';
import { exaone4 } from './families/exaone4.ts';
import { gemma, gemma2, gemma3, gemma3Images } from './families/gemma.ts';
import { gptj } from './families/gptj.ts';
import { gpt2 } from './families/gpt2.ts';
import { gptBigCode } from './families/gpt_bigcode.ts';
import { gptNeo } from './families/gpt_neo.ts';
import { gptNeox } from './families/gpt_neox.ts';
import { granite, granite4 } from './families/granite.ts';
import { ernie45 } from './families/ernie.ts';
import { glm, glm4 } from './families/glm.ts';
import { helium } from './families/helium.ts';
import { hunyuan } from './families/hunyuan.ts';
import { llama } from './families/llama.ts';
import { ministral, ministral3, mistral, mistral3 } from './families/mistral.ts';
import { olmo, olmo2, olmo3 } from './families/olmo.ts';
import { opt } from './families/opt.ts';
import { phi } from './families/phi.ts';
import { phi3 } from './families/phi3.ts';
import { qwen2, qwen3 } from './families/qwen.ts';
import { qwen25Vl, qwen3Vl } from './families/qwen_vl.ts';
import { seedOss } from './families/seed_oss.ts';
import { smollm3 } from './families/smollm3.ts';
import { stablelm } from './families/stablelm.ts';
import { starcoder2 } from './families/starcoder2.ts';

/** The model families there are, in the order a refusal names them. */
export const FAMILIES: readonly Family[] = [
  llama,
  mistral,
  qwen2,
  qwen3,
  gpt2,
  phi3,
  smollm3,
  olmo2,
  ministral,
  exaone4,
  seedOss,
  olmo,
  stablelm,
  starcoder2,
  cohere,
  cohere2,
  phi,
  gptNeox,
  opt,
  gptj,
  gptNeo,
  gptBigCode,
  qwen25Vl,
  qwen3Vl,
  gemma,
  gemma2,
  gemma3,
  gemma3Images,
  granite,
  granite4,
  arcee,
  olmo3,
  glm,
  glm4,
  ernie45,
  helium,
  hunyuan,
  ministral3,
  mistral3,
];
