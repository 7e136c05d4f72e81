import type { Family } from './families/family.ts';
import { arcee } from './families/arcee.ts';
import { exaone4 } from './families/exaone4.ts';
import { gemma, gemma2, gemma3, gemma3Images } from './families/gemma.ts';
import { gpt2 } from './families/gpt2.ts';
import { granite, granite4 } from './families/granite.ts';
import { ernie45 } from './families/ernie.ts';
import { glm, glm4 } from './families/glm.ts';
import { helium } from './families/helium.ts';
import { hunyuan } from './families/hunyuan.ts';
import { llama } from './families/llama.ts';
import { ministral, ministral3, mistral, mistral3 } from './families/mistral.ts';
import { olmo2, olmo3 } from './families/olmo.ts';
import { phi3 } from './families/phi3.ts';
import { qwen2, qwen3 } from './families/qwen.ts';
import { qwen25Vl, qwen3Vl } from './families/qwen_vl.ts';
import { seedOss } from './families/seed_oss.ts';
import { smollm3 } from './families/smollm3.ts';

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
