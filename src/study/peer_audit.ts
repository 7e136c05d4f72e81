/** Another engine held against the float32 model on some tokens of the run's own questions. */
export interface PeerAudit {
  /** Names and versions. */
  engine: string;
  /** What it asked for, with what is known of each file. */
  files: Record<string, { bytes: number; sha256?: string | undefined }>;
  /** The commit of its repository, where it has one of its own. */
  revision?: string | undefined;
  /** Tokens that were compared. */
  tokens: number;
  verdict: 'agrees' | 'differs' | 'not a number';
  /** The engine's answers against the float32 model's. */
  peer: Distance;
  /** What the formats of its file cost where this lab rounds the same weights to them. */
  cost?: Distance | undefined;
  /** The weights of its file, computed here. */
  file?: Distance | undefined;
  /** The engine's answers against those of the same weights computed here: what is left is its arithmetic. */
  arithmetic?: Distance | undefined;
  /** KL that its arithmetic may add: of sums in another order, and of what it rounds beside the weights. */
  allowed?: number | undefined;
  /** Where it begins to differ. */
  begins?: Beginning | undefined;
  /** True where the engine does not tell the outputs of its layers. */
  without_outputs?: true | undefined;
  /** Why its weights were not read, in a sentence. */
  unread?: string | undefined;
  /** Layers of its file that were read, and of them how many stray from the checkpoint by more than their format costs. */
  layers?: { read: number; astray: number } | undefined;
  /** Whether its own tokenizer splits the questions as ours does; missing where it has none. */
  tokenizer?: 'equal' | 'different' | undefined;
}

/** Two models on the same tokens. */
export interface Distance {
  /** Mean KL(first ‖ second), nats a token. */
  kl: number;
  /** Share of the tokens behind which both find the same one most likely. */
  same_top: number;
  /** The first token behind which they do not: its text and its place there, counted from 0. */
  first?: { text: number; token: number } | undefined;
}

/** The layer or operator where an engine begins to differ, and by how much, against what is allowed there. */
export interface Beginning {
  /** A setting of the file or its weights are not the model's, its product is not that of its weights, or a value before it is none. */
  what: 'settings' | 'weights' | 'product' | 'not a number';
  layer: string;
  op_type: string;
  error: number;
  allowed: number;
}
