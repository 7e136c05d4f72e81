/** The runs in progress, whichever tab they are in. */
class OwnedRuns {
  ids = $state.raw<ReadonlySet<string>>(new Set());

  /** Takes over what is seen; the same again changes nothing on the screen. */
  see(ids: ReadonlySet<string>): void {
    const isSame = ids.size === this.ids.size && [...ids].every((id) => this.ids.has(id));
    if (!isSame) this.ids = ids;
  }
}

export const owned = new OwnedRuns();
