import type { Failure } from '../errors.ts';
import { assembleResult } from '../study/assemble.ts';
import { endState } from '../study/end_state.ts';
import type { RunEvent } from '../lab/protocol.ts';
import type { ExperimentResult } from '../study/result.ts';
import type { ExperimentSpec } from '../study/spec.ts';
import type { RunRecord, StoredItem } from '../study/record.ts';

/** Follows a run's events and knows, at any time, the result so far; undefined before the environment is known. */
export function partialResult(spec: ExperimentSpec): {
  take: (event: RunEvent) => void;
  /** The run ended without saying so itself. */
  end: (failure: Failure) => void;
  /** Answers so far. */
  answers: () => number;
  result: () => ExperimentResult | undefined;
  /** The run so far as a store keeps it, to go on from; undefined before it has begun. */
  stored: () => { record: RunRecord; items: StoredItem[] } | undefined;
} {
  const record: RunRecord = { id: '', spec, state: 'running', created: '', configs: {} };
  const items = new Map<string, StoredItem>();
  return {
    take(event) {
      switch (event.type) {
        case 'started':
          record.id = event.run_id;
          if (event.shard) record.shard = event.shard;
          break;
        case 'environment':
          record.environment = event.environment;
          record.created = event.environment.started;
          break;
        case 'loaded': {
          const { footprint, load_seconds, errors, peer } = event;
          const timings = { load_seconds, answer_seconds: 0, tokens: 0, tokens_per_second: 0 };
          record.configs[event.config] = {
            ...{ footprint, timings },
            ...(errors && { errors }),
            ...(peer && { peer }),
          };
          break;
        }
        case 'item': {
          const { config, task, item, spent } = event;
          const { doc_id } = item;
          items.set(`${config} ${task} ${doc_id}`, { run_id: record.id, config, task, doc_id, item, spent });
          break;
        }
        case 'planned':
          record.planned = Object.fromEntries(event.tasks.map(({ task, n }) => [task, n]));
          if (event.shard) record.shard = event.shard;
          break;
        case 'config-failed':
          record.failures = { ...record.failures, [event.config]: event.failure };
          break;
        default:
      }
    },
    end(failure) {
      record.state = endState(failure.code);
      record.failure = failure;
    },
    answers: () => items.size,
    result: () => assembleResult(record, [...items.values()]),
    stored: () => (record.environment ? { record, items: [...items.values()] } : undefined),
  };
}
