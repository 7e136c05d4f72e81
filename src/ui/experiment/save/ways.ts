import { isSavable } from '../../../quant/bitsandbytes_format.ts';
import type { QuantConfig } from '../../../quant/config.ts';
import { isMadeByText } from '../../../quant/layers.ts';
import { fitsGguf } from '../../../quant/saved/write_gguf.ts';
import { writerOf } from '../../../quant/saved/writer.ts';
import type { ModelRef } from '../../../study/spec.ts';
import { longName } from '../../../study/view/config_names.ts';

/** A way to keep a model in one of the experiment's configurations. */
export interface Way {
  config: QuantConfig;
  /** `NF4 · 64 as a bitsandbytes checkpoint`. */
  label: string;
  /** Who opens it. */
  tool: string;
  /** The name of the one file that is written; undefined for a folder. */
  gguf?: string;
}

/**
 * The ways to keep what the configurations are: as the tool of each stores it, and as a GGUF file where llama.cpp has its
 * types. Layers that a text makes are made by the command line.
 */
export const waysToSave = (configs: readonly QuantConfig[], model: ModelRef): Way[] =>
  configs
    .filter((config) => !isMadeByText(config))
    .flatMap((config): Way[] => {
      const tool = writerOf(config)?.tool;
      const name = longName(config);
      const loads = tool !== 'bitsandbytes' || isSavable(config);
      return [
        ...(tool && loads ? [{ config, tool, label: `${name} as a ${tool} checkpoint` }] : []),
        ...(fitsGguf(config)
          ? [
              {
                config,
                tool: 'llama.cpp',
                label: `${name} as a GGUF file`,
                gguf: `${fileName(model, name)}.gguf`,
              },
            ]
          : []),
      ];
    });

/** `SmolLM2-135M-Q4_0`. */
function fileName(model: ModelRef, config: string): string {
  const name = model.source === 'hub' ? model.repo.split('/').at(-1)! : model.name;
  return `${name}-${config}`.replace(/[^\w.-]+/g, '-').slice(0, 80);
}
