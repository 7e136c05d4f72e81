import { LabError } from '../../errors.ts';
import type { ModelFiles } from '../../model/open_model.ts';
import type { Host } from '../host.ts';
import { configName, isPeer, type QuantConfig } from '../../quant/config.ts';

/** @throws bad-spec where a spec has peers and its model something that no peer has, or where none runs. */
export function requirePeers(
  configs: readonly QuantConfig[],
  { config, adapter }: Pick<ModelFiles, 'config' | 'adapter'>,
  { peers }: Pick<Host, 'peers'>,
): void {
  const peer = configs.find(isPeer);
  if (!peer) return;
  if (!peers) {
    throw new LabError('bad-spec', `${configName(peer)} runs in a browser; allowed: --runtime browser.`);
  }
  const has = adapter ? 'a LoRA adapter' : config.num_labels !== undefined ? 'a classifier' : undefined;
  if (has === undefined) return;
  throw new LabError(
    'bad-spec',
    `${configName(peer)} computes a language model as its file has it; the model has ${has}. Leave the configuration out.`,
  );
}
