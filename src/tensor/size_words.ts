/** A size in the unit that leaves it digits: 2 ** 31 is "2048.0 MiB", 20,000 "19.5 KiB", 16 "16 bytes". */
export function inMiB(bytes: number): string {
  if (bytes >= 2 ** 20) return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return bytes >= 2 ** 10 ? `${(bytes / 2 ** 10).toFixed(1)} KiB` : `${bytes} bytes`;
}
