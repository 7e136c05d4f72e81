// Has a command measure by the processor's milliseconds on all cores instead of those of the clock, which on a machine that
// does other work, too, say little of an adapter that the processor plays:
//   NODE_OPTIONS="--import ./tools/processor_time.mjs" npm run -s lab -- bench --runtime node …
import { setFlagsFromString } from 'node:v8';

// Another engine's WebAssembly is compiled before it runs, not beside what is timed.
setFlagsFromString('--no-liftoff');

performance.now = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
