import { ADAPTER_CHOICES, USUAL_CHOICE, type AdapterChoice } from '../../gpu/adapter.ts';

const KEY = 'adapter';

/** The GPU adapter that the reader chose to compute on, on this visit or an earlier one. */
export function rememberedAdapter(): AdapterChoice {
  try {
    return ADAPTER_CHOICES.find((choice) => choice === localStorage.getItem(KEY)) ?? USUAL_CHOICE;
  } catch {
    return USUAL_CHOICE;
  }
}

/** Keeps a choice for later visits. */
export function rememberAdapter(choice: AdapterChoice): void {
  try {
    if (choice === USUAL_CHOICE) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
}
