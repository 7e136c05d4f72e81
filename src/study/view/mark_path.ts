import type { FormatLook } from '../../quant/formats/format.ts';

/** The outline of a mark around 0, 0 whose circle has radius `r`; the others look as large. */
export function markPath(shape: FormatLook['shape'], r: number): string {
  switch (shape) {
    case 'circle':
      return `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
    case 'diamond':
      return `M0 ${-1.3 * r}L${1.3 * r} 0L0 ${1.3 * r}L${-1.3 * r} 0z`;
    case 'square':
      return `M${-0.9 * r} ${-0.9 * r}h${1.8 * r}v${1.8 * r}h${-1.8 * r}z`;
    case 'triangle':
      return `M0 ${-1.2 * r}L${1.15 * r} ${0.85 * r}H${-1.15 * r}z`;
    case 'cross': {
      const [a, b] = [1.25 * r, 0.4 * r];
      return `M${-b} ${-a}H${b}V${-b}H${a}V${b}H${b}V${a}H${-b}V${b}H${-a}V${-b}H${-b}z`;
    }
    case 'frame':
      // The inner outline runs the other way round, which leaves a hole.
      return `M${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}zM${-0.4 * r} ${-0.4 * r}v${0.8 * r}h${0.8 * r}v${-0.8 * r}z`;
    case 'bar':
      return `M${-1.3 * r} ${-0.4 * r}h${2.6 * r}v${0.8 * r}h${-2.6 * r}z`;
  }
}
