import { TASKS } from '../../eval/tasks/tasks.ts';
import { decimals, natsText, ratioText, shareText, whole } from '../view/format.ts';
import type { ResultView } from '../view/view.ts';
import type { Section } from './parts.ts';

/** A table of each configuration's divergence from the baseline's distributions, on every task that reads texts. */
export function divergenceSections({ divergences }: Pick<ResultView, 'divergences'>): Section[] {
  const rows = divergences.map(
    ({ name, task, tokens, kl, kl_percentiles, same_top, dp, dp_rms, ...other }) => [
      `${name}, ${TASKS[task].title}`,
      whole(tokens),
      natsText(kl.value, kl.stderr),
      ...([50, 99, 100] as const).map((p) => natsText(kl_percentiles[p])),
      shareText(same_top.value, same_top.stderr),
      natsText(dp.value, dp.stderr),
      `${decimals(100 * dp_rms, 2)} points`,
      ratioText(other),
    ],
  );
  if (rows.length === 0) return [];
  const title = "Divergence from the baseline's distributions";
  const text = [
    `KL is that of the baseline's next-token distribution to the configuration's, in nats, over the whole vocabulary; Δp is the change of the right token's probability. Standard errors take tokens for independent.`,
  ];
  const header = [
    ...['Configuration, task', 'Tokens', 'Mean KL', 'Median KL', '99 % KL', 'Largest KL'],
    ...['Same top token', 'Mean Δp', 'RMS Δp', 'Perplexity ratio'],
  ];
  return [{ title, text, table: { header, rows } }];
}
