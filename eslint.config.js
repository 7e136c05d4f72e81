import js from '@eslint/js';
import globals from 'globals';
import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';

/**
 * The chain of DECISIONS.md: a folder imports only from folders to its left.
 * Each row names what that folder may not import, as patterns of relative paths.
 */
const chain = ['tensor', 'quant', 'gpu', 'model', 'eval', 'lab', 'ui', 'cli'];
const written = {
  // Pure maths for the explorer; everything on a device stays behind lab/client.ts in the worker.
  ui: ['gpu', 'model'],
  // Tasks see a model only as the type LanguageModel.
  eval: ['gpu'],
};
const pattern = (folder) => ({
  group: [`**/${folder}/**`],
  message: `The chain is ${chain.join(' -> ')}: this import points the wrong way.`,
});
const importTable = chain.map((folder, place) => {
  const right = chain.slice(place + 1);
  const banned = [...right, ...(written[folder] ?? []), ...(folder === 'cli' ? ['ui'] : [])];
  return {
    files: [`src/${folder}/**/*.{ts,svelte}`],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: banned.map(pattern) }] },
  };
});
const typesOnly = (folder, target) => ({
  files: [`src/${folder}/**/*.{ts,svelte}`],
  rules: {
    'no-restricted-syntax': [
      'error',
      {
        selector: `ImportDeclaration[importKind!='type'][source.value=/\\/${target}\\//]`,
        message: `${folder} may use only the types of ${target}.`,
      },
    ],
  },
});

export default ts.config(
  { ignores: ['dist/', 'node_modules/', 'public/', 'test-results/', 'playwright-report/'] },
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
  typesOnly('eval', 'model'),
  typesOnly('ui', 'eval'),
);
