import { openLab } from '../lab/client.ts';
import type { AdapterReport, PageLab } from '../lab/protocol.ts';

/** The one lab of the page; its worker starts with the first call. */
export const lab: PageLab = openLab();

/** An adapter in a few words: "google swiftshader SwiftShader driver". */
export function adapterName({ vendor, architecture, device, description }: AdapterReport): string {
  return [vendor, architecture, description || device].filter(Boolean).join(' ') || 'unnamed adapter';
}
