import type { SavedLayout } from '../quant/saved/layout.ts';
import type { Checkpoint } from '../tensor/checkpoint.ts';
import type { ModelConfig } from './model_config.ts';
import { linearModules } from './modules.ts';
import { allTensors, headName, modelTensors } from './tensors.ts';

/** Tensors that a checkpoint may hold beside its model's without changing a number, and why. */
const HARMLESS: readonly (readonly [name: RegExp, reason: string])[] = [
  [/(^|\.)rotary_emb\.inv_freq$/, "rope's frequencies, which config.json gives"],
  [/(^|\.)(attn|attention|self_attn)\.(bias|masked_bias)$/, 'the causal mask, which older versions saved'],
  [/(^|\.)embed_positions\.weights$/, 'fixed positions, which config.json gives'],
];

/** Towers beside a language model, by the first part of their names: they are said, not read. */
const TOWERS =
  /^(model\.)?(visual|vision_tower|vision_model|vision_encoder|multi_modal_projector|mm_projector|audio_tower|embed_vision|embed_audio)\./;

/** Names that are shown of a list; a checkpoint may hold thousands. */
const SHOWN = 3;

/** Says in one warning each which tensors of a checkpoint nothing reads: a tower's, and those that no table explains. */
export function unexpectedTensors(
  config: ModelConfig,
  checkpoint: Checkpoint,
  layout: SavedLayout | undefined,
): string[] {
  const expected = new Set(allTensors(modelTensors(config, checkpoint)).map(({ name }) => name));
  // Where embedding and head are one, a checkpoint may hold it twice.
  if (config.tie_word_embeddings) expected.add(`${headName(config, checkpoint)}.weight`);
  const modules = linearModules(config, checkpoint).map(({ name }) => `${name}.`);
  const owners = new Set(modules);
  const rest = [...checkpoint.tensors.keys()].filter(
    (name) =>
      !expected.has(name) &&
      !isSavedPart(name, owners, layout) &&
      !HARMLESS.some(([pattern]) => pattern.test(name)),
  );
  const [towers, unknown] = [
    rest.filter((name) => TOWERS.test(name)),
    rest.filter((name) => !TOWERS.test(name)),
  ];
  return [
    ...(towers.length > 0 ? [`not read, because text does not reach them: ${listed(towers)}`] : []),
    ...(unknown.length > 0 ? [`not read, because config.json makes no such tensor: ${listed(unknown)}`] : []),
  ];
}

/** Whether a name is `owner.part`, the owner one of the Linear layers and the part one of the tool's. */
function isSavedPart(name: string, owners: ReadonlySet<string>, layout: SavedLayout | undefined): boolean {
  if (!layout) return false;
  for (let at = name.indexOf('.'); at >= 0; at = name.indexOf('.', at + 1)) {
    if (owners.has(name.slice(0, at + 1))) return layout.parts.test(name.slice(at + 1));
  }
  return false;
}

function listed(names: readonly string[]): string {
  const more = names.length - SHOWN;
  const first = names.slice(0, SHOWN).join(', ');
  return `${names.length === 1 ? '1 tensor' : `${names.length} tensors`}, ${first}${more > 0 ? ` and ${more} more` : ''}`;
}
