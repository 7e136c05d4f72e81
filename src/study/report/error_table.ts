import { errorText, losingRows, lossSentences } from '../view/layer_losses.ts';
import type { ResultView } from '../view/view.ts';
import type { Section } from './parts.ts';

/** A table of what each configuration loses of its layers' outputs and weights; none where no text was there to tell. */
export function errorSections({ rows }: Pick<ResultView, 'rows'>): Section[] {
  const losing = losingRows(rows);
  if (losing.length === 0) return [];
  return [
    {
      title: 'What the layers lose',
      text: lossSentences(losing),
      table: {
        header: ['Configuration', 'Error of the outputs', 'Error of the weights', 'Layer that loses most'],
        rows: losing.map(({ name, loss: { output_error, weight_error, worst } }) => [
          name,
          errorText(output_error),
          errorText(weight_error),
          `${worst.module}, ${errorText(worst.output_error)}`,
        ]),
      },
    },
  ];
}
