import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LabError } from '../errors.ts';
import type { DataPlace } from '../lab/datasets.ts';
import { downloadedFiles } from '../lab/files.ts';
import { gpuOnce } from '../lab/gpu_once.ts';
import { openHub } from '../lab/hub.ts';
import type { Host } from '../lab/host.ts';
import { memoryStore } from '../lab/store.ts';
import { APP } from '../study/version.ts';
import { diskFiles, diskSource } from './disk.ts';
import { diskScratch } from './disk_scratch.ts';
import { nodeGpu } from './node_gpu.ts';

/** The folder on disk of the files that the page fetches from its server. */
const PUBLIC = fileURLToPath(new URL('../../public/', import.meta.url));

export const NODE_RUNTIME = `node ${process.versions.node}`;

/** Folders of this machine that a run reads. */
export interface Folders {
  model?: string | undefined;
  data?: string | undefined;
  adapter?: string | undefined;
}

/** Node as the host of a run: Dawn, folders, and a store in memory. */
export function nodeHost({ model: modelFolder, data: dataFolder, adapter: adapterFolder }: Folders): Host {
  return {
    gpu: gpuOnce(nodeGpu),
    runtime: NODE_RUNTIME,
    app: APP,
    data: [
      ...(dataFolder ? [diskPlace('folder', `the folder ${dataFolder}`, dataFolder)] : []),
      diskPlace('bundled', 'the bundled tasks (--data names a folder)', join(PUBLIC, 'tasks')),
    ],
    store: memoryStore(),
    scratch: () => Promise.resolve(diskScratch()),
    async openFiles(model, onProgress, signal) {
      switch (model.source) {
        case 'bundled':
          return { files: await diskFiles(join(PUBLIC, 'models', model.name)) };
        case 'hub': {
          if (modelFolder) return { files: await diskFiles(modelFolder) };
          const { files, commit } = await openHub(model.repo, model.revision, signal);
          return { files: downloadedFiles(files, onProgress, signal), revision: commit };
        }
        case 'local':
          if (!modelFolder) {
            throw new LabError(
              'bad-arguments',
              `The spec's model ${model.name} is local; give its folder with --model DIR.`,
            );
          }
          return { files: await diskFiles(modelFolder) };
      }
    },
    async openAdapter(adapter, onProgress, signal) {
      if (adapterFolder) return { files: await diskFiles(adapterFolder) };
      if (adapter.source === 'local') {
        throw new LabError(
          'bad-arguments',
          `The spec's adapter ${adapter.name} is local; give its folder with --adapter DIR.`,
        );
      }
      const { files, commit } = await openHub(adapter.repo, adapter.revision, signal);
      return { files: downloadedFiles(files, onProgress, signal), revision: commit };
    },
  };
}

const diskPlace = (source: DataPlace['source'], where: string, folder: string): DataPlace => ({
  source,
  where,
  open: (path) => diskSource(join(folder, path), path).catch(() => undefined),
});
