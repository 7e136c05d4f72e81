/** The visible character that stands for each byte in GPT-2's vocabulary: printable Latin-1 for itself, the others from U+0100 on. */
export const CHARACTER_OF_BYTE: readonly string[] = (() => {
  const printable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
})();

const BYTE_OF_CHARACTER = new Map(CHARACTER_OF_BYTE.map((character, byte) => [character, byte]));
const ENCODER = new TextEncoder();
/** U+FEFF is a character of the text like any other. */
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });

/** Bytes of a text's UTF-8 as visible characters: `toByteLevel(' é')` is 'ĠÃ©'. */
export function toByteLevel(text: string): string {
  let visible = '';
  for (const byte of ENCODER.encode(text)) visible += CHARACTER_OF_BYTE[byte]!;
  return visible;
}

/** The text of tokens in visible characters; a token with any other character stands for its own bytes. */
export function fromByteLevel(tokens: readonly string[]): string {
  const bytes: number[] = [];
  for (const token of tokens) {
    const known = [...token].map((character) => BYTE_OF_CHARACTER.get(character));
    const own = known.includes(undefined) ? ENCODER.encode(token) : (known as number[]);
    for (const byte of own) bytes.push(byte);
  }
  return DECODER.decode(Uint8Array.from(bytes));
}

/** Whether a token in visible characters begins within a character: with a byte that continues one in UTF-8. */
export function beginsWithin(token: string): boolean {
  const [first = ''] = token;
  const byte = BYTE_OF_CHARACTER.get(first);
  return byte !== undefined && byte >= 0x80 && byte < 0xc0;
}
