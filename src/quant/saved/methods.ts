import { awqLayout, awqSettings } from './awq.ts';
import { compressedTensorsLayout } from './compressed_tensors.ts';
import { fp8Layout } from './fp8.ts';
import { ggufLayout } from './gguf.ts';
import { gptqLayout, gptqSettings } from './gptq.ts';
import { hqqLayout } from './hqq.ts';
import type { SavedLayout } from './layout.ts';

type Json = Readonly<Record<string, unknown>>;

/** A tool's `quant_method`: the keys of its quantization_config, and the layout that they make. */
export interface SavedMethod {
  read: readonly string[];
  /** Keys that change no number here, each with the reason. */
  harmless: Readonly<Record<string, string>>;
  /** @throws unsupported-quantization for settings whose checkpoints are not opened. */
  layoutOf(settings: Json): SavedLayout;
}

const CALIBRATION = 'how the codes were found; they are stored';
const KERNEL = 'which kernel computes, not what';
const TENSORS = 'the tensors themselves say which layers are quantized';

/** The methods beside bitsandbytes that are opened, by quant_method. */
export const SAVED_METHODS: ReadonlyMap<string, SavedMethod> = new Map([
  [
    'gptq',
    {
      read: [
        'bits',
        'group_size',
        'sym',
        'desc_act',
        'static_groups',
        'checkpoint_format',
        'format',
        'is_marlin_format',
        'dynamic',
        'lm_head',
        'pack_dtype',
      ],
      harmless: {
        act_group_aware: 'g_idx of each layer says in which order',
        true_sequential: CALIBRATION,
        damp_percent: CALIBRATION,
        damp_auto_increment: CALIBRATION,
        mse: CALIBRATION,
        dataset: CALIBRATION,
        tokenizer: CALIBRATION,
        batch_size: CALIBRATION,
        pad_token_id: CALIBRATION,
        model_seqlen: CALIBRATION,
        cache_block_outputs: CALIBRATION,
        block_name_to_quantize: CALIBRATION,
        module_name_preceding_first_block: CALIBRATION,
        modules_in_block_to_quantize: TENSORS,
        method: 'a copy of quant_method',
        meta: 'notes of the tool',
        model_name_or_path: 'a name',
        model_file_base_name: 'a name',
        backend: KERNEL,
        use_exllama: KERNEL,
        disable_exllama: KERNEL,
        exllama_config: KERNEL,
        use_cuda_fp16: KERNEL,
        max_input_length: KERNEL,
      },
      layoutOf: (settings: Json) => gptqLayout(gptqSettings(settings)),
    },
  ],
  [
    'awq',
    {
      read: ['bits', 'w_bit', 'group_size', 'q_group_size', 'version', 'format', 'zero_point'],
      harmless: {
        modules_to_not_convert: TENSORS,
        backend: KERNEL,
        do_fuse: KERNEL,
        fuse_max_seq_len: KERNEL,
        modules_to_fuse: KERNEL,
        exllama_config: KERNEL,
      },
      layoutOf: (settings: Json) => awqLayout(awqSettings(settings)),
    },
  ],
  [
    'compressed-tensors',
    {
      read: ['config_groups', 'format', 'kv_cache_scheme', 'sparsity_config', 'transform_config'],
      harmless: {
        ignore: TENSORS,
        quantization_status: 'the tensors themselves are compressed',
        global_compression_ratio: 'a measure of size',
        version: 'of the tool',
        run_compressed: KERNEL,
      },
      layoutOf: compressedTensorsLayout,
    },
  ],
  [
    'fp8',
    {
      read: ['activation_scheme', 'weight_block_size', 'fmt'],
      harmless: {
        modules_to_not_convert: TENSORS,
        ignored_layers: TENSORS,
        dequantize: 'weights are computed with as floats here',
      },
      layoutOf: fp8Layout,
    },
  ],
  ['hqq', { read: ['quant_config'], harmless: { skip_modules: TENSORS }, layoutOf: hqqLayout }],
  // Of a file that llama.cpp wrote, whose config.json is made from it.
  ['gguf', { read: [], harmless: {}, layoutOf: () => ggufLayout }],
]);
