import { nodeGpu, offerAsNavigators } from '../src/cli/node_gpu.ts';

offerAsNavigators(await nodeGpu());
