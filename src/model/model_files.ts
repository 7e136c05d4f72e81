/** JSON files that a model is opened by, in the order a person would read them. */
export const MODEL_JSON = [
  'config.json',
  'generation_config.json',
  'tokenizer_config.json',
  'tokenizer.json',
  'special_tokens_map.json',
  'added_tokens.json',
] as const;

/** The template of chats, which tokenizer_config.json may hold instead. */
const CHAT_TEMPLATE = 'chat_template.jinja';

/** Weights of any names, and the index that says which of them belong together. */
const WEIGHTS = /^[^/]+\.(safetensors(\.index\.json)?|gguf)$/;

const ADAPTER_FILES: readonly string[] = ['adapter_config.json', 'adapter_model.safetensors'];

/** Files of a model that nothing here reads, but that whoever loads a copy of it may. */
const BESIDE =
  /^(chat_template\.json|(additional_chat_templates\/)?[\w.-]+\.jinja|vocab\.(json|txt)|merges\.txt|(tokenizer|sentencepiece\.bpe|spiece)\.model)$/;

/** The same model for other engines, which some repositories have beside it. */
const FOR_PEERS = /^onnx\/[\w.-]+\.onnx(_data(_\d+)?)?$/;

/** True if a file is one that a model is opened by, its weights aside. */
export const isModelText = (name: string): boolean =>
  (MODEL_JSON as readonly string[]).includes(name) || name === CHAT_TEMPLATE;

/** True if a file is one that an adapter is opened by. */
export const isAdapterFile = (name: string): boolean => ADAPTER_FILES.includes(name);

/** True if a file of a repository belongs to the model or adapter at its top: all that opening or copying it may ask for. */
export const belongsToModel = (name: string): boolean =>
  isModelText(name) || WEIGHTS.test(name) || isAdapterFile(name) || BESIDE.test(name) || FOR_PEERS.test(name);

/** True if a file goes with a copy of the model whose weights and config.json are written anew. */
export const isCompanion = (name: string): boolean =>
  name !== 'config.json' && (isModelText(name) || BESIDE.test(name));
