import type { ChatMessage } from './message.ts';
import { strftime } from './strftime.ts';

/** What a template is given beside the conversation: special tokens by their names, and the time that it is. */
export interface TemplateVariables {
  special_tokens: Readonly<Record<string, string>>;
  now: () => Date;
}

/** A template ready to be used; `messages` as transformers' apply_chat_template takes them, a generation prompt added. */
export type CompiledTemplate = (messages: readonly ChatMessage[], variables: TemplateVariables) => string;

/** The template refused the conversation: it raised an exception of its own, or used a variable there is none of. */
export interface Refusal {
  refused: string;
}

/** A value of the template library: its kind, its content. */
interface Value {
  type: string;
  value: unknown;
}
type Make = new (value?: unknown) => Value;

/** A node of a parsed template; `type` says which. */
type Node = Record<string, unknown> & { type: string };

/** White space that Python's str.strip takes off; JavaScript's trim takes other characters. */
// eslint-disable-next-line no-control-regex
const SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/u;

/** Lists of statements within a node: an expression that stands there is printed. */
const BODIES = ['body', 'alternate', 'defaultBlock'];

/** Statements, and text between tags, which are not printed expressions. */
const NOT_PRINTED = new Set(
  'If For Set Macro CallStatement FilterStatement Break Continue Comment StringLiteral'.split(' '),
);

const STRIPS = ['strip', 'lstrip', 'rstrip'] as const;

// No template can have a name with a space in it.
const PRINT = ' print';
const DEFINED = ' defined';
const STRIP = ' strip';
const ALIKE = ' alike';
const EQUAL = ' equal';
const REMAINDER = ' remainder';
const LENGTH = ' length';

/**
 * Compiles a Jinja template with @huggingface/jinja, which is fetched when first used, in the settings of transformers'
 * chat templates. Where that library is another language than Jinja in Python, the parsed template is changed: values are
 * printed as Python prints them, a member of an undefined value is refused, and white space is Python's.
 * Throws an Error that says what could not be parsed; a compiled template throws a Refusal, or an Error that says what
 * could not be computed.
 */
export async function compileTemplate(source: string): Promise<CompiledTemplate> {
  const { Template, Environment, Interpreter } = await import('@huggingface/jinja');
  const { parsed } = new Template(source.replace(/\r\n?/g, '\n'));
  const program = asPython(parsed as unknown as Node) as unknown as typeof parsed;
  return (messages, { special_tokens, now }) => {
    const environment = new Environment();
    const names = {
      ...{ true: true, false: false, none: null, True: true, False: false, None: null },
      ...{ messages, tools: null, documents: null, add_generation_prompt: true },
      ...special_tokens,
    };
    for (const [name, value] of Object.entries(names)) environment.set(name, value);
    environment.set('strftime_now', (format: string) => strftime(now(), format));
    environment.set('raise_exception', (message: string) => refuse(String(message)));
    environment.set('range', rangeOf);
    // The library does not export its values' classes; those of values that it made itself are to be had.
    const classOf = (made: unknown) => (made as Value).constructor as Make;
    const Text = classOf(environment.set(PRINT, ''));
    const Callable = classOf(environment.set(STRIP, () => ''));
    const define = (name: string, compute: (args: Value[]) => Value) =>
      environment.setVariable(name, new Callable(compute) as never);
    define(PRINT, ([value]) => new Text(textOf(value!)));
    define(DEFINED, ([value]) =>
      value!.type === 'UndefinedValue' ? refuse('a value that it uses is undefined') : value!,
    );
    const [Flag, Integer] = [classOf(environment.set(EQUAL, true)), classOf(environment.set(LENGTH, 1))];
    define(EQUAL, ([left, right]) => new Flag(equal(left!, right!)));
    define(REMAINDER, ([left, right]) => new Integer(remainder(left!, right!)));
    define(LENGTH, ([value]) => new Integer(lengthOf(value!)));
    define(ALIKE, ([left, right]) => requireAlike(left!, right!));
    define(STRIP, ([how, value, characters]) => new Text(strip(how!, value!, characters)));
    return new Interpreter(environment).run(program).value as string;
  };
}

/** Whether what was thrown is a template's own refusal. */
export const isRefusal = (thrown: unknown): thrown is Refusal =>
  typeof thrown === 'object' && thrown !== null && 'refused' in thrown;

function refuse(refused: string): never {
  const refusal: Refusal = { refused };
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- it is told from every error by its shape
  throw refusal;
}

/** Numbers of the longest range, as in the sandbox of Jinja that transformers renders in (MAX_RANGE). */
const MOST_IN_RANGE = 100_000;

/** Python's range(stop), range(start, stop) and range(start, stop, step). */
function rangeOf(first: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, first] : [first, stop];
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (length > MOST_IN_RANGE) throw new Error(`it counts to ${length}; allowed: ${MOST_IN_RANGE}`);
  return Array.from({ length }, (_, i) => from + i * step);
}

const call = (name: string, ...args: unknown[]): Node => ({
  type: 'CallExpression',
  callee: { type: 'Identifier', value: name },
  args,
});

/** A parsed template with what Python does otherwise put into it. */
function asPython(node: Node): Node {
  const changed: Node = { type: node.type };
  for (const [key, inner] of Object.entries(node)) {
    if (node.type === 'Set' && key === 'assignee') changed[key] = inner;
    else if (BODIES.includes(key)) changed[key] = (inner as Node[]).map(printedInBody);
    else changed[key] = inside(inner);
  }
  switch (node.type) {
    case 'MemberExpression':
      return { ...changed, object: call(DEFINED, changed['object']) };
    case 'CallExpression':
      return stripCall(node, changed) ?? changed;
    case 'FilterExpression':
      return filtered(changed) ?? changed;
    case 'FilterStatement':
      throw new Error('the statement filter is not computed here');
    case 'BinaryExpression':
      return binary((node['operator'] as Node)['value'], changed);
    default:
      return changed;
  }
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value;

function inside(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inside);
  if (value instanceof Map) return new Map([...value].map(([key, inner]) => [inside(key), inside(inner)]));
  return isNode(value) ? asPython(value) : value;
}

const printedInBody = (node: Node): Node =>
  NOT_PRINTED.has(node.type) ? asPython(node) : call(PRINT, asPython(node));

/** `~` prints both sides; `+` of a text and anything else is an error; `==` and `%` are Python's. */
function binary(operator: unknown, node: Node): Node {
  const { left, right } = node;
  switch (operator) {
    case '~':
      return { ...node, left: call(PRINT, left), right: call(PRINT, right) };
    case '+':
      return { ...node, left: call(ALIKE, left, right) };
    case '==':
      return call(EQUAL, left, right);
    case '!=':
      return {
        type: 'UnaryExpression',
        operator: { type: 'UnaryOperator', value: 'not' },
        argument: call(EQUAL, left, right),
      };
    case '%':
      return call(REMAINDER, left, right);
    default:
      return node;
  }
}

/** text.strip(), which in the library takes no characters. */
function stripCall(node: Node, changed: Node): Node | undefined {
  const callee = node['callee'] as Node;
  if (callee.type !== 'MemberExpression' || callee['computed'] === true) return undefined;
  const name = (callee['property'] as Node)['value'];
  if (!STRIPS.some((how) => how === name)) return undefined;
  return stripped(name, (changed['callee'] as Node)['object'], changed['args'] as unknown[]);
}

/** The filters trim, string and length. */
function filtered({ operand, filter }: Node): Node | undefined {
  const { type, value, callee, args } = filter as Node;
  const name = type === 'CallExpression' ? (callee as Node)['value'] : value;
  if (name === 'string') return call(PRINT, operand);
  if (name === 'length' || name === 'count') return call(LENGTH, operand);
  return name === 'trim' ? stripped('strip', operand, (args as unknown[] | undefined) ?? []) : undefined;
}

const stripped = (how: unknown, text: unknown, characters: readonly unknown[]): Node =>
  call(STRIP, { type: 'StringLiteral', value: how }, text, ...characters);

function requireAlike(left: Value, right: Value): Value {
  if ((left.type === 'StringValue') === (right.type === 'StringValue')) return left;
  throw new Error(`it adds a value of kind ${kindOf(left)} and one of kind ${kindOf(right)}`);
}

const kindOf = ({ type }: Value): string => type.replace('Value', '').toLowerCase();

/** Python's ==: of lists and objects by what is in them, and a text equals no number. */
function equal(left: Value, right: Value): boolean {
  const [a, b] = [comparable(left), comparable(right)];
  if (Array.isArray(a) && Array.isArray(b)) {
    return left.type === right.type && a.length === b.length && a.every((each, i) => equal(each, b[i]!));
  }
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...a].every(([key, each]) => b.has(key) && equal(each, b.get(key)!));
  }
  return a === b;
}

/** A value as `===` may compare it: True is 1, and None is itself alone. */
function comparable({
  type,
  value,
}: Value): Value[] | Map<string, Value> | string | number | null | undefined {
  switch (type) {
    case 'BooleanValue':
      return Number(value);
    case 'StringValue':
    case 'IntegerValue':
    case 'FloatValue':
      return value as string | number;
    case 'NullValue':
      return null;
    case 'UndefinedValue':
      return undefined;
    case 'ArrayValue':
    case 'TupleValue':
      return value as Value[];
    case 'ObjectValue':
      return value as Map<string, Value>;
    default:
      throw new Error(`it compares a value of kind ${kindOf({ type, value })}`);
  }
}

/** Python's %, which has the sign of its right side. */
function remainder(left: Value, right: Value): number {
  if (left.type !== 'IntegerValue' || right.type !== 'IntegerValue' || right.value === 0) {
    throw new Error(
      `it takes the remainder of a value of kind ${kindOf(left)} by one of kind ${kindOf(right)}`,
    );
  }
  const [a, b] = [left.value as number, right.value as number];
  return a - b * Math.floor(a / b);
}

/** Python's len, of a text in characters; of an undefined value 0, as Jinja has it. */
function lengthOf({ type, value }: Value): number {
  if (type === 'UndefinedValue') return 0;
  if (typeof value === 'string') return [...value].length;
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  throw new Error(`it takes the length of a value of kind ${kindOf({ type, value })}`);
}

/** What Python prints of a value that is no text. */
function printed(value: Value): string {
  switch (value.type) {
    case 'NullValue':
      return 'None';
    case 'UndefinedValue':
      return '';
    case 'BooleanValue':
      return value.value === true ? 'True' : 'False';
    case 'IntegerValue':
    case 'FloatValue':
      return (value as { toString(): string }).toString();
    default:
      throw new Error(`it prints a value of kind ${kindOf(value)}, which is not computed here`);
  }
}

/** Python's str.strip, lstrip and rstrip, with the characters to take off or without. */
function strip(how: Value, text: Value, characters: Value | undefined): string {
  const given = characters?.type === 'StringValue' ? [...(characters.value as string)] : undefined;
  if (characters && characters.type !== 'NullValue' && !given) throw new Error('strip is given no text');
  const letters = [...textOf(text)];
  const off = (letter: string | undefined) =>
    letter !== undefined && (given ? given.includes(letter) : SPACE.test(letter));
  let [begin, end] = [0, letters.length];
  if (how.value !== 'rstrip') while (begin < end && off(letters[begin])) begin++;
  if (how.value !== 'lstrip') while (end > begin && off(letters[end - 1])) end--;
  return letters.slice(begin, end).join('');
}

const textOf = (value: Value): string =>
  value.type === 'StringValue' ? (value.value as string) : printed(value);
