import { LabError } from '../../errors.ts';
import type { PlannedTensor } from '../../tensor/write_safetensors.ts';
import type { TorchDtype } from '../bitsandbytes_format.ts';
import { configName, type QuantConfig } from '../config.ts';
import { layerConfigs } from '../layers.ts';
import type { QuantizedTensor } from '../quantized.ts';
import { autoawq } from './write_awq.ts';
import { bitsandbytes } from './write_bitsandbytes.ts';
import { compressedTensors } from './write_compressed_tensors.ts';
import { gptqmodel } from './write_gptq.ts';
import { fitsGguf } from './write_gguf.ts';
import { hqq } from './write_hqq.ts';

/** How a tool stores a layer of one format. */
export interface LayerWriter {
  /** The tensors of a layer [rows, columns], in the order of `bytes`. */
  plan(name: string, shape: readonly [number, number], dtype: TorchDtype): PlannedTensor[];
  bytes(quantized: QuantizedTensor, dtype: TorchDtype): Uint8Array<ArrayBuffer>[];
}

/** Layers of one format, and the words by which a tool finds them. */
export interface WrittenGroup {
  config: QuantConfig;
  /** Names of their own (`down_proj`) where all of such a name are among them, else full paths. */
  modules: readonly string[];
}

/** What a checkpoint has. */
export interface WrittenLayers {
  /** Layers that are quantized, those of most first. */
  groups: readonly [WrittenGroup, ...WrittenGroup[]];
  /** Modules left as they were, by full paths or by their own names. */
  skipped: readonly string[];
}

/** A tool and its layout: how it stores quantized layers, for whoever writes a checkpoint that it opens. */
export interface Writer {
  /** As a sentence names it. */
  tool: string;
  /** Who opens such a checkpoint. */
  opener: string;
  /** How a layer of this configuration is stored; undefined where the tool has no such format. */
  layer(this: void, config: QuantConfig): LayerWriter | undefined;
  /** True if several formats may lie in one checkpoint. */
  mixes: boolean;
  /** True if it stores weights that transformers has transposed. */
  conv1d?: true;
  /** quantization_config of config.json. */
  settings(layers: WrittenLayers): Record<string, unknown>;
}

/** Every tool that has a writer; of several that store a configuration, the first does. */
export const WRITERS: readonly Writer[] = [bitsandbytes, gptqmodel, autoawq, hqq, compressedTensors];

/** The formats that layers of a configuration have, each once, without what they compute in. */
const formatsOf = (config: QuantConfig): QuantConfig[] =>
  layerConfigs(config).filter(({ quant_type }) => quant_type !== 'none');

/** The tool that stores all formats of a configuration in one checkpoint; undefined where there is none. */
export function writerOf(config: QuantConfig): Writer | undefined {
  const formats = formatsOf(config);
  if (formats.length === 0) return undefined;
  return WRITERS.find(
    ({ layer, mixes }) => (mixes || formats.length === 1) && formats.every((format) => layer(format)),
  );
}

/** The same. @throws bad-spec naming the formats that lie in no one layout, and what each fits with */
export function requireWriter(config: QuantConfig): Writer {
  const writer = writerOf(config);
  if (writer) return writer;
  const formats = formatsOf(config);
  if (fitsGguf(config)) {
    throw new LabError(
      'bad-spec',
      `${formats.map(configName).join(' and ')} is written as one file for llama.cpp, whose name ends in .gguf; no other checkpoint has it.`,
    );
  }
  const tools = formats.map((format) => {
    const found = WRITERS.filter(({ layer }) => layer(format)).map(
      ({ tool, mixes }) => `${tool}${mixes ? '' : ' (one format for all layers)'}`,
    );
    return `${configName(format)}: ${found.length > 0 ? found.join(', ') : 'none'}`;
  });
  throw new LabError(
    'bad-spec',
    formats.length > 1
      ? `No one tool stores these formats in one checkpoint. Who stores which: ${tools.join('; ')}.`
      : `No tool stores ${formats[0] ? configName(formats[0]) : 'a model without a quantized layer'} as a checkpoint.`,
  );
}
