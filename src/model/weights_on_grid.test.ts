import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { diskFiles } from '../cli/disk.ts';
import { openWeights } from './open_model.ts';
import { weightsOnGrid } from './weights_on_grid.ts';

const SMOLLM2 = process.env.NIBBLE_SMOLLM2 ?? '';
