type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const ADDRESS =
  /^(?:(?:https?:\/\/)?(?:www\.)?(?:huggingface\.co|hf\.co)\/)?([\w.-]+\/[\w.-]+?)\/?(?:\/(?:tree|blob|resolve|commit)\/([\w.-]+)(?:\/[^?#]*)?)?(?:[?#].*)?$/i;

/**
 * The spec's JSON with the repositories of its model and adapter as owner/name where they were pasted as an address of
 * the Hub, or with blanks or a slash around: `https://huggingface.co/owner/name/tree/v1` is owner/name at v1. An
 * address that names another revision than the spec does is left as it is, for the check to refuse.
 */
export function withHubNames(json: unknown): unknown {
  if (!isObject(json) || !isObject(json.model)) return json;
  const model = named(json.model);
  return { ...json, model: isObject(model.adapter) ? { ...model, adapter: named(model.adapter) } : model };
}

function named(ref: Json): Json {
  if (ref.source !== 'hub' || typeof ref.repo !== 'string') return ref;
  const [, repo, addressed] = ADDRESS.exec(ref.repo.trim()) ?? [];
  if (repo === undefined) return ref;
  const given = typeof ref.revision === 'string' ? ref.revision.trim() : ref.revision;
  if (addressed === undefined) return { ...ref, repo, ...(given === undefined ? {} : { revision: given }) };
  // "main" is what stands in the field before anybody has filled it in.
  const contradicts = given !== undefined && given !== 'main' && given !== addressed;
  return contradicts ? ref : { ...ref, repo, revision: addressed };
}
