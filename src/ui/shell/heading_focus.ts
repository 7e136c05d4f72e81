let wanted = false;

/** Says that the next screen's heading should take the focus: a screen reader goes on there, and so does Tab. */
export function wantHeadingFocus(): void {
  wanted = true;
}

/** Whether the heading that has just appeared should take it; only the first to ask is told so. */
export function takeHeadingFocus(): boolean {
  const taken = wanted;
  wanted = false;
  return taken;
}
