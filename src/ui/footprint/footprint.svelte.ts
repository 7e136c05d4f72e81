import { LabError, toFailure, type Failure } from '../../errors.ts';
import { footprintRows } from '../../study/footprint_table.ts';
import { blockLayers, maskBufferBytes } from '../../model/footprint.ts';
import { parseConfig } from '../../model/config.ts';
import { parseObject } from '../../model/read_json.ts';
import type { ModelConfig } from '../../model/model_config.ts';
import { parseQuery, printQuery, writeQuery } from '../page/query_state.ts';
import { parseRoute, queryOf } from '../shell/route.ts';
import { FOOTPRINT_QUERY as QUERY, type ModelName } from './footprint_query.ts';

/** The largest config.json that is read; real ones are a few hundred characters. */
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

  /** Takes over the address's query; without one the screen stays as it was. */
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
      this.#take(
        'The model of this file',
        parseConfig(parseObject(file.name, new Uint8Array(await file.arrayBuffer()))),
      );
    } catch (error) {
      this.#refuse(error);
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
