import { LabError, toFailure, type Failure } from '../../errors.ts';
import { footprintRows } from '../../study/footprint_table.ts';
import { blockLayers, maskBufferBytes } from '../../model/footprint.ts';
import { parseConfig } from '../../model/config.ts';
import type { ModelConfig } from '../../model/model_config.ts';
import {
  oneNumber,
  parseQuery,
  printQuery,
  shortText,
  wholeNumber,
  word,
  writeQuery,
} from '../page/query_state.ts';
import { parseRoute, queryOf } from '../shell/route.ts';

/** Models whose config.json comes with the page. */
export const MODELS = [
  'SmolLM2-135M',
  'SmolLM2-360M',
  'Qwen2.5-0.5B',
  'Llama-3.2-1B',
  'Qwen2.5-3B',
  'gpt2',
  'gpt2-ag-news',
] as const;

type ModelName = (typeof MODELS)[number];

/** The ranks people train. */
export const RANKS = [1, 2, 4, 8, 16, 32, 64, 128, 256] as const;

/** The shortest context the slider shows; the longest is what the model can look back on. */
export const LEAST_CONTEXT = 128;

const QUERY = {
  model: word<ModelName>('model', MODELS, 'Llama-3.2-1B'),
  context: wholeNumber('context', LEAST_CONTEXT, 2 ** 24, 2048),
  rank: oneNumber('rank', RANKS, 16),
  layers: shortText('layers', 200),
};

/** A config.json is a few hundred characters; a file of more than this is something else. */
const MAX_CONFIG_BYTES = 1_000_000;

/** The Footprint screen as the reader left it. */
class FootprintState {
  model = $state<ModelName | 'own'>(QUERY.model.missing);
  title = $state('');
  config = $state.raw<ModelConfig>();
  failure = $state.raw<Failure>();
  context = $state(QUERY.context.missing);
  rank = $state(QUERY.rank.missing);
  /** Layers the adapter sits on; of a model that lacks them all, its first one. */
  chosen = $state.raw<readonly string[]>(['q_proj', 'v_proj', 'attn.c_attn']);
  withMasks = $state(false);

  rows = $derived(this.config && footprintRows(this.config));
  masks = $derived(this.config && this.withMasks ? maskBufferBytes(this.config) : 0);
  layers = $derived(this.config ? blockLayers(this.config) : []);
  adapted = $derived(this.layers.filter((name) => this.chosen.includes(name)));

  /** Takes over what the address says; an address that says nothing leaves the screen as it was. */
  followAddress(): void {
    if (parseRoute(location.hash).screen !== 'footprint') return;
    const query = queryOf(location.hash);
    if (query !== '') {
      const { model, context, rank, layers } = parseQuery(QUERY, query);
      Object.assign(this, { model, context, rank });
      if (layers) this.chosen = layers.split(',');
    }
    if (!this.config || query !== '') void this.load();
  }

  writeAddress(): void {
    const usual = this.chosen.join() === 'q_proj,v_proj,attn.c_attn';
    // A file of one's own cannot be in a link.
    const model = this.model === 'own' ? QUERY.model.missing : this.model;
    const layers = usual ? '' : this.chosen.join();
    writeQuery('footprint', printQuery(QUERY, { model, context: this.context, rank: this.rank, layers }));
  }

  /** Reads the config.json of the chosen model. */
  async load(): Promise<void> {
    const name = this.model;
    if (name === 'own') return;
    try {
      const response = await fetch(new URL(`configs/${name}.json`, document.baseURI)).catch(() => undefined);
      if (!response?.ok) throw new LabError('network', `The config.json of ${name} did not arrive.`);
      const config = parseConfig(await response.json());
      // Another model may have been chosen meanwhile.
      if (this.model === name) this.#take(name, config);
    } catch (error) {
      this.#refuse(error);
    }
  }

  async open(file: File): Promise<void> {
    try {
      if (file.size > MAX_CONFIG_BYTES) {
        throw new LabError(
          'bad-config',
          `${file.name} has ${file.size} bytes; allowed: ${MAX_CONFIG_BYTES}.`,
        );
      }
      this.#take('The model of this file', parseConfig(JSON.parse(await file.text())));
    } catch (error) {
      const wrong = error instanceof SyntaxError;
      this.#refuse(wrong ? new LabError('bad-config', `${file.name} is not JSON.`) : error);
    }
  }

  toggle(layer: string, wanted: boolean): void {
    const others = this.chosen.filter((name) => name !== layer);
    this.chosen = wanted ? [...others, layer] : others;
  }

  #take(title: string, config: ModelConfig): void {
    this.title = title;
    this.config = config;
    this.failure = undefined;
  }

  #refuse(error: unknown): void {
    this.failure = toFailure(error);
    this.config = undefined;
  }
}

export const footprint = new FootprintState();
