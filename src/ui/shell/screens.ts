import type { Component } from 'svelte';

/** Properties any screen may take: an option of the page, and what the address names beside the screen. */
export type ScreenProps = {
  /** One figure alone. */
  embed: boolean;
  /** The run to show; without one, the list of all. */
  run?: string | undefined;
  /** A second run to hold it against. */
  versus?: string | undefined;
  /** Results that came with the link. */
  shared?: string | undefined;
};

/** A screen: its folder in `src/ui` and its row below. */
interface Screen {
  /** Its name in the address: `#/explore`. */
  screen: string;
  title: string;
  /** Fetches its code when it is opened; absent for the one that comes with the page. */
  load?: () => Promise<{ default: Component<ScreenProps> | Component<Record<string, never>> }>;
  /** A class link may begin here. */
  for_class?: true;
}

/** The screens in the order of the top bar. */
export const SCREENS = [
  { screen: 'explore', title: 'Explore', for_class: true },
  {
    screen: 'experiment',
    title: 'Experiment',
    load: () => import('../experiment/ExperimentScreen.svelte'),
    for_class: true,
  },
  { screen: 'results', title: 'Results', load: () => import('../results/ResultsScreen.svelte') },
  {
    screen: 'footprint',
    title: 'Footprint',
    load: () => import('../footprint/FootprintScreen.svelte'),
    for_class: true,
  },
  {
    screen: 'lessons',
    title: 'Lessons',
    load: () => import('../lessons/LessonsScreen.svelte'),
    for_class: true,
  },
  { screen: 'speed', title: 'Speed', load: () => import('../speed/SpeedScreen.svelte') },
  { screen: 'storage', title: 'Storage', load: () => import('../storage/StorageScreen.svelte') },
  { screen: 'self-check', title: 'Self-check', load: () => import('../selfcheck/SelfCheckScreen.svelte') },
] as const satisfies readonly Screen[];

export type ScreenName = (typeof SCREENS)[number]['screen'];

/** The row of a screen; undefined where the address names none. */
export const findScreen = (name: string): (Screen & { screen: ScreenName }) | undefined =>
  SCREENS.find(({ screen }) => screen === name);
