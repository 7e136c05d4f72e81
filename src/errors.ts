/** What to do about each kind of failure, in one sentence a user reads below the message. */
const HINTS = {
  // The file is not what it says it is.
  'not-safetensors': 'Open a file in the safetensors or GGUF format; pickle and zip files are not read.',
  'bad-gguf': 'The file is damaged or not a GGUF file as llama.cpp writes it: download it again.',
  'header-too-small': 'The file is empty or cut off: download it again.',
  'header-too-large': 'The file is damaged or not in the safetensors format: download it again.',
  'header-truncated': 'The download did not finish, or the file is damaged: download it again.',
  'header-not-utf8': 'The file is damaged: download it again.',
  'header-not-json': 'The file is damaged or was not written by a safetensors library: download it again.',
  'header-not-object': 'The file was not written by a safetensors library: convert it again.',
  'header-too-deep': 'The file was not written by a safetensors library: use a source you trust.',
  'duplicate-name': 'Two readers could see two different files here: use a source you trust.',
  'bad-metadata': 'The metadata may hold only text: save the file again with a safetensors library.',
  'bad-name': 'Rename the tensor and save the file again with a safetensors library.',
  'bad-tensor': 'Save the file again with a safetensors library.',
  'bad-dtype': 'Save the file again with a safetensors library, in one of its dtypes.',
  'bad-shape': 'The file is damaged or hostile: download it again from a source you trust.',
  'shape-overflow': 'The file is damaged or hostile: download it again from a source you trust.',
  'misaligned-tensor': 'Pad the tensor to whole bytes and save the file again.',
  'bad-offsets': 'The file is damaged or hostile: download it again from a source you trust.',
  'offsets-hole': 'Bytes that no tensor owns may hide another file: download it from a source you trust.',
  'offsets-overlap': 'The file is damaged or hostile: download it again from a source you trust.',
  'size-mismatch': 'The file is damaged or hostile: download it again from a source you trust.',
  'truncated-file': 'The download did not finish: download the file again.',
  'trailing-bytes': 'Something was appended to the file: download it again from a source you trust.',
  'bad-index': 'The shard index does not match the shards: download the whole checkpoint again.',
  'bad-shard-name': 'A shard must lie beside its index: use a checkpoint from a source you trust.',
  'shard-mismatch': 'The shards and their index are not of one checkpoint: download all of them again.',
  'missing-tensor': 'The checkpoint is not complete or of another model: download all of its files.',
  'bad-onnx': 'The file is damaged or of another kind: download it again, or export it again.',
  'unreadable-file': 'The file was changed, moved or deleted since it was chosen: choose it again.',
  'unsupported-dtype': 'Quantization starts from F32, F16 or BF16 weights: use a checkpoint in one of them.',
  'unsupported-quantization':
    'Choose the model without quantization, or a checkpoint that bitsandbytes quantized.',
  'bad-quant-state':
    'The quantized checkpoint is incomplete or contradicts itself: save it again with transformers.',
  'non-finite-weights': 'A NaN or infinity has no 4-bit code: use a checkpoint with finite weights.',
  'missing-file': 'Choose the folder that holds config.json, tokenizer.json and the safetensors files.',
  'bad-config': 'Use the config.json that belongs to the checkpoint.',
  'bad-tokenizer': 'Use the tokenizer.json that belongs to the checkpoint.',
  'unsupported-architecture': 'Choose a model of a supported architecture.',
  // What was asked for cannot be done.
  'bad-spec': 'Correct the key, or start from the default experiment.',
  'other-model': 'Choose the folder the run was begun with, or start a new run.',
  'bad-link': 'Ask the sender for the link again, or for the spec as a file.',
  'bad-arguments': 'Run "npm run -s lab" with no arguments to see the commands.',
  'bad-data': 'Use the dataset in its published layout.',
  'missing-data': 'Give the folder that holds the task files with --data, or choose a bundled task.',
  // The machine cannot do it, or stopped.
  'no-webgpu': 'Use a current Chrome, Edge, Firefox or Safari with WebGPU; exploring works without it.',
  'no-adapter': 'Turn hardware acceleration on in the browser settings, or update the graphics driver.',
  'out-of-memory': 'Choose a smaller model or a 4-bit configuration, and close other tabs that use the GPU.',
  'over-limit':
    'Choose a smaller model or shorter questions: this adapter cannot hold a buffer of that size.',
  'device-lost': 'What was measured is saved. Reload the page and resume the run.',
  'gpu-gone':
    'What was measured is saved. Close other tabs that use the GPU, reload the page and resume the run.',
  'non-finite-score': 'The model overflowed: choose float32 or bfloat16 as compute_dtype.',
  'bad-peer':
    'Choose another file of the engine, or leave the configuration out: the others are not concerned.',
  'kernel-mismatch': 'This adapter computes wrong results: update the graphics driver or use another one.',
  'needs-login':
    'Accept the model’s terms on its page of the Hub and give your own token, or choose a folder that holds its files.',
  'wrong-bytes':
    'Something on the way changes the file: try another network or mirror, or choose a folder that holds it.',
  network: 'Check the connection and the repository name, then try again.',
  storage:
    'Let this site keep data in the settings of the browser, or leave the private window, then try again.',
  'storage-full': 'Free some disk space or export and delete old runs, then try again.',
  'storage-blocked': 'Close the other tabs of this page, then reload this one.',
  'storage-newer': 'Close every tab of this page and open it anew, so that the newer version is loaded.',
  'run-elsewhere': 'Watch it in the tab it runs in, or wait until it has ended there.',
  'run-gone': 'Start the experiment again, or import the run from a file.',
  'no-browser': 'Install Chrome or Chromium, or set NIBBLE_CHROMIUM to its path; --runtime node needs none.',
  interrupted: 'What was measured is saved: resume the run to finish it.',
  cancelled: 'What was measured is saved: resume the run to finish it.',
  internal: 'This is a fault in the lab: please report it with the text above.',
} as const;

export type ErrorCode = keyof typeof HINTS;

/** A failure as data: what crosses worker, page and terminal. `message` names the thing, what was found, what is allowed. */
export interface Failure {
  code: ErrorCode;
  message: string;
  hint: string;
}

/** Characters of a message at most: a value from a file may be as long as the file. */
const MOST = 1200;

/** A message of which the middle is left out where it is longer than anybody reads. */
const readable = (message: string): string =>
  message.length <= MOST ? message : `${message.slice(0, MOST - 200)} … ${message.slice(-180)}`;

/** An expected failure on its way to whoever shows it. `new LabError('bad-spec', 'blocksize is 48; allowed: 32, 64, …')`. */
export class LabError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(readable(message), options);
    this.name = 'LabError';
    this.code = code;
  }
}

/** Any thrown value as a Failure; what is not a LabError is a fault of ours and says so as `internal`. */
export function toFailure(error: unknown): Failure {
  if (isFullMemory(error))
    error = new LabError('out-of-memory', `No memory left: ${(error as Error).message}`);
  const code = error instanceof LabError ? error.code : 'internal';
  const message = error instanceof Error ? error.message : String(error);
  return { code, message, hint: HINTS[code] };
}

/** Engines tell of full memory by a RangeError, each in its own words. */
const isFullMemory = (error: unknown): boolean =>
  error instanceof RangeError && /allocation failed|out of memory/i.test(error.message);
