import type { GenerateDoc } from '../doc.ts';
import { groupResult, type GroupResult } from '../stats/group.ts';
import type { ItemResult } from '../item.ts';
import {
  asRecord,
  badData,
  listField,
  parseJson,
  readText,
  textField,
  type DataFile,
  type DataRecord,
} from '../read/records.ts';
import { extensionOf, readRecords } from '../read/rows.ts';
import { QUESTION, type Task } from './task.ts';

/** A conversation about a story: `questions[turn]` with the answers that were given, the first one the asker's own. */
interface Conversation {
  record: DataRecord;
  story: string;
  questions: string[];
  /** By who answered, then by turn. */
  answers: string[][];
}

/**
 * CoQA (Reddy et al. 2019): its official JSON, `{"data": [{story, questions, answers, additional_answers}]}` with a
 * list of turns each, or EleutherAI's parquet with the same fields, whose turns are columns.
 */
async function readConversations(file: DataFile): Promise<Conversation[]> {
  if (extensionOf(file.path) === 'parquet') {
    const columns = ['id', 'source', 'story', 'questions', 'answers', 'additional_answers'];
    return (await readRecords(file, columns)).map(conversation);
  }
  const top = asRecord(parseJson(await readText(file), file.path), file.path, 'the file');
  const data = listField(top, 'data');
  if (data.length === 0) badData(file.path, 'data', data, 'a list of 1 or more');
  return data.map((value, index) => {
    const where = `${file.path}, data[${index}]`;
    return conversation(asRecord(value, where, 'the conversation'));
  });
}

function conversation(record: DataRecord): Conversation {
  const { where, value } = record;
  const story = textField(record, 'story');
  const questions = turns(record, 'questions');
  if (questions.length === 0) badData(where, 'questions', questions, 'a list of 1 or more');
  const answers = [turns(record, 'answers', questions.length)];
  // Missing altogether in the train split, which parquet writes as null.
  if (value['additional_answers'] !== undefined && value['additional_answers'] !== null) {
    const others = asRecord(value['additional_answers'], where, 'additional_answers');
    for (const key of Object.keys(others.value)) {
      answers.push(turns(others, key, questions.length, `additional_answers.${key}`));
    }
  }
  return { record, story, questions, answers };
}

/** The `input_text` of each turn, which may be empty; `count` is how many there must be. */
function turns({ where, value }: DataRecord, key: string, count?: number, name = key): string[] {
  const found = value[key];
  // In parquet the turns are one structure of lists.
  const column =
    typeof found === 'object' && found !== null && !Array.isArray(found) && 'input_text' in found;
  const list = column ? found.input_text : found;
  if (!Array.isArray(list)) badData(where, name, list, 'a list');
  if (count !== undefined && list.length !== count) {
    badData(where, name, list, `a list of ${count}, one for each question`);
  }
  return list.map((turn: unknown, index) => {
    const entry = `${name}[${index}]`;
    const text = column ? turn : asRecord(turn, where, entry).value['input_text'];
    if (typeof text !== 'string') badData(where, `${entry}.input_text`, text, 'a text');
    return text;
  });
}

/** The question of one turn, with the earlier ones and the asker's answers to them before it. */
function turnDoc({ story, questions, answers }: Conversation, turn: number, refs: string[]): GenerateDoc {
  const context = questions
    .slice(0, turn + 1)
    .map((question, i) => `Q: ${question}\n\n` + (i < turn ? `A: ${answers[0]![i]}\n\n` : 'A:'))
    .join('');
  return {
    output_type: 'generate_until',
    passage: story,
    question: questions[turn]!,
    context: `${story}\n\n${context}`,
    refs,
    until: ['\nQ:'],
    max_gen_toks: 256,
  };
}

/**
 * Reads the last turn of each conversation, as the harness asks it; a reference that equals an earlier one but for case
 * is dropped.
 */
async function readLastTurns(file: DataFile): Promise<GenerateDoc[]> {
  return (await readConversations(file)).map((conversation) => {
    const last = conversation.questions.length - 1;
    const refs: string[] = [];
    for (const answers of conversation.answers) {
      const ref = answers[last]!;
      if (!refs.some((known) => known.toLowerCase() === ref.toLowerCase())) refs.push(ref);
    }
    return turnDoc(conversation, last, refs);
  });
}

/** Reads every turn, as the official script asks them; every reference stays, so that a common answer weighs more. */
async function readAllTurns(file: DataFile): Promise<GenerateDoc[]> {
  return (await readConversations(file)).flatMap((conversation) => {
    const { record, questions, answers } = conversation;
    const [group, cluster] = [textField(record, 'source'), textField(record, 'id')];
    return questions.map((_, turn) => {
      const refs = answers.map((each) => each[turn]!);
      return { ...turnDoc(conversation, turn, refs), group, cluster };
    });
  });
}

/** The official script's domains, those of the training data first; each set has a row of its own, too. */
const DOMAINS = {
  in_domain: ['mctest', 'gutenberg', 'race', 'cnn', 'wikipedia'],
  out_domain: ['reddit', 'science'],
} as const;

function byDomain(items: readonly ItemResult[]): GroupResult[] {
  return Object.entries(DOMAINS)
    .flatMap(([set, domains]) => [
      ...domains.map((domain) => groupResult(domain, [domain], shared.metrics, items)),
      groupResult(set, domains, shared.metrics, items),
    ])
    .filter((row) => row !== undefined);
}

const shared = {
  item: QUESTION,
  output_type: 'generate_until',
  metrics: ['em', 'f1'],
  primary_metric: 'f1',
  num_fewshot: 0,
} as const satisfies Partial<Task>;

/** The places of the development conversations and of those for training. */
const published = {
  split: 'validation',
  bundled: false,
  files: {
    train: ['coqa-train-v1.0.json', 'CoQA/coqa-train-v1.0.json'],
    validation: ['coqa-dev-v1.0.json', 'coqa.json', 'CoQA/coqa-dev-v1.0.json', 'CoQA/coqa.json'],
  },
  hub: {
    repo: 'EleutherAI/coqa',
    files: { train: 'coqa_train.parquet', validation: 'coqa_validation.parquet' },
  },
} as const satisfies Partial<Task>;

/** The last question of each of CoQA's 500 development conversations, as lm-evaluation-harness scores it. */
export const coqa: Task = {
  ...shared,
  ...published,
  name: 'coqa',
  title: 'CoQA, last turns',
  asks: 'The last question of a conversation about a text.',
  // The sizes of CoQA are by the numbers of its paper, those of other tasks counted in the files.
  size: { items: 500, characters: 2300, generated: 15, choices: 1 },
  in_harness: true,
  fewshot: { split: 'train', sampler: 'default', spare: true },
  read: readLastTurns,
};

/**
 * Every question of these conversations, as CoQA's own evaluate-v1.0.py scores them: another number than `coqa`'s.
 * Turns of one story stray together, so standard errors and tests go by story.
 */
export const coqa_official: Task = {
  ...shared,
  ...published,
  name: 'coqa_official',
  title: 'CoQA, all turns',
  asks: 'Every question of a conversation about a text, scored as CoQA’s own script does.',
  size: { items: 7983, characters: 1900, generated: 15, choices: 1 },
  fewshot: null,
  read: readAllTurns,
  groups: byDomain,
};

/** Conversations about the bundled model's own small world, in CoQA's layout. */
export const mini_coqa: Task = {
  ...shared,
  name: 'mini_coqa',
  title: 'Mini CoQA',
  asks: 'Read a story and answer a question in a few words.',
  size: { items: 400, characters: 162, generated: 24, choices: 1 },
  bundled: true,
  split: 'test',
  files: { test: ['mini_coqa.json'] },
  fewshot: { split: 'test', sampler: 'default', spare: true },
  read: readLastTurns,
};
