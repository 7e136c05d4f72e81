/** Word that a run has ended, for a reader who has gone to another tab; only where they asked for it. */
class Notice {
  wanted = $state(false);
  /** The browser does not allow it. */
  refused = $state(false);

  /** Asks the browser, which asks the reader. */
  async ask(wanted: boolean): Promise<void> {
    this.wanted = wanted && (await Notification.requestPermission()) === 'granted';
    this.refused = wanted && !this.wanted;
  }

  /** Says it, unless the reader sees it anyway. */
  say(text: string): void {
    if (this.wanted && document.hidden) new Notification('Nibble', { body: text });
  }
}

export const notice = new Notice();

/** True if this browser has notifications at all. */
export const canNotify = (): boolean => 'Notification' in globalThis;
