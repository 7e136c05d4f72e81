import { describe, expect, it, test } from 'vitest';
import type { MultipleChoiceItem } from '../../eval/item.ts';
import type { TaskName } from '../../eval/tasks/tasks.ts';
import { assembleResult } from '../assemble.ts';
import { resultTable } from '../export.ts';
import type { ExperimentResult } from '../result.ts';
import { parseSpec, type ModelRef, type TaskSpec } from '../spec.ts';
import type { RunRecord, StoredItem } from '../record.ts';
import { itemsCsv } from './csv.ts';
import { toHtml } from './html.ts';
import { toMarkdown } from './markdown.ts';
import { buildReport } from './build_report.ts';
import { reproduction } from './reproduce.ts';

const HOSTILE = '<img src=x onerror=alert(1)>|`*_[a](javascript:1)\u202e"\'&';

function choice(doc_id: number, right: boolean): MultipleChoiceItem {
  const pred = right ? 0 : 1;
  const acc = Number(right);
  return {
    doc_id,
    output_type: 'multiple_choice',
    lls: right ? [-1, -2] : [-2.5, -2],
    is_greedy: [right, false],
    tokens: [1, 1],
    ...{ pred, pred_norm: pred, pred_bytes: pred, gold: 0, acc, acc_norm: acc, acc_bytes: acc },
  };
}

function resultOf(title: string, name: string): ExperimentResult {
  const spec = parseSpec({
    version: 1,
    title,
    model: { source: 'local', name },
    configs: [{ quant_type: 'none' }, { quant_type: 'fp4', double_quant: true }],
    tasks: [{ task: 'mini_arc' }],
    seed: 3,
  });
  const footprint = (bits: number) => ({
    parameters: 1000,
    quantized_parameters: 800,
    bitsandbytes_bytes: 100 * bits,
    actual_bytes: 110 * bits,
    bits_per_weight: bits,
  });
  const timings = { load_seconds: 1, answer_seconds: 2, tokens: 300, tokens_per_second: 150 };
  const record: RunRecord = {
    id: 'a',
    spec,
    state: 'done',
    created: '2026-01-01T00:00:00.000Z',
    environment: {
      app: { version: '0', commit: 'unknown' },
      runtime: 'test',
      adapter: {
        ...{ vendor: 'google', architecture: 'swiftshader', device: '', description: '' },
        ...{
          features: [],
          language_features: [],
          limits: { maxBufferSize: 0, maxStorageBufferBindingSize: 0 },
        },
      },
      kernel_check: {
        checked: 3,
        worst: { kernel: 'add', case: 'n 1', max_error: 0, bound: 0, worst_ratio: 0.2 },
      },
      model: { name, architecture: 'LlamaForCausalLM', parameters: 1000, files: {} },
      started: '2026-01-01T00:00:00.000Z',
    },
    configs: { 0: { footprint: footprint(16), timings }, 1: { footprint: footprint(4.127), timings } },
  };
  const items: StoredItem[] = [0, 1].flatMap((config) =>
    Array.from({ length: 40 }, (_, doc_id) => ({
      ...{ run_id: 'a', config, task: 'mini_arc' as const, doc_id },
      item: choice(doc_id, config === 0 ? doc_id < 36 : doc_id < 24),
      spent: { seconds: 0.05, tokens: 7.5 },
    })),
  );
  return assembleResult(record, items)!;
}

describe('a report', () => {
  const report = buildReport(resultOf('FP4?', 'tiny'), { link: 'http://host/#/experiment?spec=1.a' });

  it('says what the tests allow', () => {
    const findings = report.sections.find(({ title }) => title === 'Findings')!.text;
    expect(findings[0]).toBe(
      'Mini ARC: FP4 · 64 · double quant loses 30.0 points of acc at n = 40, p < 0.001.',
    );
    expect(findings.some((sentence) => sentence.includes("the right answer's lead shrinks by"))).toBe(true);
    expect(findings.at(-1)).toBe(
      'FP4 · 64 · double quant counts 74.2 % less memory than float32; 0.000 MB of scales are not counted.',
    );
  });

  it('has a row a configuration, and the way back', () => {
    const overview = report.sections[0]!.table!;
    expect(overview.rows.map(([name, bits]) => [name, bits])).toEqual([
      ['float32', '16.000'],
      ['FP4 · 64 · double quant', '4.127'],
    ]);
    // Forty items in two seconds.
    expect(overview.header.slice(6, 8)).toEqual(['Items/s', 'ms/item']);
    expect(overview.rows[0]!.slice(6, 8)).toEqual(['20.00', '50.0']);
    expect(report.sections[1]!.text).toEqual([
      'With n = 40 and 30.0 % of the docs flipping, differences of 23.6 points show four times in five; 1 point takes about 24,000 docs.',
    ]);
    expect(report.sections[1]!.table!.rows[1]!.slice(0, 3)).toEqual([
      'FP4 · 64 · double quant',
      '40',
      '0.600 ± 0.078 (0.446 to 0.737)',
    ]);
    expect(report.reproduce.map(({ title }) => title)).toEqual([
      'In a browser',
      'In a terminal',
      'In Python: float32',
      'In Python: FP4 · 64 · double quant',
    ]);
    expect(report.reproduce[1]!.text).toBe(
      "npm run -s lab -- run 'http://host/#/experiment?spec=1.a' --model FOLDER --out result.json",
    );
    expect(report.reproduce.at(-1)!.text).toContain(
      'bnb_4bit_quant_type="fp4", bnb_4bit_use_double_quant=True',
    );
  });
});

describe('the harness is asked the same', () => {
  /** A result of these tasks, of which these items were answered. */
  const asked = (tasks: TaskSpec[], items: Partial<Record<TaskName, number[]>> = {}): ExperimentResult => {
    const result = resultOf('ARC', 'tiny');
    const answered = Object.entries(items).map(([task, doc_ids]) => ({
      ...result.runs[0]!.tasks[0]!,
      task: task as TaskName,
      items: doc_ids.map((doc_id) => choice(doc_id, true)),
    }));
    const runs = result.runs.map((run) => ({ ...run, tasks: answered }));
    return { ...result, spec: { ...result.spec, tasks }, runs };
  };
  const waysOf = (...given: Parameters<typeof asked>) => {
    const ways = reproduction(asked(...given), {});
    const commands = ways.find(({ title }) => title.startsWith('By lm-evaluation-harness'));
    return {
      commands,
      lines: commands?.text.split('\n').map((line) => line.slice(line.indexOf('--tasks'))),
      ways,
    };
  };

  it('items by their numbers, ascending; a whole task; of MMLU each subject’s own numbers', () => {
    const { lines } = waysOf(
      [
        { task: 'arc_easy', limit: 2 },
        { task: 'ag_news' },
        { task: 'wikitext' },
        { task: 'mmlu', limit: 3, num_fewshot: 5 },
      ],
      { arc_easy: [30, 8], mmlu: [14041, 99, 100] },
    );
    expect(lines).toEqual([
      `--tasks arc_easy --samples '{"arc_easy":[8,30]}'`,
      '--tasks wikitext',
      `--tasks mmlu_abstract_algebra,mmlu_anatomy,mmlu_world_religions --num_fewshot 5 --samples '{"mmlu_abstract_algebra":[99],"mmlu_anatomy":[0],"mmlu_world_religions":[170]}'`,
    ]);
  });

  it('where examples are drawn, all items up to the last one, and says so', () => {
    const { commands, lines } = waysOf([{ task: 'arc_easy', limit: 2, num_fewshot: 5 }], {
      arc_easy: [30, 8],
    });
    expect(lines).toEqual(['--tasks arc_easy --num_fewshot 5 --limit 31']);
    expect(commands!.note).toMatch(/^Of arc_easy all items to the last one of this run are asked/);
    const all = waysOf([{ task: 'arc_easy', doc_ids: [1, 0], num_fewshot: 5 }], { arc_easy: [1, 0] });
    expect(all.lines).toEqual(['--tasks arc_easy --num_fewshot 5 --limit 2']);
    expect(all.commands!.note).toBeUndefined();
  });

  it('through a chat template, with an instruction, quoted for a shell', () => {
    const tasks: TaskSpec[] = [
      { task: 'arc_easy', apply_chat_template: true, fewshot_as_multiturn: false },
      { task: 'arc_challenge', system_instruction: "It's “so”, $HOME." },
    ];
    const { lines, ways } = waysOf(tasks);
    expect(lines).toEqual([
      '--tasks arc_easy --apply_chat_template --fewshot_as_multiturn false',
      `--tasks arc_challenge --system_instruction 'It'\\''s “so”, $HOME.'`,
    ]);
    expect(ways.at(-1)!.text).toContain(
      'lm_eval.simple_evaluate(model=lm, tasks=["arc_easy"], apply_chat_template=True, fewshot_as_multiturn=False)',
    );
  });

  it('on another day otherwise, where the template puts in the date', () => {
    const result = asked([{ task: 'arc_easy', apply_chat_template: true }]);
    const chat_template = { file: 'chat_template.jinja', sha256: 'x', date: 'Tue Feb 03 2026' };
    const dated = { ...result, environment: { ...result.environment, chat_template } };
    expect(reproduction(dated, {}).at(-1)!.note).toContain('puts in the date, here Tue Feb 03 2026');
  });

  it('not of another split, and says so', () => {
    const { commands, ways } = waysOf([{ task: 'arc_easy', split: 'validation' }]);
    expect(commands).toBeUndefined();
    expect(ways.at(-1)!.note).toContain('for the validation split there is no call');
  });

  it('of the commit and with the adapter', () => {
    const result = asked([{ task: 'wikitext' }]);
    const model: ModelRef = {
      source: 'hub',
      repo: 'a/b',
      revision: 'main',
      adapter: { source: 'hub', repo: 'c/lora', revision: 'main' },
    };
    const environment = {
      ...result.environment,
      model: { ...result.environment.model, revision: 'f00', adapter: { revision: 'ba5', files: {} } },
    };
    const ways = reproduction({ ...result, spec: { ...result.spec, model }, environment }, {});
    const command = ways.find(({ title }) => title.startsWith('By lm'))!;
    expect(command.text).toContain('--model_args pretrained=a/b,revision=f00,peft=c/lora,dtype=float32 ');
    expect(ways.at(-1)!.text).toContain('PeftModel.from_pretrained(model, "c/lora", revision="ba5")');
  });
});

test('a digest that does not fit is said in the report, and in a column of the CSV', () => {
  const forged: ExperimentResult = { ...resultOf('FP4?', 'tiny'), digest_fits: false };
  const said = 'These answers do not fit the digest they came with';
  expect(buildReport(forged).summary.at(-1)).toContain(said);
  expect(toHtml(buildReport(forged))).toContain(said);
  const [header, ...lines] = itemsCsv(forged).trimEnd().split('\r\n');
  expect(header).toMatch(/,tokens,digest_fits$/);
  expect(lines).toHaveLength(80);
  expect(lines.filter((line) => line.endsWith(',false'))).toHaveLength(80);
});

describe('text from anybody', () => {
  // As a run holds it that was stored before names had to be on one line.
  const plain = resultOf('t', 'n');
  const hostile = { ...plain.spec, title: HOSTILE, model: { source: 'local', name: HOSTILE } } as const;
  const environment = { ...plain.environment, model: { ...plain.environment.model, name: HOSTILE } };
  const result: ExperimentResult = { ...plain, spec: hostile, environment };

  it('becomes no command in code that is offered for copying', () => {
    const name = "x\nimport os; os.system('touch pwned')\n#";
    const asked = (local: string): ExperimentResult => ({
      ...result,
      spec: { ...hostile, model: { source: 'local', name: local }, tasks: [{ task: 'arc_easy' }] },
    });
    const python = reproduction(asked(name), {}).at(-1)!.text;
    expect(python.split('\n').map((line) => line.split(' ')[0])).toEqual([
      ...['import', 'import', 'from', 'from', '', 'model', 'tokenizer', 'lm'],
      'print(lm_eval.simple_evaluate(model=lm,',
    ]);
    const commands = reproduction(asked('x,trust_remote_code=True'), {}).filter(({ text }) =>
      text.startsWith('lm_eval'),
    );
    expect(commands).toHaveLength(1);
    expect(commands[0]!.text).toContain('--model_args pretrained=FOLDER,');
    const [, terminal] = reproduction(result, { link: "http://host/#/experiment?title=it's;id" });
    expect(terminal!.text).toContain(`run 'http://host/#/experiment?title=it'\\''s;id' --model`);
  });

  it('opens no markup in the table that is copied', () => {
    expect(resultTable(result)).not.toMatch(/(?<!\\)<img|\u202e/);
  });

  it('opens no markup in HTML, and nothing there can be asked for', () => {
    const html = toHtml(buildReport(result));
    expect(html).not.toMatch(/<img|onerror=alert\(1\)>|\u202e/);
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(html).toContain(`default-src 'none'`);
    expect(html).not.toMatch(/<script|<link|src=["']|url\(/);
  });

  it('opens none in Markdown', () => {
    const markdown = toMarkdown(buildReport(result));
    const prose = markdown.replace(/^```[\s\S]*?^```/gm, '');
    expect(prose).not.toMatch(/(?<!\\)<img|(?<!\\)\[a\]|\u202e/);
    expect(prose).toContain('\\<img');
  });

  it('becomes no formula in CSV', () => {
    const csv = itemsCsv(result);
    const lines = csv.trimEnd().split('\r\n');
    expect(lines).toHaveLength(81);
    expect(lines[1]).toBe('float32,mini_arc,0,multiple_choice,"[-1,-2]",0,0,1,1,,,,');
    const generated = structuredClone(result);
    generated.runs[0]!.tasks[0]!.items = ['=1+1', '@x', '-1+2|a', 'a,"b"', '-3', '-1+1', '-2 -3'].map(
      (pred, doc_id) => ({
        ...{ doc_id, output_type: 'generate_until', text: pred, pred, em: 0, f1: 0, tokens: 1 },
      }),
    );
    const cells = itemsCsv(generated).split('\r\n').slice(1, 8);
    expect(cells[0]).toContain(",'=1+1,");
    expect(cells[1]).toContain(",'@x,");
    expect(cells[2]).toContain(",'-1+2|a,");
    expect(cells[3]).toContain(',"a,""b""",');
    expect(cells[4]).toContain(',-3,');
    expect(cells[5]).toContain(",'-1+1,");
    expect(cells[6]).toContain(",'-2 -3,");
  });
});
