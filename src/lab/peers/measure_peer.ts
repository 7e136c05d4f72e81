import { LabError } from '../../errors.ts';
import { countParameters, type Footprint } from '../../model/footprint.ts';
import type { ModelFiles } from '../../model/open_model.ts';
import { withModel } from '../../model/session.ts';
import { configName, FLOAT32, type PeerConfig } from '../../quant/config.ts';
import type { PeerAudit } from '../../study/peer_audit.ts';
import { auditSentence } from '../../study/view/peer_text.ts';
import { answerItems } from '../answer_items.ts';
import type { Followed } from '../baseline_states.ts';
import { passGate } from '../gate.ts';
import { hashFile } from '../files.ts';
import type { ConfigJob } from '../measure_config.ts';
import type { PlannedItem } from '../plan.ts';
import type { StoredItem } from '../../study/record.ts';
import { audit } from './audit.ts';
import type { Peer } from './peer.ts';
import { peerLanguageModel } from './peer_language_model.ts';

/**
 * One configuration of another engine: opens it on its files, holds it against our float32 model, and asks it every
 * item that has no answer yet.
 */
export async function measurePeer(
  job: ConfigJob & { config: PeerConfig },
  open: readonly PlannedItem[],
  stored: readonly StoredItem[],
): Promise<void> {
  const { host, config, index, model, plan, gpu, shared, owned, emit, signal, gate } = job;
  const begun = performance.now();
  const opened = await host.peers!.openFiles(config, owned.record.spec.model, progress('download'), signal);
  const files: PeerAudit['files'] = {};
  const peer = await host.peers!.open(config, opened.files, (name, bytes, sha256) => {
    files[name] = { bytes, ...(sha256 !== undefined && { sha256 }) };
  });
  try {
    for (const [name, file] of Object.entries(files)) {
      file.sha256 ??= await hashFile(await opened.files.open(name), progress('hash'), signal, host.hash?.());
    }
    const footprint = await footprintOf(peer, model, files);
    const load_seconds = (performance.now() - begun) / 1000;
    await withModel(gpu, { ...model, shared }, FLOAT32, async (reference) => {
      const kept = owned.record.configs[index]?.peer;
      const found: PeerAudit = kept ?? {
        engine: peer.engine,
        files,
        ...(config.repo !== undefined && { revision: opened.revision }),
        ...(await audit({
          ...{ gpu, config, model, reference, peer, plan },
          async onStep(done, total, what) {
            await passGate(gate, emit, signal);
            emit({ type: 'progress', phase: 'audit', config: index, done, total, what });
          },
        })),
      };
      const timings = { load_seconds, answer_seconds: 0, tokens: 0, tokens_per_second: 0 };
      await owned.change(({ configs }) => ({
        configs: { [index]: { footprint, timings, peer: found }, ...configs },
      }));
      emit({ type: 'loaded', config: index, footprint, load_seconds, peer: found });
      if (found.verdict === 'not a number') {
        throw new LabError('bad-peer', `${configName(config)} ${auditSentence(found)}`);
      }
      const lm = peerLanguageModel(peer, model, reference);
      await answerItems(
        job,
        { lm, meter: lm, follow: () => Promise.resolve(comparesTexts(job) ? COMPARED : undefined) },
        open,
        stored.map(({ task, item }) => ({ task, item })),
      );
    });
  } finally {
    await peer.close();
  }
  emit({ type: 'config-done', config: index });

  function progress(phase: 'download' | 'hash') {
    return (done: number, total: number, what: string) =>
      emit({ type: 'progress', phase, config: index, done, total, what });
  }
}

/** Texts are compared with the float32 model, which reads them beside the engine: with a baseline that it is. */
const comparesTexts = ({ index, owned, model }: ConfigJob): boolean => {
  const { quant_type, compute_dtype } = owned.record.spec.configs[0]!;
  return index > 0 && quant_type === 'none' && compute_dtype === 'float32' && !model.stored_quant;
};

const COMPARED: Followed = {
  trace: { kind: 'compare', head_dtype: 'float32', next: () => new Float32Array(0) },
  close: () => Promise.resolve(),
};

/** What was fetched of the model, and the bits of a weight that its file has. */
async function footprintOf(
  { weights }: Peer,
  { config }: Pick<ModelFiles, 'config'>,
  files: PeerAudit['files'],
): Promise<Footprint> {
  const { linear, other } = countParameters(config);
  const isWeights = (name: string) => !name.endsWith('.json');
  const bytes = Object.entries(files).reduce(
    (sum, [name, own]) => sum + (isWeights(name) ? own.bytes : 0),
    0,
  );
  // A file that cannot be read is said by the audit, and still computed by its engine.
  const layers = (await weights?.().catch(() => undefined))?.layers ?? [];
  const numbers = layers.reduce((sum, { shape }) => sum + shape[0] * shape[1], 0);
  const bits = (8 * layers.reduce((sum, layer) => sum + layer.bytes, 0)) / numbers;
  return {
    ...{ parameters: linear + other, quantized_parameters: linear },
    ...{ bitsandbytes_bytes: bytes, actual_bytes: bytes },
    bits_per_weight: Number.isFinite(bits) ? bits : (8 * bytes) / (linear + other),
  };
}
