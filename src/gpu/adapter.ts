/** Which adapter of a machine to compute on. */
export const ADAPTER_CHOICES = ['high-performance', 'low-power', 'software'] as const;
export type AdapterChoice = (typeof ADAPTER_CHOICES)[number];

/** The one that is taken where nobody chose: a machine with two GPUs has the faster one for this. */
export const USUAL_CHOICE: AdapterChoice = 'high-performance';

/** The facts on an adapter that a record of results keeps. */
export interface AdapterReport {
  /** Which adapter was asked for, where not the usual one. */
  asked?: AdapterChoice;
  vendor: string;
  architecture: string;
  device: string;
  description: string;
  features: string[];
  /** WGSL language features of the browser. */
  language_features: string[];
  limits: { maxBufferSize: number; maxStorageBufferBindingSize: number };
}

/** Bytes of the largest buffer that kernels may use on an adapter. */
export const largestBuffer = ({
  maxBufferSize,
  maxStorageBufferBindingSize,
}: Pick<GPUSupportedLimits, 'maxBufferSize' | 'maxStorageBufferBindingSize'>): number =>
  Math.min(maxBufferSize, maxStorageBufferBindingSize);

/** True if an adapter computes on the CPU: SwiftShader, llvmpipe (lavapipe), Windows' WARP. */
export const isSoftware = ({ architecture, device, description }: AdapterReport): boolean =>
  /swiftshader|llvmpipe|lavapipe|\bwarp\b|basic render/i.test([architecture, device, description].join(' '));

/** An adapter that a machine offers, by the first choice that leads to it. */
export interface OfferedAdapter {
  choice: AdapterChoice;
  name: string;
}

/** "google swiftshader SwiftShader driver": an adapter in a few words. */
export function adapterName({ vendor, architecture, device, description }: AdapterReport): string {
  const words = description || device;
  return [vendor, architecture, words].filter(Boolean).join(' ') || 'unnamed adapter';
}
