/** A window of a long text: `continuation` is scored after `context`. */
export interface Window {
  context: number[];
  continuation: number[];
}

/**
 * Cuts a text into windows that score every token exactly once, the first from the prefix token on
 * (lm-evaluation-harness 0.4.13, utils.py: get_rolling_token_windows with context_len 1, then make_disjoint_window).
 * All but the last window score `max_length` tokens after one token of context; the last one, which scores fewer,
 * gets the tokens before it until the model's length is full.
 */
export function rollingWindows(ids: readonly number[], prefix: number, max_length: number): Window[] {
  const windows: Window[] = [];
  const all = [prefix, ...ids];
  for (let begin = 0; begin < ids.length; begin += max_length) {
    const end = Math.min(begin + max_length, ids.length);
    // In `all`, the token that predicts ids[begin] stands at `begin`.
    const from = begin === 0 ? 0 : end - max_length;
    windows.push({ context: all.slice(from, begin + 1), continuation: all.slice(begin + 1, end + 1) });
  }
  return windows;
}
