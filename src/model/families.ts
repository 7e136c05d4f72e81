import type { Family } from './families/family.ts';
import { gpt2 } from './families/gpt2.ts';
import { llama } from './families/llama.ts';
import { mistral } from './families/mistral.ts';
import { qwen2, qwen3 } from './families/qwen.ts';

/** The model families there are, in the order a refusal names them. */
export const FAMILIES: readonly Family[] = [llama, mistral, qwen2, qwen3, gpt2];
