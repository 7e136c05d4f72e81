import { LabError } from '../errors.ts';
import { modelFolder } from '../model/model_folder.ts';
import { ownFileSet, pathOfData, wholeFileSet } from '../tensor/folder.ts';
import { blobSource, memorySource, urlBytes, urlSource, type FileSet } from '../tensor/source.ts';
import { browserScratch } from './browser_scratch.ts';
import type { DataPlace } from './datasets.ts';
import { downloadedFiles } from './files.ts';
import { openHub, type Hub } from './hub.ts';
import { ownRun } from './ownership.ts';
import type { NamedFile, RunRequest } from './protocol.ts';
import type { Host } from './host.ts';
import { BUNDLED_FILES } from '../study/spec.ts';
import type { Store } from './store.ts';
import { APP } from '../study/version.ts';

/** A browser's worker as the host of a run; `base` is the page's address, below which models and tasks lie. */
export function browserHost(
  base: string,
  request: Omit<RunRequest, 'spec'>,
  { gpu, tune }: Pick<Host, 'gpu' | 'tune'>,
  store: Store,
  hub: Hub,
): Host {
  /** The files of a model as they lie there. */
  const openFolder: Host['openFiles'] = async (model, onProgress, signal) => {
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
        const { files, commit, bytesOf } = await openHub(
          hub,
          { kind: 'models', ...model },
          onProgress,
          signal,
        );
        return { files, revision: commit, bytesOf };
      }
      case 'local':
        return { files: chosenFiles(request.model_files ?? [], 'model') };
    }
  };
  const openFiles: Host['openFiles'] = async (model, onProgress, signal) => {
    const opened = await openFolder(model, onProgress, signal);
    return { ...opened, files: await modelFolder(opened.files) };
  };
  return {
    gpu,
    tune,
    runtime: navigator.userAgent,
    app: APP,
    data: [chosenData(request.data_files ?? []), bundledData(base)],
    hub,
    store,
    own: ownRun,
    scratch: (run_id) => browserScratch(run_id, store),
    openFiles,
    peers: browserPeers(openFolder, request.model_files),
    async openAdapter(adapter, onProgress, signal) {
      if (adapter.source === 'local') return { files: chosenFiles(request.adapter_files ?? [], 'adapter') };
      const { files, commit } = await openHub(hub, { kind: 'models', ...adapter }, onProgress, signal);
      return { files, revision: commit };
    },
  };
}

/** Engines in a browser's worker, on the files of the model's folder or of a repository. */
const browserPeers = (
  openFolder: Host['openFiles'],
  chosen: readonly NamedFile[] = [],
): NonNullable<Host['peers']> => ({
  async openFiles({ repo }, model, onProgress, signal) {
    if (repo !== undefined) return openFolder({ source: 'hub', repo, revision: 'main' }, onProgress, signal);
    if (model.source === 'local') return { files: chosenFiles(chosen, 'model', wholeFileSet) };
    return openFolder(model, onProgress, signal);
  },
  async open(config, files, onFile) {
    const { PEERS } = await import('./peers/peers.ts');
    return (await PEERS[config.peer]())(config, files, onFile);
  },
});

/** The files of the one model or adapter in the chosen folder. */
export function chosenFiles(
  chosen: readonly NamedFile[],
  kind: 'model' | 'adapter',
  take = ownFileSet,
): FileSet {
  if (chosen.length === 0) {
    throw new LabError('missing-file', `The ${kind} is in a local folder, which has not been chosen.`);
  }
  return take(kind, fileSet(chosen));
}

/** Task files of the chosen folder: the folder itself may lie above. */
function chosenData(chosen: readonly NamedFile[]): DataPlace {
  const files = fileSet(chosen);
  return {
    source: 'folder',
    where: 'the chosen folder',
    async open(wanted) {
      const path = pathOfData(files.names, wanted);
      return path === undefined ? undefined : files.open(path);
    },
  };
}

function fileSet(chosen: readonly NamedFile[]): FileSet {
  const byPath = new Map(chosen.map(({ path, file }) => [path, file]));
  return {
    names: [...byPath.keys()],
    async open(path) {
      const file = byPath.get(path)!;
      return typeof file === 'string' ? urlSource(file) : blobSource(file, path);
    },
  };
}

/** Task files that come with the page. */
export const bundledData = (base: string): DataPlace => ({
  source: 'bundled',
  where: 'the page',
  async open(path) {
    try {
      return memorySource(path, await urlBytes(new URL(`tasks/${path}`, base).href));
    } catch (error) {
      if (error instanceof LabError && error.code === 'missing-file') return undefined;
      throw error;
    }
  },
});
