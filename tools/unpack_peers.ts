import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { damagedExport, EXPORTS, exported, EXTERNAL, externalFile } from '../test/fixtures/peer_exports.ts';
import { damagedGguf, GGUF_TYPES, ggufExport, withRopeBase } from '../test/fixtures/peer_ggufs.ts';

const MODEL = fileURLToPath(new URL('../public/models/nibble-tiny', import.meta.url));
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('No folder was given; allowed: one to write to.');
for (const kind of ['sound', 'damaged', 'external']) {
  const onnx = join(folder, kind, 'onnx');
  mkdirSync(onnx, { recursive: true });
  cpSync(MODEL, join(folder, kind), { recursive: true });
  const files = kind === 'sound' ? EXPORTS.map((name) => [name, exported(name)] as const) : [];
  for (const [name, bytes] of files) writeFileSync(join(onnx, `${name}.onnx`), bytes);
  const gguf = (type: string, bytes: Uint8Array) =>
    writeFileSync(join(folder, kind, `nibble-tiny-${type}.gguf`), bytes);
  if (kind === 'sound') for (const type of GGUF_TYPES) gguf(type, ggufExport(type));
  if (kind === 'damaged') {
    writeFileSync(join(onnx, 'model_q4.onnx'), damagedExport());
    gguf('Q4_0', await damagedGguf());
    gguf('F16', withRopeBase(ggufExport('F16'), 500_000));
  }
  if (kind === 'external') for (const name of EXTERNAL) writeFileSync(join(onnx, name), externalFile(name));
}
