/** How a file begins -> what it is. Only what was refused already is looked at. */
const MARKS: readonly (readonly [mark: string, what: string])[] = [
  [
    'version https://git-lfs',
    'a Git LFS pointer, the text that stands in for the file until it is downloaded',
  ],
  ['<!doctype html', 'an HTML page, often the error page of a download'],
  ['<html', 'an HTML page, often the error page of a download'],
  ['<?xml', 'an XML text, often the error message of a download'],
  ['{', 'a JSON text'],
  ['PK\x03\x04', 'a zip archive, such as a PyTorch checkpoint'],
  ['\x80\x02', 'a Python pickle, such as an old PyTorch checkpoint'],
  ['\x80\x03', 'a Python pickle'],
  ['\x80\x04', 'a Python pickle'],
  ['\x80\x05', 'a Python pickle'],
  ['GGUF', 'a GGUF file'],
  ['\x89HDF', 'an HDF5 file, such as a Keras or TensorFlow checkpoint'],
  ['\x93NUMPY', 'a NumPy array'],
  ['\x1f\x8b', 'a gzip archive'],
];

/** Longer than any mark and the white space before it. */
const MARK_BYTES = 64;

/** A mark of so many bytes does not arise by chance. */
const SURE_MARK = 4;

/** What the bytes look like, of which a reader could make nothing: those of `PK\x03\x04...` are 'a zip archive, ...'. */
export function sniff(bytes: Uint8Array): string | undefined {
  // One character per byte. White space before markup and letter case mean nothing in HTML.
  const start = String.fromCharCode(...bytes.subarray(0, MARK_BYTES));
  const text = start
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
    .toLowerCase();
  // A header of 123 bytes begins like a JSON text, with the byte of "{"; but then zeros follow.
  const isLength = start.slice(4, 8) === '\0\0\0\0';
  return MARKS.find(
    ([mark]) => (start.startsWith(mark) || text.startsWith(mark)) && (mark.length >= SURE_MARK || !isLength),
  )?.[1];
}
