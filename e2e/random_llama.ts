import { encodeBF16 } from '../src/tensor/dtype.ts';
import { seededRandom } from '../src/tensor/random.ts';
import { memoryFiles, type FileSet } from '../src/tensor/source.ts';

/** Awkward on purpose: a width no multiple of a block, a prime vocabulary, three heads on one, an untied head. */
const CONFIG = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 60,
  intermediate_size: 100,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  num_key_value_heads: 1,
  head_dim: 20,
  vocab_size: 211,
  max_position_embeddings: 96,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  rope_scaling: {
    rope_type: 'llama3',
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 32,
  },
  tie_word_embeddings: false,
  hidden_act: 'silu',
  bos_token_id: 0,
  eos_token_id: 0,
};

/** The files of a seeded random Llama in BF16, with a tokenizer of one token a letter. */
export function randomLlama(overrides: Partial<typeof CONFIG> = {}): FileSet {
  const config = { ...CONFIG, ...overrides };
  const { hidden_size: hidden, intermediate_size: inner, vocab_size: vocab } = config;
  const queries = config.num_attention_heads * config.head_dim;
  const keys = config.num_key_value_heads * config.head_dim;
  const shapes: [string, number[]][] = [['model.embed_tokens.weight', [vocab, hidden]]];
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const at = `model.layers.${i}`;
    shapes.push(
      [`${at}.input_layernorm.weight`, [hidden]],
      [`${at}.self_attn.q_proj.weight`, [queries, hidden]],
      [`${at}.self_attn.k_proj.weight`, [keys, hidden]],
      [`${at}.self_attn.v_proj.weight`, [keys, hidden]],
      [`${at}.self_attn.o_proj.weight`, [hidden, queries]],
      [`${at}.post_attention_layernorm.weight`, [hidden]],
      [`${at}.mlp.gate_proj.weight`, [inner, hidden]],
      [`${at}.mlp.up_proj.weight`, [inner, hidden]],
      [`${at}.mlp.down_proj.weight`, [hidden, inner]],
    );
  }
  shapes.push(['model.norm.weight', [hidden]]);
  if (!config.tie_word_embeddings) shapes.push(['lm_head.weight', [vocab, hidden]]);
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  return memoryFiles({
    'config.json': json(config),
    'model.safetensors': safetensors(shapes),
    'tokenizer.json': json(letterTokenizer(vocab)),
    'tokenizer_config.json': json({ bos_token: '<|end|>', eos_token: '<|end|>' }),
  });
}

function safetensors(shapes: readonly [string, number[]][]): Uint8Array {
  const seeded = seededRandom(11);
  const header: Record<string, unknown> = {};
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, shape] of shapes) {
    const n = shape.reduce((a, b) => a * b, 1);
    const spread = shape.length === 1 ? 0.2 : 1.5 / Math.sqrt(shape[1]!);
    const values = Float32Array.from(
      { length: n },
      () => (shape.length === 1 ? 1 : 0) + spread * seeded.normal(),
    );
    header[name] = { dtype: 'BF16', shape, data_offsets: [at, at + 2 * n] };
    parts.push(new Uint8Array(encodeBF16(values).buffer));
    at += 2 * n;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + at);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  let place = 8 + text.length;
  for (const part of parts) {
    file.set(part, place);
    place += part.length;
  }
  return file;
}

/** A byte-level BPE without merges: every letter is a token. */
function letterTokenizer(vocab_size: number): unknown {
  const letters = '\n abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;?!\'"-()';
  const visible = [...letters].map((c) => (c === ' ' ? 'Ġ' : c === '\n' ? 'Ċ' : c));
  const vocab = Object.fromEntries(['<|end|>', ...visible].map((token, id) => [token, id]));
  for (let id = Object.keys(vocab).length; id < vocab_size; id++) vocab[`unused${id}`] = id;
  return {
    version: '1.0',
    added_tokens: [
      {
        id: 0,
        content: '<|end|>',
        special: true,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
      },
    ],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: 'BPE', unk_token: null, vocab, merges: [] },
  };
}
