import { LabError } from '../../../errors.ts';
import { quantizeBlockwise } from '../../../quant/blockwise.ts';
import { CODEBOOK_ROWS, CODEBOOKS, type NamedCodebook } from '../../../quant/config.ts';
import { report } from '../../../quant/error.ts';
import type { TableTwin } from '../../chart/table_twin.ts';
import { count, digits3, whole } from '../../../study/view/format.ts';
import { openOwnFile, readFirstWeights, type OwnFile } from './own_file.ts';
import { standardDeviation, VALUES } from './weights.ts';

/** One matrix of a model: where it sits, and its error by codebook in standard deviations of its weights. */
export interface LayerCell {
  name: string;
  /** "3", or "outside of the layers". */
  layer: string;
  /** "mlp.gate_proj" */
  kind: string;
  errors: Record<NamedCodebook, number>;
}

/** Fetches the model that comes with the page. */
export async function bundledModel(): Promise<OwnFile> {
  const address = new URL('models/nibble-tiny/model.safetensors', document.baseURI);
  const response = await fetch(address).catch(() => undefined);
  if (!response?.ok) throw new LabError('network', 'The model that comes with the page did not arrive.');
  return openOwnFile(new File([await response.blob()], 'nibble-tiny'));
}

/** Measures every matrix by its first 16,384 weights, one a frame, so that the page stays alive. */
export async function mapLayers(
  file: OwnFile,
  blocksize: number,
  onProgress: (done: number, total: number) => void,
): Promise<LayerCell[]> {
  const cells: LayerCell[] = [];
  for (const info of file.tensors) {
    const weights = await readFirstWeights(file, info);
    const deviation = standardDeviation(weights) || 1;
    const errorOf = (book: NamedCodebook) =>
      report(weights, quantizeBlockwise(weights, CODEBOOKS[book], blocksize)).mean_abs_error / deviation;
    cells.push({
      name: info.name,
      ...placeOf(info.name),
      errors: Object.fromEntries(
        CODEBOOK_ROWS.map(({ quant_type }) => [quant_type, errorOf(quant_type)]),
      ) as Record<NamedCodebook, number>,
    });
    onProgress(cells.length, file.tensors.length);
    await new Promise((resolve) => setTimeout(resolve));
  }
  return cells;
}

/** Layer and kind in a tensor's name: "model.layers.3.mlp.gate_proj.weight" is gate_proj of layer 3. */
export function placeOf(name: string): { layer: string; kind: string } {
  const match = /(?:^|\.)(?:layers|h)\.(\d+)\.(.+?)(?:\.weight)?$/.exec(name);
  if (match) return { layer: match[1]!, kind: match[2]!.replace(/^(self_attn|attn|mlp)\./, '') };
  return { layer: 'other', kind: name.replace(/^model\./, '').replace(/\.weight$/, '') };
}

/** A sentence that names the worst and the best tensor. */
export function layerSentence(cells: readonly LayerCell[], book: NamedCodebook, blocksize: number): string {
  const sorted = [...cells].sort((a, b) => a.errors[book] - b.errors[book]);
  const [best, worst] = [sorted[0]!, sorted.at(-1)!];
  return `${count(cells.length, 'tensor')} in ${book.toUpperCase()} with blocks of ${blocksize}: worst is ${worst.name} with ${digits3(worst.errors[book])}, best ${best.name} with ${digits3(best.errors[book])}. Of each, the first ${whole(VALUES)} weights.`;
}

/** The map as numbers. */
export const layerTable = (cells: readonly LayerCell[]): TableTwin => ({
  caption: 'Mean error in standard deviations of the weights',
  head: ['tensor', ...CODEBOOK_ROWS.map(({ title }) => title)],
  rows: cells.map(({ name, errors }) => [
    name,
    ...CODEBOOK_ROWS.map(({ quant_type }) => digits3(errors[quant_type])),
  ]),
});
