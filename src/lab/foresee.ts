import { LabError } from '../errors.ts';
import { prompt, type Doc } from '../eval/doc.ts';
import type { TaskName } from '../eval/tasks/tasks.ts';
import type { Gpu } from '../gpu/device/device.ts';
import { encodePair } from '../model/causal_lm.ts';
import type { ItemLength } from '../model/item_length.ts';
import { memoryNeed, type MemoryNeed, type RunExtent, type StoredModel } from '../model/memory.ts';
import { overLimit, overLimitText } from '../model/memory_limit.ts';
import type { ModelFiles } from '../model/open_model.ts';
import { modelTensors } from '../model/tensors.ts';
import { configName, type QuantConfig } from '../quant/config.ts';
import { findTensor } from '../tensor/checkpoint.ts';
import { elements } from '../tensor/tensor.ts';
import type { PlannedItem } from './plan.ts';
import { sum } from '../tensor/sum.ts';

/** What says how many tokens an item takes. */
type Readers = Pick<ModelFiles, 'tokenizer' | 'config' | 'generation'>;

/** The lengths of each task's longest item, by its characters. */
export function longestItems(items: readonly PlannedItem[], model: Readers): ItemLength[] {
  const longest = new Map<TaskName, { doc: Doc; characters: number; items: number }>();
  for (const { task, doc } of items) {
    const before = longest.get(task);
    const characters = prompt(doc).length;
    const longer = before && before.characters >= characters ? before : { doc, characters };
    longest.set(task, { ...longer, items: (before?.items ?? 0) + 1 });
  }
  return [...longest.values()].map(({ doc, items }) => lengthOf(doc, items, model));
}

function lengthOf(doc: Doc, items: number, { tokenizer, config, generation }: Readers): ItemLength {
  const most = config.max_position_embeddings;
  const tokensOf = (text: string, limit: number) =>
    Math.max(1, Math.min(limit, tokenizer.encode(text).length));
  switch (doc.output_type) {
    case 'multiple_choice': {
      const { context, choices, target_delimiter = ' ' } = doc;
      const pairs = choices.map((choice) => encodePair(tokenizer, context, target_delimiter + choice));
      const tails = pairs.map(({ continuation }) => continuation.length);
      const room = most + 1 - Math.max(...tails);
      const shared = Math.max(1, Math.min(room, pairs[0]!.context.length));
      return { context: shared, tails, generated: 0, together: items };
    }
    case 'loglikelihood_rolling':
      return { context: 1, tails: [tokensOf(doc.text, most)], generated: 0, together: items };
    case 'generate_until': {
      const { max_gen_toks } = doc;
      const context = tokensOf(doc.context, most - max_gen_toks);
      const generated = Math.min(generation.max_new_tokens ?? max_gen_toks, most - context);
      return { context, tails: [], generated, together: 1 };
    }
    case 'classify': {
      const context = tokensOf(doc.text, Math.min(most, doc.max_length));
      return { context, tails: [], generated: 0, together: 1 };
    }
  }
}

/**
 * The memory that a model needs under a configuration.
 * @throws over-limit where the adapter does not allow its largest buffer: it says what would fit.
 */
export function foresee(
  gpu: Pick<Gpu, 'adapter'>,
  model: Pick<ModelFiles, 'config' | 'checkpoint' | 'stored_quant' | 'adapter'>,
  quant: QuantConfig,
  extent: RunExtent,
): MemoryNeed {
  const stored = storedModel(model);
  const over = overLimit(model.config, quant, stored, extent, gpu.adapter.limits);
  if (over) throw new LabError('over-limit', `${configName(quant)} ${overLimitText(extent.slots, over)}`);
  return memoryNeed(model.config, quant, stored, extent);
}

function storedModel({
  config,
  checkpoint,
  adapter,
}: Pick<ModelFiles, 'config' | 'checkpoint' | 'adapter'>): StoredModel {
  const { embedding } = modelTensors(config, checkpoint);
  const onTop = [...(adapter?.checkpoint.tensors ?? [])].filter(([name]) => /\.lora_[AB]\./.test(name));
  return {
    element_bytes: findTensor(checkpoint, embedding.name).info.dtype === 'F32' ? 4 : 2,
    adapter_elements: sum(onTop.map(([, { info }]) => elements(info.shape))),
  };
}
