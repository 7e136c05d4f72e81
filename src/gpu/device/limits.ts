/** The widest head attention has registers for; head_dim must be a multiple of 4. */
export const MAX_HEAD_DIM = 256;
