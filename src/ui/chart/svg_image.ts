/** The properties a picture takes from the page's style sheets; outside of the page it has to carry them itself. */
const PROPERTIES = [
  ...['color', 'fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-opacity', 'stroke-dasharray'],
  ...['opacity', 'paint-order', 'font-size', 'font-family', 'font-weight', 'text-anchor'],
] as const;

/** Pixels of the image to one of the page: sharp on a slide. */
const SCALE = 2;

/** An SVG of the page as a PNG, on the page's own background. */
export async function svgImage(svg: SVGSVGElement): Promise<Blob> {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const copies = copy.querySelectorAll<SVGElement>('*');
  svg.querySelectorAll('*').forEach((element, i) => inlineStyle(element, copies[i]!));
  inlineStyle(svg, copy);

  const { width, height } = svg.getBoundingClientRect();
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [SCALE * width, SCALE * height];
  const context = canvas.getContext('2d')!;
  context.fillStyle = getComputedStyle(document.documentElement).backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The picture is empty.'))), 'image/png'),
  );
}

function inlineStyle(from: Element, to: SVGElement): void {
  const style = getComputedStyle(from);
  for (const property of PROPERTIES) to.style.setProperty(property, style.getPropertyValue(property));
}
