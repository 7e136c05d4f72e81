/** A weight [N, K] of a model that people run. */
export interface Layer {
  model: string;
  /** Its part in a block, or the head; those of the same shape share one. */
  layer: string;
  N: number;
  K: number;
}

/** [name, N, K] of the Linear layers of a block, and of the head, by the models' config.json. */
const MODELS: Record<string, readonly (readonly [layer: string, N: number, K: number])[]> = {
  'SmolLM2-135M': [
    ['q, o', 576, 576],
    ['k, v', 192, 576],
    ['gate, up', 1536, 576],
    ['down', 576, 1536],
    ['head', 49152, 576],
  ],
  'Qwen2.5-0.5B': [
    ['q, o', 896, 896],
    ['k, v', 128, 896],
    ['gate, up', 4864, 896],
    ['down', 896, 4864],
    ['head', 151936, 896],
  ],
  'Llama-3.2-1B': [
    ['q, o', 2048, 2048],
    ['k, v', 512, 2048],
    ['gate, up', 8192, 2048],
    ['down', 2048, 8192],
    ['head', 128256, 2048],
  ],
  'GPT-2': [
    ['qkv', 2304, 768],
    ['o', 768, 768],
    ['up', 3072, 768],
    ['down', 768, 3072],
    ['head', 50257, 768],
  ],
};

/** The models whose layers are timed. */
export const TIMED_MODELS: readonly string[] = Object.keys(MODELS);

/** What else of them is timed depends on: by their config.json. */
export const WIDTHS: Readonly<
  Record<string, Record<'hidden' | 'heads' | 'kv_heads' | 'head_dim' | 'vocabulary', number>>
> = {
  'SmolLM2-135M': { hidden: 576, heads: 9, kv_heads: 3, head_dim: 64, vocabulary: 49152 },
  'Qwen2.5-0.5B': { hidden: 896, heads: 14, kv_heads: 2, head_dim: 64, vocabulary: 151936 },
  'Llama-3.2-1B': { hidden: 2048, heads: 32, kv_heads: 8, head_dim: 64, vocabulary: 128256 },
  'GPT-2': { hidden: 768, heads: 12, kv_heads: 12, head_dim: 64, vocabulary: 50257 },
};

/** The weights that are timed. */
export const LAYERS: readonly Layer[] = Object.entries(MODELS).flatMap(([model, layers]) =>
  layers.map(([layer, N, K]) => ({ model, layer, N, K })),
);

/** Tokens at a time: a decoding step, a few texts' last tokens, a question, a full pass. */
export const TOKENS = [1, 8, 64, 512] as const;
