import { fp4 } from '../../quant/formats/fp4.ts';
import { int4 } from '../../quant/formats/int4.ts';
import { nf4 } from '../../quant/formats/nf4.ts';

/** Notes of one line on the words a newcomer may not know. */
export const TERMS = {
  absmax: 'the largest magnitude in a block of weights. Every weight of the block is divided by it.',
  block: 'so many weights in a row that share one absmax. GPTQ and AWQ call its length the group size.',
  codebook: 'the 16 values, from −1 to 1, that a scaled weight may be rounded to.',
  nibble: 'half a byte, four bits: the place of a value in the codebook, written 0 to f.',
  NF4: nf4.about,
  FP4: fp4.about,
  INT4: int4.about,
  INT8: 'the whole numbers −127 to 127, with one absmax for each row of a weight or for all of it.',
  'counted size':
    'what transformers prints as the memory of a model under bitsandbytes. It leaves out absmax, so that double quantization seems to save nothing.',
  'true size': 'every byte that lies in memory, each absmax and codebook included.',
  'group size': 'what GPTQ and AWQ call the block size.',
  outlier: 'a weight or an activation far larger than those around it.',
  perplexity: 'among how many equally likely next words a model wavers; lower is better.',
  n: 'how many questions were asked. A score without it says little.',
  baseline: 'the configuration every other one is compared with, question by question.',
  'double quant': 'quantizing the absmax values too: 8 bits each, instead of 32.',
  threshold:
    'LLM.int8() multiplies activation columns with a magnitude from here on in floats, the others in integers.',
  LoRA: 'two slim matrices beside a weight, trained in its place: their product is added to what the weight gives.',
  seed: 'a number that fixes which items are asked. The same seed asks the same items.',
  compute_dtype: 'the type that weights and activations are rounded to before they are multiplied.',
  granularity: 'whether each row of a weight has an absmax of its own, or the whole weight has one.',
  stderr:
    'the standard error: how far the score would typically stray with other questions of the same kind.',
  'log-probability':
    'the natural logarithm of how likely the model finds a text. Nearer to 0 is more likely.',
  KL: 'how far one distribution over the next token is from another, in nats: 0 where they are the same.',
  'kernel error': 'how far the GPU’s result is from the same computation on the CPU, on the same codes.',
  bound:
    'the kernel error that rounding and the order of additions alone can explain. It is larger where the computed values are.',
  flips: 'questions that one configuration gets right and the other wrong.',
  digest: 'a SHA-256 over every answer. Two runs with the same digest gave the same answers, bit for bit.',
  offset: 'the mean of all absmax values. Double quantization takes it off before it rounds them.',
  'quantization error':
    'how far a weight is from what comes back after it was rounded: the price of fewer bits.',
  'bits per weight': 'every stored bit, those of the absmax values included, over the number of weights.',
  entropy:
    'how many bits the 16 values are worth as they are used: 4 where all are used alike, fewer where some idle.',
} as const;

export type TermName = keyof typeof TERMS;

/**
 * The marks on the screen that a term names, by their `data-mark`; app.css lights them. An element may have several.
 */
export const LIGHTS = {
  absmax: 'absmax',
  block: 'block',
  codebook: 'codebook',
  nibble: 'nibble',
  NF4: 'nf4',
  FP4: 'fp4',
  INT4: 'int4',
  outlier: 'outlier',
  threshold: 'outlier-column',
  'double quant': 'absmax-code',
  offset: 'offset',
  'quantization error': 'error',
  'bits per weight': 'bits',
  entropy: 'used-level',
  'log-probability': 'log-probability',
} as const satisfies Partial<Record<TermName, string>>;
