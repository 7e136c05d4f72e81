/** The text that a calibrated format is made by; part of a configuration, its link and its digest. */
export interface Calibration {
  /** `samples`: what the model writes itself. Else a task, by name, or a text file of the data folder. */
  text: string;
  /** Tokens of it that go through the model. */
  tokens: number;
  /** Draws the samples, or the order of a task's texts. */
  seed: number;
}

/** The text that the model writes itself. */
export const SAMPLES = 'samples';

/** Tokens a calibration may have: fewer tell nothing, and more take a browser hours. */
export const CALIBRATION_TOKENS = { least: 16, most: 131_072 } as const;

/** The name of a file of the data folder, as a configuration may ask for it. */
export const OWN_TEXT = /^\w[\w-]*\.(txt|jsonl)$/;

export const DEFAULT_CALIBRATION: Calibration = { text: SAMPLES, tokens: 1024, seed: 0 };
