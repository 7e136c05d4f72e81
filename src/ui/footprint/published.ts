import { PUBLISHED_STUDIES, type PublishedStudy } from '../../study/published.ts';
import type { QuantConfig } from '../../quant/config.ts';
import { sameStorage } from '../../study/view/config_names.ts';

/** The page's configs of published models, by the study's own name for its model. */
const STUDIED: Readonly<Record<string, string>> = {
  'Llama-3.2-1B': 'meta-llama/Llama-3.2-1B',
  'Qwen2.5-3B': 'Qwen/Qwen2.5-3B',
  'gpt2-ag-news': 'openai-community/gpt2',
};

const UNITS = { MiB: 2 ** 20, GiB: 2 ** 30 } as const;

/** The models of which a footprint was published. */
export const PUBLISHED_MODELS = Object.keys(STUDIED);

const studyOf = (model: string): PublishedStudy | undefined =>
  PUBLISHED_STUDIES.find((study) => study.model === STUDIED[model]);

/** The footprint a study printed for a configuration of a model; undefined where none did. */
export function publishedOf(model: string, config: QuantConfig): { text: string; bytes: number } | undefined {
  const figure = studyOf(model)?.figures.find(
    (one) => one.quantity === 'memory' && one.config && sameStorage(one.config, config),
  );
  if (!figure || figure.unit === '%') return undefined;
  return { text: `${figure.value} ${figure.unit}`, bytes: figure.value * UNITS[figure.unit] };
}

/** The CoQA comparison's line for QLoRA on Llama-3.2-1B, in MiB; it does not say what its adapter sat on. */
export const PUBLISHED_QLORA = { model: 'Llama-3.2-1B', mib: 994 };
