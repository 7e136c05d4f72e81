import { fp4 } from '../../quant/formats/fp4.ts';
import { int4 } from '../../quant/formats/int4.ts';
import { nf4 } from '../../quant/formats/nf4.ts';

/** Notes of one line on the words a newcomer may not know. */
export const TERMS = {
  'act-order':
    'GPTQ’s option to round first the weights whose inputs are largest, while there are most others left to make up for them.',
  absmax: 'the largest magnitude in a block of weights. Every weight of the block is divided by it.',
  block: 'so many weights in a row that share one absmax. GPTQ and AWQ call its length the group size.',
  codebook: 'the 16 values, from −1 to 1, that a scaled weight may be rounded to.',
  nibble: 'half a byte, four bits: the place of a value in the codebook, written 0 to f.',
  NF4: nf4.about,
  FP4: fp4.about,
  INT4: int4.about,
  AWQ: 'before it rounds, columns of a weight that meet large inputs are multiplied by a factor, and their inputs divided by it: the product stays, and these columns lose less. Every weight is quantized; none is kept in floats, as is often said.',
  calibration:
    'letting the model read some text before it is quantized, to see what its layers are given. Nothing is trained, and the text has no right answers.',
  E2M1: 'a float of four bits: sign, two bits of exponent, one of mantissa, with the magnitudes 0, 0.5, 1, 1.5, 2, 3, 4 and 6. FP4 of bitsandbytes differs in one of them: 1/192 of the largest in place of 1/12.',
  E4M3: 'a float of eight bits with magnitudes up to 448 and no infinity: the values of FP8 weights, and of NVFP4’s scales.',
  E8M0: 'a byte that is a power of two: the scales of MXFP4.',
  FP8: 'weights as 8-bit floats, mostly E4M3, with one scale for a tensor, for each row, or for squares of 128 × 128.',
  GGUF: 'the file format of llama.cpp. It is no way to quantize: its types (Q4_0, Q4_K, IQ4_NL, …) are many, and one file mixes several.',
  GPTQ: 'rounds the weights of a row one after the other, and adds what each lost to those that follow, as far as their inputs are alike. It keeps the outputs right rather than the weights, and needs calibration but no gradients.',
  HQQ: 'whole numbers 0 to 15, and a zero point that is no whole number: it is fitted so that most weights lose little, while a few may lose much. It needs no text.',
  IQ4_NL:
    'sixteen whole numbers from −127 to 113, unevenly spaced like those of NF4, in blocks of 32; none of them is 0.',
  MXFP4:
    'E2M1 in blocks of 32 with a power of two as scale: 4.25 bits per weight. Tools that all say MXFP4 choose that power by four different rules.',
  NVFP4:
    'E2M1 in blocks of 16 with an 8-bit float as scale, and one float32 for the tensor: 4.5 bits per weight.',
  'output error':
    'how far the products of a weight with its inputs are off: what the next layer notices. A larger error of the weights may come with a smaller one of the outputs.',
  'Q4_0, Q4_1':
    'types of GGUF with 16 even steps in blocks of 32. Q4_0 takes the largest weight, with its sign, to −8; Q4_1 goes from the smallest to the largest.',
  Q4_K: 'a type of GGUF: 16 even steps in blocks of 32, whose scales and minima have 6 bits each. “Q4_K_M” names a mix of it with others.',
  Q8_0: 'a type of GGUF: the whole numbers −127 to 127 in blocks of 32.',
  scale:
    'the number that the values of a code are multiplied by to give a block of weights. Absmax is one choice of it.',
  'scale rule':
    'how MXFP4 takes a power of two from the largest weight of a block: down (floor), to the nearest (even), or up (ceil, rceil).',
  'searched scale':
    'the scale, among 31 from absmax down to half of it, under which a block has the least squared error. It may cut off the largest weights.',
  'zero point':
    'the code that stands for 0 in a block, where this may differ from block to block. It spends no code on a side that has no weights.',
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
  scale: 'scale',
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
