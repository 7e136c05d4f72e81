/**
 * Asks models for their logits: reads a line `{folder, ids}` of JSON after the other, and answers each by a line
 * `{logits: "base64 of float32 [ids, vocabulary]"}`, or `{refused, message}` with the code and the sentence that a
 * run would have. `node tools/logits.mjs < QUESTIONS`; families.py asks it about models it makes.
 */
import { createInterface } from 'node:readline';
import { diskModel } from '../src/cli/disk.ts';
import { nodeGpu } from '../src/cli/node_gpu.ts';
import { toFailure } from '../src/errors.ts';
import { openGpu, type Gpu } from '../src/gpu/device/device.ts';
import { forward, reserve } from '../src/model/forward.ts';
import { readLogits } from '../src/model/logits.ts';
import { openWeights } from '../src/model/open_model.ts';
import { sequenceBatch } from '../src/model/sequence.ts';
import { withModel } from '../src/model/session.ts';

interface Question {
  folder: string;
  ids: number[];
}

async function answer(gpu: Gpu, { folder, ids }: Question): Promise<object> {
  try {
    const weights = await openWeights(await diskModel(folder));
    const config = { quant_type: 'none', compute_dtype: 'float32' } as const;
    const logits = await withModel(gpu, weights, config, async (model) => {
      await reserve(model, ids.length, ids.length);
      forward(model, sequenceBatch(ids, 0));
      return readLogits(model, [...ids.keys()]);
    });
    return { logits: Buffer.from(logits.buffer, logits.byteOffset, logits.byteLength).toString('base64') };
  } catch (error) {
    const { code, message } = toFailure(error);
    return { refused: code, message };
  }
}

const gpu = await openGpu(await nodeGpu());
for await (const line of createInterface({ input: process.stdin })) {
  const text = `${JSON.stringify(await answer(gpu, JSON.parse(line) as Question))}\n`;
  // The end of the process below would cut what a pipe has not taken yet.
  await new Promise((written) => process.stdout.write(text, written));
}
// Dawn keeps a process alive that once opened a device.
process.exit(0);
