// A tile of 64 rows × 64 tokens, 256 lanes: a weight is decoded once for 64 tokens.
const SIDE = 16u;
const DEPTH = 16u;
