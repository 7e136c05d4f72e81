import type { KeepTrace, KeptStates } from '../model/language_model.ts';
import type { ComputeDtype } from '../quant/config.ts';
import type { Scratch, ScratchFile } from './scratch.ts';

/** One text on its way through a model: what the baseline leaves of it, or finds again. */
export interface Followed {
  trace: KeepTrace | KeptStates;
  /** To be called before the item is stored: a stored item of the baseline has its states on disk, or none at all. */
  close(answered: boolean): Promise<void>;
}

/** The baseline's final states of a text on their way to disk. */
export async function keepStates(scratch: Scratch, name: string): Promise<Followed | undefined> {
  const file = await scratch.create(name).catch(() => undefined);
  if (!file) {
    // What was begun before there was no room would be found as a text without states.
    await scratch.remove(name).catch(() => undefined);
    return undefined;
  }
  let whole = true;
  return {
    trace: {
      kind: 'keep',
      keep(states) {
        whole &&= appended(file, states);
      },
    },
    async close(answered) {
      file.close();
      // A full disk costs the comparison, never the answer; and half a text is none to compare with.
      if (!whole || !answered) await scratch.remove(name);
    },
  };
}

/** The states that the baseline kept of a text; undefined if there are none. */
export async function findStates(
  scratch: Scratch,
  name: string,
  head_dtype: ComputeDtype,
): Promise<Followed | undefined> {
  const file = await scratch.open(name).catch(() => undefined);
  if (!file) return undefined;
  return {
    trace: { kind: 'compare', head_dtype, next: (length) => new Float32Array(file.next(4 * length).buffer) },
    close: () => Promise.resolve(file.close()),
  };
}

function appended(file: ScratchFile, states: Float32Array<ArrayBuffer>): boolean {
  try {
    file.append(new Uint8Array(states.buffer, states.byteOffset, states.byteLength));
    return true;
  } catch {
    return false;
  }
}
