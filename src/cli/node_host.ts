import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LabError } from '../errors.ts';
import type { DataPlace } from '../lab/datasets.ts';
import type { RunningHash } from '../lab/files.ts';
import type { AdapterChoice } from '../gpu/adapter.ts';
import { forceForms } from '../gpu/force_forms.ts';
import { gpuOnce } from '../lab/gpu_once.ts';
import { openHub, type Hub } from '../lab/hub.ts';
import type { Host } from '../lab/host.ts';
import { memoryStore } from '../lab/store.ts';
import { modelFolder as folderOf } from '../model/model_folder.ts';
import { APP } from '../study/version.ts';
import { pathOfData } from '../tensor/folder.ts';
import type { FileSet } from '../tensor/source.ts';
import { diskFiles, diskModel, diskSource } from './disk.ts';
import { diskScratch } from './disk_scratch.ts';
import { nodeGpu } from './node_gpu.ts';
import { nodeHub } from './node_hub.ts';
import { nodeWithin } from './node_within.ts';

/** The folder on disk of the files that the page fetches from its server. */
const PUBLIC = fileURLToPath(new URL('../../public/', import.meta.url));

export const NODE_RUNTIME = `node ${process.versions.node}`;

/** Folders of this machine that a run reads. */
export interface Folders {
  model?: string | undefined;
  data?: string | undefined;
  adapter?: string | undefined;
}

/** The adapter to compute on, and the forms of the matmul that are taken and no others. */
export interface Device {
  choice?: AdapterChoice;
  forms?: readonly string[];
}

/** Node as the host of a run: Dawn, folders, and a store in memory. */
export function nodeHost(
  { model: modelFolder, data: dataFolder, adapter: adapterFolder }: Folders,
  hub: Hub = nodeHub(),
  { choice, forms = [] }: Device = {},
): Host {
  const opened = gpuOnce(nodeGpu, choice && (() => choice));
  return {
    gpu: async () => forceForms(await opened(), forms),
    runtime: NODE_RUNTIME,
    app: APP,
    data: [...(dataFolder ? [folderPlace(dataFolder)] : []), BUNDLED],
    hub,
    store: memoryStore(),
    own: (_, work) => work(),
    hash: nodeHash,
    within: nodeWithin,
    scratch: () => Promise.resolve(diskScratch()),
    async openFiles(model, onProgress, signal) {
      switch (model.source) {
        case 'bundled':
          return { files: await diskModel(join(PUBLIC, 'models', model.name)) };
        case 'hub': {
          if (modelFolder) return { files: await diskModel(modelFolder) };
          const { files, commit } = await openHub(hub, { kind: 'models', ...model }, onProgress, signal);
          return { files: await folderOf(files), revision: commit };
        }
        case 'local':
          if (!modelFolder) {
            throw new LabError(
              'bad-arguments',
              `The spec's model ${model.name} is local; give its folder with --model DIR.`,
            );
          }
          return { files: await diskModel(modelFolder) };
      }
    },
    async openAdapter(adapter, onProgress, signal) {
      if (adapterFolder) return { files: await diskModel(adapterFolder, 'adapter') };
      if (adapter.source === 'local') {
        throw new LabError(
          'bad-arguments',
          `The spec's adapter ${adapter.name} is local; give its folder with --lora DIR.`,
        );
      }
      const { files, commit } = await openHub(hub, { kind: 'models', ...adapter }, onProgress, signal);
      return { files, revision: commit };
    },
  };
}

/** Node's own SHA-256 runs in machine code, a dozen times as fast. */
function nodeHash(): RunningHash {
  const hash = createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
}

const BUNDLED: DataPlace = {
  source: 'bundled',
  where: 'the bundled tasks (--data names a folder)',
  open: (path) => diskSource(join(PUBLIC, 'tasks', path), path).catch(() => undefined),
};

/** Task files of the folder --data names, found as the page finds them in a chosen one. */
function folderPlace(folder: string): DataPlace {
  let files: Promise<FileSet> | undefined;
  return {
    source: 'folder',
    where: `the folder ${folder}`,
    async open(wanted) {
      const all = await (files ??= diskFiles(folder));
      const path = pathOfData(all.names, wanted);
      return path === undefined ? undefined : all.open(path);
    },
  };
}
