import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { markdownText, pythonString, shellWord } from './quote.ts';

const HOSTILE = [
  `x\nimport os; os.system('touch pwned')\n#`,
  `x\r\u2028\u2029\u0085import os`,
  `$(touch pwned); \`touch pwned\` & | > pwned`,
  `it's "quoted" \\ back\\\\slashed \\`,
  `'; touch pwned; '`,
  `"""; import os #`,
  `\u202etxt.exe\u0000\u001b[31m`,
  `größe ✓ 模型 \ud83d\ude00 \ud83d`,
  '-rf',
  '',
];

it.each(HOSTILE)('a shell reads %j as one word', (text) => {
  const script = `printf '%s|' ${shellWord(text)}`;
  expect(script).not.toMatch(/[\r\n]/);
  const word = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
  expect(word).toBe(`${oneWord(text)}|`);
});

it.each(HOSTILE)('Python reads %j as one string, on one line of ASCII', (text) => {
  const literal = pythonString(text);
  expect(literal).toMatch(/^"[ -~]*"$/);
  // Of what is written here, Python and JSON read the same.
  expect(JSON.parse(literal)).toBe(text.replace(UNSEEN, ' '));
});

it.each(HOSTILE)('Markdown shows %j as text', (text) => {
  expect(markdownText(text)).not.toMatch(/[\r\n\u202e]|(?<!\\)[`*_<>|#]/);
});

// eslint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** As a process is given it, which knows no lone surrogate. */
const oneWord = (text: string): string => text.replace(UNSEEN, ' ').replace(/\p{Surrogate}/gu, '\ufffd');
