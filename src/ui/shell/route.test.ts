import { expect, test } from 'vitest';
import { parseRoute } from './route.ts';

test.each([
  ['', { screen: 'explore' }],
  ['#', { screen: 'explore' }],
  ['#/', { screen: 'explore' }],
  ['#/explore', { screen: 'explore' }],
  ['#/experiment', { screen: 'experiment' }],
  ['#/experiment?spec=1.abc-_', { screen: 'experiment', spec: 'spec=1.abc-_' }],
  ['#/experiment?spec=', { screen: 'experiment', spec: 'spec=' }],
  ['#/experiment?', { screen: 'experiment' }],
  ['#/experiment?model=a&seed=1', { screen: 'experiment', spec: 'model=a&seed=1' }],
  ['#/results', { screen: 'results' }],
  ['#/results/', { screen: 'results' }],
  ['#/results/4f1c', { screen: 'results', run: '4f1c' }],
  ['#/results/4f1c?with=9a', { screen: 'results', run: '4f1c', versus: '9a' }],
  ['#/results?shared=1.x', { screen: 'results', shared: '1.x' }],
  ['#/self-check', { screen: 'self-check' }],
  ['#/footprint?model=gpt2', { screen: 'footprint' }],
  ['#/lessons', { screen: 'lessons' }],
  ['#/nowhere', { screen: 'unknown', path: 'nowhere' }],
  ['#/explore/deeper', { screen: 'unknown', path: 'explore/deeper' }],
  ['#/results/a/b', { screen: 'unknown', path: 'results/a/b' }],
])('%s', (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});
