import { toFailure, type Failure } from '../../../errors.ts';
import type { ModelReading } from '../../../study/result.ts';
import type { ChosenFolder } from '../../kit/chosen_files.ts';
import { lab } from '../../page/lab.ts';

/** What opening the chosen folder said, before anything is run: how its files are read, or why they are refused. */
class FolderReading {
  /** Of the folder asked about last; undefined until it has been read. */
  said = $state.raw<{ reading?: ModelReading; failure?: Failure }>();
  #folder: ChosenFolder | undefined;

  async read(folder: ChosenFolder): Promise<void> {
    if (this.#folder === folder) return;
    this.#folder = folder;
    this.said = undefined;
    const answer = await lab.readModel(folder.files).catch(toFailure);
    // Another folder was chosen meanwhile.
    if (this.#folder !== folder) return;
    this.said = 'code' in answer ? { failure: answer } : { reading: answer };
  }
}

export const folderReading = new FolderReading();
