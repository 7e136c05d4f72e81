import { findScreen, type ScreenName } from './screens.ts';

/** A place in the page, as the address names it. */
export type Route =
  | {
      screen: 'experiment';
      /** The query that carries a spec. */
      spec?: string;
    }
  | {
      screen: 'results';
      run?: string;
      /** Another run to hold this one against. */
      versus?: string;
      /** Results that the link itself carries. */
      shared?: string;
    }
  | { screen: Exclude<ScreenName, 'experiment' | 'results'> }
  | { screen: 'unknown'; path: string };

/** The route of a hash: `#/results/4f1c` is `{screen: 'results', run: '4f1c'}`; no hash is Explore. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const [screen = '', rest, ...more] = path.replace(/\/$/, '').split('/');
  const unknown: Route = { screen: 'unknown', path };
  if (more.length > 0) return unknown;
  if (screen === 'results') return resultsRoute(rest, new URLSearchParams(query));
  if (rest) return unknown;
  const found = findScreen(screen || 'explore')?.screen;
  switch (found) {
    case undefined:
      return unknown;
    case 'experiment':
      return query ? { screen: found, spec: query } : { screen: found };
    default:
      return { screen: found };
  }
}

function resultsRoute(run: string | undefined, query: URLSearchParams): Route {
  const [versus, shared] = [query.get('with'), query.get('shared')];
  if (run) return { screen: 'results', run, ...(versus ? { versus } : {}) };
  return { screen: 'results', ...(shared ? { shared } : {}) };
}

/**
 * The screen part of a hash, without its query: equal for two states of one screen. Of Results the whole hash, since
 * each run is a page of its own.
 */
export const screenOf = (hash: string): string =>
  hash.startsWith('#/results') ? hash : hash.split('?', 1)[0]!;

/** The query of a hash: `model=gpt2` of `#/footprint?model=gpt2`. */
export const queryOf = (hash: string): string => hash.split(/\?(.*)/s)[1] ?? '';

/** The hash of a run's page. */
export const runHash = (id: string): string => `#/results/${id}`;
