import type { RunEvent } from '../lab/protocol.ts';
import type { ExperimentSpec } from '../study/spec.ts';
import { configName } from '../quant/config.ts';
import { mebibytes } from '../study/view/format.ts';

/** Prints a run's events to stderr: one line that moves on a terminal, a line every tenth of a task elsewhere. */
export function progressPrinter(spec: ExperimentSpec): (event: RunEvent) => void {
  const { isTTY } = process.stderr;
  const names = spec.configs.map(configName);
  let moving = false;
  const say = (line: string): void => {
    process.stderr.write(moving ? `\r\x1b[2K${line}\n` : `${line}\n`);
    moving = false;
  };
  const move = (line: string): void => {
    if (!isTTY) return;
    process.stderr.write(`\r\x1b[2K${line}`);
    moving = true;
  };
  return (event) => {
    switch (event.type) {
      case 'progress': {
        const { phase, config, done, total, what } = event;
        const name = config === undefined ? '' : ` ${names[config]!}`;
        const { eta_seconds: left } = event;
        const rest = left === undefined ? '' : `, ${Math.ceil(left)} s left`;
        move(`${phase}${name}: ${what} ${Math.floor((100 * done) / Math.max(1, total))} %${rest}`);
        break;
      }
      case 'environment': {
        const { adapter, kernel_check, model } = event.environment;
        const worst = `nearest to its bound: ${kernel_check.worst.kernel} at ${(100 * kernel_check.worst.worst_ratio).toFixed(0)} %`;
        say(
          `${[adapter.vendor, adapter.architecture, adapter.description].filter(Boolean).join(' ')}: ${kernel_check.checked} kernels right (${worst})`,
        );
        for (const warning of model.reading?.warnings ?? []) say(`warning: ${warning}`);
        break;
      }
      case 'foreseen': {
        const { weights, device } = event.need;
        say(
          `${names[event.config]!}: needs up to ${mebibytes(device)} MiB on the GPU, ${mebibytes(weights)} of them for weights`,
        );
        break;
      }
      case 'item': {
        const { config, task, done, total, metrics, tokens_per_second, eta_seconds } = event;
        const shown = Object.entries(metrics).map(([metric, { value }]) => `${metric} ${value.toFixed(3)}`);
        const rest = eta_seconds ? `, ${eta_seconds.map((s) => Math.round(s)).join('-')} s left` : '';
        const line = `${names[config]!}: ${task} ${done}/${total}, ${shown[0]!}, ${tokens_per_second.toFixed(0)} tokens/s${rest}`;
        const tenth = Math.max(1, Math.floor(total / 10));
        if (done === total || (!isTTY && done % tenth === 0)) say(line);
        else move(line);
        break;
      }
      case 'device-lost':
        say(`${event.failure.message} What was measured is kept; going on with a new one.`);
        break;
      case 'note':
        say(event.text);
        break;
      case 'config-failed':
        say(`${names[event.config]!} failed, going on without it: ${event.failure.message}`);
        break;
      case 'failed':
        say(
          `stopped${event.config === undefined ? '' : ` in ${names[event.config]!}`}: ${event.failure.message}`,
        );
        break;
      default:
    }
  };
}
