import { FORMAT_ROWS, type QuantType } from '../../quant/config.ts';
import type { FormatLook } from '../../quant/formats/format.ts';

/** The look of a quant_type in every picture: its hue, and two cues that do without the hue. */
export interface Look {
  color: string;
  shape: FormatLook['shape'];
  /** An SVG stroke-dasharray. */
  dash: string;
}

const DASHES: Record<FormatLook['dash'], string> = {
  solid: 'none',
  dashed: '6 4',
  dotted: '2 3',
  'dash-dot': '8 3 2 3',
};

/** The look of every format. Integer codes share a hue; their shapes tell them apart. */
export const LOOKS = Object.fromEntries(
  FORMAT_ROWS.map(({ quant_type, look: { hue, shape, dash } }) => [
    quant_type,
    { color: `var(--${hue})`, shape, dash: DASHES[dash] },
  ]),
) as Record<QuantType, Look>;
