import { openLab } from '../lab/client.ts';
import type { Lab } from '../lab/protocol.ts';

/** The one lab of the page; its worker starts with the first call. */
export const lab: Lab = openLab();

/** The adapter runs would use. */
export type AdapterReport = Extract<Awaited<ReturnType<Lab['adapter']>>, { vendor: string }>;

/** One line of the self-check. */
export type CheckRow = Parameters<Parameters<Lab['selfCheck']>[0]>[0];

/** An adapter in a few words: "google swiftshader SwiftShader driver". */
export function adapterName({ vendor, architecture, device, description }: AdapterReport): string {
  return [vendor, architecture, description || device].filter(Boolean).join(' ') || 'unnamed adapter';
}
