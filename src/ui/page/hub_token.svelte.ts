const KEY = 'nibble-hub-token';

/** The user's own token for the Hub: of this visit, or of this browser if they say so. Nothing else ever holds it. */
class HubToken {
  value = $state(stored('session') ?? stored('local') ?? '');
  /** It outlasts the visit. */
  kept = $state(stored('local') !== undefined);
  /** The Hub has asked for a login. */
  wanted = $state(false);

  /** What a request is made with. */
  given: string | undefined = $derived(this.value.trim() || undefined);

  set(value: string, kept: boolean): void {
    this.value = value;
    this.kept = kept;
    write('session', kept ? '' : value);
    write('local', kept ? value : '');
  }
}

export const hubToken = new HubToken();

type Where = 'session' | 'local';

function storage(where: Where): Storage {
  return where === 'local' ? localStorage : sessionStorage;
}

function stored(where: Where): string | undefined {
  try {
    return storage(where).getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

function write(where: Where, value: string): void {
  try {
    if (value) storage(where).setItem(KEY, value);
    else storage(where).removeItem(KEY);
  } catch {
    // Storage is blocked: the token lasts as long as the page.
  }
}
