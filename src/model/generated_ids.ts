import type { Phase } from '../gpu/matrix/choose.ts';
import { greedyIds } from './decode.ts';
import { reserve, type Model } from './forward.ts';
import { greedyToken, readLogits } from './logits.ts';
import { largest, type Processor } from './process_logits.ts';
import { outgrownAt, turnsByLength } from './rope.ts';
import { forwardSequence } from './sequence.ts';

/**
 * Ids behind a prompt, up to `most` of them, each the most likely one. Where logits are changed before, or a sequence's
 * length changes how its tokens turn, each comes to the CPU and goes back; elsewhere they stay on the device.
 */
export const generatedIds = (
  model: Model,
  prompt: readonly number[],
  most: number,
  processors: readonly Processor[],
): AsyncIterable<number> =>
  processors.length === 0 && !turnsByLength(model.config)
    ? greedyIds(model, prompt, most)
    : idsByCpu(model, prompt, most, processors);

async function* idsByCpu(
  model: Model,
  prompt: readonly number[],
  most: number,
  processors: readonly Processor[],
): AsyncGenerator<number, void, undefined> {
  const outgrown = outgrownAt(model.config);
  // A whole generation's slots at once: growing would lose the keys of the context.
  const whole = prompt.length + most;
  await reserve(model, outgrown === undefined ? prompt.length : whole, whole);
  const ids = [...prompt];
  const next = async (fresh: readonly number[], first_slot: number, phase: Phase): Promise<number> => {
    const row = forwardSequence(model, fresh, first_slot, phase);
    if (processors.length === 0) return greedyToken(model, row);
    const logits = await readLogits(model, [row], 'decode');
    const sequence = { ids, prompt: prompt.length };
    for (const process of processors) process(logits, sequence);
    return largest(logits);
  };
  let id = await next(prompt, 0, 'prefill');
  for (let made = 1; ; made++) {
    ids.push(id);
    yield id;
    if (made === most) return;
    id = ids.length === outgrown ? await next(ids, 0, 'prefill') : await next([id], ids.length - 1, 'decode');
  }
}
