/**
 * Says what is wrong with how the page is laid out, a sentence each; runs in the page. It looks at where boxes are and
 * not at pixels, so that it finds the same in every font and every browser:
 * a page wider than the window, parts that do not stand in the order in which they are read, two things to press of
 * which one covers the other, a thing that has the focus and is not seen, text of a chart outside its figure or on
 * other text of it.
 */
export function layoutFaults(): string[] {
  const SLACK = 1;
  /** A line of text is taller than its letters. */
  const TEXT_SLACK = 3;
  /** The number below the last tick hangs over the plot's edge by its half, into the margin of the page. */
  const TICK_SLACK = 8;
  const PRESSED =
    'a[href], button, input, select, textarea, summary, [role=slider], [role=button], [tabindex="0"]';
  const root = document.documentElement;

  const all = (selector: string, within: ParentNode = document): Element[] =>
    [...within.querySelectorAll(selector)].filter((element) =>
      element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }),
    );

  const named = (element: Element): string => {
    const name = element.getAttribute('aria-label') ?? element.textContent.trim();
    return `${element.tagName.toLowerCase()} "${name.replace(/\s+/g, ' ').slice(0, 40) || element.id}"`;
  };

  /** The boxes of an element, one a line of text; of an unseen input those of its label. */
  const boxesOf = (element: Element): DOMRect[] => {
    const style = getComputedStyle(element);
    const label = element instanceof HTMLInputElement ? element.labels?.[0] : undefined;
    const unseen = style.opacity === '0' || style.clipPath !== 'none' || element.clientWidth === 1;
    const shown = label && unseen ? label : element;
    return [...shown.getClientRects()]
      .map((box) => seenOf(box, shown))
      .filter(({ width, height }) => width > 0 && height > 0);
  };

  /** The part of a box that no list or table cuts off which its element is scrolled in. */
  const seenOf = (box: DOMRect, element: Element): DOMRect => {
    let { left, right, top, bottom } = box;
    for (let at = element.parentElement; at && layerOf(at) !== at; at = at.parentElement) {
      const { overflowX, overflowY } = getComputedStyle(at);
      const room = at.getBoundingClientRect();
      if (overflowX !== 'visible') [left, right] = [Math.max(left, room.left), Math.min(right, room.right)];
      if (overflowY !== 'visible') [top, bottom] = [Math.max(top, room.top), Math.min(bottom, room.bottom)];
    }
    return new DOMRect(left, top, Math.max(0, right - left), Math.max(0, bottom - top));
  };

  const onEachOther = (a: DOMRect, b: DOMRect, slack = SLACK): boolean =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > slack &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > slack;

  /** What floats above the page: a bar that stays, a dialog, a note. Two things lie on each other only within one. */
  const layerOf = (element: Element): Element => {
    for (let at: Element | null = element; at; at = at.parentElement) {
      const { position } = getComputedStyle(at);
      if (position === 'fixed' || position === 'sticky' || at.matches(':popover-open, dialog')) return at;
    }
    return root;
  };

  function* tooWide(): Generator<string> {
    const beyond = root.scrollWidth - root.clientWidth;
    if (beyond <= 0) return;
    const widest = all('body *').filter((e) => e.getBoundingClientRect().right > root.clientWidth + SLACK);
    yield `the page is ${beyond} px wider than the window: ${widest.slice(-3).map(named).join(', ')}`;
  }

  function* outOfOrder(): Generator<string> {
    const parts = ['header', 'main', 'footer'].flatMap((name) => all(`body > * ${name}, body > ${name}`));
    for (const [i, part] of parts.entries()) {
      const before = parts[i - 1];
      if (before && part.getBoundingClientRect().top < before.getBoundingClientRect().bottom - SLACK)
        yield `${part.tagName} begins above the end of ${before.tagName}`;
    }
    const headings = all('main :is(h1, h2, h3)').filter((heading) => layerOf(heading) === root);
    for (const [i, heading] of headings.entries()) {
      const [before, here] = [headings[i - 1]?.getBoundingClientRect(), heading.getBoundingClientRect()];
      if (before && here.top < before.top - SLACK && here.left < before.right)
        yield `${named(heading)} stands above ${named(headings[i - 1]!)}, which is read before it`;
    }
  }

  function* covered(): Generator<string> {
    const things = all(PRESSED).map((element) => ({
      element,
      layer: layerOf(element),
      boxes: boxesOf(element),
    }));
    for (const [i, a] of things.entries()) {
      for (const b of things.slice(i + 1)) {
        if (a.layer !== b.layer || a.element.contains(b.element) || b.element.contains(a.element)) continue;
        if (a.boxes.some((box) => b.boxes.some((other) => onEachOther(box, other))))
          yield `${named(a.element)} lies on ${named(b.element)}`;
      }
    }
  }

  function* unseenInFocus(): Generator<string> {
    for (const element of all(PRESSED)) {
      if (!(element instanceof HTMLElement || element instanceof SVGElement) || element.matches(':disabled'))
        continue;
      element.focus();
      if (document.activeElement !== element) continue;
      const [box] = boxesOf(element);
      const x = box && (Math.max(0, box.left) + Math.min(root.clientWidth, box.right)) / 2;
      const y = box && (Math.max(0, box.top) + Math.min(innerHeight, box.bottom)) / 2;
      const found = x === undefined || y === undefined ? null : document.elementFromPoint(x, y);
      const label = element instanceof HTMLInputElement ? element.labels?.[0] : undefined;
      // A note that the reader opened may cover what it is about: Escape closes it.
      if (found?.closest(':popover-open')) continue;
      if (!found || !(element.contains(found) || found.contains(element) || label?.contains(found)))
        yield `${named(element)} has the focus, but is not seen${found ? ` below ${named(found)}` : ''}`;
    }
    (document.activeElement as HTMLElement | null)?.blur();
    scrollTo(0, 0);
  }

  function* lostLabels(): Generator<string> {
    for (const figure of all('figure')) {
      const edge = figure.getBoundingClientRect();
      const texts = all('svg text', figure).map((text) => ({ text, box: text.getBoundingClientRect() }));
      for (const [i, { text, box }] of texts.entries()) {
        const within =
          box.left >= edge.left - TICK_SLACK &&
          box.right <= edge.right + TICK_SLACK &&
          box.top >= edge.top - TICK_SLACK &&
          box.bottom <= edge.bottom + TICK_SLACK;
        if (!within) yield `${named(text)} reaches out of its figure`;
        for (const other of texts.slice(i + 1))
          if (onEachOther(box, other.box, TEXT_SLACK)) yield `${named(text)} lies on ${named(other.text)}`;
      }
    }
  }

  return [...tooWide(), ...outOfOrder(), ...covered(), ...unseenInFocus(), ...lostLabels()];
}
