// A tile of 32 rows × 32 tokens, 64 lanes: for small matrices, few tokens and weak adapters.
const SIDE = 8u;
const DEPTH = 32u;
