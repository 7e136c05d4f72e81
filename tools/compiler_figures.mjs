#!/usr/bin/env node
// What a real GPU's compiler makes of the matmuls, as the table of docs/kernels.md:
//   node tools/compiler_figures.mjs REPORT > docs/kernels.md
// REPORT is a script that runs `node tools/make_pipeline.mjs NAME WORDS` behind `--json --families … --` and prints
// a row of figures a target, as Mesa's RADV gives them for a device that is not there (RADV_FORCE_FAMILY).
import { execFileSync } from 'node:child_process';

const [report] = process.argv.slice(2);
if (!report) throw new Error('Which script reports? node tools/compiler_figures.mjs REPORT');
const TARGETS = ['gfx1100', 'navi21', 'renoir'];
/** Those that GPUs take; `tile` and `matvec` are for adapters that compute on the CPU. */
const PREFILL = ['tile_32', 'tile_64'];
const DECODING = ['matvec_fused', 'matvec_staged', 'matvec_staged_subgroups', 'matvec_staged_8'];
const STORAGES = ['blockwise', 'float'];
const DTYPES = ['float32', 'float16'];
/** The other kernels of a decoded token and of texts on a GPU; they compute in float32. */
const OTHERS = [
  'embedding',
  'attention_split',
  'attention_merge',
  'attention_tile',
  'rms_norm_group',
  'layer_norm_group',
  'rope_pair',
  'rope_qkv',
  'activate',
  'logit_strips_group',
  'argmax_group',
];

/** What LLM.int8() adds to them. */
const LLM_INT8 = [
  'outlier_columns_group',
  'list_outliers',
  'int8_vectorwise_quant_group',
  'matvec_llm_int8_packed',
  'tile_llm_int8_packed',
];

/** Kernels, and the words of the cases by whose constants they are compiled. */
const ROWS = [
  ...STORAGES.flatMap((storage) =>
    [...PREFILL, ...DECODING].flatMap((form) => DTYPES.map((dtype) => [`${form}_${storage}`, dtype, dtype])),
  ),
  ['matvec_staged_blockwise', 'float32', 'double quant'],
  ...['int8', 'bytes'].flatMap((storage) =>
    [...PREFILL, 'matvec_staged'].flatMap((form) =>
      DTYPES.map((dtype) => [`${form}_${storage}`, dtype, dtype]),
    ),
  ),
  ...OTHERS.map((name) => [name, 'float32']),
  ...LLM_INT8.map((name) => [name, 'float16', ...(/_packed$/.test(name) ? ['float16'] : [])]),
];

const mesa = execFileSync('dpkg-query', ['-W', '-f', '${Version}', 'mesa-vulkan-drivers'], {
  encoding: 'utf8',
});
const dawn = (await import('webgpu/package.json', { with: { type: 'json' } })).default.version;
console.log(`# What a GPU's compiler makes of the kernels

Written by \`tools/compiler_figures.mjs\`: Mesa ${mesa} (RADV) compiles for AMD GPUs the SPIR-V that Dawn (webgpu ${dawn}) makes of each kernel. Registers a lane of 256; workgroup memory in bytes; subgroups that a SIMD holds at once. Weights are 4-bit in absmax blocks, or float32. The forms \`tile\` and \`matvec\` are missing: they are made for adapters that compute on the CPU, and keep more than a GPU has registers for. Instructions are those of the program's text: they compare two forms of one loop, and say nothing of time.

| kernel | compute | target | lanes | registers | spilled | scratch | workgroup memory | subgroups | instructions |
| --- | --- | --- | --: | --: | --: | --: | --: | --: | --: |`);
for (const [kernel = '', compute = '', ...words] of ROWS) {
  const command = ['node', 'tools/make_pipeline.mjs', kernel, ...words];
  const args = [report, '--json', '--families', TARGETS.join(','), '--', ...command];
  const rows = JSON.parse(
    execFileSync('node', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  const others = words.filter((word) => word !== compute);
  for (const row of rows) {
    if (row.error) throw new Error(`${kernel} for ${row.family}: ${row.error}`);
    const { family, lanes, vgprs, spilled, scratch, lds, waves_per_simd, instructions } = row;
    const name = [kernel, ...others].join(', ');
    const cells = [name, compute, family, lanes, vgprs, spilled, scratch, lds, waves_per_simd, instructions];
    console.log(`| ${cells.join(' | ')} |`);
  }
}
