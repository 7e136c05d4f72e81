/** A footprint as a study printed it. */
interface Published {
  /** The configuration, by its name in the table. */
  name: string;
  text: string;
  bytes: number;
}

const mib = (name: string, text: string): Published => ({
  name,
  text: `${text} MiB`,
  bytes: Number(text) * 2 ** 20,
});
const gib = (name: string, text: string): Published => ({
  name,
  text: `${text} GiB`,
  bytes: Number(text) * 2 ** 30,
});

/** Printed footprints by model: of a CoQA comparison, of an accuracy table, and of an AG News classifier. */
export const PUBLISHED: Readonly<Record<string, readonly Published[]>> = {
  'Llama-3.2-1B': [mib('float16', '2357'), mib('NF4 · 64', '965')],
  'Qwen2.5-3B': [
    gib('float32', '11.50'),
    gib('float16', '5.75'),
    gib('NF4 · 64', '1.87'),
    gib('LLM.int8()', '3.16'),
  ],
  'gpt2-ag-news': [
    mib('float32', '486.71'),
    mib('INT8 per row', '243.70'),
    mib('LLM.int8()', '168.36'),
    mib('NF4 · 64', '127.86'),
  ],
};

/** What a study printed for a configuration of a model; undefined where none did. */
export const publishedOf = (model: string, name: string): Published | undefined =>
  PUBLISHED[model]?.find((entry) => entry.name === name);

/** The CoQA comparison's line for QLoRA on Llama-3.2-1B, in MiB; it does not say what its adapter sat on. */
export const PUBLISHED_QLORA = { model: 'Llama-3.2-1B', mib: 994 };
