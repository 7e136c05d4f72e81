import { bareText } from './chat_link.ts';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const ADDRESS =
  /^(?:(?:https?:\/\/)?(?:www\.)?(?:huggingface\.co|hf\.co)\/)?([\w.-]+\/[\w.-]+?)\/?(?:\/(?:tree|blob|resolve|commit)\/([\w.-]+)(?:\/([^?#]*))?)?(?:[?#].*)?$/i;

/** A repository and one of its GGUF files: `owner/name/model-Q4_K_M.gguf`. */
const FILE_OF = /^([\w.-]+\/[\w.-]+)\/((?:[\w.-]+\/)*[\w.-]+\.gguf)$/i;

/**
 * The spec's JSON with the repositories of its model and adapter as owner/name where they were pasted as an address of
 * the Hub, or with blanks, quotes or a slash around: `https://huggingface.co/owner/name/tree/v1` is owner/name at v1, and
 * `owner/name/model.gguf` the file of that name in it. An
 * address that names another revision than the spec does is left as it is, for the check to refuse.
 */
export function withHubNames(json: unknown): unknown {
  if (!isObject(json) || !isObject(json.model)) return json;
  const model = named(fromHub(json.model));
  return {
    ...json,
    model: isObject(model.adapter) ? { ...model, adapter: named(fromHub(model.adapter)) } : model,
  };
}

/** The parts of a text that is an address of the Hub, not a name alone. */
const hubAddress = (text: string): RegExpExecArray | null =>
  /^(?:https?:\/\/)?(?:www\.)?(?:huggingface\.co|hf\.co)\//i.test(text) ? ADDRESS.exec(text) : null;

/** A model named by an address of the Hub where a name of the page's or of a folder stands, as one of the Hub's. */
function fromHub(ref: Json): Json {
  if (ref.source === 'hub' || typeof ref.name !== 'string') return ref;
  const [, repo, revision, path] = hubAddress(bareText(ref.name)) ?? [];
  if (repo === undefined) return ref;
  const others = Object.fromEntries(Object.entries(ref).filter(([key]) => key !== 'name'));
  return {
    ...others,
    source: 'hub',
    repo,
    ...(revision === undefined ? {} : { revision }),
    ...fileAt(path),
  };
}

/** The GGUF file that an address leads to. */
const fileAt = (path: string | undefined): { file?: string } =>
  path !== undefined && /\.gguf$/i.test(path) ? { file: path } : {};

const revisionOf = (revision: unknown): unknown =>
  typeof revision === 'string' ? bareText(revision) || revision : revision;

function named(ref: Json): Json {
  if (ref.source !== 'hub' || typeof ref.repo !== 'string') return ref;
  const [, own, file] = FILE_OF.exec(bareText(ref.repo)) ?? [];
  if (own !== undefined && ref.file === undefined) return named({ ...ref, repo: own, file });
  const [, repo, addressed, path] = ADDRESS.exec(bareText(ref.repo)) ?? [];
  const given = revisionOf(ref.revision);
  // The whole address may have been pasted beside the name, too.
  const [, again, revision] = (typeof given === 'string' && hubAddress(given)) || [];
  if (again !== undefined && (repo === undefined ? bareText(ref.repo) === '' : again === repo)) {
    return { ...ref, repo: again, revision: revision ?? 'main' };
  }
  if (repo === undefined) return ref;
  if (addressed === undefined) return { ...ref, repo, ...(given === undefined ? {} : { revision: given }) };
  // "main" is what stands in the field before anybody has filled it in.
  const contradicts = given !== undefined && given !== 'main' && given !== addressed;
  return contradicts ? ref : { ...fileAt(path), ...ref, repo, revision: addressed };
}
