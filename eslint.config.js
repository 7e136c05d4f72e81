import js from '@eslint/js';
import globals from 'globals';
import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';

/**
 * The chain of DECISIONS.md: what a folder may import, beside its own files. `types`: only their types, which carry no
 * code. `files`: only those of the folder, for the reason given.
 */
const left = (folder) => CHAIN.slice(0, CHAIN.indexOf(folder));
const CHAIN = ['tensor', 'quant', 'gpu', 'model', 'eval', 'study', 'lab', 'ui', 'cli'];
// What is pure right of quant: a model's config as Python writes it, sizes by it alone, an adapter's name, the version of
// the kernels, the layers that are timed, what a calibration takes.
const pure = {
  gpu: ['adapter.ts', 'kernel_version.ts', 'bench/layers.ts'],
  model: [
    ...['calibration_work.ts', 'config.ts', 'footprint.ts', 'item_length.ts', 'memory.ts', 'memory_limit.ts'],
    'read_json.ts',
  ],
};
const IMPORTS = {
  tensor: {},
  quant: { all: left('quant') },
  gpu: { all: left('gpu') },
  model: { all: left('model') },
  // Tasks see a model only as the type LanguageModel.
  eval: { all: ['tensor', 'quant'], types: ['model'] },
  study: { all: ['tensor', 'quant', 'eval'], types: ['gpu', 'model'], files: pure },
  lab: { all: left('lab') },
  // Everything on a device stays in the worker, behind the lab's client and what the two say to each other.
  ui: {
    all: ['tensor', 'quant', 'study'],
    types: ['gpu', 'model', 'eval'],
    // The rows of tasks and metrics say what the page calls them.
    files: { ...pure, eval: ['tasks/tasks.ts', 'stats/metric.ts'], lab: ['client', 'protocol.ts'] },
  },
  cli: { all: CHAIN.filter((folder) => folder !== 'ui') },
};
/** Patterns that let one path of a folder through; a file in a room of it needs the room opened and its rest shut. */
const opened = (folder, path) => {
  const [room, file] = path.split('/');
  const rest = file === undefined ? [] : [`**/${folder}/${room}/*`, `!**/${folder}/${path}`];
  return [`!**/${folder}/${room}`, ...rest];
};
const importTable = CHAIN.map((folder) => {
  const { all = [], types = [], files = {} } = IMPORTS[folder];
  const patterns = CHAIN.filter((other) => other !== folder && !all.includes(other)).map((other) => ({
    group: [`**/${other}/*`, ...(files[other] ?? []).flatMap((path) => opened(other, path))],
    allowTypeImports: types.includes(other),
    message: `The chain is ${CHAIN.join(' -> ')}; the table in eslint.config.js says what ${folder} may import.`,
  }));
  return {
    files: [`src/${folder}/**/*.{ts,svelte}`],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
  };
});

export default ts.config(
  { ignores: ['dist/', 'built/', 'node_modules/', 'public/', 'test-results/', 'playwright-report/'] },
  js.configs.recommended,
  ...ts.configs.recommendedTypeChecked,
  ...svelte.configs.recommended,
  {
    languageOptions: {
      globals: { ...globals.browser, ...globals.node },
      parserOptions: { projectService: true, extraFileExtensions: ['.svelte'] },
    },
    rules: {
      'no-undef': 'off',
      'svelte/no-at-html-tags': 'error',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  { files: ['**/*.svelte', '**/*.svelte.ts'], languageOptions: { parserOptions: { parser: ts.parser } } },
  { files: ['**/*.js', '**/*.mjs'], ...ts.configs.disableTypeChecked },
  ...importTable,
);
