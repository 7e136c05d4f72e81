import { toFailure, type Failure } from '../../../errors.ts';
import type { Saved, SaveRequest } from '../../../lab/protocol.ts';
import { hubToken } from '../../page/hub_token.svelte.ts';
import { lab } from '../../page/lab.ts';

/** Chromium's window has it; other browsers let no page write into a folder. */
interface Pickers {
  showDirectoryPicker?: (options: { id: string; mode: 'readwrite' }) => Promise<FileSystemDirectoryHandle>;
}

/** True if this browser lets a page write into a folder that the reader chooses. */
export const canWriteFolder = (): boolean => 'showDirectoryPicker' in globalThis;

/** A quantized copy of the model on its way to the reader's disk; it goes on while another screen is open. */
class SaveState {
  /** Tensors written, of how many; undefined while nothing is being saved. */
  progress = $state.raw<{ done: number; total: number }>();
  /** The last copy: where it lies, or its files to be downloaded. */
  saved = $state.raw<{ folder: string | undefined; files: Saved['files']; tool: string }>();
  failure = $state.raw<Failure>();

  /** Asks for a folder where the browser has such a thing, and writes the copy. */
  async save(request: Omit<SaveRequest, 'directory'>, tool: string): Promise<void> {
    if (this.progress) return;
    try {
      const directory = await chooseFolder();
      this.failure = undefined;
      this.saved = undefined;
      this.progress = { done: 0, total: 0 };
      const answer = await lab.saveCheckpoint(
        { ...request, directory, hub_token: hubToken.given },
        (done, total) => (this.progress = { done, total }),
      );
      if ('code' in answer) this.failure = answer;
      else this.saved = { folder: directory?.name, files: answer.files, tool };
    } catch (error) {
      // A picker that is closed is no failure.
      if (!(error instanceof DOMException && error.name === 'AbortError')) this.failure = toFailure(error);
    } finally {
      this.progress = undefined;
    }
  }
}

const chooseFolder = (): Promise<FileSystemDirectoryHandle> | undefined =>
  (globalThis as Pickers).showDirectoryPicker?.({ id: 'nibble-checkpoint', mode: 'readwrite' });

export const saving = new SaveState();
