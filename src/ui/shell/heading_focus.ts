let wanted = false;

/** Says that the next screen's heading should take the focus: a screen reader goes on there, and so does Tab. */
export function wantHeadingFocus(): void {
  wanted = true;
}

/** True if the heading that has just appeared should take the focus; true once for each wantHeadingFocus. */
export function takeHeadingFocus(): boolean {
  const taken = wanted;
  wanted = false;
  return taken;
}
