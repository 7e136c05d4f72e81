import { assembleResult } from '../study/assemble.ts';
import type { RunEvent } from '../lab/protocol.ts';
import type { ExperimentResult } from '../study/result.ts';
import type { ExperimentSpec } from '../study/spec.ts';
import type { RunRecord, StoredItem } from '../study/record.ts';

/** Follows a run's events and knows, at any time, the result so far; undefined before the environment is known. */
export function partialResult(spec: ExperimentSpec): {
  take: (event: RunEvent) => void;
  result: () => ExperimentResult | undefined;
} {
  const record: RunRecord = { id: '', spec, state: 'running', created: '', configs: {} };
  const items: StoredItem[] = [];
  return {
    take(event) {
      switch (event.type) {
        case 'environment':
          record.environment = event.environment;
          break;
        case 'loaded': {
          const { footprint, load_seconds } = event;
          const timings = { load_seconds, answer_seconds: 0, tokens: 0, tokens_per_second: 0 };
          record.configs[event.config] = { footprint, timings };
          break;
        }
        case 'item': {
          const { config, task, item, spent } = event;
          items.push({ run_id: record.id, config, task, doc_id: item.doc_id, item, spent });
          break;
        }
        case 'planned':
          record.planned = Object.fromEntries(event.tasks.map(({ task, n }) => [task, n]));
          break;
        case 'config-failed':
          record.failures = { ...record.failures, [event.config]: event.failure };
          break;
        default:
      }
    },
    result: () => assembleResult(record, items),
  };
}
