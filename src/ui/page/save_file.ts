/** Hands the reader a text as a file to keep. */
export const saveFile = (name: string, text: string, type = 'application/json'): void =>
  saveBlob(name, new Blob([text], { type }));

/** Hands the reader bytes as a file to keep. */
export function saveBlob(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold on the bytes once it began; some browsers begin it a little later.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A title as the stem of a file name: "NF4 or FP4?" is nf4-or-fp4. */
export function fileStem(title: string): string {
  const stem = title
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number}]+/gu, '-')
    .replaceAll(/^-|-$/g, '');
  return stem.slice(0, 60) || 'experiment';
}
