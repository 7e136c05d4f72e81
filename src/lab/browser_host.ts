import type { DataFiles } from '../eval/task.ts';
import { LabError } from '../errors.ts';
import type { Gpu } from '../gpu/device.ts';
import { blobSource, urlSource, type FileSet } from '../tensor/source.ts';
import { downloadedFiles } from './files.ts';
import { openHub } from './hub.ts';
import type { NamedFile, RunRequest } from './protocol.ts';
import type { Host } from './run.ts';
import { BUNDLED_FILES } from './spec.ts';
import type { Store } from './store.ts';
import { APP } from './version.ts';

/** A browser's worker as the host of a run; `base` is the page's address, below which models and tasks lie. */
export function browserHost(
  base: string,
  request: Omit<RunRequest, 'spec'>,
  gpu: () => Promise<Gpu>,
  store: Store,
): Host {
  return {
    gpu,
    runtime: navigator.userAgent,
    app: APP,
    data: {
      where: 'the page or the chosen folder',
      read: (path) => readTask(base, request.data_files ?? [], path),
    },
    store,
    async openFiles(model, onProgress, signal) {
      switch (model.source) {
        case 'bundled': {
          const address = (name: string) => new URL(`models/${model.name}/${name}`, base).href;
          const remote = {
            names: BUNDLED_FILES,
            open: (name: string) => urlSource(address(name), { signal }),
          };
          return { files: downloadedFiles(remote, onProgress, signal) };
        }
        case 'hub': {
          const { files, commit } = await openHub(model.repo, model.revision, signal);
          return { files: downloadedFiles(files, onProgress, signal), revision: commit };
        }
        case 'local':
          return { files: chosenFiles(request.model_files ?? [], 'model') };
      }
    },
    async openAdapter(adapter, onProgress, signal) {
      if (adapter.source === 'local') return { files: chosenFiles(request.adapter_files ?? [], 'adapter') };
      const { files, commit } = await openHub(adapter.repo, adapter.revision, signal);
      return { files: downloadedFiles(files, onProgress, signal), revision: commit };
    },
  };
}

/** The files of a chosen folder by their own names: a model's files lie side by side. */
function chosenFiles(chosen: readonly NamedFile[], what: string): FileSet {
  if (chosen.length === 0) {
    throw new LabError('missing-file', `The ${what} is in a local folder, which has not been chosen.`);
  }
  const byName = new Map(chosen.map(({ path, file }) => [path.split('/').at(-1)!, file]));
  return {
    names: [...byName.keys()],
    async open(name) {
      const file = byName.get(name);
      if (!file) throw new LabError('missing-file', `${name} is not in the chosen folder.`);
      return typeof file === 'string' ? urlSource(file) : blobSource(file, name);
    },
  };
}

/** A task file: from the chosen folder if it is there, else one that comes with the page. */
const readTask = async (
  base: string,
  chosen: readonly NamedFile[],
  path: string,
): ReturnType<DataFiles['read']> => {
  const match = chosen.find((entry) => entry.path === path || entry.path.endsWith(`/${path}`));
  if (match && typeof match.file !== 'string') return new Uint8Array(await match.file.arrayBuffer());
  const address = match ? (match.file as string) : new URL(`tasks/${path}`, base).href;
  const response = await fetch(address);
  // A static host may answer an unknown address with its front page.
  const isPage = response.headers.get('Content-Type')?.startsWith('text/html');
  return response.ok && !isPage ? new Uint8Array(await response.arrayBuffer()) : undefined;
};
