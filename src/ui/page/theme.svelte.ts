export type ThemeName = 'system' | 'light' | 'dark';

const NAMES = ['system', 'light', 'dark'] as const satisfies readonly ThemeName[];
const KEY = 'theme';

/** The page's colours: the system's, or the reader's own choice, which is remembered. index.html sets them first. */
class Theme {
  name = $state<ThemeName>(stored());

  /** system, light, dark, and round again. */
  next = $derived(NAMES[(NAMES.indexOf(this.name) + 1) % NAMES.length]!);

  advance(): void {
    this.name = this.next;
    const root = document.documentElement;
    if (this.name === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = this.name;
    try {
      if (this.name === 'system') localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, this.name);
    } catch {
      // Storage is blocked: the choice lasts as long as the page.
    }
  }
}

export const theme = new Theme();

function stored(): ThemeName {
  const name = document.documentElement.dataset['theme'];
  return name === 'light' || name === 'dark' ? name : 'system';
}
