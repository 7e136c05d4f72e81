/** A place in the page, as the address names it. */
export type Route =
  | { screen: 'explore' }
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
  | { screen: 'footprint' }
  | { screen: 'lessons' }
  | { screen: 'self-check' }
  | { screen: 'unknown'; path: string };

/** The screens in the order of the top bar. */
export const SCREENS = [
  { screen: 'explore', title: 'Explore' },
  { screen: 'experiment', title: 'Experiment' },
  { screen: 'results', title: 'Results' },
  { screen: 'footprint', title: 'Footprint' },
  { screen: 'lessons', title: 'Lessons' },
  { screen: 'self-check', title: 'Self-check' },
] as const satisfies readonly { screen: Route['screen']; title: string }[];

/** The route of a hash: `#/results/4f1c` is `{screen: 'results', run: '4f1c'}`; no hash is Explore. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const [screen, rest, ...more] = path.replace(/\/$/, '').split('/');
  const unknown: Route = { screen: 'unknown', path };
  if (more.length > 0) return unknown;
  if (screen === 'results') return resultsRoute(rest, new URLSearchParams(query));
  if (rest) return unknown;
  switch (screen) {
    case '':
    case 'explore':
      return { screen: 'explore' };
    case 'experiment':
      return query ? { screen, spec: query } : { screen };
    case 'footprint':
    case 'lessons':
    case 'self-check':
      return { screen };
    default:
      return unknown;
  }
}

function resultsRoute(run: string | undefined, query: URLSearchParams): Route {
  const [versus, shared] = [query.get('with'), query.get('shared')];
  if (run) return { screen: 'results', run, ...(versus ? { versus } : {}) };
  return { screen: 'results', ...(shared ? { shared } : {}) };
}

/**
 * What a hash shows, without what it carries: two hashes of one screen differ at most in their query. That of results
 * says which results.
 */
export const screenOf = (hash: string): string =>
  hash.startsWith('#/results') ? hash : hash.split('?', 1)[0]!;

/** What a hash carries: `model=gpt2` of `#/footprint?model=gpt2`. */
export const queryOf = (hash: string): string => hash.split(/\?(.*)/s)[1] ?? '';

/** The hash of a run's page. */
export const runHash = (id: string): string => `#/results/${id}`;
