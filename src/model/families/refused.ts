/** Models that are not computed, by what they do otherwise: one sentence for each kind, with what works in their place. */
interface Refused {
  /** Their model types in transformers. */
  types: readonly string[];
  /** Behind "The model is a MambaForCausalLM, ". */
  does: string;
  /** A family that is computed, of like size: its architecture, and some of its models. */
  instead: { architecture: string; models: string };
}

const QWEN3 = { architecture: 'Qwen3ForCausalLM', models: 'Qwen3 0.6B to 8B' };
const QWEN25 = { architecture: 'Qwen2ForCausalLM', models: 'Qwen2.5 0.5B to 7B' };
const LLAMA = { architecture: 'LlamaForCausalLM', models: 'Llama 3.2 1B and 3B' };
const SMOLLM2 = { architecture: 'LlamaForCausalLM', models: 'SmolLM2 135M to 1.7B' };
const FALCON3 = { architecture: 'LlamaForCausalLM', models: 'Falcon 3 1B to 7B' };
const GRANITE = { architecture: 'GraniteForCausalLM', models: 'Granite 3 2B and 8B' };
const GEMMA2 = { architecture: 'Gemma2ForCausalLM', models: 'Gemma 2 2B' };
const GPT2 = { architecture: 'GPT2LMHeadModel', models: 'GPT-2 124M to 1.5B' };
const CLASSIFIERS = {
  architecture: 'Qwen3ForSequenceClassification',
  models: 'Qwen3 with a head of classes',
};

const EXPERTS = 'which sends each token through some of many MLPs (a mixture of experts)';
const STATES = 'some of whose layers keep a state in place of attention (Mamba)';
const DELTA = 'most of whose layers keep a state in place of attention (Gated DeltaNet)';
const IMAGES = 'a model of images whose language model is not read here';

/** The kinds of models that are refused by name. */
export const REFUSED: readonly Refused[] = [
  {
    types: ['mamba', 'mamba2', 'falcon_mamba'],
    does: 'whose layers keep a state in place of attention (Mamba)',
    instead: SMOLLM2,
  },
  { types: ['falcon_h1'], does: STATES, instead: FALCON3 },
  { types: ['nemotron_h', 'nemotron_h_omni', 'zamba', 'zamba2', 'zaya'], does: STATES, instead: LLAMA },
  { types: ['bamba'], does: STATES, instead: GRANITE },
  { types: ['jamba'], does: STATES, instead: QWEN3 },
  {
    types: ['lfm2', 'lfm2_moe', 'lfm2_vl', 'lfm3', 'lfm3_vl'],
    does: 'some of whose layers are short convolutions in place of attention',
    instead: QWEN3,
  },
  {
    types: [
      'qwen3_5',
      'qwen3_5_text',
      'qwen3_5_moe',
      'qwen3_5_moe_text',
      'qwen3_next',
      'qwen4_exp',
      'qwen4_exp_text',
    ],
    does: DELTA,
    instead: QWEN3,
  },
  {
    types: ['olmo_hybrid'],
    does: DELTA,
    instead: { architecture: 'Olmo3ForCausalLM', models: 'OLMo 3 7B' },
  },
  {
    types: ['kimi_linear', 'bailing_hybrid', 'minimax'],
    does: 'some of whose layers are linear attention',
    instead: QWEN3,
  },
  {
    types: ['recurrent_gemma'],
    does: 'two of three layers of which keep a state in place of attention (RG-LRU)',
    instead: GEMMA2,
  },
  {
    types: ['rwkv', 'rwkv7', 'xlstm'],
    does: 'whose layers keep a state in place of attention',
    instead: SMOLLM2,
  },
  {
    types: ['gemma3n', 'gemma3n_text', 'gemma4', 'gemma4_text', 'gemma4_unified', 'gemma4_unified_text'],
    does: 'with an embedding for each layer and keys that layers share',
    instead: { architecture: 'Gemma3ForCausalLM', models: 'Gemma 3 270M to 4B' },
  },
  {
    types: ['mixtral'],
    does: EXPERTS,
    instead: { architecture: 'MistralForCausalLM', models: 'Mistral 7B' },
  },
  { types: ['qwen2_moe'], does: EXPERTS, instead: QWEN25 },
  { types: ['qwen3_moe', 'qwen3_vl_moe', 'qwen3_omni_moe_thinker'], does: EXPERTS, instead: QWEN3 },
  {
    types: ['olmoe', 'flex_olmo'],
    does: EXPERTS,
    instead: { architecture: 'Olmo2ForCausalLM', models: 'OLMo 2 1B and 7B' },
  },
  { types: ['granitemoe', 'granitemoeshared', 'granitemoe_swa'], does: EXPERTS, instead: GRANITE },
  {
    types: ['phimoe'],
    does: EXPERTS,
    instead: { architecture: 'Phi3ForCausalLM', models: 'Phi-3.5-mini and Phi-4-mini' },
  },
  {
    types: ['ernie4_5_moe', 'ernie4_5_vl_moe'],
    does: EXPERTS,
    instead: { architecture: 'Ernie4_5ForCausalLM', models: 'ERNIE 4.5 0.3B' },
  },
  {
    types: ['hunyuan_v1_moe', 'hy_v3', 'hy_v4'],
    does: EXPERTS,
    instead: { architecture: 'HunYuanDenseV1ForCausalLM', models: 'Hunyuan 0.5B to 7B' },
  },
  {
    types: ['glm4_moe', 'glm4_moe_lite', 'glm4v_moe', 'glm_moe_dsa'],
    does: EXPERTS,
    instead: { architecture: 'Glm4ForCausalLM', models: 'GLM-4 9B' },
  },
  {
    types: ['deepseek_v2', 'deepseek_v3', 'deepseek_v32', 'deepseek_v4'],
    does: 'with a mixture of experts and keys and values of low rank (MLA)',
    instead: { architecture: 'Qwen2ForCausalLM', models: 'DeepSeek-R1-Distill-Qwen 1.5B and 7B' },
  },
  {
    types: ['gpt_oss'],
    does: 'with a mixture of experts, and attention sinks',
    instead: QWEN3,
  },
  { types: ['llama4', 'llama4_text'], does: EXPERTS, instead: LLAMA },
  {
    types: [
      'dbrx',
      'jetmoe',
      'dots1',
      'exaone_moe',
      'cohere2_moe',
      'afmoe',
      'minimax_m2',
      'longcat_flash',
      'solar_open',
    ],
    does: EXPERTS,
    instead: QWEN3,
  },
  {
    types: ['minicpm3', 'youtu'],
    does: 'with keys and values of low rank (MLA)',
    instead: QWEN3,
  },
  {
    types: ['bitnet'],
    does: 'whose weights are -1, 0 or 1 and whose activations are quantized as it runs',
    instead: LLAMA,
  },
  {
    types: ['bloom'],
    does: 'which weighs keys by their distance (ALiBi) in place of positions',
    instead: SMOLLM2,
  },
  {
    types: ['mpt'],
    does: 'which weighs keys by their distance (ALiBi) in place of positions',
    instead: LLAMA,
  },
  {
    types: ['falcon', 'refinedweb', 'refinedwebmodel'],
    does: 'whose heads share one key in a fused matrix, or which weighs keys by their distance (ALiBi)',
    instead: FALCON3,
  },
  {
    types: ['codegen'],
    does: 'whose fused queries, keys and values lie in an order of their own',
    instead: GPT2,
  },
  { types: ['nemotron'], does: 'whose LayerNorms add 1 to their weights', instead: LLAMA },
  {
    types: ['apertus'],
    does: 'whose MLPs have an activation with weights of its own (xIELU)',
    instead: LLAMA,
  },
  { types: ['nanochat'], does: 'whose norms have no weights', instead: SMOLLM2 },
  {
    types: [
      ...['t5', 'mt5', 'umt5', 'longt5', 'switch_transformers', 't5gemma', 't5gemma2', 'encoder-decoder'],
      ...[
        'bart',
        'mbart',
        'plbart',
        'mvp',
        'led',
        'pegasus',
        'pegasus_x',
        'bigbird_pegasus',
        'marian',
        'm2m_100',
      ],
      ...['nllb-moe', 'fsmt', 'blenderbot', 'blenderbot-small', 'prophetnet', 'whisper'],
    ],
    does: 'in which a decoder reads what an encoder has made of the whole text',
    instead: QWEN25,
  },
  {
    types: [
      ...['bert', 'roberta', 'distilbert', 'albert', 'electra', 'deberta', 'deberta-v2', 'xlm-roberta'],
      ...[
        'xlm-roberta-xl',
        'modernbert',
        'mpnet',
        'camembert',
        'nomic_bert',
        'jina_embeddings_v3',
        'gte',
        'eurobert',
      ],
      ...[
        'longformer',
        'big_bird',
        'convbert',
        'ernie',
        'flaubert',
        'fnet',
        'funnel',
        'ibert',
        'megatron-bert',
      ],
      ...['mobilebert', 'nystromformer', 'rembert', 'roformer', 'squeezebert', 'xlm', 'xlnet', 'esm', 'xmod'],
    ],
    does: 'an encoder, whose tokens see those behind them',
    instead: CLASSIFIERS,
  },
  {
    types: [
      ...[
        'llava',
        'llava_next',
        'llava_onevision',
        'paligemma',
        'idefics',
        'idefics2',
        'idefics3',
        'smolvlm',
      ],
      ...[
        'internvl',
        'qwen2_vl',
        'qwen2_5_omni_thinker',
        'glm4v',
        'glm46v',
        'aya_vision',
        'cohere2_vision',
        'mllama',
      ],
      ...[
        'phi4_multimodal',
        'fuyu',
        'blip-2',
        'instructblip',
        'kosmos-2',
        'florence2',
        'deepseek_vl',
        'janus',
      ],
      ...[
        'exaone4_5',
        'granite4_vision',
        'hunyuan_vl',
        'mistral4',
        'molmo2',
        'ovis2',
        'paddleocr_vl',
        'voxtral',
      ],
    ],
    does: IMAGES,
    instead: { architecture: 'Qwen3VLForConditionalGeneration', models: 'Qwen3-VL 2B to 8B, as text' },
  },
];

/** Says what a model computes that is not computed here, and what works in its place; undefined of a model that no row knows. */
export function refusalOf({
  architecture,
  type,
}: {
  architecture?: unknown;
  type?: unknown;
}): string | undefined {
  const found = REFUSED.find(({ types }) => types.some((one) => isOf(one, architecture, type)));
  if (!found) return undefined;
  const name = typeof architecture === 'string' ? architecture : String(type);
  const { does, instead } = found;
  return `The model is a ${name}, ${does}; Nibble does not compute that. What works, of like size: ${instead.models} (${instead.architecture}).`;
}

/** Whether a model is of a type, by its model_type or, where that is missing, by its architecture: `FalconH1ForCausalLM`. */
function isOf(one: string, architecture: unknown, type: unknown): boolean {
  if (typeof type === 'string') return type.toLowerCase() === one;
  if (typeof architecture !== 'string') return false;
  const stem = architecture.replace(/(For[A-Z].*|LMHeadModel|Model)$/, '');
  return letters(stem) === letters(one);
}

/** A name as types and architectures both have it: `FalconH1` and `falcon_h1` are falconh1. */
const letters = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');
