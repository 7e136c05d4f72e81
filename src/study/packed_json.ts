import { LabError } from '../errors.ts';
import { parseJson } from '../tensor/parse_json.ts';

/** Packed texts begin with the number of their form, so that old links open for ever. */
const FORM = '1.';

/**
 * The limits of a kind of link: its own characters, and the bytes it unfolds to. A link comes from anyone, and
 * deflate can shrink a thousandfold.
 */
export interface Room {
  characters: number;
  bytes: number;
}

/** Any JSON as the text of a link: `1.` and the JSON, deflated, in base64url. */
export async function packJson(value: unknown): Promise<string> {
  const json = new TextEncoder().encode(JSON.stringify(value));
  const deflated = new Blob([json]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const bytes = new Uint8Array(await new Response(deflated).arrayBuffer());
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  // Without the padding: chat programs drop a "=" at the end of a link.
  return FORM + btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The JSON of a link's text; throws bad-link. */
export async function unpackJson(text: string, { characters, bytes }: Room): Promise<unknown> {
  if (text.length > characters) {
    throw new LabError('bad-link', `The link has ${text.length} characters; allowed: ${characters}.`);
  }
  if (!text.startsWith(FORM)) {
    const form = /^\d+/.exec(text)?.[0];
    const found = form ? `of form ${form}, which is newer than this page` : 'not one of ours';
    throw new LabError('bad-link', `The link is ${found}; allowed: form 1.`);
  }
  const unfolded = await inflate(fromBase64url(text.slice(FORM.length)), bytes);
  try {
    return parseJson(unfolded);
  } catch {
    throw damaged();
  }
}

function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    throw damaged();
  }
}

async function inflate(bytes: Uint8Array<ArrayBuffer>, most: number): Promise<string> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      size += value.byteLength;
      if (size > most) break;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    throw damaged();
  }
  void reader.cancel();
  throw new LabError('bad-link', `The link unfolds to more than ${most} bytes; allowed: that many.`);
}

const damaged = (): LabError =>
  new LabError('bad-link', 'The link is damaged: a part of it is missing or changed.');
