import { blockOf, type ModelConfig } from '../../model/model_config.ts';
import { ropeTurns } from '../../model/rope.ts';
import type { Beginning } from '../../study/peer_audit.ts';
import { relativeError } from './other_weights.ts';

/** Files keep settings in float32, or worked out. */
const ALLOWED = 1e-5;

/** The settings that a model's numbers go by, as numbers, by names that a person knows. */
function settingsOf(config: ModelConfig): Record<string, number[]> {
  const blocks = Array.from({ length: config.num_hidden_layers }, (_, layer) => blockOf(config, layer));
  const ofBlocks = (read: (block: (typeof blocks)[number]) => Iterable<number>) =>
    blocks.flatMap((block) => [...read(block)]);
  return {
    'number of layers': [config.num_hidden_layers],
    'rope frequencies': ofBlocks(({ rope }) => (rope ? ropeTurns(rope, { positions: [1], length: 1 }) : [])),
    'norm epsilon': [config.norm.eps],
    'attention window': ofBlocks(({ window = 0 }) => [window]),
    'attention scale': ofBlocks(({ attention_scale = 0 }) => [attention_scale]),
    'bound of attention scores': ofBlocks(({ attention_softcap = 0 }) => [attention_softcap]),
    'bound of logits': [config.logit_softcap ?? 0],
  };
}

/** The settings of a file that are others than the model's: the same weights compute something else under them. */
export function otherSettings(ours: ModelConfig, theirs: ModelConfig): Beginning[] {
  const other = settingsOf(theirs);
  return Object.entries(settingsOf(ours)).flatMap(([layer, values]): Beginning[] => {
    const found = other[layer]!;
    const error = found.length === values.length ? relativeError(found, values) : 1;
    return error <= ALLOWED ? [] : [{ what: 'settings', layer, op_type: 'setting', error, allowed: ALLOWED }];
  });
}
