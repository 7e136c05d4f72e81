import { percent } from '../view/format.ts';
import type { ConfigRun } from '../result.ts';
import { distinctNames } from '../view/config_names.ts';
import type { Section } from './parts.ts';

/** Why a page shows both errors. */
export const WHY_OUTPUTS =
  'A layer is used for its outputs, so what counts is their error, ‖X(W − Ŵ)ᵀ‖ / ‖XWᵀ‖ on the inputs X of the calibration text. Rounding makes the error of the weights, ‖W − Ŵ‖ / ‖W‖, small; GPTQ makes it larger on purpose, so that errors of one weight cancel those of others where inputs go together. Ranked by weights, GPTQ would come last.';

/** One configuration's errors over its layers, each the root of the mean square. */
export interface ErrorRow {
  name: string;
  weight_error: number;
  output_error: number;
  /** The layer that loses most of its outputs. */
  worst: { module: string; output_error: number };
}

/** The errors of the configurations that have any, by how much of the outputs they lose. */
export function errorRows(runs: readonly ConfigRun[]): ErrorRow[] {
  const names = distinctNames(runs.map(({ config }) => config));
  return runs
    .flatMap(({ errors }, i): ErrorRow[] => {
      const layers = errors?.layers ?? [];
      if (layers.length === 0) return [];
      const rms = (of: 'weight_error' | 'output_error') =>
        Math.sqrt(layers.reduce((sum, layer) => sum + layer[of] ** 2, 0) / layers.length);
      const worst = layers.reduce((a, b) => (b.output_error > a.output_error ? b : a));
      return [
        { name: names[i]!, weight_error: rms('weight_error'), output_error: rms('output_error'), worst },
      ];
    })
    .sort((a, b) => a.output_error - b.output_error);
}

/** A table of what each configuration loses of its layers' weights and outputs; none where no text was there to tell. */
export function errorSections(runs: readonly ConfigRun[]): Section[] {
  const rows = errorRows(runs);
  const measured = runs.find(({ errors }) => errors)?.errors;
  if (rows.length === 0 || !measured) return [];
  const { calibration, tokens } = measured;
  return [
    {
      title: 'What the layers lose',
      text: [
        `${WHY_OUTPUTS} Measured on ${tokens} tokens of ${calibration.text}; roots of the mean square over all Linear layers.`,
      ],
      table: {
        header: ['Configuration', 'Error of the outputs', 'Error of the weights', 'Layer that loses most'],
        rows: rows.map(({ name, output_error, weight_error, worst }) => [
          name,
          percent(output_error),
          percent(weight_error),
          `${worst.module}, ${percent(worst.output_error)}`,
        ]),
      },
    },
  ];
}
